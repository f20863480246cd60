"""What a person did wrong or can mend: shown as sentences, never as a traceback."""


class UserError(Exception):
    """A message that names what is wrong and the next command; `code` is the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code

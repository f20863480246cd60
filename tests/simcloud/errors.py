"""Refusals, in the words of a cloud's API."""


class RefusedError(Exception):
    """One answer of the API that is no success."""

    def __init__(self, code: str, message: str, operation: str = "") -> None:
        self.code = code
        self.message = message
        self.operation = operation
        super().__init__(f"{code}: {message}")

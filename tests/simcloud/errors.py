"""Refusals, in the words of the AWS API and of the provider around it."""


class RefusedError(Exception):
    """One answer of the API that is no success."""

    def __init__(self, code: str, message: str, operation: str = "") -> None:
        self.code = code
        self.message = message
        self.operation = operation
        super().__init__(f"{code}: {message}")

    def told(self, action: str, kind: str, operation: str) -> str:
        """As the provider reports it: `creating EC2 Instance: operation error RunInstances, api error ...`"""
        status = 503 if self.code in ("RequestLimitExceeded",) else 400
        return (
            f"{action} {kind}: operation error EC2: {self.operation or operation}, https response error "
            f"StatusCode: {status}, RequestID: simulated, api error {self}"
        )

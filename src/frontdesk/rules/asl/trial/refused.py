"""Owns how a test of a state is refused before anything is tried."""

from frontdesk.base.errors import FrontdeskError


class RefusedError(FrontdeskError):
    """A test that cannot be. code: AWS's name of the error, such as `InvalidDefinition`."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code

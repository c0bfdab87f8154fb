"""The one error tree. The class says whose fault it is; `code` is stable and documented.

Frontdesk
├── ConfigError      the operator's file is wrong; carries every finding at once
├── StartError       the machine is not ready: port taken, secret missing, folder unwritable
├── ClientError      the client of the door is wrong; the status to answer is in `status`
└── UpstreamError    the other side failed: resolve, connect, tls, timeout, protocol, closed
    and FunctionError for functions that could not answer.

Messages: lower case, no full stop, the offending value last after a colon; hints apart.
"""


class FrontdeskError(Exception):
    """Root of every error that Frontdesk raises on purpose."""

    code = "frontdesk"
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class StartError(FrontdeskError):
    """Frontdesk cannot start on this machine as it is; the message says what to change."""

    code = "start"


class ClientError(FrontdeskError):
    """The client's message cannot be accepted.

    status: HTTP status to answer, 400–599. close: the connection's framing is in doubt and it
    must not be used again.
    """

    code = "client"

    def __init__(self, status: int, message: str, *, close: bool = True) -> None:
        super().__init__(message)
        self.status = status
        self.close = close


class UpstreamError(FrontdeskError):
    """A backend did not give a usable answer.

    reason: one of resolve, connect, tls, connect_timeout, timeout, closed, protocol, unavailable,
    cancelled. sent: whether any byte of the request had been written (False: safe to try again).
    """

    code = "upstream"

    def __init__(self, reason: str, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.sent = sent
        self.retryable = not sent

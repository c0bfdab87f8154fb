"""The one error tree. The class says whose fault it is; `code` is stable and documented.

Frontdesk
├── ConfigError      the operator's file is wrong; carries every finding at once
├── StartError       the machine is not ready: port taken, secret missing, folder unwritable
├── StoreError       the store did not do it: disk full, file damaged; nothing was committed
└── UpstreamError    the other side failed: resolve, connect, tls, timeout, protocol, closed

Messages: lower case, no full stop, the offending value last after a colon; hints apart.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class FrontdeskError(Exception):
    """Root of every error that Frontdesk raises on purpose."""

    code = "frontdesk"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Position(NamedTuple):
    """Where in the operator's files something was said. line and column count from 1.

    path: dotted key path, e.g. `apis.scheduling.routes.POST /appointments.throttle`; "" is the top.
    """

    file: str
    line: int
    column: int
    path: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the operator's files, or may be.

    id: stable name of the kind of finding. message: what is wrong, in the form of an error message.
    value: the offending value as it may be shown, "" where there is none. why: what it leads to.
    hint: how to mend it. `str()` gives the lines to print.
    """

    severity: Literal["error", "warning"]
    id: str
    where: Position
    message: str
    value: str = ""
    why: str = ""
    hint: str = ""

    def __str__(self) -> str:
        subject = f"{self.where.path}: " if self.where.path else ""
        got = f", got {self.value}" if self.value else ""
        lines = [f"{self.where}: {self.severity}: {subject}{self.message}{got} [{self.id}]"]
        lines += [f"  why: {self.why}"] if self.why else []
        lines += [f"  hint: {self.hint}"] if self.hint else []
        return "\n".join(lines)


class ConfigError(FrontdeskError):
    """The operator's files cannot be used. findings: everything that is wrong, in file order."""

    code = "config"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class StartError(FrontdeskError):
    """Frontdesk cannot start on this machine as it is; the message says what to change."""

    code = "start"


class StoreError(FrontdeskError):
    """The store did not do what was asked, and nothing of it was committed."""

    code = "store"


class UpstreamError(FrontdeskError):
    """A backend did not give a usable answer.

    reason: one of resolve, connect, tls, connect_timeout, timeout, closed, protocol, unavailable,
    circuit_open, bulkhead_full, egress_limited, cancelled, and of `frontdesk.Client` also blocked (not a
    public address), throttled and unauthorized (no token was given). sent: whether any byte of the request had
    been written (False: safe to try again). retry_after: seconds until it may be worth it, 0.0 where
    nobody knows.
    """

    code = "upstream"

    def __init__(
        self, reason: str, message: str, *, sent: bool = False, retry_after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.sent = sent
        self.retry_after = retry_after

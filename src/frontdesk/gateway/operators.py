"""Owns who asks at the admin listener, and what each role may do. Knows no password and no cookie."""

from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from frontdesk.gateway.pipeline.exchange import Exchange, Reply


class Role(IntEnum):
    """What somebody may do: each may also do what those before it may."""

    VIEWER = 1
    """Look, but not at users and the names of secrets."""

    OPERATOR = 2
    """Act on what runs: invoke, stop, redrive, replay."""

    ADMIN = 3
    """Change what there is: configuration, keys, secrets, users. See which secrets and users there are."""


class Operator(NamedTuple):
    """Whoever asks. name: for people and the audit log."""

    name: str
    role: Role


BEARER: Final = Operator("token", Role.ADMIN)
"""Whoever has `admin.token`: the command line."""

LOCAL: Final = Operator("local", Role.ADMIN)
"""Whoever reaches a listener that asks for nothing: it is on loopback."""

READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""


class Gatekeeper(Protocol):
    """Tells who asks."""

    def admit(self, ex: Exchange) -> Operator | Reply:
        """Return who asks, or the refusal."""
        ...


class Audit(Protocol):
    """Keeps what operators have done."""

    def note(self, operator: Operator, ex: Exchange, status: int) -> None:
        """Keep that somebody has asked for a change, and how it was answered."""
        ...

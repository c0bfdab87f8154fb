"""Owns how a backend looks at one moment, and how it changes, for people. Values alone, which may travel between processes."""

from collections.abc import Callable
from typing import NamedTuple


class Move(NamedTuple):
    """A change of a backend. target: `host:port` of the place, "" of the breaker. state: of the breaker, or `ejected` or `back`."""

    upstream: str
    target: str
    state: str


Moved = Callable[[Move], None]


def untold(_move: Move) -> None:
    """Tell nobody of a change."""


class TargetLook(NamedTuple):
    """One of its places, over all identities of ours.

    address: `host:port`. load: calls under way. idle: connections that wait for one. up: what probes say. ejected:
    seconds for which requests keep away, 0.0 when they do not.
    """

    address: str
    load: int
    idle: int
    up: bool
    ejected: float


class Look(NamedTuple):
    """A backend in one process.

    breaker: its state, "" where the file wants none. wait: seconds until an open one lets a probe through. why: it is
    not closed. refused: calls, so far. purse: tokens left for retries, of 500. calls: under way. room: how many may
    be, 0: any number. waiting: for room.
    """

    name: str
    breaker: str
    wait: float
    why: str
    refused: int
    purse: int
    calls: int
    room: int
    waiting: int
    targets: tuple[TargetLook, ...]

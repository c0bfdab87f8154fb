"""Owns the keys of an execution's timers in the journal: what each of them means.

3:KEY      the attempt's own timer: the end of a Wait, a retry, the time limit of the machine
3!KEY      the attempt's task takes too long
3~60~KEY   no sign of life of the attempt's task for 60 s
"""

import re
from typing import Final, NamedTuple

_KEY: Final = re.compile(r"(\d+)(?:(:)|(!)|~(\d+)~)(.*)", re.DOTALL)


class Timer(NamedTuple):
    """What a timer means. is_own: it was asked for as such. heartbeat: seconds; None: it is no heartbeat."""

    key: str
    attempt: int
    is_own: bool
    heartbeat: int | None


def own(key: str, attempt: int) -> str:
    """Name the timer that a step asks for."""
    return f"{attempt}:{key}"


def timeout(key: str, attempt: int) -> str:
    """Name the time limit of a task."""
    return f"{attempt}!{key}"


def heartbeat(key: str, attempt: int, seconds: int) -> str:
    """Name the time until which a task must give a sign."""
    return f"{attempt}~{seconds}~{key}"


def read_timer(text: str) -> Timer:
    """Read the name of a timer."""
    found = _KEY.fullmatch(text)
    assert found is not None, text
    attempt, own_, _, seconds, key = found.groups()
    return Timer(key, int(attempt), bool(own_), None if seconds is None else int(seconds))

"""Owns the counting of each machine's executions for who looks at a list of machines: in the store, at little cost."""

from collections.abc import Iterable, Mapping
from typing import Final

from frontdesk.ports.executions import Census
from frontdesk.ports.journal import Filter, Journal
from frontdesk.rules.asl.run import Status

DAY: Final = 86_400.0
"""Seconds back to which failures are counted."""

MOST_FAILED: Final = 100
"""Failures that are counted, of each status."""

_FAILED: Final = (Status.FAILED, Status.TIMED_OUT)


async def census(journal: Journal, names: Iterable[str], now: float) -> dict[str, Census]:
    """Count the executions of some machines. now: seconds since 1970. Raises: StoreError."""
    running = (await journal.counts(Status.RUNNING.value, now=now)).streams
    return {name: await _of_machine(journal, f"execution/{name}", running, now) for name in names}


async def _of_machine(
    journal: Journal, kind: str, running: Mapping[str, int], now: float
) -> Census:
    failed = 0
    for status in _FAILED:
        what = Filter(kind=kind, status=status.value, since=now - DAY)
        failed += len((await journal.list(what, most=MOST_FAILED)).streams)
    newest = (await journal.list(Filter(kind=kind), most=1)).streams
    return Census(running.get(kind, 0), failed, newest[0].started if newest else None)

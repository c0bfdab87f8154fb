"""Owns what a picture says of an execution: an outcome for each state, short marks at its box, and words.

Knows no place in the picture.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from frontdesk.base.durations import tell_duration
from frontdesk.rules.asl.outlook import Expected
from frontdesk.rules.asl.progress import Outcome, Progress, Visit

UNREACHED: Final = "unreached"
"""The outcome of states that were not entered."""

SIGNS: Final[Mapping[str, str]] = {
    Outcome.SUCCEEDED: "✓",
    Outcome.CAUGHT: "↷",
    Outcome.FAILED: "✕",
    Outcome.ABORTED: "\N{EN DASH}",
    Outcome.RETRYING: "↻",
    Outcome.RUNNING: "▸",
    Outcome.WAITING: "…",
    UNREACHED: "",
}
"""Outcome → what tells it to who sees no colours, in the order of the legend."""

WORDS: Final[Mapping[str, str]] = {
    Outcome.CAUGHT: "failed, caught",
    Outcome.RETRYING: "waits to retry",
    UNREACHED: "not reached",
}
"""What the legend says of outcomes whose names would say too little."""

_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_SEVERITY: Final = {outcome: at for at, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Mark:
    """What is told of a state. counts: visits, attempts, items; time: how long, until when; "" for nothing.

    words: a sentence that says all of it.
    """

    outcome: str
    counts: str
    time: str
    words: str


NOT_REACHED: Final = Mark(UNREACHED, "", "", WORDS[UNREACHED])


def marks(progress: Progress) -> dict[str, Mark]:
    """Return what is told of each state that was reached, by name."""
    return {state: _mark(visits) for state, visits in progress.of_states().items()}


def ended(progress: Progress) -> str:
    """Tell in a line how the execution stands."""
    if progress.ended is None:
        return str(progress.status)
    told = f"{progress.status} after {tell_duration((progress.ended - progress.began) / 1000)}"
    return f"{told}: {progress.error}" if progress.error else told


def clock(milliseconds: int) -> str:
    """Write an instant as a picture tells it: `2026-01-31 08:15:30 UTC`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _mark(visits: Sequence[Visit]) -> Mark:
    current = [visit for visit in visits if visit.current] or visits
    shown = min(current, key=lambda visit: _SEVERITY[visit.outcome])
    spent = _spent(visits)
    time = (
        "" if spent is None else f"{'≤ ' if len(visits) > 1 else ''}{tell_duration(spent / 1000)}"
    )
    until = None if shown.expected is None else shown.expected.until
    if until is not None:
        time = f"until {clock(until).partition(' ')[2]}"
    counts = [f"{_TIMES}{len(visits)}"] if len(visits) > 1 else []
    counts += _tried(visits, shown)
    counts += _items(shown)
    return Mark(shown.outcome, " · ".join(counts), time, _words(visits, shown, until, spent))


def _spent(visits: Iterable[Visit]) -> int | None:
    """Return milliseconds of the longest stay that is over, None where that is no time."""
    stays = [visit.stay for visit in visits]
    spent = max((stay.left - stay.entered for stay in stays if stay.left is not None), default=0)
    return spent or None


def _tried(visits: Sequence[Visit], shown: Visit) -> Iterator[str]:
    if shown.outcome is Outcome.RETRYING and shown.expected is not None:
        yield attempt_of(shown.expected)
    elif any(visit.stay.attempts > 1 for visit in visits):
        yield f"{sum(visit.stay.attempts for visit in visits)} attempts"


def attempt_of(expected: Expected) -> str:
    """Tell which attempt it is, or will be."""
    return f"attempt {expected.attempt} of {expected.most_attempts}"


def _items(shown: Visit) -> Iterator[str]:
    stay, expected = shown.stay, shown.expected
    if stay.type == "Map" and expected is not None and expected.total:
        yield f"{expected.ended}/{expected.total} items"
    elif stay.items:
        yield f"{stay.succeeded}/{stay.items} items"


def _words(visits: Sequence[Visit], shown: Visit, until: int | None, spent: int | None) -> str:
    told = [WORDS.get(shown.outcome, str(shown.outcome))]
    if len(visits) > 1:
        told.append(f"entered {len(visits)} times")
    told += _tried(visits, shown)
    told += _items(shown)
    if until is not None:
        told.append(f"until {clock(until)}")
    elif spent is not None:
        told.append(f"{'at most ' if len(visits) > 1 else ''}{tell_duration(spent / 1000)}")
    errors = Counter(error for visit in visits for error in visit.stay.errors)
    if errors:
        several = (f"{error} ({count} times)" for error, count in errors.items() if count > 1)
        once = (error for error, count in errors.items() if count == 1)
        told.append(f"errors: {', '.join([*several, *once])}")
    return "; ".join(told)


def sentences(progress: Progress, names: Iterable[str]) -> Iterator[str]:
    """Tell an execution in words. names: of all states of the machine."""
    told = marks(progress)
    yield f"The execution: {ended(progress)}."
    yield from (f"{state}: {mark.words}." for state, mark in told.items())
    rest = [name for name in names if name not in told]
    if rest:
        yield f"Not reached: {', '.join(rest)}."

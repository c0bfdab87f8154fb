"""Owns how an execution is shown in a terminal: its states in order, what comes next and when, how it ended.

Knows no gateway: it is given what one has told.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from frontdesk.base.durations import tell_duration
from frontdesk.cli.columns import columns
from frontdesk.cli.console import visible

if TYPE_CHECKING:
    from frontdesk.rules.asl.history import HistoryEvent
    from frontdesk.rules.asl.progress import Progress, Visit

MOST_STAYS: Final = 40
"""Stays that are shown unless all are asked for."""

_MOST_EXPECTED: Final = 20

_COLOURS: Final = {
    "aborted": "bright_black",
    "caught": "yellow",
    "failed": "red",
    "retrying": "yellow",
    "running": "blue",
    "succeeded": "green",
    "waiting": "magenta",
}

_STATUSES: Final = {
    "ABORTED": "bright_black",
    "FAILED": "red",
    "RUNNING": "blue",
    "SUCCEEDED": "green",
    "TIMED_OUT": "red",
}

_AWAITED: Final = {
    "activity": "waits for a worker of its activity",
    "items": "reads its items",
    "job": "waits for the end of its job",
    "results": "writes its results",
    "task": "works",
    "timer": "waits",
    "token": "waits for an answer by its token",
    "turn": "goes on at once",
}


def status(word: str) -> str:
    """Colour a status."""
    return click.style(word, fg=_STATUSES.get(word))


def moment(seconds: float, now: float) -> str:
    """Write an instant in local time, with its day unless that is today's. Both are seconds since 1970."""
    at, today = (datetime.fromtimestamp(one).astimezone() for one in (seconds, now))
    return f"{at:%H:%M:%S}" if at.date() == today.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def lines(
    document: Mapping[str, Any], events: Sequence["HistoryEvent"], now: float, *, every: bool
) -> Iterator[str]:
    """Show an execution.

    document: what `GET /api/executions/EXECUTION` answers. now: seconds since 1970. every: all stays, else
    the last ones.
    """
    from frontdesk.rules.asl.progress import progress

    execution = document["execution"]
    yield _head(execution, now)
    yield click.style(visible(execution["arn"]), dim=True)
    if events:
        yield ""
        yield from _table(progress(events, _outlook(document)), now, every=every)
    if document["outlook"]:
        yield ""
        yield click.style("Now and next", bold=True)
        yield from _expected(document["outlook"], now)
    yield from _end(execution)


def _head(execution: Mapping[str, Any], now: float) -> str:
    name = click.style(visible(f"{execution['machine']}:{execution['name']}"), bold=True)
    ended = execution["ended"]
    spent = tell_duration(max((ended or now) - execution["started"], 0.0))
    told = f"{name}  {status(execution['status'])} {'for' if ended is None else 'after'} {spent}"
    redrives = execution["redrives"]
    return f"{told}, redriven {redrives} time(s)" if redrives else told


# -- states -----------------------------------------------------------------------------------------


def _table(seen: "Progress", now: float, *, every: bool) -> Iterator[str]:
    from frontdesk.rules.asl.graph.marks import SIGNS

    shown = seen.visits if every else seen.visits[-MOST_STAYS:]
    if len(shown) < len(seen.visits):
        yield f"({len(seen.visits) - len(shown)} earlier states; --all shows them)"
    rows: list[tuple[str, ...]] = [(" ", "AT", "STATE", "TYPE", "TOOK", "ATTEMPTS", "ERRORS")]
    rows += [_row(SIGNS[visit.outcome], visit, seen, now) for visit in shown]
    table = columns(rows)
    yield click.style(next(table), bold=True)
    for visit, line in zip(shown, table, strict=True):
        yield click.style(line[:1], fg=_COLOURS[visit.outcome]) + line[1:]


def _row(sign: str, visit: "Visit", seen: "Progress", now: float) -> tuple[str, ...]:
    stay = visit.stay
    depth, around = 0, stay.within
    while around is not None:
        depth, around = depth + 1, around.within
    return (
        sign,
        tell_duration((stay.entered - seen.began) / 1000),
        "  " * depth + visible(stay.state),
        stay.type,
        _took(visit, now),
        _attempts(visit),
        visible(_errors(stay.errors)) or (visit.outcome if visit.outcome == "aborted" else ""),
    )


def _took(visit: "Visit", now: float) -> str:
    stay = visit.stay
    if stay.left is not None:
        return tell_duration((stay.left - stay.entered) / 1000)
    if visit.outcome in ("failed", "aborted"):
        return ""
    return f"{tell_duration(max(now - stay.entered / 1000, 0.0))} …"


def _attempts(visit: "Visit") -> str:
    stay, expected = visit.stay, visit.expected
    tried = str(stay.attempts or "")
    if expected is not None and expected.most_attempts > 1:
        tried = f"{expected.attempt} of {expected.most_attempts}"
    if expected is not None and expected.total and stay.type == "Map":
        return f"{tried} ({expected.ended}/{expected.total} items)"
    return f"{tried} ({stay.succeeded}/{stay.items} items)" if stay.items else tried


def _errors(errors: Sequence[str]) -> str:
    return ", ".join(
        f"{error} ({count} times)" if count > 1 else error
        for error, count in {one: errors.count(one) for one in errors}.items()
    )


# -- what comes next --------------------------------------------------------------------------------


def _outlook(document: Mapping[str, Any]) -> Iterator[Any]:
    from frontdesk.rules.asl.outlook import Awaited, Expected

    for one in document["outlook"]:
        yield Expected(
            state=one["state"],
            awaited=Awaited(one["awaited"]),
            since=round(one["since"] * 1000),
            until=None if one["until"] is None else round(one["until"] * 1000),
            attempt=one["attempt"],
            most_attempts=one["most_attempts"],
            next=one["next"],
            within=tuple((each["state"], each["index"]) for each in one["within"]),
            ended=one["ended"],
            total=one["total"],
        )


def _expected(outlook: Sequence[Mapping[str, Any]], now: float) -> Iterator[str]:
    for one in outlook[:_MOST_EXPECTED]:
        yield f"  {visible(sentence(one, now))}"
    if len(outlook) > _MOST_EXPECTED:
        yield f"  and {len(outlook) - _MOST_EXPECTED} more"


def sentence(expected: Mapping[str, Any], now: float) -> str:
    """Tell what a state waits for, until when, and what comes then. expected: one of an outlook."""
    around = "".join(f"{one['state']}[{one['index']}] / " for one in expected["within"])
    told = f"{around}{expected['state']} {_does(expected, now)}"
    following = expected["next"] or ("" if expected["within"] else "the end")
    return f"{told}, then {following}" if following else told


def _does(expected: Mapping[str, Any], now: float) -> str:
    awaited, until = expected["awaited"], expected["until"]
    left = "" if until is None else f"in {tell_duration(max(until - now, 0.0))}"
    attempt = f"attempt {expected['attempt']} of {expected['most_attempts']}"
    if awaited == "timer" and until is not None:
        return f"waits until {moment(until, now)} ({left})"
    if awaited == "retry":
        when = "" if until is None else f" {left} (at {moment(until, now)})"
        return f"tries again{when}: {attempt}"
    if awaited == "children":
        return f"has {expected['ended']} of {expected['total']} done"
    told = _AWAITED[awaited]
    if expected["most_attempts"] > 1:
        told = f"{told} at {attempt}"
    return f"{told} until {moment(until, now)} at most ({left})" if until is not None else told


# -- the end ----------------------------------------------------------------------------------------


def _end(execution: Mapping[str, Any]) -> Iterator[str]:
    if execution["status"] == "SUCCEEDED":
        yield ""
        yield visible(json.dumps(execution["output"], indent=2, ensure_ascii=False))
    elif execution["ended"] is not None:
        yield ""
        yield f"error: {visible(execution['error'] or 'none given')}"
        if execution["cause"]:
            yield f"cause: {visible(execution['cause'])}"
        name = visible(f"{execution['machine']}:{execution['name']}")
        yield f"hint: `frontdesk states redrive {name}` lets it go on there"

"""Owns the operator's requests about API keys, on the admin listener.

    GET  /api/keys                    all keys, `most` or a thousand at a time: ?after= what `next` says
    POST /api/keys                    make one: {"name", "plans", "description", "enabled"}
    POST /api/keys/import             make several: {"keys": [{"name", "value", "plans", …}]}
    GET  /api/keys/NAME               one, by its name or id
    POST /api/keys/NAME/revoke        refuse it from now on
    POST /api/keys/NAME/enable        let it in again
    GET  /api/usage?from=…&to=…       requests by key, plan and day; also key=NAME, keys=ID,ID, plan=PLAN; `most` or a
                                      thousand at a time: after= what `next` says; format=csv: all of them
    GET  /api/usage?by=plan           by plan and day alone, also with key=NAME
    GET  /api/plans                   what the keys of each plan may take, how many it has, how many requests its limits have refused

Answers 200, or 201 with the value of a key that was made, which is told this once; 404 for a key that is
not there, 422 with why nothing was done, 503 where the store does not do it.
"""

import csv
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from io import StringIO
from typing import Any, Final
from urllib.parse import unquote

from frontdesk.app.actions import (
    asked_most,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.app.keys import KeyRefusedError, LiveKeys, NoSuchKeyError, Wanted
from frontdesk.app.parts import Parts
from frontdesk.app.usage import UsageKeeper, read_place, write_place
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.base.metrics import THROTTLE
from frontdesk.base.streams import Field
from frontdesk.base.telemetry import Sample
from frontdesk.config.models.plan import Plan
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.usage import Place
from frontdesk.rules.periods import day_of

_KEYS: Final = "/api/keys"
_USAGE: Final = "/api/usage"
_PLANS: Final = "/api/plans"
_CSV: Final = ("day", "name", "key", "plan", "requests", "remaining")
_FORMULA: Final = ("=", "+", "-", "@")
_TEXT: Final[Field] = (b"content-type", b"text/csv; charset=utf-8")

Samples = Callable[[], Iterable[Sample] | Awaitable[Iterable[Sample]]]
Answer = tuple[int, object]
Report = tuple[list[dict[str, Any]], Place | None]
Action = Callable[[Exchange, str], Awaitable[Answer]]


class KeysApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, keys: LiveKeys, keeper: UsageKeeper, clock: Clock, samples: Samples) -> None:
        """samples: gives all numbers of all processes."""
        self._samples = samples
        self._keys = keys
        self._keeper = keeper
        self._clock = clock
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", _KEYS): self._list,
            ("POST", _KEYS): self._create,
            ("POST", f"{_KEYS}/import"): self._import,
            ("GET", f"{_KEYS}/*"): self._show,
            ("POST", f"{_KEYS}/*/revoke"): self._revoke,
            ("POST", f"{_KEYS}/*/enable"): self._enable,
            ("GET", _USAGE): self._usage,
            ("GET", _PLANS): self._list_plans,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in (_KEYS, _USAGE, _PLANS) or ex.path.startswith(f"{_KEYS}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        place, who = _place(ex.path)
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else self._answer(ex, action, who)

    async def _answer(self, ex: Exchange, action: Action, who: str) -> Reply:
        try:
            status, document = await action(ex, who)
        except NoSuchKeyError as error:
            return refused(error, 404)
        except FrontdeskError as error:
            return refused(error)
        if isinstance(document, Parts):
            return Reply(status, [_TEXT, FRESH], document)
        return json_reply(status, document)

    # -- actions ------------------------------------------------------------------------------------

    async def _list(self, ex: Exchange, _who: str) -> Answer:
        query = query_of(ex)
        keys, after = await self._keys.page(query.get("after", ""), asked_most(query))
        return 200, {"keys": keys, "next": after}

    async def _create(self, ex: Exchange, _who: str) -> Answer:
        wanted = _wanted(json_object(ex.body), imported=False)
        made = await self._keys.create(wanted)
        return 201, {"key": made.key, "value": made.value}

    async def _import(self, ex: Exchange, _who: str) -> Answer:
        listed = json_object(ex.body).get("keys")
        if not isinstance(listed, list) or not listed:
            raise KeyRefusedError("expected at least one key in keys")
        wanted = [_wanted(each, imported=True) for each in listed]
        return 201, {"keys": await self._keys.import_all(wanted)}

    async def _show(self, _ex: Exchange, who: str) -> Answer:
        return 200, {"key": await self._keys.show(who)}

    async def _revoke(self, _ex: Exchange, who: str) -> Answer:
        return 200, {"key": await self._keys.set_enabled(who, enabled=False)}

    async def _enable(self, _ex: Exchange, who: str) -> Answer:
        return 200, {"key": await self._keys.set_enabled(who, enabled=True)}

    async def _usage(self, ex: Exchange, _who: str) -> Answer:
        asked = query_of(ex)
        today = day_of(self._clock.time())
        first = _day(asked.get("from"), today.replace(day=1))
        last = _day(asked.get("to"), today)
        key = self._keys.find(asked["key"]).id if "key" in asked else None
        span = {"from": str(first), "to": str(last)}
        if asked.get("by") == "plan":
            return 200, {**span, "usage": await self._keeper.daily(first, last, key=key)}
        some = None if "keys" not in asked else asked["keys"].split(",")
        report = partial(
            self._keeper.report,
            *(first, last, self._keys.known()),
            some=some if key is None else [key],
            plan=asked.get("plan"),
        )
        if asked.get("format") == "csv":
            return 200, _csv(report, await report())
        rows, following = await report(after=read_place(asked), most=asked_most(asked))
        return 200, {**span, "usage": rows, "next": write_place(following)}

    async def _list_plans(self, _ex: Exchange, _who: str) -> Answer:
        numbers = Counter(plan for key in self._keys.known().values() for plan in key.plans)
        plans = self._keys.plans.items()
        told = [_plan(name, plan, numbers[name]) for name, plan in plans]
        given = self._samples()
        limited = _throttled(await given if isinstance(given, Awaitable) else given)
        return 200, {"plans": [{**each, "throttled": limited[each["name"]]} for each in told]}


def _plan(name: str, plan: Plan, keys: int) -> dict[str, Any]:
    throttle, quota = plan.throttle, plan.quota
    return {
        "name": name,
        "description": plan.description,
        "apis": plan.apis,
        "throttle": throttle and {"rate": str(throttle.rate), "burst": throttle.at_once},
        "quota": quota and {"limit": quota.limit, "period": quota.period},
        "methods": {key: str(of_it.throttle.rate) for key, of_it in plan.methods.items()},
        "keys": keys,
    }


def _throttled(samples: Iterable[Sample]) -> Counter[str]:
    """Count the requests since the start that throttle or quota of each plan have refused."""
    found: Counter[str] = Counter()
    for metric, labels, value in samples:
        if metric == THROTTLE.name and labels[0] == "plan" and labels[2] == "limited":
            assert not isinstance(value, list)
            found[labels[1]] += int(value)
    return found


def _csv(report: Callable[..., Awaitable[Report]], first: Report) -> Parts:
    """Write all of a report, however long it is. first: what it begins with, so that a failure is still answered."""

    async def parts() -> AsyncIterator[bytes]:
        rows, following = first
        yield _lines([_CSV, *map(_cells, rows)])
        while following is not None:
            rows, following = await report(after=following)
            if rows:
                yield _lines(map(_cells, rows))

    return Parts(parts())


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    """Write a row for spreadsheets. Source: OWASP, "CSV Injection"."""
    for column in _CSV:
        cell = "" if row[column] is None else str(row[column])
        yield f"'{cell}" if cell.startswith(_FORMULA) else cell


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()


def _place(path: str) -> tuple[str, str]:
    """Return a path with `*` in place of the name of a key, and that name."""
    if path in (_KEYS, _USAGE, _PLANS, f"{_KEYS}/import"):
        return path, ""
    who, slash, action = path.removeprefix(f"{_KEYS}/").partition("/")
    return f"{_KEYS}/*{slash}{action}", unquote(who)


def _wanted(document: object, *, imported: bool) -> Wanted:
    """Read a key to be made. Raises: KeyRefusedError for members that do not belong there."""
    known = {**_MEMBERS, "value": str} if imported else _MEMBERS
    if not isinstance(document, dict) or not document.keys() <= known.keys():
        raise KeyRefusedError(f"expected an object of {', '.join(known)}")
    for name, value in document.items():
        if type(value) is not known[name]:
            raise KeyRefusedError(f"expected another value of {name}")
    plans = document.get("plans", [])
    if not all(isinstance(plan, str) for plan in plans):
        raise KeyRefusedError("expected names of plans")
    if imported and not document.get("value"):
        raise KeyRefusedError(f"expected a value: {document.get('name', '')}")
    return Wanted(
        name=document.get("name", ""),
        plans=tuple(plans),
        description=document.get("description", ""),
        enabled=document.get("enabled", True),
        value=document.get("value", ""),
    )


_MEMBERS: Final[dict[str, type]] = {
    "name": str,
    "plans": list,
    "description": str,
    "enabled": bool,
}


def _day(text: str | None, default: date) -> date:
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise KeyRefusedError(f"expected a day such as 2026-11-21: {text}") from None

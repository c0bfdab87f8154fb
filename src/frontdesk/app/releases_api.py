"""Owns the operator's requests about versions and canaries, on the admin listener.

    GET  /versions                                     the versions of all APIs, and where each stands
    GET  /versions/calls?version=v1&api=visits&days=7   who has called one, by day
    GET  /canaries                                     all canaries, with what has been counted
    GET  /canaries/records?api=visits&stage=prod       every check of one, and what came of it
    POST /canaries/promote  {"api": "visits"}          likewise /canaries/rollback and /canaries/start

Lists are told `most` or a thousand at a time: after= what `next` says. Each answers 200; 422 with why nothing
was done, 503 where the store does not do it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

import orjson

from frontdesk.app.actions import asked_most, asked_part, json_reply, refused
from frontdesk.app.canary import Action, CanaryRuns
from frontdesk.app.usage import read_place, write_place
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.models.root import Config
from frontdesk.config.models.versioning import ApiVersion
from frontdesk.config.validation import did_you_mean
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.telemetry.versions import usage_name
from frontdesk.ports.usage import Usage
from frontdesk.rules.periods import day_of

LONGEST: Final = 400
"""Days that may be looked back."""

_NUMBER: Final = re.compile(r"[0-9]{1,9}")

_Asked = Mapping[str, str]
_Action = Callable[[_Asked], Awaitable[object]]


class VersionCalls:
    """The versions of all APIs, and who has called them."""

    def __init__(self, config: Callable[[], Config], usage: Usage, clock: Clock) -> None:
        """config: the configuration in force."""
        self._config = config
        self._usage = usage
        self._clock = clock

    async def overview(self, _asked: _Asked) -> object:
        """Tell of all versions."""
        now = self._clock.time()
        return {
            "versions": [
                {
                    "api": name,
                    "version": each,
                    "state": _state(version, now),
                    "deprecated": version.deprecated,
                    "sunset": version.sunset,
                    "guide": version.guide,
                }
                for name, each, version in self._versions()
            ]
        }

    async def calls(self, asked: _Asked) -> object:
        """Tell who has called a version, by day. Raises: FrontdeskError, StoreError."""
        version, days = asked.get("version", ""), _days(asked)
        apis = [
            name
            for name, each, _ in self._versions()
            if each == version and asked.get("api", name) == name
        ]
        if not apis:
            known = [each for _, each, _ in self._versions()]
            raise FrontdeskError(
                f"no such version: {version}",
                hint=did_you_mean(version, known) or "`frontdesk versions list` lists them",
            )
        last = day_of(self._clock.time())
        first = last - timedelta(days=days - 1)
        counted = {usage_name(api, version): api for api in apis}
        calls, following = await self._calls(asked, counted, str(first), str(last))
        return {
            "version": version,
            "first": str(first),
            "last": str(last),
            "calls": calls,
            "next": following,
        }

    async def _calls(
        self, asked: _Asked, counted: Mapping[str, str], first: str, last: str
    ) -> tuple[list[dict[str, object]], str]:
        """Read a part of the calls, API by API, and what to ask for the next one. Raises: FrontdeskError, StoreError.

        counted: the APIs, by the name that their calls are counted under.
        """
        most, after = asked_most(asked), read_place(asked)
        begun = after is None
        calls: list[dict[str, object]] = []
        for name, api in counted.items():
            begun = begun or (after is not None and name == after[-1])
            if not begun:
                continue
            rows = await self._usage.read(
                first, last, plan=name, after=after, most=most - len(calls)
            )
            calls += (
                {"api": api, "consumer": row.key, "day": row.day, "requests": row.requests}
                for row in rows
            )
            if len(calls) == most:
                return calls, write_place(rows[-1].place)
            after = None
        return calls, ""

    def _versions(self) -> list[tuple[str, str, ApiVersion]]:
        return [
            (name, each, version)
            for name, api in self._config().apis.items()
            if api.versioning is not None
            for each, version in api.versioning.versions.items()
        ]


def _state(version: ApiVersion, now: float) -> str:
    if version.sunset is not None and version.sunset <= now:
        return "retired"
    if version.deprecated is not None and version.deprecated <= now:
        return "deprecated"
    return "current"


def _days(asked: _Asked) -> int:
    text = asked.get("days", "30")
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= LONGEST:
        raise FrontdeskError(f"expected days from 1 to {LONGEST}")
    return int(text)


class ReleasesApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, versions: VersionCalls, canaries: CanaryRuns) -> None:
        async def status(_asked: _Asked) -> object:
            return {"canaries": await canaries.status()}

        async def records(asked: _Asked) -> object:
            found = await canaries.records(asked.get("api", ""), asked.get("stage"))
            part, following = asked_part(found, asked)
            return {"records": part, "next": following}

        self._actions: Mapping[tuple[str, str], _Action] = {
            ("GET", "/versions"): versions.overview,
            ("GET", "/versions/calls"): versions.calls,
            ("GET", "/canaries"): status,
            ("GET", "/canaries/records"): records,
            ("POST", "/canaries/promote"): lambda asked: _act(canaries, "promote", asked),
            ("POST", "/canaries/rollback"): lambda asked: _act(canaries, "rollback", asked),
            ("POST", "/canaries/start"): lambda asked: _act(canaries, "start", asked),
        }
        self._methods = {path: method for method, path in self._actions}

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in self._methods

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        action = self._actions.get((ex.method, ex.path))
        if action is None:
            return refusal(405, "method", (b"allow", self._methods[ex.path].encode()))
        return _answer(action, ex)


async def _act(canaries: CanaryRuns, action: Action, asked: _Asked) -> object:
    return await canaries.act(action, asked.get("api", ""), asked.get("stage"))


async def _answer(action: _Action, ex: Exchange) -> Reply:
    try:
        return json_reply(200, await action(_asked(ex)))
    except FrontdeskError as error:
        return refused(error)


def _asked(ex: Exchange) -> _Asked:
    """Read the query of a GET, or the JSON object of a POST. Raises: FrontdeskError."""
    if ex.method == "GET":
        return dict(parse_qsl(ex.query))
    try:
        document = orjson.loads(ex.body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not all(isinstance(v, str) for v in document.values()):
        raise FrontdeskError('expected a body such as {"api": "visits", "stage": "prod"}')
    return document

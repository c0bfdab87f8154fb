"""Owns the operator's requests about routes, on the admin listener: which there are, what they do, one by hand.

GET  /api/routes                           every API with its stages and routes, as the file in force has them; of
                                           those that q=TEXT, api=, route= fit, at most `most` behind `after`
GET  /api/routes/compiled?api=&stage=&route=  the compiled stages of one route, each with its line
GET  /api/routes/explain?method=&url=      those that a request would take; also header=NAME: VALUE, message=TEXT
POST /api/routes/test  {"method", "path", "query", "headers": [[name, value]], "body", "host"}
                                           send a request to the door, and tell the answer and the stages

Answers 200; 404 for a route that is not there, 422 for what cannot be asked, 502 where the door does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qs

from frontdesk.app.actions import (
    NotFoundError,
    asked_part,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.app.data_plane import Candidate
from frontdesk.app.door_calls import Door, DoorCall, DoorError, send
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.load import Loaded
from frontdesk.config.route_list import ListedRoute, list_routes
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.explain import Explanation, NoSocketError, explain, where
from frontdesk.gateway.pipeline.plan import RoutePlan

PATH: Final = "/api/routes"

Action = Callable[[Exchange], Awaitable[object]]

_BODY: Final = 'expected a body such as {"method": "GET", "path": "/"}'


class RoutesApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self, in_force: Callable[[], Candidate], door: Callable[[], Door | None], clock: Clock
    ) -> None:
        """in_force: gives what is configured now, and its plan. door: where clients connect."""
        self._in_force = in_force
        self._door = door
        self._clock = clock
        self.actions: dict[tuple[str, str], Action] = {
            ("GET", PATH): self._list,
            ("GET", f"{PATH}/compiled"): self._compiled,
            ("GET", f"{PATH}/explain"): self._explain,
            ("POST", f"{PATH}/test"): self._test,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH or ex.path.startswith(f"{PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        action = find_action(self.actions, ex, ex.path)
        return action if isinstance(action, Reply) else self._answer(ex, action)

    async def _answer(self, ex: Exchange, action: Action) -> Reply:
        try:
            return json_reply(200, await action(ex))
        except DoorError as error:
            return refused(error, 502)
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, ex: Exchange) -> object:
        # In a thread: there may be ten thousand of them.
        return await asyncio.to_thread(_listed, self._in_force().loaded, query_of(ex))

    async def _compiled(self, ex: Exchange) -> object:
        query = query_of(ex)
        api, stage, key = (query.get(name, "") for name in ("api", "stage", "route"))
        found: list[dict[str, Any]] = []
        in_force = self._in_force()
        for plan in in_force.plan.plans():
            is_it = (plan.api.name, plan.route_key) == (api, key)
            # A plan for each version and each place, which often do the same.
            if (
                is_it
                and stage in ("", plan.api.stage)
                and (told := _plan(plan, in_force.loaded)) not in found
            ):
                found.append(told)
        if not found:
            hint = f"GET {PATH} lists all of them"
            raise NotFoundError(f"there is no such route: {api} {key}", hint=hint)
        return {"plans": found}

    async def _explain(self, ex: Exchange) -> object:
        query = query_of(ex)
        headers = [_field(text) for text in parse_qs(ex.query).get("header", ())]
        method, url = query.get("method", "GET"), query.get("url", "/")
        return self._explained(method, url, headers, query.get("message"))

    async def _test(self, ex: Exchange) -> object:
        call = DoorCall.read(json_object(ex.body, _BODY))
        headers = [*call.headers, *([("host", call.host)] if call.host else [])]
        explained = self._explained(call.method, call.target, headers, None)
        began = self._clock.monotonic()
        answer = await send(self._door(), call)
        seconds = self._clock.monotonic() - began
        return {"answer": answer, "seconds": seconds, "explained": explained}

    def _explained(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], message: str | None
    ) -> dict[str, Any]:
        in_force = self._in_force()
        try:
            found = explain(in_force.plan, method, url, dict(headers), message)
        except NoSocketError:
            raise FrontdeskError(f"no WebSocket API takes a handshake at {url}") from None
        except ValueError as error:
            raise FrontdeskError(f"the door answers 400 to this path: {error}") from None
        return _explanation(found, in_force.loaded)


def _listed(loaded: Loaded, query: Mapping[str, str]) -> dict[str, Any]:
    apis, max_body = loaded.config.apis, loaded.config.limits.max_body
    known = list(list_routes(loaded))
    found = [route for route in known if _fits(route, query)]
    part, following = asked_part(found, query)
    return {
        "apis": [
            {
                "name": name,
                "type": apis[name].type if name in apis else "function_url",
                "at": str(loaded.place("apis", name) or ""),
                **_written(list(routes), max_body),
            }
            for name, routes in groupby(part, lambda route: route.api)
        ],
        "number": len(known),
        "found": len(found),
        "next": following,
    }


def _fits(route: ListedRoute, query: Mapping[str, str]) -> bool:
    """Tell whether a route is one of those that are asked for."""
    told = (route.api, route.key, route.integration, route.authorizer, route.version)
    return (
        query.get("api", route.api) == route.api
        and query.get("route", route.key) == route.key
        and query.get("q", "").lower() in " ".join(told).lower()
    )


def _written(routes: list[ListedRoute], max_body: int) -> dict[str, Any]:
    stages: dict[str, list[str]] = {}
    for stage, below in routes[0].bases:
        stages.setdefault(stage, []).append(below)
    return {
        "stages": [{"name": name, "below": below} for name, below in stages.items()],
        "routes": [
            {
                "route": route.key,
                "version": route.version,
                "integration": route.integration,
                "authorizer": route.authorizer,
                "throttle": list(route.throttles),
                "timeout": route.timeout,
                "max_body": max_body if route.max_body is None else route.max_body,
                "at": str(route.place or ""),
            }
            for route in routes
        ],
    }


def _explanation(found: Explanation, loaded: Loaded) -> dict[str, Any]:
    told = {"method": found.method, "path": found.path, "params": dict(found.params)}
    return {**told, **_plan(found.plan, loaded)}


def _plan(plan: RoutePlan, loaded: Loaded) -> dict[str, Any]:
    return {
        "api": plan.api.name,
        "type": plan.api.kind,
        "stage": plan.api.stage,
        "side": plan.api.side,
        "route": plan.route_key,
        "at": where(plan.at, loaded),
        "stages": list(_stages(plan, loaded)),
    }


def _stages(plan: RoutePlan, loaded: Loaded) -> Iterator[dict[str, Any]]:
    """Tell what `frontdesk explain` prints. way: "in" with the request, "out" with the answer."""
    for number, step in enumerate(plan.steps, 1):
        yield {
            "number": number,
            "way": "in" if number <= len(plan.head) else "out",
            "name": step.name,
            "lines": [{"detail": detail, "at": where(at, loaded)} for detail, at in step.lines()],
        }


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise FrontdeskError(f"expected header=NAME: VALUE, found: {text[:80]!r}")
    return name.strip(), value.strip()

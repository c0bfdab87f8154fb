"""Owns the operator's requests about functions, on the admin listener.

GET  /api/functions                        all of them: settings, versions, aliases, processes, figures since the start;
                                           of those that q=TEXT fits, at most `most` behind `after`
GET  /api/functions/NAME                   one with its versions; of environments the names alone
GET  /api/functions/NAME/log?after=        what it has written since; without `after` the end of it
POST /api/functions/NAME/invoke  {"event", "qualifier"}    run it, and tell the result and what it wrote
POST /api/functions/NAME/publish {"description"}           make a version of what it is now
PUT  /api/functions/NAME/aliases/ALIAS {"version", "weights": {version: share}}   make or shift an alias

Answers 200; 404 for what is not there, 409 for what the file says and only the file changes, 422 with why nothing was
done, 503 where the store does not do it.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from frontdesk.app.actions import (
    asked_part,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.app.function_facts import FunctionFacts
from frontdesk.aws.lambda_api.aliases import Aliases
from frontdesk.aws.lambda_api.asked import Asked, Target
from frontdesk.aws.lambda_api.functions import Functions
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.invoker import Invocation, Outcome

PATH: Final = "/api/functions"

Action = Callable[[Exchange, str, str], Awaitable[object]]
"""Takes a request, the name of a function, and that of an alias."""


class FunctionsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self, facts: FunctionFacts, registry: Registry, later: DurableInvocations, clock: Clock
    ) -> None:
        """later: who makes asynchronous invocations."""
        self._facts = facts
        self._registry = registry
        self._later = later
        self._clock = clock
        self._functions = Functions(registry, clock, later)
        self._aliases = Aliases(registry)
        self.actions: dict[tuple[str, str], Action] = {
            ("GET", PATH): self._list,
            ("GET", f"{PATH}/NAME"): self._show,
            ("GET", f"{PATH}/NAME/log"): self._log,
            ("POST", f"{PATH}/NAME/invoke"): self._invoke,
            ("POST", f"{PATH}/NAME/publish"): self._publish,
            ("PUT", f"{PATH}/NAME/aliases/ALIAS"): self._shift,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH or ex.path.startswith(f"{PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        name, _, rest = ex.path.removeprefix(PATH).removeprefix("/").partition("/")
        kind, slash, alias = rest.partition("/")
        place = "/".join((PATH, *(("NAME",) if name else ()), *((kind,) if kind else ())))
        action = find_action(self.actions, ex, f"{place}/ALIAS" if slash else place)
        if isinstance(action, Reply):
            return action
        return self._answer(ex, action, unquote(name), unquote(alias))

    async def _answer(self, ex: Exchange, action: Action, name: str, alias: str) -> Reply:
        try:
            return json_reply(200, await action(ex, name, alias))
        except ApiError as error:
            return refused(error, error.status)
        except FrontdeskError as error:
            return refused(error)

    # -- looking ------------------------------------------------------------------------------------

    async def _list(self, ex: Exchange, _name: str, _alias: str) -> object:
        query = query_of(ex)
        known = self._facts.all()
        text = query.get("q", "").lower()
        found = [
            told for told in known if text in f"{told['name']} {told.get('handler', '')}".lower()
        ]
        part, following = asked_part(found, query)
        waiting = await self._waiting()
        return {
            "functions": [{**told, "waiting": waiting.get(told["name"], 0)} for told in part],
            "number": len(known),
            "next": following,
        }

    async def _show(self, ex: Exchange, name: str, _alias: str) -> object:
        told = self._facts.one(name)
        if told is None:
            raise self._registry.not_found(Target(name, ""))
        part, following = asked_part(told["versions"], query_of(ex))
        waiting = (await self._waiting()).get(name, 0)
        return {**told, "versions": part, "next": following, "waiting": waiting}

    async def _log(self, ex: Exchange, name: str, _alias: str) -> object:
        if name not in self._facts.definitions():
            raise self._registry.not_found(Target(name, ""))
        text = query_of(ex).get("after", "")
        if text and not (text.isascii() and text.isdecimal() and len(text) < 18):
            raise FrontdeskError(f"expected after as `next` was told, found: {text[:40]}")
        try:
            return await asyncio.to_thread(self._facts.log, name, int(text) if text else None)
        except OSError as error:
            raise FrontdeskError(f"the log cannot be read: {error.strerror}") from error

    async def _waiting(self) -> dict[str, int]:
        counted = await self._later.waiting()
        return {
            name: counts.visible + counts.in_flight + counts.delayed
            for name, counts in counted.items()
        }

    # -- acting -------------------------------------------------------------------------------------

    async def _invoke(self, ex: Exchange, name: str, _alias: str) -> object:
        asked = json_object(ex.body or b"{}")
        qualifier = str(asked.get("qualifier") or "")
        invoker = self._registry.invoker(Target(name, qualifier))
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        event = orjson.dumps(asked.get("event"))
        began = self._clock.monotonic()
        # The function's own timeout ends it.
        invoker.invoke(Invocation(event, math.inf, trigger="other"), done.set_result)
        outcome = await done
        return {
            "result": _read(outcome.payload),
            "error": outcome.error,
            "reason": outcome.reason,
            "request_id": outcome.request_id,
            "version": outcome.version,
            "seconds": self._clock.monotonic() - began,
            "log": outcome.log_tail.decode("utf-8", "replace"),
        }

    async def _publish(self, ex: Exchange, name: str, _alias: str) -> object:
        description = json_object(ex.body or b"{}").get("description")
        given = {"Description": description} if description else {}
        told = await self._functions.publish(_in_aws_words(name, given))
        return {"version": _read(told.body)["Version"]}

    async def _shift(self, ex: Exchange, name: str, alias: str) -> object:
        asked = json_object(ex.body or b"{}")
        given = {
            "FunctionVersion": asked.get("version"),
            "RoutingConfig": {"AdditionalVersionWeights": asked.get("weights") or {}},
        }
        entry = self._registry.mine(Target(name, ""))
        if alias in entry.aliases:
            await self._aliases.update(_in_aws_words(name, given, alias))
        else:
            await self._aliases.create(_in_aws_words(name, {"Name": alias, **given}))
        return {"alias": alias, "version": given["FunctionVersion"]}


def _in_aws_words(name: str, members: Mapping[str, Any], alias: str = "") -> Asked:
    """Write a request as the Lambda API takes it."""
    return Asked(Exchange(body=orjson.dumps(members)), {"function": name, "alias": alias}, {})


def _read(payload: Any) -> Any:
    """Return JSON, or the text that it is instead."""
    try:
        return orjson.loads(payload)
    except ValueError:
        return bytes(payload).decode("utf-8", "replace")

"""Owns the operator's requests about asynchronous invocations, on the admin listener.

GET  /invocations                          functions that have some, and how many are not over
POST /invocations/NAME       {"event": …}  accept one of NAME or NAME:ALIAS
POST /invocations/NAME/drop                drop what waits for NAME
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson

from frontdesk.app.actions import find_action, json_reply, refused
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.invocations import LARGEST

_PATH: Final = "/invocations"

Answer = Callable[[str, bytes], Awaitable[tuple[int, dict[str, Any]]]]
"""Takes a function and a body; returns status and document."""


class InvocationsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, invocations: DurableInvocations, clock: Clock) -> None:
        self._invocations = invocations
        self._clock = clock
        self._actions: dict[tuple[str, str], Answer] = {
            ("GET", ""): self._list,
            ("POST", "/NAME"): self._accept,
            ("POST", "/NAME/drop"): self._drop,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _PATH or ex.path.startswith(f"{_PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        name, _, rest = ex.path.removeprefix(_PATH).removeprefix("/").partition("/")
        place = f"/NAME/{rest}".removesuffix("/") if name else ""
        action = find_action(self._actions, ex, place)
        if isinstance(action, Reply):
            return action
        return self._answer(action, name, bytes(ex.body))

    async def _answer(self, answer: Answer, name: str, body: bytes) -> Reply:
        try:
            return json_reply(*await answer(name, body))
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, _name: str, _body: bytes) -> tuple[int, dict[str, Any]]:
        now = self._clock.time()
        functions = [
            {
                "function": name,
                "waiting": counts.visible + counts.in_flight + counts.delayed,
                "oldest_age": 0.0 if counts.oldest is None else max(0.0, now - counts.oldest),
            }
            for name, counts in (await self._invocations.waiting()).items()
        ]
        return 200, {"functions": functions}

    async def _accept(self, name: str, body: bytes) -> tuple[int, dict[str, Any]]:
        function, _, qualifier = name.partition(":")
        event = _event(body)
        request_id = await self._invocations.accept(function, qualifier, event)
        if request_id is None:
            raise FrontdeskError(f"there is no such function: {name}")
        return 202, {"request_id": request_id}

    async def _drop(self, name: str, _body: bytes) -> tuple[int, dict[str, Any]]:
        return 200, {"dropped": await self._invocations.forget(name)}


def _event(body: bytes) -> bytes:
    try:
        event = orjson.dumps(orjson.loads(body)["event"])
    except (ValueError, TypeError, LookupError):
        raise FrontdeskError('expected an object of JSON: {"event": …}') from None
    if len(event) > LARGEST:
        raise FrontdeskError(f"expected an event of at most {LARGEST} bytes")
    return event

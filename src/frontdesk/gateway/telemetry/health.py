"""Owns the face of the admin listener that answers load balancers: whether requests should come here."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import orjson

from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal

PATH: Final = "/readyz"

Check = Callable[[], Iterable[str] | Awaitable[Iterable[str]]]
"""Gives the reasons why requests should not come, none when they may; or asks other processes for them."""


class Readiness:
    """`GET /readyz`: 200 when no check objects, else 503 with the reasons. For everybody who can connect.

    `/healthz` beside it only says that the process is alive: whoever restarts what is not ready makes
    an outage of somebody else his own.
    """

    needs_token = False

    def __init__(self, *checks: Check) -> None:
        self._checks = checks

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        if ex.method not in ("GET", "HEAD"):
            return refusal(405, "method", (b"allow", b"GET, HEAD"))
        return self._look()

    async def _look(self) -> Reply:
        reasons: list[str] = []
        for check in self._checks:
            found = check()
            reasons += await found if isinstance(found, Awaitable) else found
        told: dict[str, object] = {"status": "ready"}
        if reasons:
            told = {"status": "not ready", "reasons": reasons}
        return Reply(503 if reasons else 200, [JSON, FRESH], orjson.dumps(told))

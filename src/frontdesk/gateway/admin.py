"""Owns what the admin listener answers: health, and in development the token issuer's documents.

A door of its own, so that an operator's request is neither throttled nor logged with the clients'.
"""

import hmac
from collections.abc import Mapping

import orjson

from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.gateway.pipeline.run import begin

HEALTH = "/healthz"
_FRESH: Field = (b"cache-control", b"no-store")
_CHALLENGE: Field = (b"www-authenticate", b'Bearer realm="admin"')


class AdminDoor:
    """Answers GET requests for a few fixed JSON documents, which are for everybody who can connect.

    Everything else needs the token where one is set: 401 without it, and 404 with it.
    """

    def __init__(self, documents: Mapping[str, object], token: str | None) -> None:
        """documents: by path, beside `/healthz`. token: what `Authorization: Bearer` must say."""
        every = {HEALTH: {"status": "ok"}, **documents}
        self._documents = {path: orjson.dumps(document) for path, document in every.items()}
        self._expected = None if token is None else f"Bearer {token}".encode()
        facts = ApiFacts("admin", "admin", "http", "$default", "-", "-", "localhost")
        self._plan = RoutePlan(
            route_key="-",
            api=facts,
            head=(self._answer,),
            tail=(),
            body_at=-1,
            max_body=0,
            timeout=0.0,
            timeout_status=504,
            log=lambda _ex: None,
            steps=(),
        )

    def enter(self, ex: Exchange) -> None:
        """See server.shared.Entrance."""
        ex.plan = self._plan
        ex.stage_path = ex.path
        begin(ex)

    def _answer(self, ex: Exchange) -> Reply:
        document = self._documents.get(ex.path)
        if document is not None:
            if ex.method in ("GET", "HEAD"):
                return Reply(200, [JSON, _FRESH], document)
            return refusal(405, "method", (b"allow", b"GET, HEAD"))
        given = ex.headers.get(b"authorization", b"")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            return refusal(401, "admin:token", _CHALLENGE)
        return refusal(404, "route")

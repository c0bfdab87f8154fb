"""Owns the door of the admin listener: which face a request is for, and who may ask it.

A door of its own, so that an operator's request is neither throttled nor logged with the clients'.
Knows no face but the one of fixed documents.
"""

import hmac
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

import orjson

from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.gateway.pipeline.run import begin

MAX_BODY = 70 * 1024**2
"""Largest request in bytes: a function's zip of 50 MB in base64, and the rest of its JSON."""

FRESH: Field = (b"cache-control", b"no-store")
_CHALLENGE: Field = (b"www-authenticate", b'Bearer realm="admin"')


class Face(Protocol):
    """One family of requests to the admin listener: health, metrics, the admin API, a wire API of AWS."""

    needs_token: bool
    """Only for who knows `admin.token`, where one is set. A face that checks in another way says False."""

    def serves(self, ex: Exchange) -> bool:
        """Tell from the head whether the request is for this face."""
        ...

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """Answer; the whole body is in `ex.body`."""
        ...


class Documents:
    """The face of fixed JSON documents, which are for everybody who can connect."""

    needs_token = False

    def __init__(self, documents: Mapping[str, object]) -> None:
        """documents: by path."""
        self._documents = {path: orjson.dumps(document) for path, document in documents.items()}

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in self._documents

    def answer(self, ex: Exchange) -> Reply:
        """See Face."""
        if ex.method not in ("GET", "HEAD"):
            return refusal(405, "method", (b"allow", b"GET, HEAD"))
        return Reply(200, [JSON, FRESH], self._documents[ex.path])


class AdminDoor:
    """Gives each request to the first face that serves it.

    Everything that is no face's needs the token where one is set: 401 without it, and 404 with it. Where
    none is set, what would need it is refused to web pages.
    """

    def __init__(self, faces: Sequence[Face], token: str | None) -> None:
        """token: what `Authorization: Bearer` must say."""
        self._faces = faces
        self._expected = None if token is None else f"Bearer {token}".encode()
        facts = ApiFacts("admin", "admin", "http", "$default", "-", "-", "localhost")
        self._plan = RoutePlan(
            route_key="-",
            api=facts,
            head=(self._admit, self._answer),
            tail=(),
            body_at=1,
            max_body=MAX_BODY,
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

    def _admit(self, ex: Exchange) -> Reply | None:
        face = self._face(ex)
        if face is not None and not face.needs_token:
            return None
        given = ex.headers.get(b"authorization", b"")
        if self._expected is None:
            # A page in the operator's browser reaches this listener too; its requests say so here.
            if b"origin" in ex.headers:
                return refusal(403, "admin:page")
        elif not hmac.compare_digest(given, self._expected):
            return refusal(401, "admin:token", _CHALLENGE)
        return None if face is not None else refusal(404, "route")

    def _answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        face = self._face(ex)
        assert face is not None
        return face.answer(ex)

    def _face(self, ex: Exchange) -> Face | None:
        return next((face for face in self._faces if face.serves(ex)), None)

"""Owns the door of the admin listener: which face a request is for, and who may ask it.

A door of its own, so that an operator's request is neither throttled nor logged with the clients'.
Knows no face but the one of fixed documents.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from ipaddress import ip_address
from typing import Protocol

import orjson

from frontdesk.base.errors import FrontdeskError
from frontdesk.base.streams import Field
from frontdesk.gateway.operators import (
    BEARER,
    LOCAL,
    READING,
    Audit,
    Gatekeeper,
    Operator,
    Role,
)
from frontdesk.gateway.pipeline.exchange import Exchange, Reply, Stage
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.replies import JSON, SOON, refusal
from frontdesk.gateway.pipeline.run import begin

MAX_BODY = 70 * 1024**2
"""Largest request in bytes: a function's zip of 50 MB in base64, and the rest of its JSON."""

FRESH: Field = (b"cache-control", b"no-store")
_STOPS = "the gateway stops", "ask again when it is back"
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


class TokenGatekeeper:
    """Asks for `Authorization: Bearer`. Without a token whoever reaches the listener is its operator.

    Then pages of others are refused: by `Origin` where they send one, by `Host` where a name of theirs leads here.
    """

    def __init__(self, token: str | None) -> None:
        """token: None where none is set."""
        self._expected = None if token is None else f"Bearer {token}".encode()

    def admit(self, ex: Exchange) -> Operator | Reply:
        """See Gatekeeper."""
        if self._expected is None:
            if b"origin" in ex.headers or not is_local(ex.host):
                return refusal(403, "admin:page")
            return LOCAL
        if not hmac.compare_digest(ex.headers.get(b"authorization", b""), self._expected):
            return refusal(401, "admin:token", _CHALLENGE)
        return BEARER


class AdminDoor:
    """Gives each request to the first face that serves it.

    Everything that is no face's is 404 to whoever may ask, and the gatekeeper's refusal to others.
    """

    def __init__(
        self,
        faces: Sequence[Face],
        gatekeeper: Gatekeeper,
        *,
        reserved: Sequence[Face] = (),
        private: Collection[str] = (),
        audit: Audit | None = None,
    ) -> None:
        """reserved: those of the faces whose changes are for admins. private: paths that only admins may read, too.

        audit: is told of changes.
        """
        self._faces = faces
        self._gatekeeper = gatekeeper
        self._reserved = reserved
        self._private = private
        self._audit = audit
        self._plan = _plan(self.admit, self.answer)

    def enter(self, ex: Exchange) -> None:
        """See server.shared.Entrance."""
        ex.plan = self._plan
        ex.stage_path = ex.path
        begin(ex)

    async def ask(
        self, operator: Operator, method: str, path: str, query: str = "", body: bytes = b""
    ) -> Reply:
        """Answer a request that somebody makes through a page, as if it had come from outside."""
        ex = Exchange(method=method, path=path, raw_path=path, query=query, body=body)
        ex.headers = {b"content-type": b"application/json"}
        face = self._face(ex)
        if face is None or not face.needs_token:
            return refusal(404, "route")
        refused = self._refused(operator, face, ex)
        if refused is not None:
            return refused
        return await self._noted(operator, face, ex)

    def admit(self, ex: Exchange) -> Reply | None:
        """Refuse who may not ask, and what is nobody's."""
        face = self._face(ex)
        if face is not None and not face.needs_token:
            return None
        operator = self._gatekeeper.admit(ex)
        if isinstance(operator, Reply):
            return operator
        if face is None:
            return refusal(404, "route")
        ex.principal = operator.name
        return self._refused(operator, face, ex)

    def _refused(self, operator: Operator, face: Face, ex: Exchange) -> Reply | None:
        """Refuse what the operator's role does not allow, and what no search has: a NUL."""
        if "%00" in ex.query:
            nul = {"message": "expected a query without a NUL, %00", "hint": "", "findings": []}
            return Reply(422, [JSON, FRESH], orjson.dumps(nul))
        needed = self._needed(face, ex)
        if operator.role >= needed:
            return None
        told = {
            "message": f"this is for the role {needed.name.lower()}",
            "hint": "",
            "findings": [],
        }
        self._note(operator, ex, 403)
        return Reply(403, [JSON, FRESH], orjson.dumps(told), made="gateway", cause="admin:role")

    def _needed(self, face: Face, ex: Exchange) -> Role:
        if ex.method in READING:
            return Role.ADMIN if ex.path in self._private else Role.VIEWER
        return Role.ADMIN if face in self._reserved else Role.OPERATOR

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """Answer a request that was admitted; its whole body is there."""
        face = self._face(ex)
        assert face is not None
        if self._audit is None or not face.needs_token or ex.method in READING:
            return face.answer(ex)
        # Asked before the answer: the change may be the end of who asks for it.
        operator = self._gatekeeper.admit(ex)
        if isinstance(operator, Reply):
            return operator
        return self._noted(operator, face, ex)

    async def _noted(self, operator: Operator, face: Face, ex: Exchange) -> Reply:
        """Answer, and keep it. What fails, or is given up by who asks, may have changed something too."""
        status = 500
        try:
            answer = face.answer(ex)
            reply = answer if isinstance(answer, Reply) else await answer
            status = reply.status
        finally:
            self._note(operator, ex, status)
        return reply

    def _note(self, operator: Operator, ex: Exchange, status: int) -> None:
        if self._audit is not None and ex.method not in READING:
            self._audit.note(operator, ex, status)

    def _face(self, ex: Exchange) -> Face | None:
        return next((face for face in self._faces if face.serves(ex)), None)


class LateDoor:
    """Opens the door of all faces with the first request that an early one does not answer."""

    def __init__(
        self,
        early: Sequence[Face],
        gatekeeper: Gatekeeper,
        office: Callable[[], Awaitable[AdminDoor]],
    ) -> None:
        """early: what monitoring asks for. gatekeeper: of these. office: opens the door of all, with the early ones."""
        self._early = early
        self._first = AdminDoor(early, gatekeeper)
        self._gatekeeper = gatekeeper
        self._office = office
        self._all: AdminDoor | None = None
        self._plan = _plan(self._open, self._answer)
        self._opening: set[asyncio.Future[AdminDoor]] = set()
        self._is_stopping = False

    def enter(self, ex: Exchange) -> None:
        """See server.shared.Entrance."""
        if self._all is not None:
            self._all.enter(ex)
        elif self._is_early(ex):
            self._first.enter(ex)
        else:
            ex.plan = self._plan
            ex.stage_path = ex.path
            begin(ex)

    def stop(self) -> None:
        """Wait for the office no more: whoever does is told so at once, before its connection is closed."""
        self._is_stopping = True
        for opening in self._opening:
            opening.cancel()

    def _is_early(self, ex: Exchange) -> bool:
        """Tell whether the request need not wait: who signs in by a cookie is known to the office alone."""
        return any(
            not face.needs_token or isinstance(self._gatekeeper.admit(ex), Operator)
            for face in self._early
            if face.serves(ex)
        )

    async def _open(self, ex: Exchange) -> Reply | None:
        if self._is_stopping:
            return _not_open(*_STOPS)
        opening = asyncio.ensure_future(self._office())
        self._opening.add(opening)
        try:
            self._all = await opening
        except FrontdeskError as error:
            return _not_open(error.message, error.hint)
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            return _not_open(*_STOPS)
        finally:
            self._opening.discard(opening)
        return self._all.admit(ex)

    def _answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        assert self._all is not None
        return self._all.answer(ex)


def _not_open(message: str, hint: str) -> Reply:
    told = {"message": message, "hint": hint, "findings": []}
    return Reply(503, [JSON, FRESH, SOON], orjson.dumps(told), made="gateway")


def _plan(admit: Stage, answer: Stage) -> RoutePlan:
    """Make the plan of all requests: who may ask is told before the body is read."""
    return RoutePlan(
        route_key="-",
        api=ApiFacts("admin", "admin", "http", "$default", "-", "-", "localhost"),
        head=(admit, answer),
        tail=(),
        body_at=1,
        max_body=MAX_BODY,
        timeout=0.0,
        timeout_status=504,
        log=lambda _ex: None,
        steps=(),
    )


def is_local(host: str) -> bool:
    """Tell whether a `Host`, without its port, is an address or localhost: no name of somebody else.

    A browser always sends one; "" is of a client that is none.
    """
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

"""Owns the idempotency key of a request: claimed before the integration, its answer kept before it leaves.

The store is the Idempotency port; keys, fingerprints and what is kept are `rules.resilience.idempotency`.
Source: HTTP API draft "The Idempotency-Key HTTP Header Field" (-07).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from frontdesk.base.durations import write_duration
from frontdesk.base.errors import StoreError
from frontdesk.base.streams import Field, Fields, Source
from frontdesk.config.models.idempotency import Idempotency as Settings
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import ClientEnd, Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import problem, refusal
from frontdesk.gateway.pipeline.values import Value, bind
from frontdesk.ports.idempotency import Answer, Claim, Key
from frontdesk.rules.resilience.idempotency import Malformed, fingerprint, kept, read_key

MAX_BODY: Final = 256 * 1024
"""Bytes of an answer's body that is kept."""

_GRACE: Final = 5.0  # seconds of a lease beyond the route's timeout
_SOON: Final[Field] = (b"retry-after", b"1")
_REPLAYED: Final[Field] = (b"idempotency-replayed", b"true")
_KEPT_FIELDS: Final = frozenset(
    {
        *(b"cache-control", b"content-disposition", b"content-encoding", b"content-language"),
        *(b"content-location", b"content-type", b"etag", b"last-modified", b"link"),
        *(b"location", b"vary"),
    }
)

_log = logging.getLogger("frontdesk.pipeline")
_tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


def idempotency_key(build: RouteBuild) -> Step | None:
    """Build the claim of a request's key."""
    if build.operation is None or build.operation.idempotency is None:
        return None
    settings = build.operation.idempotency
    kept_for = write_duration(settings.expires)
    must = ", required" if settings.required else ""
    detail = f"{', '.join(settings.methods)}, kept {kept_for}{must}"
    at = (*build.at, "idempotency")
    return Step("idempotency key", _keys(build).claim, detail, at, needs_body=True)


def keep_answer(build: RouteBuild) -> Step | None:
    """Build the keeping of an answer under the key that was claimed."""
    if build.operation is None or build.operation.idempotency is None:
        return None
    return Step("keep answer", _keys(build).keep, "under its idempotency key")


def _keys(build: RouteBuild) -> "_Keys":
    return build.once(
        ("idempotency", build.api_name, build.facts.stage, build.key), lambda: _Keys(build)
    )


def _caller(ex: Exchange) -> str:
    if ex.principal or ex.api_key is None:
        return ex.principal
    return f"key {ex.api_key.id}"


class _Keys:
    """The keys of one route."""

    def __init__(self, build: RouteBuild) -> None:
        route = build.operation
        assert route is not None
        assert route.idempotency is not None
        settings: Settings = route.idempotency
        self._settings = settings
        self._methods = frozenset(settings.methods)
        self._route = f"{build.api_name}/{build.facts.stage} {build.key}"
        self._owner: Value = bind(settings.by) if settings.by else _caller
        self._values = [bind(selector) for selector in settings.fingerprint]
        self._fields = _KEPT_FIELDS.union(name.lower().encode() for name in settings.headers)
        self._lease = route.timeout + _GRACE
        self._store = build.parts.idempotency
        self._time = build.parts.clock.time

    # -- before the integration --------------------------------------------------------------------

    def claim(self, ex: Exchange) -> Reply | Awaitable[Reply | None] | None:
        """Claim the request's key; answer instead where that has been done before."""
        if ex.method not in self._methods:
            return None
        headers = ex.headers
        text = read_key((headers.get(b"idempotency-key"), headers.get(b"x-idempotency-key")))
        if isinstance(text, Malformed):
            return self._refuse(400, "idempotency-key-malformed", f"The key {text.problem}.")
        if text is not None:
            return self._claim(
                ex, Key(f"{self._route}\0{ex.method}\0{self._owner(ex) or ''}", text)
            )
        if self._settings.required:
            return self._refuse(
                400, "idempotency-key-missing", "This operation needs an Idempotency-Key."
            )
        return None

    async def _claim(self, ex: Exchange, key: Key) -> Reply | None:
        now = self._time()
        claiming = asyncio.ensure_future(
            self._store.claim(
                key,
                self._fingerprint(ex),
                now=now,
                lease=now + self._lease,
                expires=now + self._settings.expires,
            )
        )
        try:
            claim = await asyncio.shield(claiming)
        except asyncio.CancelledError:  # the client has gone, or the door does not wait any longer
            _begin(self._let_go(key, claiming))
            raise
        except StoreError as error:
            _log.error("no idempotency key can be claimed: %s", error.message)
            return refusal(503, "idempotency:store", _SOON)
        if claim.state == "claimed":
            ex.client = _Keeping(ex.client, self, key, claim.epoch)
            return None
        return self._answer(claim)

    def _answer(self, claim: Claim) -> Reply:
        """Answer in place of the integration."""
        if claim.answer is not None:
            status, fields, body = claim.answer
            return Reply(status, [*fields, _REPLAYED], body, made="gateway")
        if claim.state == "mismatch":
            return self._refuse(
                422, "idempotency-key-reused", "The key has been used for another request."
            )
        if claim.state == "unkept":
            return self._refuse(
                409, "idempotency-result-too-large", "It is done; its answer was too large to keep."
            )
        return self._refuse(
            409, "idempotency-in-progress", "A request with this key is under way.", _SOON
        )

    def _refuse(self, status: int, kind: str, detail: str, *extra: Field) -> Reply:
        docs = self._settings.docs
        link = [(b"link", f'<{docs}>; rel="describedby"'.encode())] if docs else []
        return problem(status, kind, detail, f"idempotency:{kind}", *link, *extra)

    def _fingerprint(self, ex: Exchange) -> bytes:
        content = [ex.body]
        if self._values:
            content = [(value(ex) or "").encode("utf-8", "surrogatepass") for value in self._values]
        media = ex.headers.get(b"content-type", b"")
        return fingerprint(ex.method, ex.path, ex.query, media, *content)

    # -- after it ------------------------------------------------------------------------------------

    def keep(self, ex: Exchange, reply: Reply) -> Reply:
        """Note what is kept of an answer, before what is told of this request alone is added to it."""
        client = ex.client
        if type(client) is _Keeping and self._is_final(ex, reply):
            client.kept = [field for field in reply.fields if field[0].lower() in self._fields]
        return reply

    def _is_final(self, ex: Exchange, reply: Reply) -> bool:
        errors = self._settings.store_5xx and ex.integration_started > 0.0
        if reply.made == "gateway" and not (errors and reply.status >= 500):
            return False
        return kept(reply.status, server_errors=errors)

    async def settle(self, key: Key, epoch: int, answer: Answer | None, *, final: bool) -> None:
        """Tell the store what became of a claim. final: it is done with. answer: None: too large."""
        try:
            if final:
                await self._store.finish(key, epoch, answer)
            else:
                await self._store.release(key, epoch)
        except StoreError as error:  # what is done is done: its caller must learn of it
            _log.error("an answer was not kept under its key: %s", error.message)

    async def _let_go(self, key: Key, claiming: asyncio.Future[Claim]) -> None:
        """Give back a claim that nobody waits for any more."""
        try:
            claim = await claiming
        except StoreError:
            return
        if claim.state == "claimed":
            await self.settle(key, claim.epoch, None, final=False)


class _Keeping:
    """The client's end of an exchange that holds a claim: an answer leaves once the store has it.

    kept: the fields to keep; None: the answer is not final.
    """

    def __init__(self, client: ClientEnd, keys: _Keys, key: Key, epoch: int) -> None:
        self.kept: Fields | None = None
        self._client = client
        self._keys = keys
        self._key = key
        self._epoch = epoch
        self.collect_body: Callable[[Exchange], None] = client.collect_body
        self.set_deadline: Callable[[Exchange, float], None] = client.set_deadline

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """Settle the claim, then send."""
        body = reply.body
        if self.kept is not None and not isinstance(body, bytes) and _fits(body.length):
            _Whole(body, lambda whole: self._collected(exchange, reply, whole)).begin()
        else:
            _begin(self._settle(exchange, reply))

    def _collected(self, exchange: Exchange, reply: Reply, whole: bytes | None) -> None:
        """Go on with the whole body of an answer; None: it broke off."""
        if whole is None:
            self.kept = None
            reply = refusal(502, "upstream:closed", close=True)
            exchange.status, exchange.error = reply.status, reply.cause
        else:
            reply.body = whole
        _begin(self._settle(exchange, reply))

    async def _settle(self, exchange: Exchange, reply: Reply) -> None:
        answer = None
        if self.kept is not None and isinstance(reply.body, bytes) and _fits(len(reply.body)):
            answer = Answer(reply.status, self.kept, reply.body)
        await self._keys.settle(self._key, self._epoch, answer, final=self.kept is not None)
        if exchange.error == "client_gone":
            reply.discard()
        else:
            self._client.send(exchange, reply)


def _fits(length: int | None) -> bool:
    return length is not None and length <= MAX_BODY


class _Whole:
    """The Sink that makes one piece of a body of known length."""

    def __init__(self, source: Source, done: Callable[[bytes | None], None]) -> None:
        """done: told the body, or None when it breaks off."""
        self._source = source
        self._done = done
        self._pieces: list[bytes] = []

    def begin(self) -> None:
        self._source.attach(self)

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - a body of known length has none
        self._done(b"".join(self._pieces))

    def abort(self, reason: str) -> None:  # noqa: ARG002 - the answer is the same
        self._done(None)


def _begin(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)

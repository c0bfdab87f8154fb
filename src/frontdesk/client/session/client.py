"""Owns `Client`: calls of other companies' APIs, as one asyncio program makes them.

    fallback( deadline( retry( breaker( throttle( attempt timeout( auth( bulkhead( egress( send )))))))))

This file has what is outside of the attempts: options, redirects, fallback and the record of each call.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, Self, TypedDict, Unpack
from uuid import UUID

from frontdesk import __version__
from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Wheel
from frontdesk.client.asking import Answered
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.client.origins import Origins
from frontdesk.client.pool import PoolLimits
from frontdesk.client.session.answers import Answer
from frontdesk.client.session.attempt_spans import spans_of
from frontdesk.client.session.auth import NOBODY, Auth, Signer
from frontdesk.client.session.context import Trace, current_trace, time_left
from frontdesk.client.session.detours import (
    RAISE,
    Fallback,
    fallen_back,
    redirected,
    without_secrets,
)
from frontdesk.client.session.errors import (
    Attempt,
    BlockedError,
    CallError,
    RetryLaterError,
    call_error,
)
from frontdesk.client.session.host import Host, Plan, RetryLater, Trip, World
from frontdesk.client.session.records import Hook, tell
from frontdesk.client.session.requests import (
    Base,
    Common,
    Content,
    Params,
    Request,
    Scalar,
    encoded,
)
from frontdesk.client.session.settings import (
    Breaker,
    Bulkhead,
    Duration,
    Egress,
    Guard,
    Hedge,
    Idempotency,
    Retry,
    Throttle,
    Timeout,
    Tls,
    check_kinds,
    seconds,
)
from frontdesk.client.session.timers import Timers
from frontdesk.client.target import parse_target
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.rules.resilience.retry import RetryPolicy
from frontdesk.rules.resilience.throttle import ThrottleSettings

Go = Callable[[Request], Awaitable[Answer]]
Interceptor = Callable[[Request, Go], Awaitable[Answer]]
"""Sees a request before it leaves, and its answer: `async def stamp(request, go): return await go(request)`."""

_ONCE: Final = Retry(attempts=1, budget=0.0)
_TOKEN_BYTES: Final = 64 * 1024


class Options(TypedDict, total=False):
    """What a single call may say.

    json, form, content: its body, one of them. params: of the query. path: values for `{name}` in the URL.
    headers: beside the client's, and before them. idempotency_key: a text; True for a new one; False for none.
    timeout: of the whole call in seconds, or all of them. retry: another policy; None for one attempt.
    fallback: what is answered when the host does not. stream: the body is left to `answer.stream()`.
    """

    json: Any
    form: Params
    content: Content
    params: Params
    path: Mapping[str, Scalar]
    headers: Mapping[str, str]
    idempotency_key: str | bool
    timeout: Timeout | Duration
    retry: Retry | None
    fallback: Fallback
    stream: bool


class Client:
    """Calls an API. Made anywhere; used on the event loop of its first call, by any number of tasks."""

    def __init__(
        self,
        base_url: str = "",
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: Timeout | Duration = Timeout(),  # noqa: B008 - it is a value, as all below
        retry: Retry | None = Retry(),  # noqa: B008
        breaker: Breaker | None = Breaker(),  # noqa: B008
        bulkhead: Bulkhead | None = None,
        throttle: Throttle | None = Throttle(),  # noqa: B008
        egress: Egress | None = None,
        hedge: Hedge | None = None,
        idempotency: Idempotency = Idempotency(),  # noqa: B008
        guard: Guard | None = None,
        tls: Tls = Tls(),  # noqa: B008
        fallback: Fallback = RAISE,
        interceptors: Sequence[Interceptor] = (),
        on_call: Hook | None = None,
        redirects: int = 3,
        max_body: int = 16 * 1024 * 1024,
        trace: bool = True,
        world: World = World(),  # noqa: B008
    ) -> None:
        """Make a client. Nothing is opened before the first call.

        base_url: what relative URLs are appended to. auth: sent to its origin alone; without a base, to the
        one that is called. retry, breaker, throttle: None for none. guard: for URLs that others choose; the
        base is not among them. on_call: is told of each call. redirects: that are followed. max_body:
        bytes of an answer, unless it is streamed. trace: send traceparent. world: for tests.
        Raises: ValueError; TypeError; SecretError for references without a secret.
        """
        check_kinds(retry=retry, breaker=breaker, bulkhead=bulkhead, throttle=throttle)
        check_kinds(egress=egress, hedge=hedge, guard=guard, idempotency=idempotency)
        if not (auth is None or hasattr(auth, "signer")):
            raise TypeError(f"auth: expected one such as Bearer(…), got {type(auth).__name__}")
        self._base = Base(base_url)
        self._auth = auth
        self._timeout = _timeouts(timeout, Timeout())
        self._retry = retry or _ONCE
        self._breaker = breaker
        self._bulkhead = bulkhead
        self._throttle = throttle or Throttle(learn=False)
        self._egress = egress.settings if egress is not None else None
        self._hedge = seconds(hedge.after or 0.0) if hedge is not None else None
        self._idempotency = idempotency
        self._guard = guard
        self._tls = tls
        self._fallback = fallback
        self._interceptors = tuple(interceptors)
        self._hook = on_call
        self._redirects = redirects
        self._most = max_body
        self._traces = trace
        self._world = world
        self._monotonic = world.clock.monotonic
        given = dict(headers or {})
        self._common = _common(given)
        self._for_strangers = _common(without_secrets(given))
        self._plan = self._planned({})
        identities = self._egress.identities if self._egress is not None else ()
        if guard is not None and any(one.proxy is not None for one in identities):
            raise ValueError("a guard sees no addresses behind a proxy: use one of them")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heartbeat: Heartbeat | None = None
        self._hosts: Origins[tuple[str, bool], Host]
        self._signer: Signer = NOBODY
        self._closed = False

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; calls under way fail."""
        self._closed = True
        if self._loop is not None:
            self._signer.close()
            self._hosts.close()
            await asyncio.sleep(0)  # noqa: TID251 - no wait: tasks that connect learn of it
            if self._heartbeat is not None:
                self._heartbeat.close()

    def circuits(self) -> dict[str, str]:
        """Return the state of each host's breaker, by origin: `closed`, `open` or `half_open`."""
        if self._loop is None:
            return {}
        return {origin: host.upstream.breaker.state for (origin, _), host in self._hosts.each()}

    # -- calls ---------------------------------------------------------------------------------------

    async def get(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send GET, see `request`."""
        return await self.request("GET", url, **options)

    async def head(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send HEAD, see `request`."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send OPTIONS, see `request`."""
        return await self.request("OPTIONS", url, **options)

    async def post(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send POST, see `request`."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send PUT, see `request`."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send PATCH, see `request`."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send DELETE, see `request`."""
        return await self.request("DELETE", url, **options)

    async def request(self, method: str, url: str, **options: Unpack[Options]) -> Answer:
        """Make a call, with as many attempts as it needs and may have.

        Returns any answer of the server, whatever its status: see Answer.raise_for_status.
        Raises: CallError; ValueError for what cannot be sent; TypeError for options that there are none of;
        RuntimeError on another event loop.
        """
        self._open()
        if not options.keys() <= _OPTIONS:  # a misspelt idempotency_key may charge twice
            raise TypeError(_strange(options))
        request = self._written(method, url, options)
        usual = options.keys().isdisjoint(_PLANNED)
        plan = self._plan if usual else self._planned(options)
        fallback = options.get("fallback", self._fallback)
        if not self._interceptors:
            return await self._perform(plan, fallback, request)
        go: Go = partial(self._perform, plan, fallback)
        for interceptor in reversed(self._interceptors):
            go = partial(_intercepted, interceptor, go)
        return await go(request)

    async def _perform(self, plan: Plan, fallback: Fallback, request: Request) -> Answer:
        """Make a call, and tell of it."""
        began = self._monotonic()
        left = time_left()
        until = began + (plan.total if left is None else min(plan.total, left))
        trace = current_trace() if self._traces else None
        attempts: list[Attempt] = []
        result: Answer | CallError | None = None
        try:
            try:
                result = await self._follow(request, plan, until, trace, attempts)
                if result.status >= 500 and fallback is not RAISE:
                    result = await fallen_back(fallback, result, request, attempts)
            except CallError as error:
                result = error
                if fallback is RAISE or isinstance(error, BlockedError):
                    raise
                result = await fallen_back(fallback, error, request, attempts)
            result.attempts = tuple(attempts)
            result.seconds = self._monotonic() - began
            return result
        finally:
            took = self._monotonic() - began
            tell(request, result, tuple(attempts), seconds=took, trace=trace, hook=self._hook)

    async def _follow(
        self,
        request: Request,
        plan: Plan,
        until: float,
        trace: Trace | None,
        attempts: list[Attempt],
    ) -> Answer:
        """Send a request, and again wherever it is redirected to. Raises: CallError."""
        known = not self._base.origin or request.origin == self._base.origin
        sent, followed = request, 0
        spans = spans_of(trace, self._world.clock)
        more = (spans or trace).lines if trace is not None else str
        while True:
            signer = self._signer if known else NOBODY
            common = self._common if known else self._for_strangers
            trip = Trip(sent, sent.head(common), plan, signer, more, until, attempts, spans)
            answered = await self._carry_out(trip)
            if 300 <= answered.status < 400 and followed < self._redirects:
                after = redirected(sent, answered.status, answered.fields)
                if after is not None:
                    if not isinstance(answered.body, bytes):
                        answered.body.cancel()
                    followed += 1
                    known = known and after.origin == sent.origin
                    sent = after
                    continue
            return Answer(request, *answered)

    async def _carry_out(self, trip: Trip, *, trusted: bool = False) -> Answered:
        try:
            host = await self._host(trip.request.origin, trusted)
            return await host.carry_out(trip)
        except UpstreamError as error:
            raise call_error(error, tuple(trip.attempts)) from error
        except RetryLater as later:
            asked = RetryLaterError(
                f"asked to come back in {later.asked:.0f} seconds: {trip.request.shown_url}",
                attempts=tuple(trip.attempts),
                retry_after=later.asked,
                answer=Answer(trip.request, *later.answered),
            )
            asked.at = self._world.clock.time() + later.asked
            raise asked from None

    # -- what a call says ----------------------------------------------------------------------------

    def _written(self, method: str, url: str, options: Options) -> Request:
        origin, target, template = self._base.locate(
            url, options.get("path"), options.get("params")
        )
        body, kind = encoded(options.get("json"), options.get("form"), options.get("content"))
        headers = dict(options.get("headers") or {})
        if kind and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = kind
        request = Request(method.upper(), origin, target, headers, body)
        request.template = template
        settings = self._idempotency
        key = options.get("idempotency_key", request.method in settings.methods)
        if key:
            text = key if isinstance(key, str) else str(UUID(bytes=os.urandom(16), version=4))
            headers[settings.header] = f'"{text}"' if settings.quoted else text
            request.idempotency_key = text
        elif headers:
            own = settings.header.lower()
            given = [value for name, value in headers.items() if name.lower() == own]
            request.idempotency_key = given[0] if given else ""
        return request

    def _planned(self, options: Options) -> Plan:
        timeout = self._timeout
        if "timeout" in options:
            timeout = _timeouts(options["timeout"], timeout)
        retry = self._retry
        if "retry" in options:
            check_kinds(retry=options["retry"])
            retry = options["retry"] or _ONCE
        most = None if options.get("stream") else self._most
        wait = seconds(self._throttle.max_wait)
        total, attempt = seconds(timeout.total), seconds(timeout.attempt)
        return Plan(retry.policy, total, attempt, wait, most, self._hedge)

    # -- what calls share ----------------------------------------------------------------------------

    def _open(self) -> None:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("the client is closed")
        if self._loop is loop:
            return
        if self._loop is not None:
            raise RuntimeError(
                "a Client belongs to one event loop: make one for each, or a SyncClient"
            )
        self._loop = loop
        clock = self._world.clock
        wheel = self._world.wheel
        if wheel is None:
            wheel = Wheel(clock.monotonic())
            self._heartbeat = Heartbeat(wheel, clock)
            self._heartbeat.start()
        timers = Timers(wheel, clock.monotonic)
        self._hosts = Origins(partial(self._new_host, timers, wheel))
        if self._auth is not None:
            self._signer = self._auth.signer(self._ask, clock)

    async def _host(self, origin: str, trusted: bool) -> Host:
        """Return the way to an origin. Raises: UpstreamError("blocked"), ValueError."""
        guard = self._guard
        public = not (guard is None or trusted or origin == self._base.origin)
        if public:
            assert guard is not None
            public = _guarded(guard, origin)
        return self._hosts.found((origin, public)) or await self._hosts.get((origin, public))

    def _new_host(self, timers: Timers, wheel: Wheel, key: tuple[str, bool]) -> Host:
        origin, public = key
        timeout = self._timeout
        settings = UpstreamSettings(
            (origin,),
            name=origin.partition("://")[2],
            limits=PoolLimits(connect=seconds(timeout.connect), read=seconds(timeout.read)),
            tls=self._tls,
            breaker=self._breaker.settings if self._breaker is not None else None,
            bulkhead=self._bulkhead.settings if self._bulkhead is not None else None,
            budget=self._retry.budget,
            egress=self._egress,
            public=public,
        )
        throttle: ThrottleSettings = self._throttle.settings
        return Host(settings, throttle, timers, wheel, self._world)

    async def _ask(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Ask a token endpoint, see auth.Ask. It may be asked again: that only makes another token."""
        origin, target, _ = Base("").locate(url, None, None)
        policy: RetryPolicy = replace(self._retry.policy, any_method=True)
        plan = self._plan._replace(policy=policy, most=_TOKEN_BYTES, hedge=None)
        until = self._monotonic() + plan.total
        request = Request("POST", origin, target, dict(headers), body)
        head = request.head(self._for_strangers)
        trip = Trip(request, head, plan, NOBODY, str, until, [])
        try:
            host = await self._host(origin, trusted=True)
            answered = await host.carry_out(trip)
        except RetryLater as later:
            answered = later.answered
        assert isinstance(answered.body, bytes)
        return answered.status, answered.body


_OPTIONS: Final = Options.__annotations__.keys()
_PLANNED: Final = {"timeout", "retry", "stream"}


def _strange(options: Options) -> str:
    name = min(options.keys() - _OPTIONS)
    close = get_close_matches(name, _OPTIONS, 1)
    return f"a call has no option {name!r}" + (f": did you mean {close[0]!r}?" if close else "")


def _timeouts(given: Timeout | Duration, usual: Timeout) -> Timeout:
    return given if isinstance(given, Timeout) else replace(usual, total=seconds(given))


def _common(given: Mapping[str, str]) -> Common:
    names = {name.lower() for name in given}
    own = {"User-Agent": f"frontdesk/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    return Common({**{name: own[name] for name in own if name.lower() not in names}, **given})


def _guarded(guard: Guard, origin: str) -> bool:
    """Return whether an origin has to be public. Raises: UpstreamError("blocked")."""
    target = parse_target(origin)
    if target.host in guard.hosts:
        return False
    if target.scheme != "https" and not guard.http:
        raise UpstreamError("blocked", f"not https: {target.host}")
    if target.port not in guard.ports:
        raise UpstreamError("blocked", f"not a port that may be called: {target.address}")
    return True


async def _intercepted(interceptor: Interceptor, go: Go, request: Request) -> Answer:
    return await interceptor(request, go)

"""Owns the way to one host: what all calls of it share, and the attempts of each.

Which attempt follows which is `rules.resilience.course`; connections are the core's.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Fields
from frontdesk.base.wheel import Wheel
from frontdesk.client.asking import Answered, Asked
from frontdesk.client.session.attempt_spans import AttemptSpans
from frontdesk.client.session.auth import Signer
from frontdesk.client.session.errors import Attempt
from frontdesk.client.session.hedging import Latencies, hedged
from frontdesk.client.session.records import tell_retry
from frontdesk.client.session.requests import Request
from frontdesk.client.session.streams import Outgoing
from frontdesk.client.session.timers import Timers
from frontdesk.client.upstreams import Upstream, UpstreamSettings
from frontdesk.rules.http.rate_limits import announced
from frontdesk.rules.resilience.course import Course
from frontdesk.rules.resilience.retry import Failed, RetryPolicy
from frontdesk.rules.resilience.retry_after import asked_wait
from frontdesk.rules.resilience.throttle import Throttle, ThrottleSettings

_TOO_MANY: Final = 429
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class World:
    """The clock and the chance that calls go by; tests hand in their own, with the wheel that they turn."""

    clock: Clock = field(default_factory=SystemClock)
    chance: Callable[[], float] = field(default_factory=lambda: random.Random().random)  # noqa: S311 - spreads, hides nothing
    wheel: Wheel | None = None


class Plan(NamedTuple):
    """How one call is made, in seconds. attempt: of each. max_wait: for its turn.

    most: bytes of the answer; None: it is streamed. hedge: until a second request; 0.0: what most calls take;
    None: there is none.
    """

    policy: RetryPolicy
    total: float
    attempt: float
    max_wait: float
    most: int | None
    hedge: float | None


class RetryLater(Exception):  # noqa: N818 - not an error yet: the client makes one of it
    """The server asks for a longer wait than there is time. asked: seconds."""

    def __init__(self, answered: Answered, asked: float) -> None:
        super().__init__()
        self.answered = answered
        self.asked = asked


class Trip(NamedTuple):
    """One request on its way to a host.

    head: what is sent of it every time. more: writes the lines that each attempt has of its own. attempts: is
    added to. spans: is told of them, too, where they are wanted.
    """

    request: Request
    head: str
    plan: Plan
    signer: Signer
    more: Callable[[], str]
    deadline: float
    attempts: list[Attempt]
    spans: AttemptSpans | None = None

    def note(self, attempt: Attempt) -> None:
        """Take note of an attempt that is over."""
        self.attempts.append(attempt)
        if self.spans is not None:
            self.spans.attempted(self.request, attempt)


class Host:
    """One host, on one event loop."""

    def __init__(
        self,
        settings: UpstreamSettings,
        throttle: ThrottleSettings,
        timers: Timers,
        wheel: Wheel,
        world: World,
    ) -> None:
        """Raises: ValueError for a bad URL, TlsFileError for a certificate file that cannot be used."""
        self.upstream = Upstream(settings, wheel, world.clock)
        self._throttle = Throttle(throttle, world.clock.monotonic())
        self._timers = timers
        self._clock = world.clock
        self._monotonic = world.clock.monotonic
        self._chance = world.chance
        self._latencies = Latencies()

    def retire(self) -> None:
        """See Kept."""
        self.upstream.retire()

    def close(self) -> None:
        """See Kept."""
        self.upstream.close()

    async def carry_out(self, trip: Trip) -> Answered:
        """Make the attempts of a call. Raises: UpstreamError, RetryLater."""
        upstream, plan = self.upstream, trip.plan
        course = Course(plan.policy, upstream.breaker, upstream.budget, trip.deadline)
        wait = 0.0
        while True:
            now = self._monotonic()
            if not course.set_out(now):
                trip.note(Attempt(0, "circuit_open", 0.0, wait, ""))
                left = max(1.0, upstream.breaker.wait(now))
                raise UpstreamError("circuit_open", "Circuit breaker is open", retry_after=left)
            answered, error = await self._attempted(trip, course, wait)
            now = self._monotonic()
            asked = None
            if answered is not None:
                if answered.status < 400:
                    course.succeeded(now)
                    return answered
                asked = asked_wait(answered.fields, self._clock.time())
            number = course.number
            wait, stop = course.after(
                _failed(answered, error, asked),
                now,
                chance=self._chance(),
                repeatable=trip.request.repeatable,
                last=_is_last(trip.request, error),
            )
            if stop:
                if answered is None:
                    assert error is not None
                    raise error
                if asked is not None and stop in ("later", "deadline"):
                    raise RetryLater(answered, asked)
                return answered
            if answered is not None and not isinstance(answered.body, bytes):
                answered.body.cancel()
            tell_retry(number, plan.policy.attempts, wait, trip.attempts[-1])
            await self._pause(course, wait)

    async def _attempted(
        self, trip: Trip, course: Course, waited: float
    ) -> tuple[Answered | None, UpstreamError | None]:
        """Make one attempt, and note it."""
        answered = error = None
        asked: list[Asked] = []
        try:
            answered = await self._attempt(trip, course, asked)
        except UpstreamError as failure:
            error = failure
        except BaseException:
            now = self._monotonic()
            course.dropped(now)
            trip.note(Attempt(0, "cancelled", now - course.begun, waited, ""))
            raise
        took = self._monotonic() - course.begun
        address, replayed = (asked[-1].address, asked[-1].replayed) if asked else ("", False)
        status, reason = (answered.status, "") if answered is not None else (0, error.reason)  # type: ignore[union-attr]
        trip.note(Attempt(status, reason, took, waited, address, replayed))
        return answered, error

    async def _attempt(self, trip: Trip, course: Course, asked: list[Asked]) -> Answered:
        """Wait for the call's turn, sign the request and send it. asked: is added to."""
        plan, signer = trip.plan, trip.signer
        now = course.begun
        wait = self._throttle.take(now)
        if wait:
            now = course.begun = await self._turn(trip, wait)
        until = min(now + plan.attempt, trip.deadline)
        if not signer.ready:
            await self._timers.within(until, signer.prepare())
        answered = await self._send(trip, course, until, asked)
        if (
            answered.status == _UNAUTHORIZED
            and isinstance(trip.request.body, bytes)
            and signer.refused()
        ):
            if not isinstance(answered.body, bytes):
                answered.body.cancel()
            await self._timers.within(until, signer.prepare())
            answered = await self._send(trip, course, until, asked)
        return answered

    async def _send(self, trip: Trip, course: Course, until: float, asked: list[Asked]) -> Answered:
        request, plan = trip.request, trip.plan
        again = f"X-Retry-Attempt: {course.number - 1}\r\n" if course.number > 1 else ""
        written = f"{trip.head}{trip.signer.lines(request)}{trip.more()}{again}"
        make = partial(_asked, trip, written.encode("latin-1"), asked)
        if plan.hedge is not None and request.repeatable and isinstance(request.body, bytes):
            delay = plan.hedge or self._latencies.usual()
            began = self._monotonic()
            answered = await hedged(
                self.upstream, make, self._timers, now=began, delay=delay, until=until
            )
            self._latencies.add(self._monotonic() - began)
        else:
            answered = await self._ask(make(), until)
        self._learn(answered.status, answered.fields)
        if plan.most is not None and len(answered.body) > plan.most:  # type: ignore[arg-type]  # it is bytes then
            message = f"the answer is larger than {plan.most} bytes"
            raise UpstreamError("protocol", message, sent=True)
        return answered

    async def _ask(self, call: Asked, until: float) -> Answered:
        timer = self._timers.borrow(until, call.expire)
        try:
            self.upstream.send(call)
            return await call.answered
        finally:
            self._timers.give_back(timer)
            call.cancel()  # where nobody waits any more; else nothing happens

    def _learn(self, status: int, fields: Fields) -> None:
        refused = status == _TOO_MANY
        time = self._clock.time()
        asked = asked_wait(fields, time) if refused else None
        limits = announced(fields, time)
        self._throttle.answered(self._monotonic(), refused=refused, asked=asked, limits=limits)

    async def _turn(self, trip: Trip, wait: float) -> float:
        """Wait until the throttle lets the call pass; returns when. Raises: UpstreamError("throttled")."""
        latest = min(self._monotonic() + trip.plan.max_wait, trip.deadline)
        while True:
            if self._monotonic() + wait > latest:
                message = f"the host gets no more calls for {wait:.1f} seconds"
                raise UpstreamError("throttled", message, retry_after=wait)
            await self._timers.sleep(wait)
            now = self._monotonic()
            wait = self._throttle.take(now)
            if not wait:
                return now

    async def _pause(self, course: Course, wait: float) -> None:
        try:
            await self._timers.sleep(wait)
        except BaseException:
            course.dropped(self._monotonic())
            raise


def _asked(trip: Trip, head: bytes, asked: list[Asked]) -> Asked:
    """Make what is sent. asked: is added to."""
    request = trip.request
    body = request.body if isinstance(request.body, bytes) else Outgoing(request.body)
    one = Asked(request.method, head, body, trip.plan.most)
    one.repeatable = request.repeatable
    asked.append(one)
    return one


def _failed(answered: Answered | None, error: UpstreamError | None, asked: float | None) -> Failed:
    if answered is not None:
        return Failed(answered.status, asked=asked)
    assert error is not None
    return Failed(reason=error.reason, sent=error.sent)


def _is_last(request: Request, error: UpstreamError | None) -> bool:
    """Whether there is no other attempt: what was read of its body is gone, or it is retried in front of us."""
    gone = not isinstance(request.body, bytes) and (error is None or error.sent)
    return gone or any(name.lower() == "x-retry-attempt" for name in request.headers)

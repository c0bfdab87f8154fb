"""Owns the sending of what waits: whose turn it is, how many at once, what becomes of each attempt.

Endpoints take turns by deficit round robin over the seconds that they have cost: one that hangs holds nobody up.
Another process with the same store sends others; who dies leaves what it had to them, once its leases are over.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.durable.outage import Outage
from frontdesk.durable.outgoing.events import Events
from frontdesk.durable.outgoing.posting import Posted, Poster
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.ports.deliveries import DeliveryStore, Held, Settlement, Turn
from frontdesk.rules.resilience.breaker import REFUSED, Breaker, BreakerSettings
from frontdesk.rules.resilience.fairness import DeficitRoundRobin
from frontdesk.rules.webhooks.attempts import verdict
from frontdesk.stores.vault.refusals import LockedError

AT_ONCE: Final = 200
"""Attempts under way in one process."""

LOOK: Final = 1.0
"""Seconds between two looks for what is due; what is published here is looked for at once."""

LEASED: Final = 10.0
"""Seconds for which nobody else may make an attempt; prolonged as long as it is under way."""

_RENEWED: Final = 3.0  # seconds after which leases are prolonged

BREAKER: Final = BreakerSettings(
    failures=0, rate=0.7, window=300.0, minimum=10, reset=60.0, growth=2.0
)
"""When an endpoint is left alone: seven of ten attempts or more have failed in five minutes."""

_QUANTUM: Final = 0.1  # seconds of an endpoint's attempts in each round
_BREAKERS: Final = 10_000
_PROBING: Final = 1.0  # seconds until others may go after those that find out
_LOCKED: Final = 60.0  # seconds until an endpoint is opened again that could not be
_TOO_MANY: Final = 429

_LOG: Final = logging.getLogger("frontdesk.outgoing")


class Sender:
    """Sends what waits, as long as it has settings. Used on one event loop."""

    def __init__(
        self,
        store: DeliveryStore,
        poster: Poster,
        events: Events,
        clock: Clock,
        registry: Registry,
        *,
        chance: Callable[[], float],
        at_once: int = AT_ONCE,
    ) -> None:
        """chance: a random number from 0 to 1. at_once: attempts under way at most."""
        self._store = store
        self._poster = poster
        self._events = events
        self._clock = clock
        self._registry = registry
        self._chance = chance
        self._at_once = at_once
        self._settings: Settings | None = None
        self._turns: DeficitRoundRobin[str] = DeficitRoundRobin(_QUANTUM)
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        self._attempts: dict[asyncio.Task[None], Held] = {}
        self._news = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._stopped = False
        self._renewed = clock.monotonic()
        self._outage = Outage(_LOG, "messages are not sent")

    def adopt(self, settings: Settings | None) -> None:
        """Go on with other settings. None: send nothing more; attempts under way go on."""
        self._settings = settings
        if settings is not None and self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())
        self._news.set()

    def look(self) -> None:
        """Look at once for what is due."""
        self._news.set()

    def forget(self, endpoint: str) -> None:
        """Forget how an endpoint has failed: it is left alone no more."""
        self._breakers.pop(endpoint, None)

    async def stop(self, drain: float) -> None:
        """Begin nothing more, let attempts end for up to `drain` seconds, give back those left."""
        self._stopped = True
        self._news.set()
        if self._sending is not None:
            await self._sending
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=drain)
        left = dict(self._attempts)
        for attempt in left:
            attempt.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        now = self._clock.time()
        gives = [self._store.put_back(held, due=now) for held in left.values()]
        await asyncio.gather(*gives, return_exceptions=True)  # else their leases run out

    # -- whose turn it is -----------------------------------------------------------------------------

    async def _send(self) -> None:
        while not self._stopped:
            self._news.clear()  # before the look: what is published during it is news
            began = 0
            try:
                await self._renew()
                if self._settings is not None:
                    began = await self._begin(self._settings)
                self._outage.over()
            except StoreError as error:
                self._outage.failed(error)
            if not began:
                await self._until_news()

    async def _begin(self, settings: Settings) -> int:
        """Begin as many attempts as may be; return how many. Raises: StoreError."""
        slots = self._at_once - len(self._attempts)
        now = self._clock.time()
        ready = await self._store.ready(now=now) if slots else ()
        wishes = self._turns.deal(dict.fromkeys(ready, slots), slots)
        if not wishes:
            return 0
        turns = await self._store.lease(wishes, now=now, until=now + LEASED)
        for turn in turns:
            attempt = asyncio.get_running_loop().create_task(self._attempt(turn, settings))
            self._attempts[attempt] = turn.held
            attempt.add_done_callback(self._ended)
        return len(turns)

    async def _renew(self) -> None:
        """Keep what is under way from others. Raises: StoreError."""
        now = self._clock.monotonic()
        if self._attempts and now >= self._renewed + _RENEWED:
            self._renewed = now
            until = self._clock.time() + LEASED
            await self._store.renew(list(self._attempts.values()), until=until)

    def _ended(self, attempt: asyncio.Task[None]) -> None:
        del self._attempts[attempt]
        self._news.set()
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            _LOG.error("an attempt is lost", exc_info=error)

    async def _until_news(self) -> None:
        waiting = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({waiting}, timeout=LOOK)
        finally:
            waiting.cancel()

    # -- one attempt ----------------------------------------------------------------------------------

    async def _attempt(self, turn: Turn, settings: Settings) -> None:
        id_ = turn.endpoint.id
        breaker = self._breaker(id_)
        start = self._clock.monotonic()
        permit = breaker.admit(start)
        try:
            if permit == REFUSED:
                await self._postpone(turn, breaker.wait(start))
                return
            try:
                posted = await self._poster.post(turn, settings)
            except BaseException:
                breaker.release(permit)
                raise
            now = self._clock.monotonic()
            self._turns.charge(id_, now - start)
            if posted.result.status == _TOO_MANY or posted.result.reason == "blocked":
                breaker.release(permit)
            else:
                failed = not posted.result.succeeded
                breaker.record(permit, now, failed=failed, took=now - start)
            await self._settle(turn, settings, posted, breaker.wait(now))
        except LockedError as error:
            more = {"endpoint": id_, "error": error.message, "hint": error.hint}
            _LOG.error("a message cannot be signed", extra=more)
            await self._postpone(turn, _LOCKED)
        except StoreError as error:
            # The lease runs out, and it is sent again: at least once is what is promised.
            _LOG.warning("an attempt is not written down", extra={"error": error.message})

    async def _postpone(self, turn: Turn, wait: float) -> None:
        """Give a turn up while the endpoint is left alone: that is no attempt."""
        now = self._clock.time()
        paused = now + wait if wait else 0.0
        await self._store.put_back(turn.held, due=now + max(wait, _PROBING), paused=paused)
        self._count("postponed")

    async def _settle(
        self, turn: Turn, settings: Settings, posted: Posted, left_alone: float
    ) -> None:
        attempt, result = posted
        now = self._clock.time()
        judged = verdict(result, turn.tries, settings.schedule, self._chance())
        pause = max(judged.pause, left_alone)
        settlement = Settlement(
            attempt,
            judged.state,
            due=now + judged.wait,
            paused=now + pause if pause else 0.0,
            gone=judged.gone,
            patience=settings.patience,
        )
        settled = await self._store.settle(turn.held, settlement, now=now)
        self._count("delivered" if result.succeeded else "failed")
        self._registry.histogram(metrics.OUTGOING_SECONDS).observe(attempt.seconds)
        if not settled.kept:
            return
        tell = self._events.tell
        if judged.state == "exhausted":
            told = {"attempts": attempt.number, "error": attempt.error}
            await tell("message.attempt.exhausted", turn, settings, at=now, **told)
        if settled.disabled:
            await tell("endpoint.disabled", turn, settings, at=now, reason=settled.disabled)

    def _breaker(self, endpoint: str) -> Breaker:
        breaker = self._breakers.get(endpoint)
        if breaker is None:
            breaker = self._breakers[endpoint] = Breaker(BREAKER)
            if len(self._breakers) > _BREAKERS:
                self._breakers.popitem(last=False)
        self._breakers.move_to_end(endpoint)
        return breaker

    def _count(self, outcome: str) -> None:
        self._registry.counter(metrics.OUTGOING_ATTEMPTS, outcome).value += 1

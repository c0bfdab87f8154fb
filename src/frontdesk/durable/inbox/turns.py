"""Owns the turns of this process: webhooks that it deals with, under a lease, and how each turn ends.

What this process has claimed is dealt with at once; what others have left, and what is tried again, is looked
for twice a second. See `ports.inbox`.
"""

import asyncio
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.webhook import Target
from frontdesk.durable.inbox.hook import POISON, Hook, why_ignored
from frontdesk.durable.inbox.targets import BusyError, FailedError, NobodyWaitsError, Targets
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.inbox import Along, Finish, Held, InboxStore, Lease, Turn
from frontdesk.ports.journal import Started
from frontdesk.rules.events.webhook import Taken

AT_ONCE: Final = 50
"""Webhooks of one name that a process deals with at once; others wait for their turn."""

_SLICE: Final = 50
"""Taken in one look."""

_BUSY: Final = 1.0
"""Seconds until a webhook is tried again that nobody had time for."""

_PATIENCE: Final = 1.0
"""Seconds until the end of a turn is written down again that the store could not."""

_LOG: Final = logging.getLogger("frontdesk.webhooks")


@dataclass(slots=True)
class _AtWork:
    """A turn under way. since: its lease has this age, seconds since 1970."""

    hook: Hook
    held: Held
    since: float


class Turns(Rounds):
    """All turns of one process. Used on one event loop."""

    every = 0.5
    undone = "webhooks are not dealt with for now"

    def __init__(
        self,
        store: InboxStore,
        targets: Targets,
        clock: Clock,
        wheel: Wheel,
        registry: Registry,
        *,
        chance: Callable[[], float] | None = None,
    ) -> None:
        """chance: throws a number from 0 up to 1."""
        super().__init__(clock, wheel)
        self._chance = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
        self._store = store
        self._targets = targets
        self._wheel = wheel
        self._registry = registry
        self._hooks: Mapping[str, Hook] = {}
        self._at_work: dict[asyncio.Task[Finish | None], _AtWork] = {}
        self._busy: Counter[str] = Counter()
        self._has_news = False
        self._stopped = False

    def adopt(self, hooks: Mapping[str, Hook]) -> None:
        """Take the webhooks of another configuration."""
        self._hooks = hooks

    def has_room(self, hook: Hook) -> bool:
        """Tell whether one more may be dealt with at once."""
        return self._busy[hook.name] < AT_ONCE and not self._stopped

    def begin(self, hook: Hook, turn: Turn, trace: str = "") -> asyncio.Task[Finish | None]:
        """Deal with one that is held. The task's result: how it has ended; None: the lease was lost."""
        work = asyncio.get_running_loop().create_task(self._take_turn(hook, turn, trace))
        self._at_work[work] = _AtWork(hook, turn.held, self._clock.time())
        self._busy[hook.name] += 1
        work.add_done_callback(self._over)
        return work

    def look(self) -> None:
        """Look soon for what is due."""
        self._has_news = True
        if not self._stopped:
            self._begin()

    async def go_round(self) -> None:
        """Keep what is held, and take what is due. Raises: StoreError."""
        self._has_news = True
        while self._has_news and not self._stopped:
            self._has_news = False
            await self._keep()
            hooks = {hook.name: hook for hook in self._hooks.values() if self.has_room(hook)}
            now = self._clock.time()
            leases = {
                name: Lease(now + hook.lease, hook.webhook.on_dead) for name, hook in hooks.items()
            }
            turns = await self._store.take(leases, most=_SLICE, now=now) if leases else ()
            for turn in turns:
                self.begin(hooks[turn.held.source], turn)
            if len(turns) == _SLICE:
                self._has_news = True

    async def end(self, drain: float) -> None:
        """Take nothing more, let turns end for up to `drain` seconds, and give the others back."""
        self._stopped = True
        self._timer.stop()
        if self._work is not None:
            await self._work  # what it takes is to be given back
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=drain)
        left = dict(self._at_work)
        for work in left:
            work.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for each in left.values():
            await self._give_back(each.held)

    # -- one turn -----------------------------------------------------------------------------------

    async def _take_turn(self, hook: Hook, turn: Turn, trace: str) -> Finish | None:
        if turn.crashes >= POISON:
            return await self._finish(hook, turn, Finish("dead", error="poison"))
        target = hook.target(turn.type)
        if not isinstance(target, Target):
            finish = Finish("ignored", error=why_ignored(target, turn.type))
            return await self._finish(hook, turn, finish)
        taken = Taken(
            source=hook.name,
            id=turn.held.id,
            type=turn.type,
            headers=turn.headers,
            body=turn.body,
            attempt=turn.attempts,
            replay=turn.replays,
            ordering=turn.ordering,
            trace=trace,
        )
        try:
            if target.queue is None and target.state_machine is None:
                result = await self._targets.deal(target, taken)
                return await self._finish(hook, turn, Finish("processed", result=result))
            return await self._hand_over(hook, turn, target, taken)
        except BusyError as error:
            again = self._clock.time() + _BUSY * (1 + self._chance())
            finish = Finish("received", again, error.message)
        except NobodyWaitsError as error:
            finish = Finish("ignored", error=error.message)
        except FailedError as error:
            finish = self._failed(hook, turn, error)
        except StoreError as error:
            finish = self._failed(hook, turn, FailedError(error.message))
        return await self._finish(hook, turn, finish)

    async def _hand_over(
        self, hook: Hook, turn: Turn, target: Target, taken: Taken
    ) -> Finish | None:
        finish = Finish("processed")
        kept: list[bool] = []

        async def commit(along: Along) -> Started | None:
            finished = await self._store.finish(
                turn.held, finish._replace(along=along), now=self._clock.time()
            )
            kept.append(finished.kept)
            if finished.kept:
                self._targets.committed(along)
            return finished.started

        await self._targets.hand_over(target, taken, commit)
        return self._ended(hook, turn, finish) if kept[-1] else None

    def _failed(self, hook: Hook, turn: Turn, error: FailedError) -> Finish:
        if error.permanent:
            return Finish("dead", error=error.message)
        now = self._clock.time()
        return hook.failed(error.message, turn.attempts, now=now, draw=self._chance())

    async def _finish(self, hook: Hook, turn: Turn, finish: Finish) -> Finish | None:
        """Write down how a turn has ended, however long the store takes: what was done is not done again."""
        while True:
            try:
                done = await self._store.finish(turn.held, finish, now=self._clock.time())
            except StoreError as error:
                _LOG.warning(
                    "the end of a webhook's turn is not written down yet",
                    extra={"webhook": hook.name, "id": turn.held.id, "error": error.message},
                )
                await self._pause(_PATIENCE)
            else:
                return self._ended(hook, turn, finish) if done.kept else None

    def _ended(self, hook: Hook, turn: Turn, finish: Finish) -> Finish:
        self._registry.counter(metrics.WEBHOOK_TURNS, hook.name, finish.state).value += 1
        if finish.state in ("failed", "dead"):
            _LOG.warning(
                "a webhook was not dealt with",
                extra={
                    "webhook": hook.name,
                    "id": turn.held.id,
                    "type": turn.type,
                    "state": finish.state,
                    "attempt": turn.attempts,
                    "error": finish.error,
                },
            )
        return finish

    # -- what is held -------------------------------------------------------------------------------

    def _over(self, work: asyncio.Task[Finish | None]) -> None:
        hook = self._at_work.pop(work).hook
        self._busy[hook.name] -= 1
        if not work.cancelled() and (error := work.exception()) is not None:
            _LOG.error("dealing with a webhook failed", exc_info=error)
        if hook.webhook.order_by is not None or self._busy[hook.name] == AT_ONCE - 1:
            self.look()  # others may have waited for this one

    async def _keep(self) -> None:
        """Make leases longer that are a third over."""
        now = self._clock.time()
        due: defaultdict[float, list[_AtWork]] = defaultdict(list)
        for each in self._at_work.values():
            if each.since <= now - each.hook.lease / 3:
                due[each.hook.lease].append(each)
        for lease, held in due.items():
            await self._store.renew([each.held for each in held], until=now + lease)
            for each in held:
                each.since = now

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self._wheel.timer(over.set).at(self._clock.monotonic() + seconds)
        await over.wait()

    async def _give_back(self, held: Held) -> None:
        now = self._clock.time()
        try:
            await self._store.finish(held, Finish("received", now), now=now)
        except StoreError as error:
            _LOG.warning("a webhook waits until its lease is over", extra={"error": error.message})

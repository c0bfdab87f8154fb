"""Owns one stream that this process holds: what has happened to it, what is being committed, what is done for it.

Knows no kind of work, and nobody else's streams.
"""

import logging
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Histogram
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.durable.life import Fired, Happening, Life, Posted, Told, Turn, Work
from frontdesk.ports.journal import (
    Append,
    Document,
    Journal,
    Message,
    SequenceError,
    Stream,
)

_LOG: Final = logging.getLogger(__name__)

_AGAIN: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before what the store could not do is tried again: the n-th time, then always the last."""


class Keeper(Protocol):
    """Whoever holds streams."""

    journal: Journal
    clock: Clock
    wheel: Wheel
    owner: int
    stopping: bool
    append_seconds: Histogram
    timers_lag: Histogram
    committed: Callable[[Life], None]

    @property
    def is_late(self) -> bool:
        """Whether the lease may have lapsed: this process stood still, or the store did."""
        ...

    def work(self, held: "Held") -> None:
        """Have `held.go_on` run soon, once at a time."""
        ...

    def released(self, held: "Held", due: float | None) -> None:
        """Learn that a stream is held no more. due: its next timer, seconds since 1970."""
        ...

    def ended(self, stream: int) -> None:
        """Learn that a stream has come to its end."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait, by the wheel."""
        ...


class Held:
    """One stream at work."""

    __slots__ = (
        "_happenings",
        "_outstanding",
        "_taken",
        "_timer",
        "busy",
        "gone",
        "keeper",
        "life",
        "seq",
        "stream",
        "timers",
    )

    def __init__(self, keeper: Keeper, life: Life, stream: Stream) -> None:
        """life: its state is that of the stream's last event."""
        self.keeper = keeper
        self.life = life
        self.stream = stream.id
        self.seq = stream.seq
        self.timers: dict[str, float] = {}
        self.busy = False
        self.gone = False
        self._happenings: list[Happening] = []
        self._outstanding: dict[str, Work | None] = {}
        self._taken = 0
        self._timer: Timer | None = None

    # What comes from elsewhere.

    def resume(
        self,
        timers: dict[str, float],
        commands: dict[str, Document],
        messages: Sequence[Message] = (),
    ) -> None:
        """Begin: with what a start has committed, or with what the journal has of the stream."""
        self.timers = timers
        self._act(commands)
        for message in messages:
            self.post(message)
        self._fire()
        if not self._outstanding or self._happenings:
            self._wake()

    def post(self, message: Message) -> None:
        """Take a message, unless it was taken before."""
        if message.number > self._taken:
            self._taken = message.number
            self._happen(Posted(message.document))

    def let_go(self) -> None:
        """Stop at once, without a word to the journal: somebody else has the stream, or will."""
        self.gone = True
        if self._timer is not None:
            self._timer.forget()
        outstanding, self._outstanding = self._outstanding, {}
        for work in outstanding.values():
            if work is not None:
                work.cancel()

    @property
    def is_working(self) -> bool:
        """Whether a command is being done, or a commit is under way."""
        return self.busy or any(work is not None for work in self._outstanding.values())

    # What it does.

    def _happen(self, happening: Happening) -> None:
        if not self.gone:
            self._happenings.append(happening)
            self._wake()

    def _wake(self) -> None:
        if not self.busy:
            self.busy = True
            self.keeper.work(self)

    async def go_on(self) -> None:
        """React and commit until there is nothing left to react to.

        Raises: FencedError, where somebody else holds it; what the life raises.
        """
        try:
            while not self.gone and (self._happenings or not self._outstanding):
                happenings = self._next()
                turn = self._react(happenings)
                stays = bool(turn.commands) or not turn.done >= self._outstanding.keys()
                if _is_something(turn) or not stays or _has_message(happenings):
                    await self._commit(turn, stays)
        finally:
            self.busy = False

    def _next(self) -> list[Happening]:
        """Take what has happened, without timers that were moved meanwhile."""
        now = self.keeper.clock.time()
        happenings, self._happenings = self._happenings, []
        return [
            one
            for one in happenings
            if not isinstance(one, Fired) or self.timers.get(one.key, inf) <= now
        ]

    def _react(self, happenings: Sequence[Happening]) -> Turn:
        turn = self.life.react(self.keeper.clock.time(), happenings)
        for happening in happenings:
            if isinstance(happening, Fired):
                turn.timers.setdefault(happening.key, None)
        return turn

    async def _commit(self, turn: Turn, stays: bool) -> None:
        keeper = self.keeper
        await self._append(
            Append(
                stream=self.stream,
                owner=keeper.owner,
                expect_seq=self.seq,
                events=turn.events,
                snapshot=turn.snapshot,
                timers=turn.timers,
                commands=turn.commands,
                done=turn.done,
                taken=self._taken,
                status=turn.status,
                hold=stays,
            )
        )
        self.seq += len(turn.events)
        keeper.committed(self.life)
        if stays and keeper.is_late:
            await self._confirm()
        if self.gone:  # let go meanwhile
            return
        turn.settle(self.timers, self._outstanding)
        if turn.status is not None and turn.status.ended is not None:
            keeper.ended(self.stream)
        if stays:
            self._act(turn.commands)
            self._fire()
        else:
            self.let_go()
            keeper.released(self, min(self.timers.values(), default=None))

    async def _append(self, append: Append) -> None:
        """Append, again and again while the store cannot. Raises: FencedError, SequenceError."""
        keeper = self.keeper
        began = keeper.clock.monotonic()
        attempt = 0
        while not self.gone:
            try:
                await keeper.journal.append(append)
            except StoreError as error:
                wait = _AGAIN[min(attempt, len(_AGAIN) - 1)]
                attempt += 1
                told = {"stream": self.stream, "error": error.message, "again_in": wait}
                _LOG.warning("a durable stream waits for the store", extra=told)
                await keeper.pause(wait)
            except SequenceError as error:
                if error.found != append.expect_seq + len(append.events):
                    raise
                return  # it was committed, only the store's answer was lost
            else:
                keeper.append_seconds.observe(keeper.clock.monotonic() - began)
                return

    async def _confirm(self) -> None:
        """Do nothing for a stream that others have taken over meanwhile. Raises: FencedError."""
        owner = self.keeper.owner
        await self._append(Append(stream=self.stream, owner=owner, expect_seq=self.seq, events=[]))

    def _act(self, commands: dict[str, Document]) -> None:
        """Have commands done that are committed."""
        for key, command in commands.items():
            self._outstanding[key] = None
            if self.keeper.stopping:
                continue  # whoever comes next does it
            work = self.life.act(key, command, self._teller(key))
            if work is not None and key in self._outstanding:
                self._outstanding[key] = work

    def _teller(self, key: str) -> Any:
        def tell(what: Any) -> None:
            if key in self._outstanding:
                self._happen(Told(key, what))

        return tell

    def _fire(self) -> None:
        """Have the timers happen that are due, and arm the wheel for the next one."""
        if self.gone or not self.timers:
            return
        now = self.keeper.clock.time()
        already = {one.key for one in self._happenings if isinstance(one, Fired)}
        later: float | None = None
        for key, at in self.timers.items():
            if at > now:
                later = at if later is None else min(later, at)
            elif key not in already:
                self.keeper.timers_lag.observe(now - at)
                self._happen(Fired(key))
        if later is not None:
            if self._timer is None:
                self._timer = self.keeper.wheel.timer(self._fire)
            self._timer.at(self.keeper.clock.monotonic() + later - now)


def _is_something(turn: Turn) -> bool:
    return bool(
        turn.events or turn.timers or turn.done or turn.commands or turn.status or turn.snapshot
    )


def _has_message(happenings: Sequence[Happening]) -> bool:
    return any(isinstance(one, Posted) for one in happenings)

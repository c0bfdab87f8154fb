"""Owns the bound on calls that one upstream may have at once, and those that wait for their turn.

What counts is the pools' own load, so that an answer counts until its last byte. Knows no policies.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.client.connection import Connection
from frontdesk.client.pool import Pool


@dataclass(frozen=True, slots=True)
class BulkheadSettings:
    """calls: at once. queue: more that may wait, each for `wait` seconds at most."""

    calls: int
    queue: int = 0
    wait: float = 0.0


class Bulkhead:
    """The calls of one upstream that have to wait. Their Carrier until then."""

    def __init__(
        self,
        settings: BulkheadSettings,
        send: Callable[[Call], None],
        load: Callable[[], int],
        *,
        wheel: Wheel,
        monotonic: Callable[[], float],
    ) -> None:
        """send: starts a call. load: counts those under way."""
        self._settings = settings
        self._send = send
        self._load = load
        self._monotonic = monotonic
        self.waiting: deque[tuple[float, Call]] = deque()
        """Calls that wait, with the second at which each gives up."""
        self._timer = wheel.timer(self._expire)

    def send(self, call: Call) -> None:
        """Start a call, let it wait, or fail it."""
        if self._load() < self._settings.calls:
            self._send(call)
        elif len(self.waiting) < self._settings.queue:
            call.carrier = self
            self.waiting.append((self._monotonic() + self._settings.wait, call))
            self._timer.at(self.waiting[0][0])
        else:
            call.fail(_full())

    def freed(self) -> None:
        """Start calls that wait, as long as there is room."""
        while self.waiting and self._load() < self._settings.calls:
            self._send(self.waiting.popleft()[1])

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - no target's fault
        """Forget a call that waits."""
        self.waiting = deque(entry for entry in self.waiting if entry[1] is not call)

    def close(self) -> None:
        """Fail the calls that wait."""
        while self.waiting:
            call = self.waiting.popleft()[1]
            call.carrier = None
            call.fail(UpstreamError("cancelled", "upstream closed"))

    def _expire(self) -> None:
        now = self._monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            call = self.waiting.popleft()[1]
            call.carrier = None
            call.fail(_full())
        if self.waiting:
            self._timer.at(self.waiting[0][0])


def _full() -> UpstreamError:
    return UpstreamError("bulkhead_full", "too many calls at once", retry_after=1.0)


class BulkheadPool(Pool):
    """A pool that tells its bulkhead whenever there may be room for a call that waits."""

    bulkhead: Bulkhead

    def release(self, connection: Connection) -> None:
        """Take a connection back."""
        Pool.release(self, connection)  # quicker than by super(), at each answer
        if self.bulkhead.waiting:
            self.bulkhead.freed()

    def gone(self, connection: Connection) -> None:
        """Count a connection no more."""
        super().gone(connection)
        self.bulkhead.freed()

    def _dialled(self, task: object) -> None:
        super()._dialled(task)  # type: ignore[arg-type]  # the task that the base class made
        self.bulkhead.freed()


class OnlyPool(BulkheadPool):
    """The only pool of its bulkhead, in front of it.

    It makes a connection only where one more call may be under way: while one is idle there is room, without counting.
    """

    def send(self, call: Call) -> None:
        """Start a call on an idle connection, or have the bulkhead decide."""
        if self._idle:
            Pool.send(self, call)
        else:
            self.bulkhead.send(call)

    def start(self, call: Call) -> None:
        """Start a call that the bulkhead lets out."""
        Pool.send(self, call)

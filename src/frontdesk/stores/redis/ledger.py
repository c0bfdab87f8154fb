"""Owns the counts of limits that several gateways share in Redis: leases here, one script there.

A decision is taken from what this node has leased. One round trip at a time asks for all that is
lacking; requests that cannot be decided wait for it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from importlib.resources import files
from math import inf
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.metrics import LEASES, SHARED_LOST
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.ports.ledger import UNKNOWN, Answer, Claim, Grant, Ledger, Rule
from frontdesk.rules.resilience.bucket import SECOND
from frontdesk.rules.resilience.lease import HOLD, Leases, Order, Receipt
from frontdesk.stores.redis.link import Link

_SCRIPT: Final = (files(__package__) / "leases.lua").read_text(encoding="utf-8")

_MOST: Final = 500
"""Orders in one round trip: the server does nothing else meanwhile."""


class RedisLedger:
    """See `ports.ledger.Ledger`. Used on one event loop."""

    def __init__(
        self,
        link: Link,
        prefix: str,
        clock: Clock,
        wheel: Wheel,
        *,
        alone: Ledger | None,
        max_keys: int = 100_000,
    ) -> None:
        """prefix: of its keys; gateways with the same one share their limits. max_keys: see `Leases`.

        alone: an embedded ledger that counts while Redis is lost; None: nothing is admitted then.
        """
        self._link = link
        self._prefix = prefix
        self._clock = clock
        self._leases = Leases(max_keys)
        self._script = link.script(_SCRIPT)
        self._waiting: list[tuple[Sequence[Claim], Answer]] = []
        self._returned: list[Order] = []
        self._serving: asyncio.Task[None] | None = None
        self._timer = wheel.timer(self._end)
        self._alone = alone
        self._results = dict.fromkeys(("granted", "short", "refused", "failed"), 0)
        self.round_trips = 0
        link.on_return = self._leases.close

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant] | None:
        """See the port."""
        if self._link.lost:
            return self._take_alone(claims, now)
        answer = self._leases.try_take_all(claims, now)
        if self._leases.wanted:
            self._serve()
        return answer

    def ask(self, claims: Sequence[Claim], now: float, answer: Answer) -> None:
        """See the port."""
        self._leases.want(claims, now)
        self._waiting.append((claims, answer))
        self._serve()

    def samples(self) -> Iterator[Sample]:
        """Give the numbers of leases, and whether Redis is lost."""
        for result, number in self._results.items():
            yield Sample(LEASES.name, (result,), float(number))
        yield Sample(SHARED_LOST.name, (), float(self._link.lost))

    async def close(self) -> None:
        """Give back what is left, and close the link."""
        self._timer.stop()
        if self._serving is not None:
            await self._serving
        left = self._leases.close()
        for first in range(0, len(left), _MOST):
            await self._order(left[first : first + _MOST])
        await self._link.close()

    def _take_alone(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant] | None:
        return (0, UNKNOWN) if self._alone is None else self._alone.try_take_all(claims, now)

    def _serve(self) -> None:
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve_all())

    async def _serve_all(self) -> None:
        """Make orders until nothing is lacking: all of one turn of the loop go together."""
        try:
            while self._leases.wanted or self._returned or self._waiting:
                back, self._returned = self._returned[:_MOST], self._returned[_MOST:]
                orders = [*back, *self._leases.orders(self._clock.monotonic(), _MOST)]
                if orders:
                    await self._order(orders)
                self._decide(self._clock.monotonic())
        finally:
            self._serving = None

    async def _order(self, orders: list[Order]) -> None:
        keys = [self._prefix + order.lease.key for order in orders]
        arguments = [argument for order in orders for argument in _arguments(order)]
        try:
            told = await self._link.call(lambda _redis: self._script(keys, arguments))
        except StoreError:
            self._results["failed"] += len(orders)
            for order in orders:
                order.lease.fail()
            return
        self.round_trips += 1
        now = self._clock.monotonic()
        for order, numbers in zip(orders, zip(*[iter(told)] * 4, strict=True), strict=True):
            receipt = _receipt(*numbers)
            self._leases.receive(order, receipt, now)
            self._results[_result(order, receipt)] += 1
        self._timer.at(now + HOLD)

    def _decide(self, now: float) -> None:
        """Answer who waits, as far as that can be told now."""
        waiting, self._waiting = self._waiting, []
        for claims, answer in waiting:
            decided = (
                self._take_alone(claims, now)
                if self._link.lost
                else self._leases.try_take_all(claims, now)
            )
            if decided is None:
                self._leases.want(claims, now)
                self._waiting.append((claims, answer))
            else:
                answer(*decided)

    def _end(self) -> None:
        """Give back what has lapsed."""
        now = self._clock.monotonic()
        self._returned += self._leases.ending(now)
        if self._returned:
            self._serve()
        if len(self._leases):
            self._timer.at(now + HOLD)


def _arguments(order: Order) -> tuple[Any, ...]:
    limit = order.lease.limit
    if isinstance(limit, Rule):
        return "rate", limit.interval, limit.span, order.want, order.back
    return "quota", limit.limit, limit.expires, order.want, order.back


def _receipt(granted: int, remaining: int, reset: int, wait: int) -> Receipt:
    return Receipt(granted, remaining, _seconds(reset), _seconds(wait))


def _seconds(nanoseconds: int) -> float:
    return inf if nanoseconds < 0 else nanoseconds / SECOND


def _result(order: Order, receipt: Receipt) -> str:
    if receipt.granted >= order.want:
        return "granted"
    return "short" if receipt.granted else "refused"

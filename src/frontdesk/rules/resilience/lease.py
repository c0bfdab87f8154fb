"""Owns leases: what one node has taken in advance of limits whose counts are kept elsewhere. Pure.

Every token here has been paid for at the store, so nodes together never admit more than a limit allows.
A node takes as many as it needs for about `BATCH` decisions, keeps them for a second, and gives back
what is left. All times are monotonic seconds of the node; the store tells how long, never when.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Final, NamedTuple

from frontdesk.rules.resilience.bucket import SECOND, Grant, Rule
from frontdesk.rules.resilience.quota import Quota

BATCH: Final = 64
"""Decisions that one round trip should be enough for."""

# Differs: [leased-limits] A token may be used up to this long after it was taken.
HOLD: Final = 1.0
"""Seconds for which tokens are kept: what a node strands when its callers go elsewhere."""

REMEMBERED: Final = 10.0
"""Seconds after which a refusal is asked for anew, whatever its wait: the limit may have been raised."""

_QUICK: Final = 0.05  # a batch that is used up so soon was too small
_SHARE: Final = 4  # of a burst or a quota, one lease takes this part at most: others want some too
_PACE: Final = 4  # and so often is a bucket looked at while it fills: nothing flows over

Claim = tuple[str, Rule | Quota]


class Order(NamedTuple):
    """What to ask of the store for one lease. want: tokens, as many of them as there are. back: unused ones."""

    lease: "Lease"
    want: int
    back: int


class Receipt(NamedTuple):
    """What the store says to an order.

    granted: tokens. remaining: those that are left there. reset: seconds until all are back. wait:
    seconds until there is one, 0.0 where there is; inf: the calendar knows.
    """

    granted: int
    remaining: int
    reset: float
    wait: float


class Lease:
    """What this node holds of one limit, and what it knows of the rest."""

    __slots__ = (
        *("_began", "_decisions", "_next", "_remaining", "_resets", "_size", "_until", "_waits"),
        *("asked", "key", "limit", "tokens", "waiting", "want"),
    )

    def __init__(self, key: str, limit: Rule | Quota) -> None:
        self.key = key
        self.limit = limit
        self.tokens = 0
        self.want = 1
        """Tokens of the next batch."""
        self.asked = False
        """Whether an order is under way."""
        self.waiting = 0
        """Requests that wait for it."""
        self._size = limit.burst if isinstance(limit, Rule) else limit.limit
        self._began = -inf  # when the present batch came
        self._until = -inf  # when it lapses
        self._next = -inf  # before this instant there is nothing to be had
        self._waits = -inf  # when callers should try again
        self._decisions = 0  # since `_began`
        self._remaining = 0
        self._resets = 0.0

    def usable(self, now: float) -> int:
        """Return the tokens that have not lapsed."""
        return self.tokens if now < self._until else 0

    def refuses(self, now: float) -> bool:
        """Tell whether it is known that there is none."""
        return now < self._next

    def forgettable(self, now: float) -> bool:
        """Tell whether nothing would be lost without it."""
        return not self.asked and not self.tokens and not self.refuses(now)

    def take(self) -> None:
        """Use a token."""
        self.tokens -= 1
        self._decisions += 1

    def refuse(self) -> None:
        """Count a refusal."""
        self._decisions += 1

    def low(self, now: float) -> bool:
        """Tell whether it is time for the next batch, so that nobody has to wait for it."""
        return (
            2 * self.tokens <= self.want and self.want > 1 and not self.asked and now >= self._next
        )

    def order(self, now: float) -> Order:
        """Ask for the next batch, and give back what has lapsed."""
        back = 0
        if now >= self._until:
            back, self.tokens = self.tokens, 0
        self._adapt(now, back)
        self.asked = True
        return Order(self, max(self.waiting, self.want), back)

    def release(self) -> Order:
        """Give back what is left, and ask for nothing."""
        back, self.tokens = self.tokens, 0
        self.asked = True
        return Order(self, 0, back)

    def receive(self, order: Order, receipt: Receipt, now: float) -> float:
        """Take in what came of an order; return until when this lease is worth keeping."""
        self.asked = False
        self.waiting = 0
        self.tokens += receipt.granted
        self._remaining = receipt.remaining
        self._resets = now + receipt.reset
        if receipt.granted < order.want:
            pause = min(receipt.wait, REMEMBERED)
            self._next = now + max(pause, self._pace(now))
            self._waits = max(self._next, now + receipt.wait)
        if receipt.granted:
            self._began, self._until, self._decisions = now, now + HOLD, 0
        return max(self._until, self._next)

    def fail(self) -> None:
        """Note that an order came to nothing."""
        self.asked = False
        self.waiting = 0

    def fill(self) -> float:
        """Return how much of the limit is used, 0.0 to 1.0, as far as this node knows."""
        return 1.0 - (self._remaining + self.tokens) / self._size

    def granted(self, now: float) -> Grant:
        """Describe the state after a request that passed."""
        reset = max(self._resets - now, 0.0)
        return Grant(True, min(self._remaining + self.tokens, self._size), reset, 0.0)

    def refused(self, now: float) -> Grant:
        """Describe the state after a request that did not."""
        return Grant(False, 0, max(self._resets - now, 0.0), self.wait(now))

    def wait(self, now: float) -> float:
        """Return the seconds until a refused request is worth another try."""
        return self._waits - now

    def _adapt(self, now: float, back: int) -> None:
        """Choose the size of the next batch by how the last one went."""
        took = now - self._began
        if back:
            self.want = max(1, self.want - back)
        elif took < (HOLD if self.want < BATCH else _QUICK):
            self.want = max(1, min(2 * self.want, self._size // _SHARE))

    def _pace(self, now: float) -> float:
        """Return the seconds that a `BATCH` of decisions takes, as long as no token flows over meanwhile."""
        if isinstance(self.limit, Quota):
            return 0.0
        took = now - self._began
        most = min(HOLD, self.limit.span / SECOND / _PACE)
        return min(most, BATCH * took / self._decisions) if self._decisions else 0.0


class Leases:
    """The leases of a node.

    `orders` says what to ask of the store; each order comes back by `receive`. Whoever was told None by
    `try_take_all` calls `want`, and tries again when something has been received.
    """

    def __init__(self, max_keys: int) -> None:
        """max_keys: leases held; beyond that the oldest are forgotten, with what they have paid for."""
        self._max_keys = max_keys
        self._leases: dict[str, Lease] = {}
        self._wanted: dict[Lease, None] = {}
        self._ending: list[tuple[float, int, Lease]] = []  # a heap: when to look at which
        self._count = count()  # keeps leases themselves from being compared

    def __len__(self) -> int:
        return len(self._leases)

    @property
    def wanted(self) -> bool:
        """Whether there are orders to make."""
        return bool(self._wanted)

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant] | None:
        """Take one request from every claim, or from none. See `ports.ledger.Ledger`."""
        leases = [self._lease(claim) for claim in claims]
        known = True
        worst, longest = -1, 0.0
        for index, lease in enumerate(leases):
            if lease.usable(now):
                continue
            if not lease.refuses(now):
                known = False
            elif lease.wait(now) > longest:
                worst, longest = index, lease.wait(now)
        if worst >= 0:
            leases[worst].refuse()
            return worst, leases[worst].refused(now)
        if not known:
            return None
        tightest, fullest = 0, -inf
        for index, lease in enumerate(leases):
            lease.take()
            if lease.low(now):
                self._wanted[lease] = None
            if (fill := lease.fill()) > fullest:
                tightest, fullest = index, fill
        return tightest, leases[tightest].granted(now)

    def want(self, claims: Sequence[Claim], now: float) -> None:
        """Order what one request lacks."""
        for claim in claims:
            lease = self._lease(claim)
            if not lease.usable(now) and not lease.refuses(now):
                lease.waiting += 1
                if not lease.asked:
                    self._wanted[lease] = None

    def orders(self, now: float, most: int) -> list[Order]:
        """Return what to ask of the store now, for at most `most` leases."""
        taken = list(self._wanted)[:most]
        for lease in taken:
            del self._wanted[lease]
        return [lease.order(now) for lease in taken]

    def receive(self, order: Order, receipt: Receipt, now: float) -> None:
        """Take in what the store says to an order."""
        lease = order.lease
        heappush(self._ending, (lease.receive(order, receipt, now), next(self._count), lease))

    def ending(self, now: float) -> list[Order]:
        """Forget leases whose time is over; return the orders that give back what they have left."""
        over: list[Order] = []
        while self._ending and self._ending[0][0] <= now:
            _, _, lease = heappop(self._ending)
            if lease.tokens and not lease.asked and not lease.usable(now):
                over.append(lease.release())
            elif lease.forgettable(now) and self._leases.get(lease.key) is lease:
                del self._leases[lease.key]
        return over

    def close(self) -> list[Order]:
        """Forget everything; return the orders that give back what is left."""
        left = [lease.release() for lease in self._leases.values() if lease.tokens]
        self._leases.clear()
        self._wanted.clear()
        self._ending.clear()
        return left

    def _lease(self, claim: Claim) -> Lease:
        key, limit = claim
        lease = self._leases.get(key)
        if lease is not None and (lease.limit is limit or lease.limit == limit):
            return lease
        if len(self._leases) >= self._max_keys:
            del self._leases[next(iter(self._leases))]
        lease = self._leases[key] = Lease(key, limit)
        return lease

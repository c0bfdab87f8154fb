"""Owns whose turn it is: deficit round robin, by what each has cost before. Pure.

Nobody knows beforehand what a turn will cost, so that it is charged afterwards: who has cost more than the
share of a round is passed over until that is made good, but only while others want their turns.
Source: M. Shreedhar, G. Varghese, "Efficient Fair Queuing Using Deficit Round Robin", 1995.
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from math import floor
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class DeficitRoundRobin(Generic[K]):
    """The turns of many, by key."""

    def __init__(self, quantum: float) -> None:
        """quantum: what one may cost in each round."""
        self._quantum = quantum
        self._credit: dict[K, float] = {}  # in the order of the next round

    def charge(self, key: K, cost: float) -> None:
        """Say what one turn has cost."""
        self._credit[key] = self._credit.get(key, 0.0) - cost

    def deal(self, wishes: Mapping[K, int], slots: int) -> dict[K, int]:
        """Deal out slots; return how many each gets. wishes: how many each could use."""
        self._settle(wishes)
        left = {key: wish for key, wish in wishes.items() if wish > 0}
        dealt: Counter[K] = Counter()
        while left and slots > 0:
            self._pass_idle_rounds(left)
            for key in [key for key in self._credit if key in left][: len(left)]:
                self._earn(key, 1)
                if self._credit[key] <= 0:
                    continue
                self._credit[key] = self._credit.pop(key)  # others come before it next time
                dealt[key] += 1
                slots -= 1
                left[key] -= 1
                if not left[key]:
                    del left[key]
                if not slots:
                    break
        return dict(dealt)

    def _settle(self, wishes: Mapping[K, int]) -> None:
        """Take in who is new. Who wants nothing saves nothing, and has its debts run off."""
        for key in [key for key in self._credit if key not in wishes]:
            self._earn(key, 1)
            if self._credit[key] >= 0:
                del self._credit[key]
        for key in wishes:
            self._credit.setdefault(key, 0.0)

    def _pass_idle_rounds(self, left: Mapping[K, int]) -> None:
        """Pass over rounds in which all who are left would only make good for what they had."""
        rounds = floor(min(-self._credit[key] for key in left) / self._quantum)
        if rounds > 0:
            for key in left:
                self._earn(key, rounds)

    def _earn(self, key: K, rounds: int) -> None:
        self._credit[key] = min(self._credit[key] + rounds * self._quantum, self._quantum)

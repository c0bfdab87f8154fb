"""Owns how many retries an upstream may get in all, so that retrying never becomes the load. Pure.

Three bounds, all of which must allow a retry: a share of the calls under way, a share of the calls of
ten seconds, and a purse that failures empty and successes fill.
Source: AWS SDKs, "Retry behavior" (standard mode); Google SRE book, "Handling Overload".
"""

from typing import Final

PURSE: Final = 500
"""Tokens of a full purse."""
COST: Final = 14
"""Tokens of a retry."""
THROTTLED_COST: Final = 5
"""Tokens of a retry after the server said that it was too busy."""

_WINDOW: Final = 10.0  # seconds, one window after the other
_FEW: Final = 100  # retries that every window allows
_FEW_AT_ONCE: Final = 3


class RetryBudget:
    """What the retries of one upstream may use. Each call is counted in `begun`, and later in `ended` or by `end`."""

    __slots__ = (
        "_ended_before",
        "_purse",
        "_retries",
        "_retrying",
        "_share",
        "_window_ends",
        "begun",
        "ended",
        "untouched",
    )

    def __init__(self, share: float) -> None:
        """share: retries for each call, 0.0 to 1.0."""
        self._share = share
        self._purse = PURSE
        self.untouched = True
        """Whether the purse is full: then a call that succeeds without a retry is counted in `ended`, and that is all."""
        self.begun = 0
        """Calls that have set out, ever."""
        self.ended = 0
        """Those of them that are over."""
        self._retrying = 0
        self._ended_before = 0  # before this window
        self._retries = 0  # of this window
        self._window_ends = 0.0

    @property
    def purse(self) -> int:
        """Tokens left, 0 to PURSE."""
        return self._purse

    @property
    def under_way(self) -> int:
        """Calls that have begun and not ended."""
        return self.begun - self.ended

    def take(self, now: float, *, throttled: bool, first: bool) -> int:
        """Take a retry; returns the tokens it cost, 0 when there is none to be had.

        throttled: the server had refused as too busy. first: the call has not been retried before.
        """
        if now >= self._window_ends:
            self._window_ends = now + _WINDOW
            self._ended_before = self.ended
            self._retries = 0
        cost = THROTTLED_COST if throttled else COST
        retrying = self._retrying + first
        calls = self.begun - self._ended_before
        if (
            cost > self._purse
            or retrying > max(_FEW_AT_ONCE, self._share * self.under_way)
            or self._retries + 1 > self._share * calls + _FEW
        ):
            return 0
        self._purse -= cost
        self.untouched = False
        self._retrying = retrying
        self._retries += 1
        return cost

    def end(self, *, succeeded: bool, retried: bool = False, cost: int = 0) -> None:
        """Note the end of a call. cost: tokens of its last retry, which a success gives back."""
        self.ended += 1
        self._retrying -= retried
        if succeeded and self._purse < PURSE:
            self._purse = min(PURSE, self._purse + (cost or 1))
            self.untouched = self._purse == PURSE

    def hedged(self) -> None:
        """Note that a repetition beside its call, which was taken with `first`, is over."""
        self._retrying -= 1

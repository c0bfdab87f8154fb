"""Owns the count of failed credentials: whoever guesses on is refused before it costs more work."""

from typing import Final

from frontdesk.rules.http.forwarding import network_of

MAX_COUNTED: Final = 10_000


# Differs: [failure-limit] AWS documents no such limit.
class FailureLimit:
    """Counts checks that ended in a refusal, per client and minute: each costs real work."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._minute = 0
        self._counts: dict[str, int] = {}

    def refuses(self, client: str, now: float) -> bool:
        """Whether this client has failed too often in the minute of monotonic second `now`."""
        self._turn(now)
        return bool(self._counts) and self._counts.get(network_of(client), 0) >= self._limit

    def count(self, client: str, now: float) -> None:
        """Take note of a failure."""
        self._turn(now)
        network = network_of(client)
        if network in self._counts or len(self._counts) < MAX_COUNTED:
            self._counts[network] = self._counts.get(network, 0) + 1

    def _turn(self, now: float) -> None:
        minute = int(now // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()

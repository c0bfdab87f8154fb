"""Owns requests that leave from one of several addresses: an attempt from each, until one is not limited.

Which one is next is `rules.resilience.egress`; each address has connections of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.client.call import Call
from frontdesk.rules.resilience.egress import Rotation
from frontdesk.rules.resilience.retry_after import asked_wait


@dataclass(frozen=True, slots=True)
class EgressSettings:
    """Addresses of ours. on: answers that say that an address is limited.

    cooldown: seconds that a limited one rests. honour: for as long as Retry-After asks, where it does.
    """

    addresses: tuple[str, ...]
    on: frozenset[int] = frozenset({429})
    cooldown: float = 60.0
    honour: bool = True


class Egress:
    """Sends each call from the address whose turn it is."""

    def __init__(
        self, settings: EgressSettings, ways: Sequence[Callable[[Call], None]], clock: Clock
    ) -> None:
        """ways: what sends a call, for each address."""
        self._settings = settings
        self._ways = ways
        self._clock = clock
        self._rotation = Rotation(len(ways), settings.cooldown)

    def send(self, call: Call) -> None:
        """Send a call, or fail it while all addresses rest."""
        now = self._clock.monotonic()
        at = self._rotation.choose(now)
        if at is None:
            wait = max(1.0, self._rotation.wait(now))
            call.fail(UpstreamError("egress_limited", "all addresses rest", retry_after=wait))
        else:
            self._ways[at](_Leaving(call, self, at))

    def answered(self, at: int, status: int, fields: Fields) -> Fields:
        """Learn from an answer; returns its fields as they hold for the other addresses, too."""
        if status not in self._settings.on:
            self._rotation.served(at)
            return fields
        now = self._clock.monotonic()
        asked = asked_wait(fields, self._clock.time())
        self._rotation.limited(at, now, asked if self._settings.honour else None)
        wait = self._rotation.wait(now)
        others = [field for field in fields if field[0].lower() != b"retry-after"]
        return [*others, (b"Retry-After", b"%d" % -(-wait // 1))]


class _Leaving(Call):
    """A call on its way from one address."""

    __slots__ = ("_at", "_call", "_egress")

    def __init__(self, call: Call, egress: Egress, at: int) -> None:
        super().__init__(call.method, call.head, call.body)
        self.has_host = call.has_host
        self.upgrade = call.upgrade
        self.repeatable = call.repeatable
        call.carrier = self
        self._call = call
        self._egress = egress
        self._at = at

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        fields = self._egress.answered(self._at, status, fields)
        self._part().respond(status, fields, body, tunnel)

    def fail(self, error: UpstreamError) -> None:
        self._part().fail(error)

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - it has only one
        """Let go of the call, which was cancelled."""
        self._part()
        self.cancel(too_slow=too_slow)

    def _part(self) -> Call:
        call = self._call
        call.carrier = None
        call.address = self.address
        return call

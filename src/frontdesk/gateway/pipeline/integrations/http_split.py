"""Owns requests that go elsewhere, too: shares of them to other backends, copies of them to one more.

Knows forwarders only as what takes an exchange; which request goes where is `rules.resilience.split`.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.client.attempts import Persisting
from frontdesk.client.call import Call
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply, Stage
from frontdesk.gateway.pipeline.values import bind
from frontdesk.rules.resilience.split import chosen, point_of

MIRRORED: Final = 64 * 1024
"""Largest body of a request that is copied."""

_COPIES: Final = 100  # under way at once: a slow mirror costs this much memory and no more

Chance = Callable[[], float]


class Split:
    """Sends shares of the requests elsewhere."""

    __slots__ = ("_chance", "_point", "_shares", "_stages")

    def __init__(
        self,
        others: Sequence[tuple[float, Stage]],
        rest: Stage,
        sticky: str | None,
        chance: Chance | None = None,
    ) -> None:
        """others: shares, 0.0 to 1.0, and where they go. sticky: selector of what stays together."""
        self._shares = [share for share, _ in others]
        self._stages = [*(stage for _, stage in others), rest]
        self._chance = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
        self._point = self._by(sticky) if sticky else lambda _ex: self._chance()

    def forward(self, ex: Exchange) -> Reply | Awaitable[Reply | None] | Parked | None:
        """Choose a backend and let it answer."""
        return self._stages[chosen(self._shares, self._point(ex))](ex)

    def _by(self, sticky: str) -> Callable[[Exchange], float]:
        value = bind(sticky)

        def point(ex: Exchange) -> float:
            found = value(ex)
            return self._chance() if found is None else point_of(found)

        return point


class Copier(Protocol):
    """Whoever can send a request that nobody waits for."""

    def copy(self, ex: Exchange, call: Persisting) -> None:
        """Send the request of `ex` as `call`."""
        ...


class Mirror:
    """Sends copies of requests to another backend, whatever becomes of them.

    Not copied: requests for another protocol, and bodies that are streamed through.
    """

    __slots__ = ("_chance", "_copier", "_share", "_stage", "under_way")

    def __init__(
        self, stage: Stage, copier: Copier, share: float, chance: Chance | None = None
    ) -> None:
        """stage: what answers. share: of the requests, 0.0 to 1.0."""
        self._stage = stage
        self._copier = copier
        self._share = share
        self._chance = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
        self.under_way = 0
        """Copies without an answer."""

    def forward(self, ex: Exchange) -> Reply | Awaitable[Reply | None] | Parked | None:
        """Let the request be answered, and send the copy."""
        copied = (
            ex.source is None
            and not ex.upgrade
            and self.under_way < _COPIES
            and self._chance() < self._share
        )
        answer = self._stage(ex)
        if copied and not isinstance(answer, Reply):
            self.under_way += 1
            self._copier.copy(ex, _Copy(ex, self))
        return answer


class _Unheard(Call):
    """A request whose answer is dropped."""

    __slots__ = ()

    _mirror: Mirror

    def respond(
        self,
        status: int,  # noqa: ARG002 - nobody asks
        fields: Fields,  # noqa: ARG002
        body: bytes | Source,
        tunnel: Duplex | None,  # noqa: ARG002 - never asked for
    ) -> None:
        self._mirror.under_way -= 1
        if type(body) is not bytes:
            body.cancel()  # type: ignore[union-attr]  # a Source

    def fail(self, error: UpstreamError) -> None:  # noqa: ARG002 - it is no failure of the request
        self._mirror.under_way -= 1


class _Copy(Persisting, _Unheard):
    __slots__ = ("_mirror",)

    def __init__(self, ex: Exchange, mirror: Mirror) -> None:
        super().__init__(ex.method, b"", ex.body)
        self._mirror = mirror
        self.rules = None

"""Owns what receivers of webhooks want, and how they are: filters, health, pace. Pure.

Times are seconds since 1970. Source: Svix, "Disabling failing endpoints".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from frontdesk.rules.resilience.bucket import SECOND, Rule

FAILING: Final = 5 * 86_400.0
"""Seconds without one success after which an endpoint is given up."""

Why = Literal["", "operator", "gone", "failing"]
"""Why nothing is sent to an endpoint: somebody has said so, it has answered 410, it has failed for days."""

_ANY: Final = ".*"


def wants(
    types: Sequence[str], channels: Sequence[str], type_: str, sent_to: Sequence[str]
) -> bool:
    """Tell whether an endpoint is to have a message.

    types: those that it has asked for, one that ends with `.*` with all that begin so; none: all. channels: one of
    those that the message was sent to is enough; none: all. type_, sent_to: of the message.
    """
    return (not types or any(_fits(asked, type_) for asked in types)) and (
        not channels or not set(channels).isdisjoint(sent_to)
    )


def _fits(asked: str, type_: str) -> bool:
    return type_.startswith(asked[:-1]) if asked.endswith(_ANY) else type_ == asked


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint is.

    disabled: why nothing is sent; "": something is. failing: since when without a success, None: it is not. failed:
    the last failure. paused: until then nothing is sent. full: in nanoseconds, see `bucket.Rule`.
    """

    disabled: Why = ""
    failing: float | None = None
    failed: float | None = None
    paused: float = 0.0
    full: int = 0

    @property
    def values(self) -> tuple[Why, float | None, float | None, float, int]:
        """All of it, in order."""
        return self.disabled, self.failing, self.failed, self.paused, self.full

    def switched_off(self) -> "Health":
        """Have nothing sent, by word of an operator; a reason from before stays."""
        return replace(self, disabled=self.disabled or "operator")

    def after_success(self) -> "Health":
        """Forget failures."""
        return self if self.failing is None else replace(self, failing=None, failed=None)

    def after_failure(self, now: float, patience: float, *, gone: bool = False) -> "Health":
        """Remember a failure, and give the endpoint up where there were no others for `patience` seconds.

        Failures with more than twice that between them belong to two troubles.
        """
        failing = self.failing
        if failing is None or self.failed is None or now - self.failed > 2 * patience:
            failing = now
        why: Why = "gone" if gone else "failing" if now - failing >= patience else ""
        return replace(self, failing=failing, failed=now, disabled=self.disabled or why)

    def until(self, paused: float) -> "Health":
        """Have nothing sent until then, or until later where that was said before."""
        return replace(self, paused=max(self.paused, paused))

    def room(self, rate: Rule | None, wanted: int, now: float) -> int:
        """Return how many deliveries may begin now, `wanted` at most."""
        if self.disabled or self.paused > now:
            return 0
        if rate is None:
            return wanted
        ahead = max(self.full - int(now * SECOND), 0)
        return min(wanted, (rate.span - ahead) // rate.interval)

    def began(self, rate: Rule | None, count: int, now: float) -> "Health":
        """Count deliveries that have begun."""
        if rate is None or not count:
            return self
        return replace(self, full=max(self.full, int(now * SECOND)) + count * rate.interval)


HEALTHY: Final = Health()

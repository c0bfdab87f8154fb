"""Models of limits of requests, wherever the file may hold one: account, API, stage, route or plan."""

from typing import Annotated

from frontdesk.config.models.model import Model, RateText, Selector, ShortForm, Whole, at_least


class Speed(Model):
    """A limit of requests: sustained rate and burst."""

    rate: RateText
    """Sustained rate, such as `500/s`, `1000/m` or `1,000/d`."""

    burst: Annotated[Whole, at_least(1)] | None = None
    """Requests that may come at once. Default: what the rate allows in one second, at least 1."""

    @property
    def at_once(self) -> int:
        """The burst, said or not."""
        # Differs: [optional-burst] AWS asks for a burst with every rate.
        return self.burst or max(1, int(self.rate.limit / self.rate.window))


class Throttle(Speed):
    """A speed limit of its own for each value of a selector, or one for all."""

    by: Selector | None = None
    """Count each value of this selector apart, such as `$authorizer.practice_id`. Absent: count all."""


_SHORT = ShortForm("rate", "a rate such as 500/s")

SpeedField = Annotated[Speed, _SHORT]
"""`50/s` or {rate, burst}."""

ThrottleField = Annotated[Throttle, _SHORT]
"""`500/s` or {rate, burst, by}."""

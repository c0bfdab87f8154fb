"""Model of a throttle, wherever the file may hold one: account, API, stage or route."""

from typing import Annotated

from frontdesk.config.models.model import Model, RateText, Selector, ShortForm, Whole, at_least


class Throttle(Model):
    """A limit of requests: sustained rate and burst."""

    rate: RateText
    """Sustained rate, such as `500/s`, `1000/m` or `1,000/d`."""

    burst: Annotated[Whole, at_least(1)] | None = None
    """Requests that may come at once. Default: what the rate allows in one second, at least 1."""

    by: Selector | None = None
    """Count each value of this selector apart, such as `$authorizer.practice_id`. Absent: count all."""


ThrottleField = Annotated[Throttle, ShortForm("rate", "a rate such as 500/s")]
"""`500/s` or {rate, burst, by}."""

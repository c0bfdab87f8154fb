"""Models of `plans` and `keys`: what clients with an API key may take, and the keys of the file."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from frontdesk.config.models.authorizer import Key
from frontdesk.config.models.http_api import RouteKeyText
from frontdesk.config.models.model import (
    Flag,
    Model,
    Name,
    OneOrMore,
    ShortForm,
    Whole,
    at_least,
    broken_rule,
    matching,
)
from frontdesk.config.models.throttle import SpeedField
from frontdesk.rules.auth.api_keys import digest_of
from frontdesk.rules.periods import Kind

MOST_PLANS = 10
"""Of one key, as at AWS."""

_QUOTA = re.compile(r"(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})/(\w+)", re.ASCII)
_PERIODS: dict[str, Kind] = {
    "d": "day",
    "day": "day",
    "w": "week",
    "week": "week",
    "month": "month",
}


class Quota(Model):
    """How many requests a key may make in each day, week or month of UTC."""

    limit: Annotated[Whole, at_least(1)]
    """Requests."""

    period: Kind
    """`day` from 00:00, `week` from Sunday, or `month` from its first day."""

    offset: Annotated[Whole, at_least(0)] = 0
    """Requests fewer in the period in which a key was made, which is not whole. Default 0."""

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.offset >= self.limit:
            raise broken_rule("expected an offset below the limit")
        return self


class _QuotaForm(ShortForm):
    """Marks a quota that may be written as `1000/d`."""

    def _expand(self, value: object) -> object:
        found = _QUOTA.fullmatch(value) if isinstance(value, str) else None
        if found is not None and found[2] in _PERIODS:
            return {"limit": int(found[1].replace(",", "")), "period": _PERIODS[found[2]]}
        if isinstance(value, (dict, Model)):
            return value
        raise ValueError("expected a quota such as 1000/d, 5000/w or 20000/month, or a mapping")


class MethodLimits(Model):
    """What of a plan is another for one operation."""

    throttle: SpeedField
    """Limit of a key there, in place of the plan's; counted apart in each API and stage."""


PlanTarget = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(/(\$default|[A-Za-z0-9_-]{1,128}))?",
        "an API such as partners, or one of its stages such as partners/prod",
    ),
]


def overlap(one: str, other: str) -> bool:
    """Tell whether two targets of plans, `api` or `api/stage`, have a stage in common."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


class Plan(Model):
    """What each of its keys may take. AWS: a usage plan."""

    apis: Annotated[tuple[PlanTarget, ...], OneOrMore(), Field(min_length=1)]
    """APIs that its keys open: `api` with all stages, or `api/stage`."""

    throttle: SpeedField | None = None
    """Limit of one key, over all APIs of the plan. Absent: none."""

    quota: Annotated[Quota, _QuotaForm("", "")] | None = None
    """Requests of one key in a period, over all APIs of the plan, such as `1000/d`. Absent: no end."""

    methods: dict[RouteKeyText, MethodLimits] = Field(default_factory=dict)
    """Operations with a throttle of their own."""

    description: Annotated[str, Field(max_length=255)] = ""
    """For people."""

    def covers(self, api: str, stage: str) -> bool:
        """Whether its keys open a stage of an API."""
        return api in self.apis or f"{api}/{stage}" in self.apis


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # what is no text raises TypeError
    except (TypeError, ValueError):
        raise ValueError("expected a day such as 2026-11-21") from None


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
PlanNames = Annotated[tuple[Name, ...], OneOrMore(), Field(min_length=1, max_length=MOST_PLANS)]


class ClientKey(Model):
    """A key of the file; others are made while the gateway runs."""

    plan: PlanNames
    """Name under `plans`, or several that open different APIs."""

    value: Key
    """20 to 128 characters by a reference, or `sha256:` and the 64 hexadecimal digits of its SHA-256."""

    enabled: Flag = True
    """Whether it opens anything. Default true."""

    description: Annotated[str, Field(max_length=255)] = ""
    """For people."""

    since: Day | None = None
    """Day on which it was made: to its first period applies the quota's `offset`. Absent: long ago."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key."""
        return digest_of(self.value.reveal())


def differing(keys: dict[str, ClientKey]) -> dict[str, ClientKey]:
    """Refuse keys that nobody could tell apart."""
    known: dict[bytes, str] = {}
    for name, key in keys.items():
        former = known.setdefault(key.digest, name)
        if former != name:
            raise broken_rule(f"expected keys that differ: {former} and {name} have the same value")
    return keys

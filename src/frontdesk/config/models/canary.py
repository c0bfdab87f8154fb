"""Models of a canary: which share of the requests tries what is new, and how that is judged."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from frontdesk.config.models.model import (
    AliasName,
    Duration,
    HintedError,
    Model,
    Off,
    Whole,
    at_least,
    between,
    mapped_parts,
    matching,
    within,
)
from frontdesk.rules.lang.selectors import Selector

StageVariable = Annotated[
    str, matching(r"[A-Za-z0-9_]{1,64}", "a variable name of letters, digits and _")
]
StageVariables = dict[StageVariable, Annotated[str, Field(max_length=512)]]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("expected a number")  # noqa: TRY004 - bad input, not a bug
    return float(value)


Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]


def _from(low: float, high: float) -> AfterValidator:
    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}")
        return value

    return AfterValidator(check)


_KNOWN_AT_ONCE: Final = ("request.header", "request.querystring", "request.cookie")


def _sticky(text: str) -> str:
    if text in ("api_key", "client"):
        return text
    parts = mapped_parts(text)
    if len(parts) == 1 and isinstance(parts[0], Selector) and parts[0].source in _KNOWN_AT_ONCE:
        return text
    raise HintedError(
        "expected api_key, client, or a header, parameter or cookie such as $request.header.X-Practice",
        "the side is chosen before a route is found: nothing else is known by then",
    )


class Judge(Model):
    """When a canary takes everything, and when nothing any more."""

    min_requests: Annotated[Whole, at_least(1)] = 100
    """Requests on each side below which nothing is judged."""

    window: Annotated[Duration, between("1s", "7d")] = 1800.0
    """How long a canary is watched; once more as long where there were too few requests."""

    checks: Annotated[Whole, within(1, 100)] = 6
    """How often it is judged within the window, at equal distances."""

    error_alpha: Annotated[Number, _from(0.0001, 0.5)] = 0.05
    """Largest chance to roll back a canary that is no worse, over all checks."""

    p95_ratio: Annotated[Number, _from(1.0, 100.0)] = 1.2
    """How many times slower its p95 may be."""

    on_success: Literal["promote", "hold"] = "promote"
    """At the end of the window, where nothing speaks against it."""

    on_failure: Literal["rollback", "hold"] = "rollback"
    """As soon as a check finds it worse."""

    on_insufficient: Literal["hold", "promote", "rollback"] = "hold"
    """Where requests are too few at the end of the second window, too."""


class Canary(Model):
    """A share of a stage's requests, answered by what is new."""

    percent: Annotated[Number, _from(0.0, 100.0)]
    """Of the requests, 0 to 100."""

    alias: AliasName | None = None
    """Functions that have this alias run by it, whatever the route or the stage says."""

    variables: StageVariables = Field(default_factory=dict)
    """Stage variables that are other ones, or new."""

    sticky: Annotated[str, AfterValidator(_sticky)] | None = None
    """What stays on one side: `api_key`, `client` (its address), or a header, parameter or cookie by its
    selector. Absent: each request is chosen by itself."""

    judge: Annotated[Judge | None, Off()] = Judge()
    """How it is judged; `off`: by hand only."""

"""Models of the versions of an API: how a request says which one it means, and when one is retired."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import Flag, Model, broken_rule, matching

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?", re.ASCII)


def _date(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):  # already read
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            moment = datetime.fromisoformat(value)
            return int(moment.replace(tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise ValueError("expected a date such as 2026-10-01, or a moment such as 2026-10-01T06:00Z")


Date = Annotated[
    int,
    PlainValidator(_date),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DATE.pattern}$"}),
]
"""Seconds since 1970, written as a day of UTC, which begins at 00:00, or as a moment."""

VersionName = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", "a version such as v1 of letters, digits, . _ -"),
]

PageUrl = Annotated[str, matching(r"https?://[!#-;=?-\[\]^_a-z|~]+", "the URL of a page")]


class ApiVersion(Model):
    """One version of an API, and when it is retired."""

    deprecated: Date | None = None
    """Since when, or from when on, clients should move on. Absent: it is not deprecated."""

    sunset: Date | None = None
    """From when on it answers 410. Absent: nothing is planned."""

    guide: PageUrl | None = None
    """Page that tells clients how to move on."""

    legacy_true: Flag = False
    """Send `Deprecation: true`, as before RFC 9745, for clients that look for the word."""

    @model_validator(mode="after")
    def _is_deprecated_first(self) -> Self:
        if self.deprecated and self.sunset is not None and self.sunset < self.deprecated:
            raise broken_rule("expected sunset after deprecated")
        return self


class Versioning(Model):
    """The versions of an API. The routes of v1 are those below /v1."""

    by: Literal["path", "header", "host"]
    """Where a request says its version: before its `path`, in a `header`, or as the first label of its
    `host`."""

    header: HeaderName = "X-Api-Version"
    """Which header field says it; of `Accept` the parameter `version` does. With `by: header`."""

    default: VersionName | None = None
    """Version of requests that say none. Absent: such requests reach only routes that belong to none."""

    versions: Annotated[dict[VersionName, ApiVersion], Field(min_length=1)]
    """The versions by name."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.by != "header" and "header" in self.model_fields_set:
            raise broken_rule("expected header with by: header only")
        if self.default is not None and self.default not in self.versions:
            raise broken_rule(
                f"expected one of the versions as default: {', '.join(self.versions)}"
            )
        return self

    def of_route(self, key: str) -> str:
        """Return the version that a route belongs to, "" for none. key: `GET /v1/pets`, `$default`."""
        first = key.partition(" /")[2].partition("/")[0]
        return first if first in self.versions else ""

"""Owns the grammar of route keys: `METHOD /path/{variable}/{rest+}`, `ANY /path`, `$default`. Pure."""

import re
from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "$default"
METHODS: Final = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_VARIABLE = re.compile(r"\{([A-Za-z0-9._:-]+)(\+?)\}", re.ASCII)
_STATIC = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class RouteKey:
    """A route key, taken apart.

    method: one of METHODS. path: as written, "$default" for the default route. segments: the parts
    between slashes, variables with their braces; empty for the default route.
    """

    method: str
    path: str
    segments: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the path variables in order, without braces and plus."""
        found = (_VARIABLE.fullmatch(segment) for segment in self.segments)
        return tuple(match[1] for match in found if match)

    @property
    def is_greedy(self) -> bool:
        """Whether the last segment takes the rest of the path."""
        return bool(self.segments) and self.segments[-1].endswith("+}")

    @property
    def shape(self) -> str:
        """The key without its variables' names: two keys of one shape match the same requests."""
        anonymous = (
            ("{+}" if segment.endswith("+}") else "{}") if _VARIABLE.fullmatch(segment) else segment
            for segment in self.segments
        )
        return f"{self.method} /{'/'.join(anonymous)}" if self.segments else self.path


def parse_route_key(text: str) -> RouteKey:
    """Take a route key apart.

    Raises: ValueError saying what was expected.
    Source: AWS, "Create routes for HTTP APIs in API Gateway".
    """
    if text == DEFAULT:
        return RouteKey("ANY", DEFAULT, ())
    method, blank, path = text.partition(" ")
    if not blank or not path.startswith("/"):
        raise ValueError("expected a route key such as GET /path, ANY /path or $default")
    if method not in METHODS:
        raise ValueError(f"expected one of {', '.join(METHODS)} before the path")
    segments = tuple(path[1:].split("/"))
    key = RouteKey(method, path, segments)
    for segment in segments:
        _check(segment, last=segment is segments[-1])
    if "" in segments[:-1]:
        raise ValueError("expected a path without empty segments")
    if len(set(key.variables)) < len(key.variables):
        raise ValueError("expected each path variable once")
    return key


def _check(segment: str, *, last: bool) -> None:
    variable = _VARIABLE.fullmatch(segment)
    if variable is None:
        if "{" in segment or "}" in segment:
            raise ValueError("expected a path variable such as {id} to be a whole segment")
        if segment in (".", "..") or not _STATIC.fullmatch(segment):
            raise ValueError("expected a path of URL characters, the others percent-encoded")
    elif variable[2] and not last:
        raise ValueError("expected a greedy variable such as {proxy+} only as the last segment")

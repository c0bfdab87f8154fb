"""Owns the grammar of route keys: `METHOD /path/{variable}/{rest+}`, `ANY /path`, `$default`. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

DEFAULT: Final = "$default"
EVERY_METHOD: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What `ANY` stands for."""

METHODS: Final = ("ANY", *EVERY_METHOD)

_VARIABLE = re.compile(r"\{([A-Za-z0-9._:-]+)(\+?)\}")
_STATIC = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*")
# Differs: [encoded-route] AWS documents no such rule.
_NEVER_ENCODED = re.compile(r"%(?:2[DEF]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE]|00)")
"""Triplets that no normalised path contains: unreserved characters, slashes, NUL (RFC 3986 §6.2.2)."""


@dataclass(frozen=True, slots=True)
class RouteKey:
    """A route key, taken apart.

    method: one of METHODS. path: as written, "$default" for the default route. segments: the parts
    between slashes, variables with their braces; empty for the default route. variables: their names
    in order, without braces and plus. shape: the key without its variables' names; two keys of one
    shape match the same requests.
    """

    method: str
    path: str
    segments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    shape: str = DEFAULT

    @property
    def is_greedy(self) -> bool:
        """Whether the last segment takes the rest of the path."""
        return bool(self.segments) and self.segments[-1].endswith("+}")


@lru_cache(1 << 14)  # asked twice at each load, and a reload has mostly the keys of the load before
def parse_route_key(text: str) -> RouteKey:
    """Take a route key apart.

    Raises: ValueError saying what was expected.
    Source: AWS, "Create routes for HTTP APIs in API Gateway".
    """
    if text == DEFAULT:
        return RouteKey("ANY", DEFAULT)
    method, _, path = text.partition(" ")
    if not path.startswith("/"):
        raise ValueError("expected a route key such as GET /path, ANY /path or $default")
    if method not in METHODS:
        raise ValueError(f"expected one of {', '.join(METHODS)} before the path")
    segments = tuple(path[1:].split("/"))
    if "" in segments[:-1]:
        raise ValueError("expected a path without empty segments")
    variables: list[str] = []
    shape: list[str] = []
    for segment in segments:
        if "{" not in segment:
            shape.append(_static(segment))
            continue
        found = _VARIABLE.fullmatch(segment)
        if found is None:
            raise ValueError("expected a path variable such as {id} to be a whole segment")
        variables.append(found[1])
        shape.append(f"{{{found[2]}}}")
    if "{+}" in shape[:-1]:
        raise ValueError("expected a greedy variable such as {proxy+} only as the last segment")
    if len(set(variables)) < len(variables):
        raise ValueError("expected each path variable once")
    return RouteKey(method, path, segments, tuple(variables), f"{method} /{'/'.join(shape)}")


def meant_by(text: str) -> str:
    """Guess the route key that a wrong one was meant to be, or "" without an idea."""
    words = text.split()
    if text.lower() == "default":
        return DEFAULT
    if len(words) == 1 and text.startswith("/"):
        words = ["ANY", *words]
    if len(words) != 2:
        return ""
    guess = f"{words[0].upper()} {re.sub('/+', '/', f'/{words[1]}')}"
    try:
        parse_route_key(guess)
    except ValueError:
        return ""
    return guess


def _static(segment: str) -> str:
    if segment in (".", "..") or not _STATIC.fullmatch(segment):
        raise ValueError("expected a path of URL characters, others percent-encoded in capitals")
    if "%" in segment and _NEVER_ENCODED.search(segment):
        raise ValueError("expected no percent-encoding of letters, digits, -, ., _, ~ and slashes")
    return segment

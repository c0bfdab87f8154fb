"""Owns the one normalisation of request paths (RFC 3986 §6.2.2).

Its result is what is routed, authorised, logged and forwarded, so that no two readers of a path can
disagree about it. Knows no routes.
"""

import re

_SEGMENT_START = "A-Za-z0-9_~!$&'()*+,;=:@-"
_PLAIN = re.compile(rf"(?=/)(?:/[{_SEGMENT_START}][.{_SEGMENT_START}]*)*/?")
"""Paths that are their own normal form: no triplet, no empty segment, no segment that opens with a dot."""

# Differs: [encoded-slash] AWS passes it on; what is behind us might take it for a slash.
_UNFIT = re.compile(r"[^\x21-\x7e]|[\\#?]|%(?![0-9A-Fa-f]{2})|%(?:00|0[aAdD]|2[fF]|5[cC])")
"""Raw controls, blanks and non-ASCII; backslash, fragment and query marks; broken triplets; encoded NUL,
CR, LF, slash and backslash: what some back end would read differently from us."""

_TRIPLET = re.compile("%(..)")

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_DISGUISED_DOTS = re.compile(r"/\.\.?(?:;|%3B)")
"""A dot segment with parameters: servlet containers drop the parameters and climb."""


def normalise(raw: str) -> str | None:
    """Return the normal form of a request path, or None where it must be refused with 400.

    raw: the path as the client sent it, without query. Triplets of unreserved characters are decoded
    once, other triplets get upper-case hex, dot segments are resolved (RFC 3986 §5.2.4), then runs of
    slashes become one. A trailing slash stays. Refused: see `_UNFIT`; a path that climbs above the
    root; dot segments with parameters (`..;`).

    Applying it again to its result changes nothing.
    """
    if _PLAIN.fullmatch(raw):
        return raw
    segments = _segments(raw)
    if segments is None:
        return None
    trailing = "/" if segments and segments[-1] == "" else ""
    # Empty segments go only now: dot segments count them, as in RFC 3986 §5.2.4.
    named = "/".join(filter(None, segments))
    return f"/{named}{trailing}" if named else "/"


def with_slashes(raw: str) -> str:
    """Return the normal form of a path that `normalise` does not refuse, but with its runs of slashes."""
    return "/" + "/".join(_segments(raw) or ())


def _segments(raw: str) -> list[str] | None:
    """Take a path apart with dot segments resolved and empty ones kept; None where it must be refused."""
    if not raw.startswith("/") or _UNFIT.search(raw):
        return None
    path = _TRIPLET.sub(_decode_unreserved, raw) if "%" in raw else raw
    return None if _DISGUISED_DOTS.search(path) else _resolve(path)


def _decode_unreserved(triplet: re.Match[str]) -> str:
    character = chr(int(triplet[1], 16))
    return character if character in _UNRESERVED else triplet[0].upper()


def _resolve(path: str) -> list[str] | None:
    segments = path.split("/")[1:]
    if segments[-1] in {".", ".."}:
        segments.append("")  # "/a/." and "/a/.." name folders
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment != ".":
            kept.append(segment)
    return kept

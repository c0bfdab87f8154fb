"""Owns what servers announce of their limits: RateLimit fields in their three forms. Reads no clock.

Sources: IETF draft "RateLimit header fields for HTTP" (lists of policies), its older versions (the
triple RateLimit-Limit, -Remaining, -Reset), and the usage of X-RateLimit-*.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from frontdesk.base.streams import Fields
from frontdesk.rules.http.structured import InnerList, parse_list

_EPOCH: Final = 1e9
"""Resets above it are moments since 1970, others are seconds from now."""

_NUMBER: Final = re.compile(r"\d{1,13}(?:\.\d{1,9})?", re.ASCII)
_TRIPLES: Final = ("ratelimit", "x-ratelimit", "x-rate-limit")
_MOST: Final = 8  # policies of one answer


class Announced(NamedTuple):
    """A limit of a server. remaining: calls that are left for `reset` seconds. quota: of the whole, 0 unknown."""

    name: str
    remaining: float
    reset: float
    quota: float = 0.0


def announced(fields: Fields, now: float) -> list[Announced]:
    """Read the limits that an answer announces; what is malformed is passed over. now: seconds since 1970."""
    found: dict[str, str] = {}
    for name, value in fields:
        if b"imit" in name:  # most answers announce nothing: one look at each name
            lower = name.lower().decode("latin-1")
            text = value.decode("latin-1")
            found[lower] = f"{found[lower]}, {text}" if lower in found else text
    if not found:
        return []
    return [*_policies(found), *_triples(found, now)][:_MOST]


def _policies(found: Mapping[str, str]) -> Iterator[Announced]:
    quotas = {name: values.get("q") for name, values in _items(found.get("ratelimit-policy", ""))}
    for name, values in _items(found.get("ratelimit", "")):
        remaining, reset = values.get("r"), values.get("t")
        if remaining is not None and reset is not None:
            yield Announced(name, remaining, reset, quotas.get(name) or 0.0)


def _items(value: str) -> Iterable[tuple[str, Mapping[str, float]]]:
    try:
        members = parse_list(value.encode("latin-1"))
    except ValueError:
        return
    for member in members:
        if not isinstance(member, InnerList) and isinstance(member.value, str):
            yield (
                member.value,
                {
                    key: float(number)
                    for key, number in member.parameters.items()
                    if isinstance(number, int | Decimal) and number >= 0
                },
            )


def _triples(found: Mapping[str, str], now: float) -> Iterator[Announced]:
    for prefix in _TRIPLES:
        remaining = _number(found.get(f"{prefix}-remaining"))
        reset = _number(found.get(f"{prefix}-reset"))
        if remaining is not None and reset is not None:
            seconds = max(0.0, reset - now) if reset > _EPOCH else reset
            yield Announced(
                prefix, remaining, seconds, _number(found.get(f"{prefix}-limit")) or 0.0
            )


def _number(text: str | None) -> float | None:
    first = (text or "").partition(",")[0].partition(";")[0].strip()
    return float(first) if _NUMBER.fullmatch(first) else None

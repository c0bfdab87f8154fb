"""Owns when an issuer's key set is fetched, kept and given up, and what its documents must say.

A state machine without clock or network: the shell says what happened and when, and gets the next state.

    event              state afterwards
    begin              fetching; nothing else may start (single flight)
    loaded             fresh until max_age; a changed document is a new generation
    failed, not stale  the old keys stay; again after 1, 2, 4 … 60 s
    failed, too stale  no keys: a new generation, requests are answered 503 as before the first success

Sources: OpenID Connect Discovery 1.0 §4, RFC 8414, RFC 9111 §5.2.2.1 (max-age), RFC 5861 (stale-if-error).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson

from frontdesk.base.addresses import Address
from frontdesk.rules.auth.keys import Keys, read_key_set

MAX_BACKOFF: Final = 60.0
MIN_AGE: Final = 60.0
MAX_AGE: Final = 86400.0
"""Seconds between which a server's max-age is believed."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refresh:
    """How an operator wants key sets refreshed, in seconds.

    min_interval: between two fetches for unknown keys. max_age: how long keys are fresh when the server does
    not say. stale_if_error: how much longer they serve while fetching fails.
    """

    min_interval: float = 60.0
    max_age: float = 3600.0
    stale_if_error: float = 86400.0


@dataclass(frozen=True, slots=True)
class KeySetState:
    """What is known of one issuer's keys. Times are monotonic seconds.

    keys: None until the first success and after the last one has become too old. due: when the next fetch
    should begin. generation changes whenever a token verified before could now be judged otherwise.
    """

    keys: Keys | None = None
    document: bytes = b""
    generation: int = 0
    fetching: bool = False
    due: float = 0.0
    attempted: float = float("-inf")
    fresh_until: float = 0.0
    failures: int = 0


def begin(state: KeySetState, now: float) -> KeySetState:
    """A fetch begins. Call only while `state.fetching` is False."""
    return replace(state, fetching=True, attempted=now)


def may_fetch_for_unknown_key(state: KeySetState, rules: Refresh, now: float) -> bool:
    """Whether a token with an unknown key is worth a fetch: a storm of them is worth one per interval."""
    return not state.fetching and now - state.attempted >= rules.min_interval


def loaded(
    state: KeySetState, rules: Refresh, now: float, document: bytes, cache_control: str
) -> KeySetState:
    """The fetch brought `document`.

    Raises: ValueError when that is not a key set; the fetch has failed then.
    """
    keys = read_key_set(document)
    if keys is None:
        raise ValueError("the answer is not a key set")
    fresh_until = now + _age(cache_control, rules)
    changed = state.keys is None or document != state.document
    return KeySetState(
        keys=keys if changed else state.keys,
        document=document,
        generation=state.generation + changed,
        due=fresh_until,
        attempted=state.attempted,
        fresh_until=fresh_until,
    )


def failed(state: KeySetState, rules: Refresh, now: float, jitter: float) -> KeySetState:
    """The fetch failed. jitter: 0 to 1; up to half of the pause is taken off by it."""
    pause = min(2.0**state.failures, MAX_BACKOFF) * (1 - jitter / 2)
    given_up = state.keys is not None and now >= state.fresh_until + rules.stale_if_error
    return replace(
        state,
        keys=None if given_up else state.keys,
        generation=state.generation + given_up,
        fetching=False,
        due=now + pause,
        failures=min(state.failures + 1, 16),
    )


def _age(cache_control: str, rules: Refresh) -> float:
    found = _MAX_AGE.search(cache_control)
    return min(max(float(found[1]), MIN_AGE), MAX_AGE) if found else rules.max_age


def discovery_url(issuer: str) -> str:
    """Say where an issuer describes itself."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_discovery(document: bytes, issuer: str, *, allow_http: bool) -> str:
    """Take `jwks_uri` out of a discovery document.

    Raises: ValueError when it is no such document, speaks for another issuer, or names a URL that must
    not be fetched.
    """
    try:
        value: Any = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise ValueError("the discovery document is not JSON") from None
    said: Mapping[str, Any] = value if isinstance(value, dict) else {}
    if said.get("issuer") != issuer:
        raise ValueError(
            f"the discovery document is not of this issuer: {said.get('issuer')!r:.200}"
        )
    url = said.get("jwks_uri")
    if not isinstance(url, str):
        raise ValueError("the discovery document names no jwks_uri")  # noqa: TRY004 - bad input, not a bug
    check_url(url, allow_http=allow_http)
    return url


def check_url(url: str, *, allow_http: bool) -> SplitResult:
    """Allow https, and http to this machine where the operator allows it; return the URL's parts.

    Raises: ValueError for any other URL.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.username is not None or not url.isascii() or not url.isprintable():
        raise ValueError(f"not a URL to fetch keys from: {url!r:.200}")
    local = parts.scheme == "http" and allow_http and Address(host, parts.port or 80).is_loopback
    if parts.scheme != "https" and not local:
        raise ValueError(f"keys are fetched by https only: {url!r:.200}")
    return parts

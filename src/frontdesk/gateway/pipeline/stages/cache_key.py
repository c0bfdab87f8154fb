"""Owns what a cached answer is found by, and what a request may show the integration beside that.

An answer is given to others: what made it must be in its key. So an integration whose answer is kept sees
no parameter and no header field that the key does not name.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote_plus

import orjson

from frontdesk.base.streams import Fields
from frontdesk.config.models.cache import Cache, is_identity, key_selector
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.values import bind_selector
from frontdesk.rules.http.caching import CONDITIONS
from frontdesk.rules.http.path import with_slashes
from frontdesk.rules.lang.selectors import Selector

Key = Callable[[Exchange], str]
Narrow = Callable[[Exchange], None]

_SHOWN: Final = frozenset({b"host", b"traceparent", b"tracestate", b"via", b"x-amzn-trace-id"})
"""Header fields that every integration is shown: the host is in every key, the others choose no answer."""

_METHOD: Final = {"GET": "GET", "HEAD": "GET", "OPTIONS": "OPTIONS", "POST": "POST"}
"""Whose answers a method is answered by."""

CREDENTIALS: Final = frozenset({b"authorization", b"cookie"})


def scope_of(build: RouteBuild) -> str:
    """Return how the keys of a route begin: API, stage and route, and a digest of what they are now.

    A reload that changes the route, or how it is cached, begins with no answers.
    """
    made_of = repr(
        (build.operation, build.api.cache, build.facts.variables, build.version)
    ).encode()
    digest = hashlib.sha256(made_of).hexdigest()[:12]
    return f"{build.api_name}\0{build.facts.stage}\0{build.key}\0{digest}\0"


def key_of(scope: str, cache: Cache) -> Key:
    """Compile the key of mode ttl: the origin, and what the file names."""
    if cache.key == ("path",):
        return lambda ex: f"{scope}{_METHOD[ex.method]}\0{_origin(ex)}\0{_path(ex)}"
    values = [_value(key_selector(part)) for part in cache.key]

    def key(ex: Exchange) -> str:
        found = orjson.dumps([value(ex) for value in values]).decode()
        return f"{scope}{_METHOD[ex.method]}\0{_origin(ex)}\0{found}"

    return key


def full_key_of(scope: str, cache: Cache) -> Key:
    """Compile the key of mode rfc9111: the whole URI, and what else the file names."""
    parts = [_value(key_selector(part)) for part in cache.key if part != "path"]

    def key(ex: Exchange) -> str:
        found = orjson.dumps([value(ex) for value in parts]).decode() if parts else ""
        return f"{scope}{found}\0{_origin(ex)}{_path(ex)}?{ex.query}"

    return key


# Differs: [cache-host] AWS's stages have one host each.
def _origin(ex: Exchange) -> str:
    """Return what absolute URLs in an answer may be made of: the Host field, with its port, too."""
    return f"{ex.scheme}://{ex.host} {ex.headers.get(b'host', b'').decode('latin-1')}"


def _path(ex: Exchange) -> str:
    """Return the path with its runs of slashes: the greedy variables of REST APIs keep them."""
    return with_slashes(ex.raw_path) if "//" in ex.raw_path else ex.path


def _value(selector: Selector) -> Callable[[Exchange], object]:
    if selector.source == "request.path" and not selector.name:
        return _path
    if selector.source == "request.querystring":
        return _all_values(selector.name)
    if selector.source == "request.body" and not selector.path:
        return _typed_body
    return bind_selector(selector)


def _all_values(name: str) -> Callable[[Exchange], object]:
    """Compile all values of a parameter: a backend may take any of them. Bytes that are no UTF-8 count, too."""

    def values(ex: Exchange) -> list[str]:
        items = [item.partition("=") for item in ex.query.split("&")]
        return [
            unquote_plus(value, "latin-1") for key, _, value in items if unquote_plus(key) == name
        ]

    return values


def _typed_body(ex: Exchange) -> list[str]:
    media_type = ex.headers.get(b"content-type", b"").decode("latin-1")
    return [hashlib.sha256(ex.body).hexdigest(), media_type]


def knows_caller(build: RouteBuild, cache: Cache) -> Callable[[Exchange], bool]:
    """Compile whether a request says any of what tells callers apart.

    Where nobody is asked who he is, or the answers are for all, it need not.
    """
    asks = build.authorizer is not None or (build.operation and build.operation.api_key)
    if cache.shared or not asks:
        return lambda _ex: True
    values = [_value(key_selector(part)) for part in cache.key if is_identity(part)]
    return lambda ex: any(value(ex) for value in values)


# -- what the integration is shown ----------------------------------------------------------------


def narrowing(cache: Cache) -> Narrow:
    """Compile what takes everything out of a request that the key does not name."""
    # Differs: [narrowed-requests] AWS shows proxy integrations everything.
    selectors = [key_selector(part) for part in cache.key]
    headers = {s.name.encode() for s in selectors if s.source == "request.header"} | _SHOWN
    headers |= {b"cookie"} if any(s.source == "request.cookie" for s in selectors) else set()
    headers |= {b"content-type"} if any(s.source == "request.body" for s in selectors) else set()
    if cache.shared or cache.tells_callers_apart:
        headers |= CREDENTIALS
    parameters = {s.name for s in selectors if s.source == "request.querystring"}

    def narrow(ex: Exchange) -> None:
        _show(ex, {name: value for name, value in ex.headers.items() if name in headers})
        if ex.query:
            items = ex.query.split("&")
            ex.query = "&".join([item for item in items if _name(item) in parameters])

    return narrow


def unconditional(ex: Exchange, questions: Fields) -> None:
    """Replace what the client asks of the answer that it has by questions of ours."""
    _show(ex, {name: value for name, value in ex.headers.items() if name not in CONDITIONS})
    ex.fields += questions
    ex.headers.update({name.lower(): value for name, value in questions})


def _show(ex: Exchange, headers: Mapping[bytes, bytes]) -> None:
    ex.headers = dict(headers)
    ex.raw_path = ex.path  # another spelling of it is in no key
    ex.fields = [field for field in ex.fields if field[0].lower() in headers]


def _name(item: str) -> str:
    return unquote_plus(item.partition("=")[0])


def covers_credentials(cache: Cache) -> bool:
    """Say whether requests with credentials may use the cache."""
    return cache.shared or cache.tells_callers_apart

"""Owns the response cache: which routes have one, and its mode ttl, by which the operator says how long.

Behind the authorizer, so that no answer reaches somebody who may not ask. What `Cache-Control: no-store`
or `private`, `Set-Cookie` or `Vary: *` mark as one caller's is never kept.
Source: AWS, "Cache settings for REST APIs in API Gateway".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from frontdesk.base.durations import write_duration
from frontdesk.base.streams import Fields
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.config.models.cache import Cache, key_selector
from frontdesk.config.models.operation import Operation
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.cache_key import (
    CREDENTIALS,
    covers_credentials,
    key_of,
    knows_caller,
    narrowing,
    scope_of,
)
from frontdesk.gateway.pipeline.stages.cache_parts import CacheParts, landing
from frontdesk.gateway.pipeline.stages.cached_answers import kept_fields
from frontdesk.gateway.pipeline.stages.standard_cache import StandardCache
from frontdesk.ports.cache import Entry, Flight
from frontdesk.rules.auth import jwt
from frontdesk.rules.http.caching import SAFE, Headers, by_name, directives, told_age, vary_names

LOOKUP: Final = "cache lookup"

_WARNING: Final = (b"Warning", b'199 frontdesk "not authorized to invalidate the cache"')


class ResponseCache(Protocol):
    """The cache of one route."""

    detail: str
    """For `explain`."""

    def look_up(self, ex: Exchange) -> Reply | Parked | None:
        """See Stage: answer, wait for the answer that another request fetches, or fetch it."""
        ...


def cache_lookup(build: RouteBuild) -> Step | None:
    """Build the search for a kept answer."""
    settings = build.api.cache_of(build.operation) if build.operation else None
    if settings is None:
        return None
    modes: dict[str, Callable[[RouteBuild, Cache], ResponseCache]] = {
        "rfc9111": StandardCache,
        "ttl": TtlCache,
    }
    cache = modes[settings.mode](build, settings)
    own = build.operation is not None and "cache" in build.operation.model_fields_set
    at = (*(build.at if own else ("apis", build.api_name)), "cache")
    by_body = any(key_selector(part).source == "request.body" for part in settings.key)
    return Step(LOOKUP, cache.look_up, cache.detail, at, needs_body=by_body)


def cache_store(build: RouteBuild) -> Step | None:
    """Build the keeping of answers."""
    settings = build.api.cache_of(build.operation) if build.operation else None
    if settings is None:
        return None
    return Step("cache store", _store, f"up to {settings.max_entry} bytes each")


def cache_discard(build: RouteBuild) -> Step | None:
    """Build the forgetting of answers that a change of their resource outdates (RFC 9111 §4.4)."""
    method, _, resource = build.key.partition(" ")
    if method in SAFE or not resource:
        return None
    kept = build.once(("kept", build.api_name), lambda: _kept(build)).get(resource)
    if kept is None:
        return None
    caches = [
        StandardCache(
            replace(build, key=key, operation=operation, at=(*build.at[:2], *below)), settings
        )
        for below, key, operation, settings in kept
    ]

    def discard(ex: Exchange, reply: Reply) -> Reply:
        if ex.method not in SAFE and reply.made == "integration" and reply.status < 400:
            for cache in caches:
                cache.discard(ex)
        return reply

    return Step("cache discard", discard, "after a change")


_Kept = tuple[tuple[str, ...], str, Operation, Cache]
"""An operation in mode rfc9111: its key path below the API, key, model and cache."""


def _kept(build: RouteBuild) -> dict[str, list[_Kept]]:
    """Find the operations of an API whose answers a change may outdate, by resource."""
    found: dict[str, list[_Kept]] = {}
    for below, key, operation in build.api.operations():
        settings = build.api.cache_of(operation)
        resource = key.partition(" ")[2]
        if resource and settings is not None and settings.mode == "rfc9111":
            found.setdefault(resource, []).append((below, key, operation, settings))
    return found


def _store(ex: Exchange, reply: Reply) -> Reply:
    fetch = ex.fetch
    return reply if fetch is None else fetch.answered(ex, reply)


def settled(log: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """Return the end of exchanges of a route with a cache: nobody waits for one that is over."""

    def ended(ex: Exchange) -> None:
        if ex.fetch is not None:
            ex.fetch.over()
        log(ex)

    return ended


class TtlCache:
    """The cache of one route in mode ttl."""

    def __init__(self, build: RouteBuild, settings: Cache) -> None:
        self.parts = parts = CacheParts(build)
        self._key = key_of(scope_of(build), settings)
        self._narrow = narrowing(settings)
        self._methods = frozenset(settings.methods)
        self._covered = covers_credentials(settings)
        self._knows_caller = knows_caller(build, settings)
        self._by_body = "POST" in settings.methods
        self._statuses = frozenset(settings.status)
        self.ttl = settings.ttl
        self.most = min(settings.max_entry, parts.cache.max_entry)
        self._may_invalidate = _invalidators(build, settings)
        self._unauthorized = settings.invalidation.unauthorized
        self.detail = f"{write_duration(settings.ttl)}, by {', '.join(settings.key)}"

    def look_up(self, ex: Exchange) -> Reply | Parked | None:
        """See ResponseCache."""
        parts = self.parts
        why = self._passes(ex)
        if why:
            parts.bypass(ex, why)
            return None
        key = self._key(ex)
        warned = False
        if b"cache-control" in ex.headers and _asks_anew(ex.headers):
            if self._may_invalidate(ex):
                self._fetch(ex, parts.cache.lead(key), "request")
                return None
            if self._unauthorized == "fail_with_403":
                return refusal(403, "cache:invalidation")
            warned = self._unauthorized == "succeed_with_response_header"
        entry = parts.cache.get(key, ex.time)
        if entry is None:
            return self._miss(ex, key)
        parts.hits.value += 1
        reply = parts.answers.hit(ex, entry)
        if warned:
            reply.fields.append(_WARNING)
        return reply

    def _passes(self, ex: Exchange) -> str:
        """Say why a request passes the cache by, or ""."""
        if ex.method not in self._methods and not (ex.method == "HEAD" and "GET" in self._methods):
            return "method"
        has_body = ex.body or ex.source is not None
        if ex.upgrade or (has_body and not self._by_body) or not self._knows_caller(ex):
            return "bypass"
        return "" if self._covered or CREDENTIALS.isdisjoint(ex.headers) else "bypass"

    def _miss(self, ex: Exchange, key: str) -> Parked | None:
        """Fetch the answer, or wait for whoever does."""
        cache = self.parts.cache
        if ex.method == "HEAD" or b"range" in ex.headers:  # what comes is not the whole answer
            self.parts.bypass(ex, "method" if ex.method == "HEAD" else "bypass")
            return None

        def landed(answer: Entry | Flight) -> None:
            if isinstance(answer, Entry):
                self.parts.collapsed.value += 1
                detail = "fwd=uri-miss; collapsed"
                run.resume(ex, self.parts.answers.give(ex, answer, ex.headers, ex.time, detail))
            elif ex.answered:
                answer.abandon()
            else:
                self._fetch(ex, answer, "uri-miss")
                run.resume(ex, None)

        flight = cache.join(key, ex.time, landed)
        if flight is None:
            self.parts.wait(ex, key, landed)
            return PARKED
        self._fetch(ex, flight, "uri-miss")
        return None

    def _fetch(self, ex: Exchange, flight: Flight, why: str) -> None:
        self.parts.misses.value += 1
        ex.fetch = _TtlFetch(self, flight, why, ex.headers)
        self._narrow(ex)

    # -- what comes back --------------------------------------------------------------------------

    def entry(self, status: int, fields: Fields, body: bytes, now: float) -> Entry:
        """Make what is kept of an answer that came at `now`."""
        stored, fresh = now - told_age(by_name(fields)), now + self.ttl
        return Entry(status, kept_fields(fields, body), body, stored, fresh, fresh)

    def keeps(self, reply: Reply) -> bool:
        """Say whether an answer may be kept, by all but its size."""
        # Differs: [personal-answers] AWS documents no such look.
        fields = by_name(reply.fields)
        control = directives(fields.get(b"cache-control", b""))
        return (
            reply.status in self._statuses
            and not control.keys() & {"no-store", "private"}
            and b"set-cookie" not in fields
            and b"content-encoding" not in fields  # nobody asked for one: others may not know it
            and b"*" not in vary_names(fields)
        )


def _asks_anew(headers: Headers) -> bool:
    return directives(headers[b"cache-control"]).get("max-age") == "0"


class _TtlFetch:
    """The fetch of an answer for a TtlCache. See exchange.Fetch. asked: the client's own header fields."""

    __slots__ = ("_asked", "_cache", "_flight", "_why")

    def __init__(
        self, cache: TtlCache, flight: Flight, why: str, asked: dict[bytes, bytes]
    ) -> None:
        self._asked = asked
        self._cache = cache
        self._flight = flight
        self._why = why

    def answered(self, ex: Exchange, reply: Reply) -> Reply:
        """Keep the answer, or tell those who wait that they cannot have it."""
        flight, cache = self._flight, self._cache
        ex.headers = self._asked  # CORS, compression and the log are for this client alone
        if reply.made == "gateway" or reply.status >= 500:
            flight.abandon()
            return reply
        now = cache.parts.time()
        told = f"fwd={self._why}; fwd-status={reply.status}"
        status, fields = reply.status, reply.fields.copy()  # what comes behind changes the reply

        def entry(body: bytes) -> Entry:
            return cache.entry(status, fields, body, now)

        if cache.keeps(reply) and landing(reply, cache.most, flight, entry, now):
            told += f"; stored; ttl={int(cache.ttl)}"
        else:
            flight.decline(now)
        reply.fields.append(cache.parts.answers.status(told))
        return reply

    def over(self) -> None:
        """See exchange.Fetch."""
        self._flight.abandon()


def _invalidators(build: RouteBuild, settings: Cache) -> Callable[[Exchange], bool]:
    """Return what says who may have an answer fetched anew."""
    # Differs: [invalidation] AWS asks IAM for execute-api:InvalidateCache.
    rule = settings.invalidation
    if rule.authorization == "none":
        return lambda _ex: True
    wanted = frozenset(rule.scopes)
    config = build.config.authorizers.get(build.authorizer or "")
    claim = config.scopes_claim or "" if isinstance(config, JwtAuthorizer) else ""
    return lambda ex: not wanted.isdisjoint(jwt.scopes(ex.authorizer or {}, claim))

"""Owns the response cache of mode rfc9111: answers kept as long as their backend says, and asked about then.

The rules are `rules.http.caching`. An answer that varies has two entries: one that names the request
fields by which it was chosen, and one for each choice.
Source: RFC 9111, RFC 5861.
"""

import secrets
from typing import NamedTuple

import orjson

from frontdesk.base.streams import Fields
from frontdesk.config.models.cache import Cache
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.background import behind
from frontdesk.gateway.pipeline.stages.cache_key import (
    full_key_of,
    knows_caller,
    scope_of,
    unconditional,
)
from frontdesk.gateway.pipeline.stages.cache_parts import CacheParts, landing
from frontdesk.gateway.pipeline.stages.cached_answers import kept_fields
from frontdesk.ports.cache import Entry, Flight
from frontdesk.rules.http import caching
from frontdesk.rules.http.caching import Directives, Headers, Keeping, by_name, directives

_NOTHING: Directives = {}


class Search(NamedTuple):
    """What looking for an answer came to.

    primary: the key of the URI. key: that of the answer; another one where answers vary. entry: what was
    there, not to be given as it is. why: `fwd` of Cache-Status.
    """

    primary: str
    key: str
    entry: Entry | None
    why: str


class StandardCache:
    """The cache of one route in mode rfc9111."""

    def __init__(self, build: RouteBuild, settings: Cache) -> None:
        self.parts = parts = CacheParts(build)
        self.identified = settings.tells_callers_apart
        self.most = min(settings.max_entry, parts.cache.max_entry)
        self._key = full_key_of(scope_of(build), settings)
        self._knows_caller = knows_caller(build, settings)
        self._heeds_clients = settings.client_control
        self.detail = "as the backend says"

    def look_up(self, ex: Exchange) -> Reply | Parked | None:
        """See ResponseCache."""
        parts, control = self.parts, self._control(ex.headers)
        why = _passes(ex, control) or ("" if self._knows_caller(ex) else "bypass")
        if why:
            parts.bypass(ex, why)
            return None
        found = self._search(ex)
        entry = found.entry
        if entry is not None:
            if caching.fresh_enough(control, entry.stored, entry.fresh, ex.time):
                parts.hits.value += 1
                return parts.answers.hit(ex, entry)
            stale = self._stale(ex, control, found, entry)
            if stale is not None:
                return stale
        if "only-if-cached" in control:
            return refusal(504, "cache:only_if_cached")
        return self._miss(ex, found)

    def _search(self, ex: Exchange) -> Search:
        get, now = self.parts.cache.get, ex.time
        primary = key = self._key(ex)
        entry, why = get(key, now), "uri-miss"
        if entry is not None and entry.vary:
            key, why = variant_key(primary, entry, ex.headers), "vary-miss"
            entry = get(key, now)
        if entry is not None:
            why = "stale" if entry.fresh <= now else "request"
        return Search(primary, key, entry, why)

    def discard(self, ex: Exchange) -> None:
        """Forget the answer to a GET of this request's URI: something has changed there."""
        self.parts.cache.discard(self._key(ex))

    def _control(self, headers: Headers) -> Directives:
        if not self._heeds_clients:
            return _NOTHING
        if b"cache-control" in headers:
            return directives(headers[b"cache-control"])
        # Pragma counts where there is nothing newer (RFC 9111 §5.4).
        return {"no-cache": ""} if headers.get(b"pragma", b"").lower() == b"no-cache" else _NOTHING

    def _stale(
        self, ex: Exchange, control: Directives, found: Search, entry: Entry
    ) -> Reply | None:
        """Answer by a stale answer, where both sides allow it; it may be fetched anew meanwhile."""
        parts, answer = self.parts, _control_of(entry)
        age = ex.time - entry.fresh
        if age < 0 or "no-cache" in control or "max-age" in control:
            return None
        meanwhile = age < caching.stale_for(answer, "stale-while-revalidate")
        if not meanwhile and not caching.may_be_stale(control, answer, age):
            return None
        parts.stale.value += 1
        reply = parts.answers.give(ex, entry, ex.headers, ex.time, "hit")
        flight = parts.cache.join(found.key, ex.time, None) if meanwhile else None
        if flight is not None:
            again = behind(ex, parts.wheel)
            self._fetch(again, flight, found)
            run.resume(again, None)
        return reply

    def _miss(self, ex: Exchange, found: Search) -> Parked | None:
        """Fetch the answer, or wait for whoever does."""
        cache = self.parts.cache
        if ex.method == "HEAD" or b"range" in ex.headers:  # what comes is not the whole answer
            self.parts.bypass(ex, "method" if ex.method == "HEAD" else "bypass")
            return None

        def landed(answer: Entry | Flight) -> None:
            if not isinstance(answer, Entry):
                if ex.answered:
                    answer.abandon()
                else:
                    self._fetch(ex, answer, found)
                    run.resume(ex, None)
            elif answer.vary:  # how it varies is known now
                reply = self.look_up(ex)
                if not isinstance(reply, Parked):
                    run.resume(ex, reply)
            else:
                self.parts.collapsed.value += 1
                detail = f"fwd={found.why}; collapsed"
                reply = self.parts.answers.give(ex, answer, ex.headers, ex.time, detail)
                run.resume(ex, reply)

        if found.why == "request":
            flight: Flight | None = cache.lead(found.key)
        else:
            flight = cache.join(found.key, ex.time, landed)
        if flight is None:
            self.parts.wait(ex, found.key, landed)
            return PARKED
        self._fetch(ex, flight, found)
        return None

    def _fetch(self, ex: Exchange, flight: Flight, found: Search) -> None:
        """Have an exchange bring an answer, or the word that the stale one is still good."""
        self.parts.misses.value += 1
        entry = found.entry
        ex.fetch = _StandardFetch(self, flight, found, ex.headers)
        unconditional(ex, caching.questions(by_name(entry.fields)) if entry is not None else [])


def _passes(ex: Exchange, control: Directives) -> str:
    """Say why a request passes the cache by, or ""."""
    if ex.method not in ("GET", "HEAD"):
        return "method"
    has_body = ex.body or ex.source is not None
    return "bypass" if ex.upgrade or has_body or "no-store" in control else ""


def variant_key(primary: str, marker: Entry, headers: Headers) -> str:
    """Return where the answer for a request is that was chosen by its fields.

    It has the name of the marker, its body: when that one is dropped, its answers are not found any more.
    """
    chosen = orjson.dumps(caching.variant(marker.vary, headers)).decode()
    return f"{primary}\0{marker.body.decode()}\0{chosen}"


def _control_of(entry: Entry) -> Directives:
    return directives(by_name(entry.fields).get(b"cache-control", b""))


class _StandardFetch:
    """The fetch of an answer for a StandardCache. See exchange.Fetch. asked: the client's own fields."""

    __slots__ = ("_asked", "_cache", "_entry", "_flight", "_key", "_primary", "_since", "_why")

    def __init__(self, cache: StandardCache, flight: Flight, found: Search, asked: Headers) -> None:
        self._cache = cache
        self._flight = flight
        self._primary, self._key, self._entry, self._why = found
        self._asked = asked
        self._since = cache.parts.time()

    def answered(self, ex: Exchange, reply: Reply) -> Reply:
        """Keep the answer, or take the word that the stale one is good, or has to do."""
        parts, entry = self._cache.parts, self._entry
        now = parts.time()
        failed = reply.made == "gateway" or reply.status in caching.FAILURES
        if failed and entry is not None and self._may_stand_in(entry, now):
            parts.stale.value += 1
            reply.discard()
            self._flight.land(entry)
            detail = self._told(reply)
            return parts.answers.give(ex, entry, self._asked, now, detail)
        if failed:
            self._flight.abandon()
            if reply.made == "integration":
                reply.fields.append(parts.answers.status(self._told(reply)))
            return reply
        if reply.status == 304 and entry is not None:
            return self._confirmed(ex, reply, entry, now)
        told = self._told(reply)
        if self._keep(reply, now):
            told += "; stored"
        else:
            parts.cache.discard(self._key)
            self._flight.decline(now)
        reply.fields.append(parts.answers.status(told))
        return reply

    def over(self) -> None:
        """See exchange.Fetch."""
        self._flight.abandon()

    def _told(self, reply: Reply) -> str:
        return f"fwd={self._why}; fwd-status={reply.status}"

    def _may_stand_in(self, entry: Entry, now: float) -> bool:
        return now - entry.fresh < caching.stale_for(_control_of(entry), "stale-if-error")

    def _keeping(self, status: int, fields: Fields, now: float) -> Keeping | None:
        return caching.kept(
            self._asked,
            status,
            by_name(fields),
            asked=self._since,
            received=now,
            identified=self._cache.identified,
        )

    def _confirmed(self, ex: Exchange, reply: Reply, entry: Entry, now: float) -> Reply:
        """Go on with the stale answer: it is still good."""
        parts = self._cache.parts
        fields = kept_fields(caching.updated(entry.fields, reply.fields), None)
        keeping = self._keeping(entry.status, fields, now)
        if keeping is None:
            renewed = Entry(entry.status, fields, entry.body, now, now, now)
            parts.cache.discard(self._key)
            self._flight.decline(now)
        else:
            renewed = _entry(entry.status, fields, entry.body, keeping)
            self._flight.land(renewed)
        return parts.answers.give(ex, renewed, self._asked, now, self._told(reply))

    def _keep(self, reply: Reply, now: float) -> bool:
        fields = kept_fields(reply.fields, None)
        keeping = self._keeping(reply.status, fields, now)
        if keeping is None:
            return False
        status, flight = reply.status, self._flight
        if keeping.vary:
            flight = _Varied(self, keeping)

        def entry(body: bytes) -> Entry:
            return _entry(status, fields, body, keeping)

        return landing(reply, self._cache.most, flight, entry, now)

    def land_variant(self, entry: Entry, keeping: Keeping) -> None:
        """Keep an answer that varies, where requests like this one find it."""
        cache = self._cache.parts.cache
        known = cache.get(self._primary, keeping.stored)
        if known is not None and known.vary == keeping.vary and self._key != self._primary:
            self._flight.land(entry)
            return
        name = secrets.token_hex(8).encode()
        marker = Entry(0, [], name, keeping.stored, keeping.expires, keeping.expires, keeping.vary)
        if self._key != self._primary:  # it varies in another way than before
            cache.discard(self._primary)
            cache.lead(variant_key(self._primary, marker, self._asked)).land(entry)
            cache.lead(self._primary).land(marker)
            self._flight.land(entry)
        else:
            cache.lead(variant_key(self._primary, marker, self._asked)).land(entry)
            self._flight.land(marker)

    @property
    def flight(self) -> Flight:
        """That of the key at which the answer was looked for."""
        return self._flight


class _Varied:
    """The flight of an answer that turns out to vary. See ports.cache.Flight."""

    __slots__ = ("_fetch", "_keeping")

    def __init__(self, fetch: _StandardFetch, keeping: Keeping) -> None:
        self._fetch = fetch
        self._keeping = keeping

    def land(self, entry: Entry) -> None:
        self._fetch.land_variant(entry, self._keeping)

    def decline(self, now: float) -> None:
        self._fetch.flight.decline(now)

    def abandon(self) -> None:
        self._fetch.flight.abandon()


def _entry(status: int, fields: Fields, body: bytes, keeping: Keeping) -> Entry:
    return Entry(status, fields, body, keeping.stored, keeping.fresh, keeping.expires)

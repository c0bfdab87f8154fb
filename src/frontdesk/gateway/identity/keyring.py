"""Owns the key sets of all token issuers: fetched in the background, shared by authorizers, handed on at reloads.

The shell of `rules.auth.jwks`: it brings the clock, the network and the waiting. Knows no tokens.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.gateway.identity.fetch import Fetched
from frontdesk.rules.auth import jwks
from frontdesk.rules.auth.jwks import KeySetState, Refresh
from frontdesk.rules.auth.keys import Key

Fetch = Callable[[str, float, bool], Awaitable[Fetched]]
"""(url, seconds, public only) → the answer; raises UpstreamError. See `fetch.fetch`."""

WAIT: Final = 0.5
"""Seconds a request with an unknown key waits for the running fetch."""

MAX_WAITING: Final = 1000
"""Requests of one issuer that may wait at a time; more are refused at once."""

_log = logging.getLogger("frontdesk.identity")
_jitter = random.SystemRandom().random


def _unheard(_result: str) -> None:
    """Where nobody counts fetches."""


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """What makes two authorizers share a key set."""

    issuer: str
    jwks_uri: str
    allow_http: bool
    timeout: float
    refresh: Refresh

    @classmethod
    def of(cls, authorizer: JwtAuthorizer) -> "IssuerSettings":
        """Take the settings out of an authorizer's configuration."""
        refresh = authorizer.refresh
        return cls(
            authorizer.issuer,
            authorizer.jwks_uri or "",
            authorizer.allow_http,
            refresh.timeout,
            Refresh(refresh.min_interval, refresh.max_age, refresh.stale_if_error),
        )


class KeySet:
    """The keys of one issuer, as they are at this moment."""

    def __init__(self, settings: IssuerSettings, ring: "KeyRing") -> None:
        self.settings = settings
        self.generation = 0
        """Changes when a token that was verified before could now be refused."""
        self._fetch_document = ring.fetch
        self._monotonic = ring.clock.monotonic
        self._jitter = ring.jitter
        self._on_fetched = ring.on_fetched
        self._state = KeySetState()
        self._waiting: list[Callable[[], None]] = []
        self._due = ring.wheel.timer(self.refresh)
        self._patience: Timer = ring.wheel.timer(self._release)
        self._task: asyncio.Task[None] | None = None  # the loop itself keeps only a weak reference

    @property
    def ready(self) -> bool:
        """Whether there are keys. Before the first success tokens cannot be judged at all."""
        return self._state.keys is not None

    def find(self, kid: str | None, alg: str) -> list[Key]:
        """List the keys that may have signed a token with this header, at most three."""
        keys = self._state.keys
        return keys.find(kid, alg) if keys is not None else []

    def knows(self, kid: str | None) -> bool:
        """Whether fetching again would not help: the key id is published, or there is none."""
        return kid is None or (self._state.keys is not None and kid in self._state.keys)

    def wait_for_keys(self, callback: Callable[[], None]) -> bool:
        """Wait for the first keys, or, because of an unknown key id, for newer ones.

        Returns False when neither would help now. Else `callback` is called once, when the fetch is over;
        before that after the time that a fetch is given, or for newer keys after half a second.
        """
        if not self.ready:
            return self._state.failures == 0 and self._wait(callback, self.settings.timeout)
        now = self._monotonic()
        if not self._state.fetching:
            if not jwks.may_fetch_for_unknown_key(self._state, self.settings.refresh, now):
                return False
            self.refresh()
        return self._wait(callback, WAIT)

    def _wait(self, callback: Callable[[], None], seconds: float) -> bool:
        """Call back when the fetch is over. seconds: until nobody waits longer, from the first one on."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        if not self._waiting:
            self._patience.at(self._monotonic() + seconds)
        self._waiting.append(callback)
        return True

    def refresh(self) -> None:
        """Begin a fetch unless one runs."""
        if self._state.fetching:
            return
        self._state = jwks.begin(self._state, self._monotonic())
        self._task = asyncio.get_running_loop().create_task(self._fetch())

    def stop(self) -> None:
        """Fetch no more; requests that wait go on."""
        self._due.stop()
        if self._task is not None:
            self._task.cancel()
        self._release()

    async def _fetch(self) -> None:
        before, rules = self._state, self.settings.refresh
        problem = ""
        try:
            answer = await self._documents()
            said = answer.headers.get("cache-control", "")
            self._state = jwks.loaded(before, rules, self._monotonic(), answer.body, said)
        except (UpstreamError, ValueError) as error:
            problem = str(error)
        except Exception:  # noqa: BLE001 - the set must not stay "fetching" for ever
            problem = "internal"
            _log.exception("fetching keys failed", extra={"issuer": self.settings.issuer})
        if problem:
            self._state = jwks.failed(before, rules, self._monotonic(), self._jitter())
        self.generation = self._state.generation
        self._report(before, problem)
        self._on_fetched("error" if problem else "ok")
        self._due.at(self._state.due)
        self._release()

    async def _documents(self) -> Fetched:
        settings = self.settings
        url = settings.jwks_uri
        chosen_by_operator = bool(url)
        if not url:
            answer = await self._get(jwks.discovery_url(settings.issuer), public=False)
            url = jwks.read_discovery(answer.body, settings.issuer, allow_http=settings.allow_http)
            chosen_by_operator = urlsplit(url).hostname == urlsplit(settings.issuer).hostname
        return await self._get(url, public=not chosen_by_operator)

    async def _get(self, url: str, *, public: bool) -> Fetched:
        jwks.check_url(url, allow_http=self.settings.allow_http)
        answer = await self._fetch_document(url, self.settings.timeout, public)
        if answer.status != 200:
            raise UpstreamError("protocol", f"status {answer.status}: {url}")
        return answer

    def _report(self, before: KeySetState, problem: str) -> None:
        """Log changes only: keys came, changed, could not be fetched any more, were given up."""
        now, facts = self._state, {"issuer": self.settings.issuer}
        if before.keys is not None and now.keys is None:
            _log.error("keys given up, too old: %s", problem, extra=facts)
        elif problem and before.failures == 0:
            _log.warning("keys cannot be fetched: %s", problem, extra=facts)
        elif not problem and (before.failures or now.generation != before.generation):
            _log.info("%d keys fetched", len(now.keys or ()), extra=facts)

    def _release(self) -> None:
        self._patience.stop()
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()


class KeyRing:
    """The key sets of the issuers of one plan. Made in any thread; started on the loop."""

    def __init__(
        self,
        clock: Clock,
        wheel: Wheel,
        fetch: Fetch,
        jitter: Callable[[], float] = _jitter,
        on_fetched: Callable[[str], None] = _unheard,
    ) -> None:
        """jitter: gives 0 to 1, so that many doors do not ask an issuer at the same instant.

        on_fetched: told `ok` or `error` after each fetch.
        """
        self.clock = clock
        self.wheel = wheel
        self.fetch = fetch
        self.jitter = jitter
        self.on_fetched = on_fetched
        self._sets: dict[IssuerSettings, KeySet] = {}
        self._former: Mapping[IssuerSettings, KeySet] = {}

    def successor(self) -> "KeyRing":
        """Begin the key ring of the next plan, which goes on with the key sets of this one."""
        ring = KeyRing(self.clock, self.wheel, self.fetch, self.jitter, self.on_fetched)
        ring._former = self._sets
        return ring

    def key_set(self, authorizer: JwtAuthorizer) -> KeySet:
        """Return the key set of an authorizer's issuer: the same one for the same settings."""
        settings = IssuerSettings.of(authorizer)
        found = self._sets.get(settings)
        if found is None:
            found = self._former.get(settings) or KeySet(settings, self)
            self._sets[settings] = found
        return found

    def missing(self) -> Iterator[str]:
        """Name the issuers whose tokens cannot be judged, for want of keys."""
        for settings, key_set in self._sets.items():
            if not key_set.ready:
                yield settings.issuer

    def start(self) -> None:
        """Fetch what is new in the background, stop what only the former ring had. Waits for nothing."""
        former, self._former = self._former, {}
        for settings in self._sets.keys() - former.keys():
            self._sets[settings].refresh()
        for settings in former.keys() - self._sets.keys():
            former[settings].stop()

    def stop(self) -> None:
        """Stop fetching."""
        for key_set in self._sets.values():
            key_set.stop()

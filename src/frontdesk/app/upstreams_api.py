"""Owns the operator's requests about upstreams and their breakers, on the admin listener.

    GET  /api/upstreams               how each is, in every worker, with its latency and what came of its attempts
    GET  /api/upstreams/NAME          one of them
    POST /api/upstreams/NAME/trip     refuse all its requests, until it is reset
    POST /api/upstreams/NAME/disable  let all its requests pass, whatever comes of them, until it is reset
    POST /api/upstreams/NAME/reset    close the breaker, and leave it to itself again

A NAME is one of the file, or the origin of a route's own URL, percent-encoded. What an operator says holds in all
workers and over reloads, until the gateway ends. Answers 200; 404 for an upstream that nothing uses, 422 for one
without a breaker.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import unquote

from frontdesk.app.actions import NotFoundError, json_reply, refused
from frontdesk.base.errors import FrontdeskError
from frontdesk.base.metrics import ATTEMPTS, CLIENT_DURATION, SECONDS
from frontdesk.base.telemetry import Sample
from frontdesk.client.looks import Look
from frontdesk.config.validation import among
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.metric_history import quantile_of
from frontdesk.rules.resilience.breaker import Order

_PATH: Final = "/api/upstreams"
_ORDERS: Final[Mapping[str, Order]] = {
    "trip": "isolated",
    "disable": "disabled",
    "reset": "closed",
}
_SHARES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Samples = Callable[[], Iterable[Sample] | Awaitable[Iterable[Sample]]]


class Backends(Protocol):
    """The backends of all processes that serve."""

    async def upstreams(self) -> Mapping[int, Sequence[Look]]:
        """Tell how they are, by number of the worker; 0 where there are none."""
        ...

    async def order_breakers(self, name: str, to: Order) -> int:
        """Do what an operator says of the breakers of a name; return how many there are."""
        ...


class UpstreamsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, backends: Backends, samples: Samples) -> None:
        """samples: gives all numbers of all processes."""
        self._backends = backends
        self._samples = samples

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _PATH or ex.path.startswith(f"{_PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        name, _, action = ex.path.removeprefix(_PATH).removeprefix("/").partition("/")
        if (action and action not in _ORDERS) or ex.path == f"{_PATH}/":
            return refusal(404, "route")
        method = "POST" if action else "GET"
        if ex.method != method:
            return refusal(405, "method", (b"allow", method.encode()))
        return self._answer(unquote(name), action)

    async def _answer(self, name: str, action: str) -> Reply:
        try:
            if action:
                await self._order(name, _ORDERS[action])
            told = await self._tell()
            return json_reply(200, _one(told, name) if name else {"upstreams": told})
        except FrontdeskError as error:
            return refused(error)

    async def _order(self, name: str, to: Order) -> None:
        looks = [look for some in (await self._backends.upstreams()).values() for look in some]
        found = [look for look in looks if look.name == name]
        if not found:
            raise _unknown(name, {look.name for look in looks})
        if not any(look.breaker for look in found):
            raise FrontdeskError(
                f"this upstream has no breaker: {name}", hint="say `breaker` of it in the file"
            )
        await self._backends.order_breakers(name, to)

    async def _tell(self) -> list[dict[str, Any]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for worker, looks in (await self._backends.upstreams()).items():
            for look in looks:
                found.setdefault(look.name, []).append(_told(worker, look))
        given = self._samples()
        numbers = _numbers(await given if isinstance(given, Awaitable) else given)
        return [
            {"name": name, "workers": found[name], **numbers.get(name, _NO_NUMBERS)}
            for name in sorted(found)
        ]


_NO_NUMBERS: Final[Mapping[str, Any]] = {"latency": dict.fromkeys(_SHARES), "attempts": {}}


def _numbers(samples: Iterable[Sample]) -> dict[str, dict[str, Any]]:
    """Read latency in seconds and outcomes of attempts since the start, by upstream."""
    buckets: dict[str, list[float]] = {}
    attempts: dict[str, Counter[str]] = {}
    for metric, labels, value in samples:
        if metric == ATTEMPTS.name:
            name, outcome = labels
            attempts.setdefault(name, Counter())[outcome] += int(_single(value))
        elif metric == CLIENT_DURATION.name and isinstance(value, list):
            *counts, _seconds = value
            sums = buckets.get(labels[0], [0.0] * len(counts))
            buckets[labels[0]] = [one + other for one, other in zip(sums, counts, strict=True)]
    return {
        name: {
            "latency": {
                key: quantile_of(buckets.get(name, ()), SECONDS, share)
                for key, share in _SHARES.items()
            },
            "attempts": dict(attempts.get(name, ())),
        }
        for name in buckets.keys() | attempts.keys()
    }


def _single(value: float | list[float]) -> float:
    assert not isinstance(value, list)
    return value


def _told(worker: int, look: Look) -> dict[str, Any]:
    told = look._asdict()
    del told["name"]
    targets = [target._asdict() for target in look.targets]
    return {**told, "worker": worker, "targets": targets}


def _one(told: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    every = {each["name"]: each for each in told}
    if name not in every:
        raise _unknown(name, every)
    return every[name]


def _unknown(name: str, names: Iterable[str]) -> NotFoundError:
    return NotFoundError(f"nothing uses such an upstream: {name}", hint=among(name, names))

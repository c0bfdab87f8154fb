"""Finds retries that do harm or nothing, and other policies of upstreams that can never act."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.check.routes import operations, routes
from frontdesk.config.load import Loaded
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.resilience import Retry
from frontdesk.config.tree import Path

_NOT_IDEMPOTENT = ("PATCH", "POST")
_OF_SEVERAL = ("health",)  # keys of an upstream that choose among its targets


def retry_without_key(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Retries of requests that must not be carried out twice, and that take no key."""
    for path, _, key, operation in operations(loaded):
        at, retry = _retry(loaded, path, operation)
        if retry is None or retry.attempts == 1 or operation.idempotency is not None:
            continue
        method = key.partition(" ")[0]
        if method in _NOT_IDEMPOTENT:
            harm = "may be carried out twice" if retry.retry_non_idempotent else "is rarely retried"
            yield loaded.tree.position(at, of_key=True), f"{key} {harm}"
        elif retry.retry_non_idempotent and method in ("ANY", "$default"):
            where = loaded.tree.position(at, of_key=True)
            yield where, f"a POST to {key} may be carried out twice"


def _retry(loaded: Loaded, path: Path, operation: Operation) -> tuple[Path, Retry | None]:
    """Find the retries of a route or method, and where they are said."""
    http = operation.http if isinstance(operation, Route) else None
    if http is not None and ("retry" in http.model_fields_set or http.upstream is None):
        return (*path, "http", "retry"), http.retry
    name = operation.upstream
    if name is None:
        return path, None
    return ("upstreams", name, "retry"), loaded.config.upstreams[name].retry


def keys_apart(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Idempotency keys that each of several workers keeps for itself."""
    config = loaded.config
    if config.store.kind == "memory" and config.workers > 1:
        for _, _, key, operation in operations(loaded):
            if operation.idempotency is not None:
                where = loaded.tree.position(("store",))
                yield where, f"{config.workers} workers do not know each other's keys of {key}"


def never_acting(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Written policies that no request can set off."""
    for path, because in (*_of_upstreams(loaded), *_of_routes(loaded)):
        if loaded.tree.node_at(path):
            yield loaded.tree.position(path, of_key=True), because


def _of_upstreams(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    for name, upstream in loaded.config.upstreams.items():
        path, breaker = ("upstreams", name), upstream.breaker
        if len(upstream.urls) == 1:
            for key in _OF_SEVERAL:
                yield (*path, key), "there is no other target to choose"
        if upstream.retry is not None:
            yield from _of_retry((*path, "retry"), upstream.retry, upstream.timeout.total)
        if breaker is None:
            continue
        if (breaker.window_calls or breaker.min_calls) < breaker.min_calls:
            few = f"{breaker.window_calls} requests never are the min_calls of {breaker.min_calls}"
            yield (*path, "breaker", "window_calls"), few
        if breaker.slow_call > upstream.timeout.total:
            yield (*path, "breaker", "slow_call"), "the total of its timeouts ends a request before"


def _of_routes(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    for path, _, route in routes(loaded):
        if route.http is not None and route.http.retry is not None:
            yield from _of_retry((*path, "http", "retry"), route.http.retry, route.timeout)


def _of_retry(path: Path, retry: Retry, timeout: float) -> Iterator[tuple[Path, str]]:
    if retry.attempts == 1:
        yield (*path, "attempts"), "one attempt is no retry"
    elif retry.jitter == "none" and min(retry.base, retry.max) >= timeout:
        yield (*path, "base"), "nobody waits so long for the second attempt"

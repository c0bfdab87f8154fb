"""Finds timeouts that come too late: another limit ends the same wait before."""

from collections.abc import Iterator

from frontdesk.base.durations import write_duration
from frontdesk.base.errors import Position
from frontdesk.config.check.routes import is_mock, operations
from frontdesk.config.check.webhooks import functions_waited_for
from frontdesk.config.load import Loaded
from frontdesk.config.models.authorizer import ANSWER_TIME, FunctionAuthorizer
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.remote_function import RemoteFunction
from frontdesk.config.tree import Path


def function_outlives_gateway(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Functions that may run as long as, or longer than, a route waits for them.

    A route that streams waits for the first part only.
    """
    for _, _, key, operation in operations(loaded):
        for function in _waited_for(loaded, operation):
            for place, timeout in function_timeouts(loaded, function):
                if timeout >= operation.timeout:
                    may, waits = write_duration(timeout), write_duration(operation.timeout)
                    where = loaded.tree.position(place)
                    yield where, f"the function may take {may}, but {key} waits only {waits}"


def _waited_for(loaded: Loaded, operation: Operation) -> Iterator[str]:
    if isinstance(operation, Route):
        if operation.webhook is not None:
            yield from functions_waited_for(loaded, operation.webhook)
        if operation.invoke_mode == "response_stream":
            return
    if operation.called is not None:
        yield operation.called


def function_timeouts(loaded: Loaded, written: str) -> Iterator[tuple[Path, float]]:
    """Yield place and timeout of each version that calls of a function, or name:alias, may reach."""
    name, _, qualifier = written.partition(":")
    function = loaded.config.functions[name]
    if isinstance(function, RemoteFunction):
        if "timeout" in function.model_fields_set:
            yield ("functions", name, "timeout"), function.timeout
        return
    for number in function.versions_behind(qualifier):
        version = function.versions.get(number)
        own = version is not None and "timeout" in version.model_fields_set
        place: Path = ("functions", name, "versions", number) if own else ("functions", name)
        yield (*place, "timeout"), function.version(number).timeout


def never_acting(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Written timeouts beyond another limit, or where nothing is waited for.

    An upstream's `read` always may act: it bounds silence within an answer that has begun, too.
    """
    tree = loaded.tree
    for path, _, _, operation in operations(loaded):
        is_static = isinstance(operation, Route) and operation.static is not None
        if (is_static or is_mock(operation)) and tree.node_at((*path, "timeout")):
            where = tree.position((*path, "timeout"), of_key=True)
            yield where, "a route that is answered at the door waits for nothing"
    for path, seconds, bound, other in (*_of_upstreams(loaded), *_of_authorizers(loaded)):
        if tree.node_at(path) and seconds > bound:
            late = write_duration(seconds)
            yield tree.position(path), f"{late} is beyond {other}, {write_duration(bound)}"


_Bounded = Iterator[tuple[Path, float, float, str]]
"""A timeout's place and seconds, then the seconds and the name of what ends the same wait."""


def _of_upstreams(loaded: Loaded) -> _Bounded:
    upstreams = loaded.config.upstreams
    longest: dict[str, float] = {}
    for path, _, _, operation in operations(loaded):
        name = operation.upstream
        if name is not None:
            longest[name] = max(operation.timeout, longest.get(name, 0.0))
            total = upstreams[name].timeout.total
            yield (*path, "timeout"), operation.timeout, total, f"the total of {name}"
    for name, upstream in upstreams.items():
        limits, path = upstream.timeout, ("upstreams", name, "timeout")
        of_routes = longest.get(name, limits.total), "the longest timeout of its routes"
        yield (*path, "connect"), limits.connect, *min((limits.total, "total"), of_routes)
        yield (*path, "total"), limits.total, *of_routes


def _of_authorizers(loaded: Loaded) -> _Bounded:
    config = loaded.config
    for name, authorizer in config.authorizers.items():
        if isinstance(authorizer, FunctionAuthorizer):
            for path, timeout in function_timeouts(loaded, authorizer.function):
                yield path, timeout, ANSWER_TIME, f"what the authorizer {name} waits"

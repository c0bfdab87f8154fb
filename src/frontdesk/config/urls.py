"""Owns what the URLs of routes must be, whatever the stage: a fixed host, variables that the route has."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from frontdesk.base.errors import Finding
from frontdesk.client.target import parse_target
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.root import Config
from frontdesk.config.models.websocket_api import SocketRoute
from frontdesk.config.transformed import integration_of
from frontdesk.config.tree import Tree
from frontdesk.config.validation import did_you_mean, shown
from frontdesk.rules.lang.urls import VARIABLE, Url, split_upstream, split_url


def unusable_urls(config: Config, tree: Tree) -> Iterator[Finding]:
    """Find URLs, and paths at upstreams, to which no request could be sent: the first fault of each."""
    for api_name, api in config.apis.items():
        for below, key, operation in api.operations():
            destination = _destination(operation)
            if destination is None:
                continue
            for name, stage in api.stages.items():
                problem, hint = _problem(destination, key, stage.variables, config)
                if problem:
                    if "${stage." in (destination.url or destination.path or ""):
                        hint = f"see the variables of stage {name}"
                    where = ("apis", api_name, *below, *destination.at)
                    at = tree.position(where)
                    text = tree.value_at(tree.known(where))  # as it is in the file
                    yield Finding("error", "url", at, problem, shown(text), hint=hint)
                    break


class _Destination(NamedTuple):
    """Where an operation sends requests. at: where it says so. mapped: variables that the key has not."""

    url: str | None
    upstream: str | None
    path: str | None
    at: tuple[str, str]
    mapped: Sequence[str] = ()


def _destination(operation: Operation) -> _Destination | None:
    if isinstance(operation, Route | SocketRoute) and operation.http is not None:
        http = operation.http
        at = ("http", "url" if http.url else "path")
        return _Destination(http.url, http.upstream, http.path, at)
    given = integration_of(operation)
    if given is not None:
        if given.uri is None and given.upstream is None:
            return None
        mapped = [target.removeprefix(_MAPPED) for target in given.request_parameters]
        at = ("integration", "uri" if given.uri else "path")
        return _Destination(given.uri, given.upstream, given.path, at, mapped)
    return None


_MAPPED: Final = "integration.request.path."


def _problem(
    destination: _Destination, key: str, variables: Mapping[str, str], config: Config
) -> tuple[str, str]:
    """Say what is wrong, and a hint; "" for nothing."""
    if destination.upstream is not None and destination.upstream not in config.upstreams:
        return "", ""  # told as an unknown name
    try:
        url = _split(destination, variables, config)
        _check_origin(url.origin)
    except ValueError as error:
        return str(error), ""
    asked = url.variables
    known = [*VARIABLE.findall(key), *destination.mapped] if asked else []
    for name in asked:
        if name not in known:
            expected = f"expected a variable of the route in place of {{{name}}}"
            return expected, did_you_mean(name, known)
    return "", ""


@lru_cache(256)  # many routes share few origins
def _check_origin(origin: str) -> None:
    parse_target(origin)


def _split(destination: _Destination, variables: Mapping[str, str], config: Config) -> Url:
    if destination.url is not None:
        return split_url(destination.url, variables)
    upstream = config.upstreams[destination.upstream or ""]
    return split_upstream(upstream.urls[0], destination.path, variables)

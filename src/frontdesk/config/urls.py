"""Owns what the URLs of routes must be, whatever the stage: a fixed host, variables that the route has."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from frontdesk.base.errors import Finding
from frontdesk.client.target import parse_target
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.integration import HttpIntegration
from frontdesk.config.models.root import Config
from frontdesk.config.tree import Tree
from frontdesk.config.validation import did_you_mean, shown
from frontdesk.rules.lang.urls import VARIABLE, Url, split_upstream, split_url


def unusable_urls(config: Config, tree: Tree) -> Iterator[Finding]:
    """Find URLs, and paths at upstreams, to which no request could be sent: the first fault of each."""
    for api_name, api in config.apis.items():
        for below, key, route in api.operations():
            if not isinstance(route, Route) or route.http is None:
                continue
            where = ("apis", api_name, *below, "http", "url" if route.http.url else "path")
            written = route.http.url or route.http.path or ""
            for name, stage in api.stages.items():
                problem, hint = _problem(route.http, key, stage.variables, config)
                if problem:
                    if "${stage." in written:
                        hint = f"see the variables of stage {name}"
                    at = tree.position(where)
                    text = tree.value_at(tree.known(where))  # as it is in the file
                    yield Finding("error", "url", at, problem, shown(text), hint=hint)
                    break


def _problem(
    http: HttpIntegration, key: str, variables: Mapping[str, str], config: Config
) -> tuple[str, str]:
    """Say what is wrong, and a hint; "" for nothing."""
    if http.upstream is not None and http.upstream not in config.upstreams:
        return "", ""  # told as an unknown name
    try:
        url = _split(http, variables, config)
        _check_origin(url.origin)
    except ValueError as error:
        return str(error), ""
    known = VARIABLE.findall(key)
    for name in url.variables:
        if name not in known:
            return f"expected a variable of the route in place of {{{name}}}", did_you_mean(
                name, known
            )
    return "", ""


@lru_cache(256)  # many routes share few origins
def _check_origin(origin: str) -> None:
    parse_target(origin)


def _split(http: HttpIntegration, variables: Mapping[str, str], config: Config) -> Url:
    if http.url is not None:
        return split_url(http.url, variables)
    upstream = config.upstreams[http.upstream or ""]
    return split_upstream(upstream.urls[0], http.path, variables)

"""Owns hiding tokens of tasks from the log, of routes that read them from the request line."""

from collections.abc import Callable
from typing import Final

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.lang.selectors import Selector, parse

Log = Callable[[Exchange], None]

_IN_REQUEST_LINE: Final = ("request.path", "request.querystring")


def veiled(build: RouteBuild, log: Log) -> Log:
    """Wrap the log of a route whose request line has a token: it gets the route's own path, and no query."""
    route = build.route
    if route is None or route.task_token is None:
        return log
    (selector,) = parse(route.task_token)
    if not isinstance(selector, Selector) or selector.source not in _IN_REQUEST_LINE:
        return log
    path = build.key.partition(" ")[2] or build.key

    def record(ex: Exchange) -> None:
        ex.path = ex.path.removesuffix(ex.stage_path) + path
        ex.raw_path = ex.stage_path = path
        ex.query = ""
        log(ex)

    return record

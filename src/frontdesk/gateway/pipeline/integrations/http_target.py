"""Owns where an HTTP integration sends a request: the URL of a route compiled to a function.

What a client says reaches the target only as it was matched: a segment of the normalised path stays
one segment, a value in the query is encoded. Source: AWS, "HTTP proxy integrations for HTTP APIs".
"""

from collections.abc import Callable, Mapping
from functools import cache
from urllib.parse import quote

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.lang.urls import VARIABLE, Url

Text = Callable[[Exchange], str]


PathVariables = tuple[tuple[int, str], ...]
"""Place in the path split at slashes, and name, of each variable of a route key; see `path_variables`."""


def path_variables(route_key: str) -> PathVariables:
    """Find the variables of a route key. A greedy one keeps its `+`; `$default` has one without a name."""
    if route_key == "$default":
        return ((1, "+"),)
    segments = enumerate(route_key.partition(" ")[2].split("/"))
    return tuple([(at, segment[1:-1]) for at, segment in segments if segment.startswith("{")])


def takes_rest(variables: PathVariables) -> bool:
    """Whether the last variable takes the rest of the path, however long."""
    return bool(variables) and variables[-1][1].endswith("+")


def compile_target(url: Url, variables: PathVariables, *, append: bool) -> Text:
    """Return the function that makes the request target, path and query.

    variables: of the route's key. append: a path without variables gets the whole path of the request behind it.
    """
    in_query = {name: _value(name) for name in url.variables}
    return fill_target(url, _segments(variables), in_query, append=append)


def fill_target(
    url: Url, in_path: Mapping[str, Text], in_query: Mapping[str, Text], *, append: bool
) -> Text:
    """Return the function that makes the request target of a URL whose variables have values of their own.

    in_path, in_query: the value of each variable, fit to stand there. append: see `compile_target`.
    """
    base, query = url.base, url.query
    if append and not url.variables:
        prefix = base + url.path.rstrip("/")
        path = _appended(prefix)
    else:
        path = _template(base + (url.path or "/"), in_path)
    fixed = _template(query, in_query) if query else None

    def target(ex: Exchange) -> str:
        where = base + ex.forward_path if ex.forward_path else path(ex)
        asked = ex.query
        if fixed is not None:
            asked = f"{fixed(ex)}&{asked}" if asked else fixed(ex)
        return f"{where}?{asked}" if asked else where

    return target


def _appended(prefix: str) -> Text:
    if not prefix:
        return lambda ex: ex.stage_path
    return lambda ex: prefix + ex.stage_path


def _template(text: str, values: Mapping[str, Text]) -> Text:
    """Compile text with `{variable}` places."""
    pieces = VARIABLE.split(text)
    if len(pieces) == 1:
        return lambda _ex: text
    texts = pieces[::2]
    lookups = [values[name] for name in pieces[1::2]]
    form = "{}".join(text.replace("{", "{{").replace("}", "}}") for text in texts).format
    return lambda ex: form(*[lookup(ex) for lookup in lookups])


def _segments(variables: PathVariables) -> dict[str, Text]:
    """Map each variable to the function that reads it, still encoded, from the path."""
    return {
        name.removesuffix("+"): _rest(at) if name.endswith("+") else _segment(at)
        for at, name in variables
    }


@cache
def _segment(at: int) -> Text:
    return lambda ex: ex.stage_path.split("/", at + 1)[at]


@cache
def _rest(at: int) -> Text:
    return lambda ex: ex.stage_path.split("/", at)[at]


def _value(name: str) -> Text:
    return lambda ex: quote(ex.params[name], safe="")

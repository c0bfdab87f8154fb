"""Owns the grammar of parameter mapping in REST and WebSocket APIs: where a value comes from, and where it goes.

    source = "'" text "'"                                      static
           | "context." name | "stageVariables." name
           | "method.request." place "." name                  place: header, querystring, path,
                                                               multivalueheader, multivaluequerystring
           | "method.request.body" [ "." json-path ]
           | "route.request." place "." name                   in WebSocket APIs, in place of method
           | "integration.response." place "." name            place: header, multivalueheader
           | "integration.response.body" [ "." json-path ]
    target = "integration.request." ( "header" | "querystring" | "path" ) "." name
           | "method.response.header." name

Knows no message: reading one is the pipeline's business.
Source: AWS, "Parameter mapping source examples for REST APIs in API Gateway".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.context import close_variable, is_variable
from frontdesk.rules.lang.jsonpath import PathError, compile_path

STATIC: Final = "static"

_ANYWHERE: Final = (STATIC, "context", "stageVariables")
REQUEST_SOURCES: Final = (
    *_ANYWHERE,
    "method.request.body",
    "method.request.header",
    "method.request.multivalueheader",
    "method.request.multivaluequerystring",
    "method.request.path",
    "method.request.querystring",
)
"""What a request to an integration may be made from."""

ROUTE_SOURCES: Final = (
    *_ANYWHERE,
    "route.request.body",
    "route.request.header",
    "route.request.multivalueheader",
    "route.request.multivaluequerystring",
    "route.request.querystring",
)
"""What a WebSocket API's request to an integration may be made from."""

RESPONSE_SOURCES: Final = (
    *_ANYWHERE,
    "integration.response.body",
    "integration.response.header",
    "integration.response.multivalueheader",
)
"""What a response of a method may be made from."""

REQUEST_TARGETS: Final = (
    "integration.request.header",
    "integration.request.path",
    "integration.request.querystring",
)
RESPONSE_TARGETS: Final = ("method.response.header",)

_NAME: Final = re.compile(r"[A-Za-z0-9._$-]+", re.ASCII)


class ExpressionError(FrontdeskError):
    """A mapping expression that cannot be understood; `hint` says what would be."""

    code = "expression"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from.

    kind: a member of `REQUEST_SOURCES` or `RESPONSE_SOURCES`. name: of the header, parameter or variable;
    the text itself of a static one; the JSONPath into a body, "" for the whole of it.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a value becomes. kind: a member of `REQUEST_TARGETS` or `RESPONSE_TARGETS`."""

    kind: str
    name: str


def parse_source(text: str, kinds: Iterable[str]) -> Source:
    """Read where a value comes from. kinds: those that may stand here. Raises: ExpressionError."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return Source(STATIC, text[1:-1])
    kind, name = _split(text, kinds)
    if kind.endswith(".body"):
        return Source(kind, _json_path(text, name))
    _check_name(text, name)
    if kind == "context" and not is_variable(name):
        close = close_variable(name)
        hint = f"did you mean context.{close}?" if close else ""
        raise ExpressionError(f"unknown context variable: {text}", hint=hint)
    return Source(kind, name)


def parse_target(text: str, kinds: Iterable[str]) -> Target:
    """Read what a value becomes. kinds: those that may stand here. Raises: ExpressionError."""
    kind, name = _split(text, kinds)
    _check_name(text, name)
    return Target(kind, name)


def _split(text: str, kinds: Iterable[str]) -> tuple[str, str]:
    for kind in kinds:
        if text == kind or text.startswith(f"{kind}."):
            return kind, text[len(kind) + 1 :]
    known = [kind for kind in kinds if kind != STATIC]
    place = text.rpartition(".")[0] or text
    close = get_close_matches(place, known, n=1, cutoff=0.7)
    if close:
        hint = f"did you mean {close[0]}.{text.rpartition('.')[2]}?"
    else:
        quoted = "a text in single quotes, or " if STATIC in kinds else ""
        hint = f"{quoted}one that begins with {', '.join(known)}"
    raise ExpressionError(f"unknown mapping expression: {text}", hint=hint)


def _check_name(text: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ExpressionError(
            f"mapping expression without a usable name: {text}",
            hint="a name has letters, digits, . _ $ and -",
        )


def _json_path(text: str, written: str) -> str:
    """Return the JSONPath of a body expression. AWS takes it with and without its `$`."""
    if not written:
        return ""
    path = written if written.startswith("$") else f"$.{written}"
    try:
        compile_path(path)
    except PathError as error:
        raise ExpressionError(f"JSON path not supported: {text}", hint=error.message) from error
    return path

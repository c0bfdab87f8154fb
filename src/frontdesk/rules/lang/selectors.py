"""Owns the grammar of selectors: `$request.header.x`, `$context.y`, `${request.path.a}-${stage.b}`.

Text becomes a tuple of parts, static text or `Selector`s. Knows no message: reading one is the binding's
business (`gateway.pipeline.values`).

    value     = selector | *( text | "${" reference "}" )
    selector  = "$" reference                          the whole value
    reference = "request.header." name                 case-insensitive
              | "request.querystring." name            case-sensitive
              | "request.cookie." name
              | "request.path" [ "." variable ]
              | "request.body" [ json-path ]
              | "response.header." name | "response.body" [ json-path ]
              | "context." name | "authorizer." name   the latter short for context.authorizer.
              | "stageVariables." name | "stage." name
    json-path = *( "." member | "[" index "]" )        no `..`, no filters

Source: AWS, "Transforming API requests and responses for HTTP APIs".
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.context import close_variable, is_variable


class SelectorError(FrontdeskError):
    """A selector that cannot be understood; `hint` says what would be."""

    code = "selector"


@dataclass(frozen=True, slots=True)
class Selector:
    """One reference into a message.

    source: a key of `SOURCES`. name: header (lower case), parameter, variable, cookie or context name;
    "" for a whole path or body. path: members and indexes to follow inside a JSON body.
    """

    source: str
    name: str = ""
    path: tuple[str | int, ...] = ()


Part = str | Selector


@dataclass(frozen=True, slots=True)
class _Source:
    name: re.Pattern[str] | None  # None: takes no name but a JSON path
    optional: bool = False  # the name may be left out
    alias: str = ""  # the source that it is short for
    prefix: str = ""  # goes before the name under the alias


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ANY = re.compile(r"[^\s{}]+")
_VARIABLE = re.compile(r"[A-Za-z0-9_.$-]+")

SOURCES: dict[str, _Source] = {
    "authorizer": _Source(_ANY, alias="context", prefix="authorizer."),
    "context": _Source(_ANY),
    "request.body": _Source(None, optional=True),
    "request.cookie": _Source(_TOKEN),
    "request.header": _Source(_TOKEN),
    "request.path": _Source(_VARIABLE, optional=True),
    "request.querystring": _Source(_ANY),
    "response.body": _Source(None, optional=True),
    "response.header": _Source(_TOKEN),
    "stage": _Source(_VARIABLE, alias="stageVariables"),
    "stageVariables": _Source(_VARIABLE),
}

_REFERENCE = re.compile(r"((?:request|response)\.[A-Za-z]*|[A-Za-z]+)(.*)", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]\s{}?*@]+)|\[(\d+)\]")
_WHOLE = re.compile(r"\$[A-Za-z]")


def parse(text: str) -> tuple[Part, ...]:
    """Split a configured value into static text and selectors.

    A text that begins with `$` and a letter is one selector; any other text is static but for its
    `${…}` parts. The result is never empty: "" gives ("",).
    Raises: SelectorError.
    """
    if _WHOLE.match(text):
        return (_reference(text[1:], text),)
    parts: list[Part] = []
    rest = text
    while (at := rest.find("${")) >= 0:
        if at:
            parts.append(rest[:at])
        reference, closed, rest = rest[at + 2 :].partition("}")
        if not closed:
            raise SelectorError(f"selector without closing brace: {text}")
        parts.append(_reference(reference, "${" + reference + "}"))
    if rest or not parts:
        parts.append(rest)
    return tuple(parts)


def _reference(reference: str, shown: str) -> Selector:
    found = _REFERENCE.fullmatch(reference)
    word, rest = found.groups() if found else (reference, "")
    source = SOURCES.get(word)
    if source is None:
        raise SelectorError(f"unknown selector: {shown}", hint=_did_you_mean(reference, shown))
    if source.name is None:
        return Selector(word, path=_json_path(rest, shown))
    if not rest and source.optional:
        return Selector(word)
    name = rest[1:]
    if rest[:1] != "." or not source.name.fullmatch(name):
        example = shown.removesuffix("}").rstrip(".") + ".name" + ("}" if shown[1] == "{" else "")
        hint = f"write a name after the dot, as in {example}" if not name else ""
        raise SelectorError(f"selector without a usable name: {shown}", hint=hint)
    if word.endswith(".header"):
        name = name.lower()
    selector = Selector(source.alias or word, source.prefix + name)
    if selector.source == "context" and not is_variable(selector.name):
        close = close_variable(selector.name)
        hint = f"did you mean $context.{close}?" if close else ""
        raise SelectorError(f"unknown context variable: {shown}", hint=hint)
    return selector


def _json_path(rest: str, shown: str) -> tuple[str | int, ...]:
    path: list[str | int] = []
    at = 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None:
            raise SelectorError(
                f"JSON path not supported: {shown}",
                hint="use members and indexes only, as in $request.body.items[0].id",
            )
        member, index = step.groups()
        path.append(member if index is None else int(index))
        at = step.end()
    return tuple(path)


def _did_you_mean(reference: str, shown: str) -> str:
    first, _, rest = reference.partition(".")
    for written in (f"{first}.{rest.partition('.')[0]}", first):
        close = get_close_matches(written, SOURCES, n=1, cutoff=0.7)
        if close:
            wrong = written if "." in close[0] else first
            return f"did you mean {shown.replace(wrong, close[0], 1)}?"
    return "selectors begin with one of " + ", ".join(f"${name}" for name in SOURCES)

"""Owns what templates of AWS's API Gateway find: `$input`, `$util`, `$context`, `$stageVariables`.

Knows no request: whoever renders gives body, parameters and context as plain values.
Source: AWS, "Variables for data transformations for API Gateway".
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

import orjson

from frontdesk.rules.lang.jsonpath import MISSING, Path, PathError, compile_path
from frontdesk.rules.lang.vtl.java import JAVA, key_of
from frontdesk.rules.lang.vtl.kinds import JavaError, Kind, Kinds, Signature, methods
from frontdesk.rules.lang.vtl.meter import Limits, Meter
from frontdesk.rules.lang.vtl.strings import usable_pattern
from frontdesk.rules.lang.vtl.values import ArrayList, Entry, text_of

NOTHING: Final = '""'
"""What `$input.json` writes where there is nothing, or the body is no JSON."""


class Input:
    """What `$input` stands for.

    body: of the request or of the integration's response, in UTF-8. params: the request's parameters,
    one map of texts by name for each of "path", "querystring" and "header".
    """

    __slots__ = ("_document", "_values", "body", "params")

    def __init__(self, body: bytes, params: Mapping[str, dict[str, str]]) -> None:
        self.body = body.decode("utf-8", "replace") or "{}"
        self.params = params
        self._document: Any = _UNREAD
        self._values: Any = _UNREAD

    def document(self) -> Any:
        """Return the body as JSON, MISSING if it is none. Nobody changes it."""
        if self._document is _UNREAD:
            self._document = _read_json(self.body)
        return self._document

    def values(self) -> Any:
        """Return the body as JSON for the template, which may change it."""
        if self._values is _UNREAD:
            self._values = _read_json(self.body)
        return self._values


class Context:
    """What `$context` and the maps in it stand for: a view of plain dicts, which prints as nothing.

    overridden: the overrides that this rendering has made. final: whether a value here may be set once
    only, as overrides may.
    """

    __slots__ = ("final", "overridden", "values")

    def __init__(
        self, values: dict[str, Any], overridden: set[tuple[int, Any]], *, final: bool = False
    ) -> None:
        self.values = values
        self.overridden = overridden
        self.final = final


class Util:
    """What `$util` stands for."""

    __slots__ = ()


_UNREAD: Final = object()
_UTIL: Final = Util()
_OVERRIDES: Final = ("requestOverride", "responseOverride")


def variables(
    given: Input, context: dict[str, Any], stage_variables: Mapping[str, str]
) -> dict[str, Any]:
    """Make the variables of one rendering.

    context: `$context` as plain values and dicts. The template may write into it; what it overrides stands
    afterwards in its members "requestOverride" {"header", "path", "querystring"} and "responseOverride"
    {"header", "status"}, which are added where they are absent.
    """
    context.setdefault("requestOverride", {"header": {}, "path": {}, "querystring": {}})
    context.setdefault("responseOverride", {"header": {}})
    return {
        "input": given,
        "util": _UTIL,
        "context": Context(context, set()),
        "stageVariables": dict(stage_variables),
    }


def _read_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return MISSING


def _path(text: Any) -> Path:
    try:
        return compile_path(text)
    except PathError as error:
        raise JavaError(f"{error.message}, in the path: {text[:100]}", hint=error.hint) from error


def _found(meter: Meter, document: Any, path: str) -> Any:
    if document is MISSING:
        return MISSING
    return _path(path).find(document, meter.spend)


def _input_json(meter: Meter, given: Input, path: str) -> str:
    found = _found(meter, given.document(), path)
    if found is MISSING:
        return NOTHING
    try:
        return orjson.dumps(found).decode()
    except orjson.JSONEncodeError as error:
        raise JavaError("the body nests deeper than can be written") from error


def _input_path(meter: Meter, given: Input, path: str) -> Any:
    found = _found(meter, given.values(), path)
    return None if found is MISSING else found


def _input_params(_meter: Meter, given: Input, name: str) -> str:
    for place in ("path", "querystring", "header"):
        if name in given.params[place]:
            return given.params[place][name]
    return ""


def _input_property(given: Input, name: Any) -> Any:
    return given.body if name == "body" else None


def _context_get(context: Context, key: Any) -> Any:
    key = key_of(key)
    value = context.values.get(key)
    if type(value) is not dict:
        return value
    return Context(value, context.overridden, final=context.final or key in _OVERRIDES)


def _context_put(context: Context, key: Any, value: Any) -> None:
    key = key_of(key)
    if context.final:
        place = (id(context.values), key)
        if place in context.overridden:
            raise JavaError(
                f"overridden twice: {key}",
                hint="collect the value in a variable, and override once, at the end",
            )
        context.overridden.add(place)
    context.values[key] = value


def _context_put_of(_meter: Meter, context: Context, key: Any, value: Any) -> Any:
    former = _context_get(context, key)
    _context_put(context, key, value)
    return former


def _context_entries(_meter: Meter, context: Context) -> ArrayList:
    return ArrayList([Entry(key, _context_get(context, key)) for key in context.values])


def _escape_javascript(meter: Meter, _util: Util, value: Any) -> str:
    """Escape as JSON does, and `'` as well; null becomes the word."""
    if value is None:
        return "null"
    return encode_basestring(text_of(value, meter))[1:-1].replace("'", "\\'")


def _parse_json(meter: Meter, _util: Util, text: str) -> Any:
    meter.spend(len(text) // 64)
    found = _read_json(text)
    return None if found is MISSING else found


def _url_encode(meter: Meter, _util: Util, value: Any) -> str:
    """Encode as Java's URLEncoder does, which leaves `*` alone and not `~`."""
    return quote_plus(text_of(value, meter), safe="*").replace("~", "%7E")


def _base64_decode(_meter: Meter, _util: Util, text: str) -> str:
    try:
        return b64decode(text).decode("utf-8", "replace")
    except (Base64Error, ValueError) as error:
        raise JavaError(f"no base64: {text[:40]}") from error


def _check_path(path: Any) -> None:
    if isinstance(path, str):
        _path(path)


def _check_pattern(pattern: Any, *_others: Any) -> None:
    if isinstance(pattern, str):
        usable_pattern(pattern)


KINDS: Final[Kinds] = {
    **JAVA,
    Context: Kind(
        get=_context_get,
        put=_context_put,
        items=lambda context: [_context_get(context, key) for key in context.values],
        methods=methods(
            ("containsKey", lambda _, x, key: key_of(key) in x.values, object),
            ("entrySet", _context_entries),
            ("get", lambda _, x, key: _context_get(x, key), object),
            ("isEmpty", lambda _, x: not x.values),
            ("keySet", lambda _, x: ArrayList(x.values)),
            ("put", _context_put_of, object, object),
            ("size", lambda _, x: len(x.values)),
            ("values", lambda _, x: ArrayList(_context_get(x, key) for key in x.values)),
        ),
    ),
    Input: Kind(
        get=_input_property,
        methods=methods(
            ("json", _input_json, str),
            ("params", lambda _, x: dict(x.params)),
            ("params", _input_params, str),
            ("path", _input_path, str),
        ),
    ),
    Util: Kind(
        methods=methods(
            ("base64Decode", _base64_decode, str),
            ("base64Encode", lambda _, _u, text: b64encode(text.encode()).decode(), str),
            ("escapeJavaScript", _escape_javascript, object),
            ("parseJson", _parse_json, str),
            ("urlDecode", lambda _, _u, text: unquote_plus(text, errors="replace"), str),
            ("urlEncode", _url_encode, object),
        )
    ),
}
"""What templates can do with AWS's objects and with Java's."""

CHECKS: Final[dict[Signature, Callable[..., object]]] = {
    ("json", 1): _check_path,
    ("matches", 1): _check_pattern,
    ("path", 1): _check_path,
    ("replaceAll", 2): _check_pattern,
    ("replaceFirst", 2): _check_pattern,
    ("split", 1): _check_pattern,
    ("split", 2): _check_pattern,
}
"""What can be judged of constant arguments when a template is compiled."""


def written(value: Any) -> str:
    """Write a value that a template has left in the context as that template would print it."""
    return text_of(value, Meter(Limits()))

"""Owns what an `http:invoke` task asks for and what it gives: arguments read, requests written, answers judged.

Knows no socket and no connection's secrets beyond those that it is handed.
Source: AWS, "Call HTTPS APIs in Step Functions workflows".
"""

import re
from codecs import lookup
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_plus, urlsplit

import orjson

from frontdesk.base.streams import Fields
from frontdesk.rules.asl.arns import connection_name
from frontdesk.rules.asl.data.errors import DATA_LIMIT_EXCEEDED, RUNTIME, StateError
from frontdesk.rules.asl.model import ABSENT, Absent, Json
from frontdesk.rules.http.redirects import redirect
from frontdesk.rules.redaction import SecretNames

MOST_BYTES: Final = 262_144
"""Of an answer's body."""

SOCKET: Final = "States.Http.Socket"
"""The error of a request that got no answer."""

_LONGEST_CAUSE: Final = 32_768

_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
_KEYED: Final = frozenset({"POST", "PATCH"})
_KEYS: Final = ("idempotency-key", "x-idempotency-key")

_FORBIDDEN: Final = re.compile(
    r"a-im|accept-(charset|datetime|encoding)|authorization|cache-control|connection"
    r"|content-(encoding|length|md5)|date|expect|forwarded|from|host|http2-settings|if-.*"
    r"|max-forwards|origin|pragma|proxy-.*|referer|server|te|trailer|transfer-encoding|upgrade"
    r"|via|warning|x-amz.*|x-forwarded.*",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BINARY: Final = re.compile(r"\s*(application/octet-stream|(image|video|audio)/)", re.IGNORECASE)
_JSON: Final = re.compile(r"\s*(application|text)/([\w.+-]+\+)?json\s*(;|\Z)", re.IGNORECASE)
_CHARSET: Final = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE)
_NOT_OF_THE_WEB: Final = frozenset(
    ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
)
"""Codecs of Python that make what is no text, or take all day."""
_PATH: Final = "/%:@!$&'()*+,;=~-._"

_SECRET = SecretNames()


class Additions(NamedTuple):
    """What a connection adds to its requests, by name. It wins over what the task says."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: Mapping[str, str] = {}


NOTHING: Final = Additions()


@dataclass(frozen=True, slots=True)
class HttpTask:
    """The arguments of a task.

    connection: its name, "" without one. headers: by lower-case name; a value None leaves a default out.
    arrays: how a form writes arrays, None for JSON.
    """

    url: str
    method: str
    connection: str
    headers: Mapping[str, tuple[str, str | None]]
    query: tuple[tuple[str, str], ...]
    body: Json | Absent
    arrays: str | None


class Request(NamedTuple):
    """What is sent. head: request line and fields, without Host and framing."""

    method: str
    head: bytes
    body: bytes

    @property
    def has_key(self) -> bool:
        """Whether its receiver can tell that it is sent again."""
        head = self.head.lower()
        return any(b"\r\n%b:" % key.encode() in head for key in _KEYS)


# -- reading ----------------------------------------------------------------------------------------


def read_http_task(arguments: Json) -> HttpTask:
    """Read the effective arguments of a task. Raises: StateError(States.Runtime)."""
    if not isinstance(arguments, dict):
        raise _wrong("The arguments of an HTTP task must be an object")
    method = arguments.get("Method")
    if not isinstance(method, str) or method not in _METHODS:
        raise _wrong(f"Method must be one of {', '.join(sorted(_METHODS))}: {_shown(method)}")
    return HttpTask(
        _url(arguments.get("ApiEndpoint")),
        method,
        _connection(arguments),
        _headers(_object(arguments, "Headers")),
        tuple(_query(_object(arguments, "QueryParameters"))),
        arguments.get("RequestBody", ABSENT),
        _arrays(_object(arguments, "Transform")),
    )


def _url(written: Json) -> str:
    try:
        if isinstance(written, str) and urlsplit(written).scheme in ("http", "https"):
            return written
    except ValueError:  # brackets without an address
        pass
    raise _wrong(f"ApiEndpoint must be an http or https URL: {_shown(written)}")


def _object(arguments: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    value = arguments.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(f"{name} must be an object")
    return value


def _connection(arguments: Mapping[str, Json]) -> str:
    for place in ("Authentication", "InvocationConfig"):
        arn = _object(arguments, place).get("ConnectionArn")
        if isinstance(arn, str):
            return connection_name(arn)
    # Differs: [http-without-connection] AWS demands a connection for every HTTP task
    return ""


def _headers(written: Mapping[str, Json]) -> dict[str, tuple[str, str | None]]:
    headers: dict[str, tuple[str, str | None]] = {}
    for name, value in written.items():
        if not _TOKEN.fullmatch(name) or _FORBIDDEN.fullmatch(name):
            raise _wrong(f"The header may not be set: {_shown(name)}")
        text = None
        if value is not None:
            values = value if isinstance(value, list) else [value]
            text = ", ".join(_text(one, f"the header {name}") for one in values).strip()
            if _CONTROL.search(text):
                raise _wrong(f"The header has control characters: {name}")
        headers[name.lower()] = (name, text)
    return headers


def _query(written: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name, value in written.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, _text(one, f"the query parameter {name}")


def _text(value: Json, place: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, list | dict):
        raise _wrong(f"Expected text, a number or a boolean for {place}")
    return orjson.dumps(value).decode()


def _arrays(transform: Mapping[str, Json]) -> str | None:
    if transform.get("RequestBodyEncoding", "NONE") == "NONE":
        return None
    written = _object(transform, "RequestEncodingOptions").get("ArrayFormat", "INDICES")
    known = isinstance(written, str) and written in _ARRAYS
    if transform["RequestBodyEncoding"] != "URL_ENCODED" or not known:
        raise _wrong(f"Unknown transformation: {_shown(dict(transform))}")
    return str(written)


# -- writing ----------------------------------------------------------------------------------------


def write_request(task: HttpTask, added: Additions, region: str, key: str) -> Request:
    """Write the request of a task. key: the task's idempotency key. Raises: StateError."""
    body = _body(task, added.body)
    headers = {
        "user-agent": ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}"),
        "range": ("Range", f"bytes=0-{MOST_BYTES}"),
        "accept-encoding": ("Accept-Encoding", "identity"),
        **({"content-type": ("Content-Type", _content_type(task))} if body else {}),
        **task.headers,
        **{name.lower(): (name, value) for name, value in added.headers.items()},
    }
    # Differs: [http-task-key] AWS sends no Idempotency-Key: a task that is done twice does everything twice
    if task.method in _KEYED and not any(name in headers for name in _KEYS):
        digest = blake2b(key.encode(), digest_size=16).hexdigest()
        headers["idempotency-key"] = ("Idempotency-Key", digest)
    lines = [f"{task.method} {_target(task, added.query)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.values() if value is not None]
    return Request(task.method, "".join(f"{line}\r\n" for line in lines).encode(), body)


def _content_type(task: HttpTask) -> str:
    if task.arrays is None:
        return "application/json; charset=UTF-8"
    return "application/x-www-form-urlencoded; charset=UTF-8"


def _target(task: HttpTask, added: Mapping[str, str]) -> str:
    parts = urlsplit(task.url)
    pairs = [
        quote(pair, safe=f"{_PATH}?")
        for pair in parts.query.split("&")
        if pair and unquote_plus(pair.partition("=")[0]) not in added
    ]
    pairs += [_pair(name, value) for name, value in task.query if name not in added]
    pairs += [_pair(name, value) for name, value in added.items()]
    path = quote(parts.path, safe=_PATH) or "/"
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _pair(name: str, value: str) -> str:
    return f"{quote(name, safe='')}={quote(value, safe='')}"


def _body(task: HttpTask, added: Mapping[str, str]) -> bytes:
    body = task.body
    if added and not (isinstance(body, Absent) and task.method in _WITHOUT_BODY):
        if not isinstance(body, dict | Absent):
            raise _wrong("The connection adds to the request body, which is not an object")
        body = {**({} if isinstance(body, Absent) else body), **added}
    if isinstance(body, Absent):
        return b""
    if isinstance(body, str):
        return body.encode()
    if task.arrays is None:
        return orjson.dumps(body)
    if not isinstance(body, dict):
        raise _wrong("RequestBody must be an object to be URL-encoded")
    return "&".join(_form("", body, task.arrays)).encode()


def _form(name: str, value: Json, arrays: str) -> Iterator[str]:
    """Write a value of a form: `a=1`, and `a[b]=1` for what lies within."""
    match value:
        case dict():
            for key, inner in value.items():
                part = quote(key, safe="")
                yield from _form(f"{name}[{part}]" if name else part, inner, arrays)
        case list() if not _ARRAYS[arrays]:
            texts = [quote(_text(one, name), safe="") for one in value]
            yield f"{name}={','.join(texts)}"
        case list():
            for index, one in enumerate(value):
                yield from _form(_ARRAYS[arrays].format(name=name, index=index), one, arrays)
        case None:
            yield f"{name}="
        case _:
            yield f"{name}={quote(_text(value, name), safe='')}"


_ARRAYS: Final = {
    "INDICES": "{name}[{index}]",
    "REPEAT": "{name}",
    "BRACKETS": "{name}[]",
    "COMMAS": "",
}
"""`ArrayFormat` → how a member of an array is named; "": all members are one value."""


# -- answers ----------------------------------------------------------------------------------------


def redirected(task: HttpTask, status: int, fields: Fields) -> HttpTask | None:
    """Return the task that a redirect makes of one; None: it is none, or none that is followed.

    Another origin gets no field that tells of credentials, see `same_origin`.
    """
    after = redirect(task.url, task.method, status, _field(fields, b"location"))
    if after is None:
        return None
    task = replace(task, query=()) if after.same_origin else _for_strangers(task)
    if not after.keeps_body:
        task = replace(task, method=after.method, body=ABSENT)
    return replace(task, url=after.url)


def _for_strangers(task: HttpTask) -> HttpTask:
    kept = {name: value for name, value in task.headers.items() if name not in _SECRET}
    return replace(task, query=(), headers=kept)


def result(status: int, fields: Fields, body: bytes) -> Json:
    """Return what an answer gives. body: one byte more than MOST_BYTES where there is more. Raises: StateError."""
    kind = _field(fields, b"content-type")
    if not 200 <= status < 300:
        cause = _decoded(body, kind, "replace")[:_LONGEST_CAUSE]
        raise StateError(f"States.Http.StatusCode.{status}", cause)
    if len(body) > MOST_BYTES:
        raise StateError(
            DATA_LIMIT_EXCEEDED, f"The response body is larger than {MOST_BYTES} bytes"
        )
    if body and _BINARY.match(kind):
        raise _wrong(f"The content type of the response is not supported: {kind}")
    coding = _field(fields, b"content-encoding").lower()
    if body and coding not in ("", "identity"):
        raise _wrong(f"The content encoding of the response is not supported: {coding}")
    headers: dict[str, list[str]] = {}
    for name, value in fields:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {
        "Headers": headers,
        "ResponseBody": _content(body, kind),
        "StatusCode": status,
        "StatusText": _STATUS_TEXTS.get(status, ""),
    }


_STATUS_TEXTS: Final = {status.value: status.phrase for status in HTTPStatus}


def _content(body: bytes, kind: str) -> Json:
    if _JSON.match(kind) and body:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    try:
        return _decoded(body, kind, "strict")
    except ValueError:
        raise _wrong("The response cannot be read as text") from None


def _decoded(body: bytes, kind: str, errors: str) -> str:
    charset = _CHARSET.search(kind)
    name = charset[1] if charset else "utf-8"
    try:
        if lookup(name).name not in _NOT_OF_THE_WEB:
            return body.decode(name, errors)
    except LookupError:
        pass
    return body.decode("utf-8", errors)


def _field(fields: Fields, name: bytes) -> str:
    return next((value.decode("latin-1") for each, value in fields if each.lower() == name), "")


def _wrong(cause: str) -> StateError:
    return StateError(RUNTIME, cause)


def _shown(value: Json) -> str:
    return orjson.dumps(value).decode()[:200]

"""Owns the Query protocol: members in a form, answers in XML, one table of operations for each service.

Source: Smithy, "AWS Query protocol".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from frontdesk.aws.wire import REQUEST_ID, ApiError, new_uuid
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply

_XML: Final[Field] = (b"content-type", b"text/xml")
_INTERNAL: Final = 500
_MOST_MEMBERS: Final = 2000
_DEEPEST: Final = 10


class Entries(dict[str, str]):
    """A map in an answer, which is written as entries of keys and values."""


Run = Callable[[dict[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Takes the members of a request and its X-Amzn-Trace-Id or ""; raises the service's refusals, StoreError.

Members are texts, mappings of texts, or lists; the operation checks them. So are those of the answer.
"""


class QueryService:
    """One such service. See wire.Service."""

    def __init__(
        self,
        scope: str,
        namespace: str,
        operations: Mapping[str, Run],
        *,
        refused: type[FrontdeskError],
        internal: str = "InternalError",
    ) -> None:
        """namespace: of its XML. internal: its code for what is not the caller's fault.

        refused: what operations raise, with AWS's codes, and a `status` where it is not 400.
        """
        self.scope = scope
        self._mark = f"/{scope}/aws4_request".encode()
        self._namespace = namespace
        self._operations = operations
        self._refused = refused
        self._internal = internal

    def serves(self, ex: Exchange) -> bool:
        """See Service. Nothing in the head but the signature names the service."""
        return self._mark in ex.headers.get(b"authorization", b"")

    async def answer(self, ex: Exchange) -> Reply:
        """See Service."""
        members = read_form(bytes(ex.body))
        action = str(members.pop("Action", ""))
        run = self._operations.get(action)
        if run is None:
            raise ApiError(
                400,
                "InvalidAction",
                f"The action {action} is not valid for this endpoint.",
            )
        trace = ex.headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
        try:
            result = await run(members, trace)
        except self._refused as error:
            status = getattr(error, "status", 400)
            raise ApiError(status, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(_INTERNAL, self._internal, error.message) from error
        request_id = new_uuid()
        body = write_answer(action, result, request_id, self._namespace)
        return Reply(200, [_XML, (REQUEST_ID, request_id.encode())], body)

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        request_id = new_uuid()
        fault = "Receiver" if error.status >= _INTERNAL else "Sender"
        told = {"Type": fault, "Code": error.code, "Message": error.message}
        content = {"Error": told, "RequestId": request_id}
        body = _document("ErrorResponse", content, self._namespace)
        return Reply(error.status, [_XML, (REQUEST_ID, request_id.encode())], body)


def read_form(body: bytes) -> dict[str, Any]:
    """Read the members of a form. Raises: ApiError."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_MEMBERS, errors="strict"
        )
    except ValueError:
        raise _malformed("The request is no form.") from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *way, last = name.split(".")
        if len(way) > _DEEPEST:
            raise _malformed(f"Key {name[:80]} is nested too deep.")
        place = tree
        for part in way:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise _malformed(f"Key {name[:80]} is a value and more.")
        if isinstance(place.get(last), dict):
            raise _malformed(f"Key {name[:80]} is a value and more.")
        place[last] = value
    return {name: _folded(value) for name, value in tree.items() if value != "" or "." in name}


def write_answer(action: str, result: Mapping[str, Any], request_id: str, namespace: str) -> bytes:
    """Write the answer of an operation."""
    told = {f"{action}Result": result, "ResponseMetadata": {"RequestId": request_id}}
    return _document(f"{action}Response", told, namespace)


def _folded(value: Any) -> Any:
    """Make lists of `member.N` and mappings of `entry.N`."""
    if not isinstance(value, dict):
        return value
    if value.keys() == {"member"}:
        return [_folded(each) for each in _numbered(value["member"])]
    if value.keys() == {"entry"}:
        entries = [each for each in _numbered(value["entry"]) if isinstance(each, dict)]
        return {
            str(_first(each, "key", "Name")): _folded(_first(each, "value", "Value"))
            for each in entries
        }
    return {name: _folded(each) for name, each in value.items()}


def _numbered(value: Any) -> list[Any]:
    """Return what has a number, in order of the numbers."""
    if not isinstance(value, dict) or not all(name.isdecimal() for name in value):
        raise _malformed("A list has numbers from 1.")
    return [value[name] for name in sorted(value, key=int)]


def _first(entry: Mapping[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if name in entry), "")


def _document(name: str, content: Mapping[str, Any], namespace: str) -> bytes:
    inside = "".join(_element(key, value) for key, value in content.items())
    return f'<?xml version="1.0"?>\n<{name} xmlns="{namespace}">{inside}</{name}>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Entries):
        pairs = ({"key": key, "value": text} for key, text in value.items())
        inside = "".join(_element("entry", pair) for pair in pairs)
    elif isinstance(value, Mapping):
        inside = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("member", each) for each in value)
    elif isinstance(value, bool):
        inside = "true" if value else "false"
    else:
        inside = escape(str(value), {"\r": "&#13;"}).translate(_NO_XML)
    return f"<{name}>{inside}</{name}>"


_NO_XML: Final = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}"
)


def _malformed(message: str) -> ApiError:
    return ApiError(400, "MalformedQueryString", message)

"""Owns reading a document as an API: its type, the words at its top, and where its paths begin."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from frontdesk.config.openapi.document import AWS, OURS, Document
from frontdesk.config.openapi.operations import INTEGRATION, Operations, route_key
from frontdesk.config.openapi.schemas import Schemas
from frontdesk.config.openapi.security import Schemes
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.route_keys import parse_route_key

BasePath = Literal["ignore", "prepend", "split"]

OURS_OF_API: Final = f"{OURS}api"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says: the keys of an API, and entries of `authorizers`."""

    api: Branch
    authorizers: Branch


def read_api(
    document: Document,
    declared: Mapping[str, Any],
    authorizers: Mapping[str, Any],
    base_path: BasePath = "ignore",
) -> Reading:
    """Read a document as an API, beside which a file says more.

    declared: what the file says of the API; its operations win. authorizers: those of the file.
    base_path: what becomes of the path that the document's server has: nothing, it stands before all
    paths, or all of it but its first segment does. As at AWS's import.
    """
    root = document.root
    api, made = Branch.at(root), Branch.at(root)
    kind = declared.get("type") or kind_of(document, declared)
    rest = kind == "rest"
    api.put("type", kind, root)
    schemes = Schemes(document, authorizers, made, rest=rest)
    schemas = Schemas(document, api)
    schemas.add_models()
    operations = Operations(document, schemes, schemas, rest=rest)
    if operations.default.authorizer is not None:
        api.put("authorizer", operations.default.authorizer, root.below("security"))
    _root_words(document, api, rest=rest)
    own = set(_shapes(declared, rest=rest))
    _add_operations(api, document, operations, own, prefix=_prefix(document, base_path))
    ours = root.get(OURS_OF_API)
    if ours is not None:
        api.lay_over(ours)
    return Reading(api, made)


def _add_operations(
    api: Branch, document: Document, operations: Operations, own: Container[str], *, prefix: str
) -> None:
    """Add the resources or routes. own: what the file has itself, see `_shapes`."""
    rest = api.value["type"] == "rest"
    for path, item in document.paths.items() if rest else ():
        api.branch("resources", item).branch(_below(prefix, path), item)
    for each in document.operations:
        operation = each._replace(path=_below(prefix, each.path))
        key = route_key(operation)
        if _shape(key) in own:
            document.tell("openapi-overridden", operation.placed, f"the file's own {key} wins")
            continue
        faults = len(document.findings)
        branch = operations.read(operation)
        if len(document.findings) > faults:
            continue  # what is left of it would only be told to be incomplete
        holder = api.branch("resources" if rest else "routes", operation.item)
        if rest:
            holder, key = holder.branch(operation.path, operation.item), operation.method
        holder.value[key], holder.node.children[key] = branch.value, branch.node


def _below(prefix: str, path: str) -> str:
    return prefix + path.rstrip("/") if prefix else path


def kind_of(document: Document, declared: Mapping[str, Any]) -> str:
    """Tell the type of an API that does not say it.

    An HTTP API has routes in the file, CORS of its own, or integrations with a payload format version;
    all others are REST APIs.
    """
    ours = document.root.below(OURS_OF_API).text("type")
    if ours:
        return ours
    integrations = (
        document.follow(operation.placed.below(INTEGRATION)) for operation in document.operations
    )
    of_http = (
        "routes" in declared
        or document.root.get(f"{AWS}cors") is not None
        or any(each.get("payloadFormatVersion") is not None for each in integrations)
    )
    return "http" if of_http else "rest"


def _shapes(declared: Mapping[str, Any], *, rest: bool) -> Iterator[str]:
    """List the operations that a file has itself, without the names of their variables."""
    entries = declared.get("resources" if rest else "routes")
    for key, methods in entries.items() if isinstance(entries, dict) else ():
        for method in (methods if isinstance(methods, dict) else ()) if rest else ("",):
            yield _shape(f"{method} {key}".strip())


def _shape(key: str) -> str:
    try:
        return parse_route_key(key).shape
    except ValueError:  # told by the model
        return key


def _prefix(document: Document, base_path: BasePath) -> str:
    if base_path == "ignore":
        return ""
    parts = [part for part in _base_path(document).split("/") if part]
    kept = parts if base_path == "prepend" else parts[1:]
    return "".join(f"/{part}" for part in kept)


def _base_path(document: Document) -> str:
    """Find the path of a document's server: basePath, a variable of that name, or the URL's own."""
    if document.is_swagger:
        return document.root.text("basePath")
    for server in document.root.below("servers").members():
        variable = server.below("variables").get("basePath")
        if variable is not None:
            return str(variable.below("default").value or "")
        _, _, rest = server.text("url").partition("://")
        return "/" + rest.partition("/")[2] if rest else server.text("url")
    return ""


# -- words at the top ---------------------------------------------------------------------------

Word = Callable[[Document, Branch, Placed], None]


def _root_words(document: Document, api: Branch, *, rest: bool) -> None:
    words = _OF_REST if rest else _OF_HTTP
    for key, placed in document.root.items():
        word = key.removeprefix(AWS)
        if key.startswith(AWS) and word in words:
            words[word](document, api, placed)
        elif key.startswith(AWS) and word not in _READ:
            document.left_out(placed, f"{key} is not carried")
    for server in document.root.below("servers").members():
        endpoint = server.get(f"{AWS}endpoint-configuration")
        if endpoint is not None:
            document.left_out(endpoint, f"{AWS}endpoint-configuration is not carried")


def _as_is(key: str) -> Word:
    return lambda _document, api, placed: api.graft(key, placed)


def _key_source(_document: Document, api: Branch, placed: Placed) -> None:
    api.put("api_key_source", str(placed.value).lower(), placed)


def _compression(_document: Document, api: Branch, placed: Placed) -> None:
    api.branch("compression", placed).graft("minimum_size", placed)


def _cors(document: Document, api: Branch, placed: Placed) -> None:
    cors = api.branch("cors", placed)
    for key, member in placed.items():
        if key in CORS_KEYS:
            cors.graft(CORS_KEYS[key], member)
        else:
            document.left_out(member, f"{key} of CORS is not carried")


def _gateway_responses(document: Document, api: Branch, placed: Placed) -> None:
    for kind, settings in placed.items():
        response = api.branch("gateway_responses", placed).branch(kind, settings)
        for key, member in settings.items():
            if key == "statusCode":
                status = int(member.value) if str(member.value).isdecimal() else member.value
                response.put("status", status, member)
            elif key == "responseTemplates":
                response.graft("templates", member)
            elif key == "responseParameters":
                for name, value in member.items():
                    headers = response.branch("headers", member)
                    headers.graft(name.removeprefix("gatewayresponse.header."), value)
            else:
                document.left_out(member, f"{key} of a gateway response is not carried")


CORS_KEYS: Final = {
    "allowCredentials": "allow_credentials",
    "allowHeaders": "allow_headers",
    "allowMethods": "allow_methods",
    "allowOrigins": "allow_origins",
    "exposeHeaders": "expose_headers",
    "maxAge": "max_age",
}
"""Members of x-amazon-apigateway-cors, and our keys for them."""

_OF_BOTH: Final[Mapping[str, Word]] = {
    "minimum-compression-size": _compression,
}
_OF_HTTP: Final[Mapping[str, Word]] = {**_OF_BOTH, "cors": _cors}
_OF_REST: Final[Mapping[str, Word]] = {
    **_OF_BOTH,
    "api-key-source": _key_source,
    "binary-media-types": _as_is("binary_media_types"),
    "gateway-responses": _gateway_responses,
    "policy": _as_is("policy"),
}
_READ: Final = {"documentation", "importexport-version", "request-validator", "request-validators"}
"""Words at the top that are read elsewhere, or only describe."""

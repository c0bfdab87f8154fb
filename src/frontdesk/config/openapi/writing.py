"""Owns writing an API as an OpenAPI document: AWS's words for what has one, ours for the rest.

What the words of AWS do not carry is found by reading the document back: whatever then differs from
the API stands beside them in `x-frontdesk-…`, as the file has it. So nothing can be forgotten.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from frontdesk.base.errors import Position
from frontdesk.config.models.api import Api
from frontdesk.config.models.authorizer import Authorizer
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.config.models.model import Model
from frontdesk.config.models.rest_api import Method, RestApi
from frontdesk.config.models.root import Config
from frontdesk.config.openapi.document import AWS, OURS, Document
from frontdesk.config.openapi.operations import OURS_OF_OPERATION
from frontdesk.config.openapi.reading import CORS_KEYS, OURS_OF_API, Reading, read_api
from frontdesk.config.openapi.schemas import DRAFT_4
from frontdesk.config.openapi.writing_operations import OperationWriter
from frontdesk.config.openapi.writing_security import OURS_ALONE, scheme_of
from frontdesk.config.placed import planted
from frontdesk.config.text import FileText
from frontdesk.config.tree import Node, Path, Tree

Version = Literal["2.0", "3.0", "3.1"]

_NUMBERS: Final[Mapping[Version, str]] = {"2.0": "2.0", "3.0": "3.0.1", "3.1": "3.1.0"}
_APART: Final = {"openapi", "resources", "routes", "type"}
"""Keys of an API that are not compared as one value."""

_MODELS: Final[Mapping[str, tuple[type[Api], type[Model]]]] = {
    "http": (HttpApi, Route),
    "rest": (RestApi, Method),
}


def write_api(config: Config, tree: Tree, name: str, version: Version) -> dict[str, Any]:
    """Write the API `name` as a document. tree: what the files say, for texts with references."""
    return _Writer(config, tree, name, version).document


class _Writer:
    def __init__(self, config: Config, tree: Tree, name: str, version: Version) -> None:
        self.config = config
        self.api = config.apis[name]
        self.written = as_written(tree.value_at(("apis", name)))
        self.authorizers = as_written(tree.value.get("authorizers", {}))
        self.api_model, self.operation_model = _MODELS[self.api.type]
        self.shown = _validated(self.api_model, self.written)
        self.operations = OperationWriter(config, self.api, self.shown, version)
        self.is_swagger = version == "2.0"
        self.schemes: dict[str, dict[str, Any]] = {}
        self.document: dict[str, Any] = {
            "swagger" if self.is_swagger else "openapi": _NUMBERS[version],
            "info": {"title": name, "version": "1.0"},
        }
        self._write(version)

    def _write(self, version: Version) -> None:
        if self.shown is not None:
            self.document |= _words(self.shown)
        if self.api.authorizer is not None:
            self.document["security"] = [{self.api.authorizer: []}]
        if version == "3.1":
            self.document["jsonSchemaDialect"] = DRAFT_4
        self.document["paths"] = self._paths()
        if self.operations.validators:
            self.document[f"{AWS}request-validators"] = self.operations.validators
        self._components()
        self._add_what_is_missing()

    def _paths(self) -> dict[str, Any]:
        resources = self.api.resources if isinstance(self.api, RestApi) else ()
        paths: dict[str, Any] = {path: {} for path in resources}  # those without a method, too
        for below, key, real in self.api.operations():
            path, word = self.operations.place(key)
            shown = _validated(self.operation_model, _at(self.written, below))
            paths.setdefault(path, {})[word] = self.operations.write(key, shown or real, shown)
        return paths

    def _components(self) -> None:
        self.schemes = {
            name: scheme_of(
                self.config.authorizers[name],
                _validated(Authorizer, self.authorizers.get(name)),
                self.config,
                rest=self.api.type == "rest",
                is_swagger=self.is_swagger,
            )
            for name in sorted(self.operations.authorizers)
        }
        if self.operations.uses_keys:
            self.schemes[self.operations.key_scheme] = {
                "type": "apiKey",
                "name": "x-api-key",
                "in": "header",
            }
        sections = {
            "securityDefinitions" if self.is_swagger else "securitySchemes": self.schemes,
            "definitions" if self.is_swagger else "schemas": self.operations.models,
        }
        present = {key: section for key, section in sections.items() if section}
        if self.is_swagger:
            self.document |= present
        elif present:
            self.document["components"] = present

    def _add_what_is_missing(self) -> None:
        """Read the document back, and add in our words what it does not say."""
        read = self._read_back()
        self.document[OURS_OF_API] = {"type": self.api.type, **self._of_api(read)}
        for below, key, real in self.api.operations():
            path, word = self.operations.place(key)
            back = _validated(self.operation_model, _at(read.api.value, below))
            missing = _missing(real, back, _at(self.written, below))
            if missing:
                self.document["paths"][path][word][OURS_OF_OPERATION] = missing
        for name in self.operations.authorizers:
            entry = self.config.authorizers[name]
            scheme = self.schemes[name]
            back = _validated(Authorizer, read.authorizers.value.get(name))
            if entry.type in OURS_ALONE:
                scheme[f"{OURS}authorizer"] = {"type": entry.type}
            elif missing := _missing(entry, back, self.authorizers[name]):
                scheme[f"{OURS}authorizer"] = missing

    def _of_api(self, read: Reading) -> dict[str, Any]:
        without = {key: value for key, value in read.api.value.items() if key not in _APART}
        back = _validated(self.api_model, {**without, "type": self.api.type})
        return {
            key: value
            for key, value in _missing(self.api, back, self.written).items()
            if key not in _APART
        }

    def _read_back(self) -> Reading:
        file = FilePath("export")
        place = Node(str(file), 1, 1, 1, 1, {})
        value, node = planted(self.document, place)
        document = Document(file, lambda _path: (Tree(value, node), []), Position("", 1, 1, ""))
        ours = {
            name: entry
            for name, entry in self.authorizers.items()
            if self.config.authorizers[name].type in OURS_ALONE
        }
        return read_api(document, {"type": self.api.type}, ours)


def _words(api: Api) -> dict[str, Any]:
    """Write the words at the top of a document."""
    words: dict[str, Any] = {}
    if api.compression is not None:
        words["minimum-compression-size"] = api.compression.minimum_size
    if isinstance(api, HttpApi) and api.cors is not None:
        said = {ours: getattr(api.cors, ours) for ours in CORS_KEYS.values()}
        words["cors"] = {
            theirs: list(said[ours]) if isinstance(said[ours], tuple) else said[ours]
            for theirs, ours in CORS_KEYS.items()
            if said[ours]
        }
        if "maxAge" in words["cors"]:
            words["cors"]["maxAge"] = int(words["cors"]["maxAge"])
    if isinstance(api, RestApi):
        words["api-key-source"] = api.api_key_source.upper()
        if api.binary_media_types:
            words["binary-media-types"] = list(api.binary_media_types)
        if isinstance(api.policy, dict):
            words["policy"] = api.policy
        if api.gateway_responses:
            words["gateway-responses"] = dict(_gateway_responses(api))
    words["importexport-version"] = "1.0"
    return {f"{AWS}{word}": value for word, value in words.items()}


def _gateway_responses(api: RestApi) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, response in api.gateway_responses.items():
        words: dict[str, Any] = {}
        if response.status is not None:
            words["statusCode"] = response.status
        if response.headers:
            words["responseParameters"] = {
                f"gatewayresponse.header.{name}": value for name, value in response.headers.items()
            }
        if response.templates:
            words["responseTemplates"] = dict(response.templates)
        yield kind, words


def _missing(real: Model, back: Any, written: Any) -> dict[str, Any]:
    """Find the keys of a model that were not read back as they are, as the file has them."""
    if not isinstance(written, dict):
        return {}
    missing = {}
    for name, field in type(real).model_fields.items():
        key = field.alias or name
        if key not in written:
            continue
        own, theirs = getattr(real, name), getattr(back, name, None)
        if back is not None and name in back.model_fields_set and own == theirs:
            continue  # a default that is said may say more than one that is not: `cache: off`
        missing[key] = _missing_within(own, theirs, written[key]) or written[key]
    return missing


def _missing_within(own: Any, theirs: Any, written: Any) -> dict[str, Any]:
    """Find what is missing of a mapping; nothing where it is missing as a whole."""
    if isinstance(own, Model) and type(own) is type(theirs):
        return _missing(own, theirs, written)
    if (
        isinstance(own, dict)
        and isinstance(theirs, dict)
        and own.keys() == theirs.keys() == written.keys()
    ):
        return {key: written[key] for key in own if own[key] != theirs[key]}
    return {}


def _validated(model: Any, value: Any) -> Any:
    """Make a model, or None of what is not fit for one: a text with a reference, say."""
    try:
        return TypeAdapter(model).validate_python(value, context={"folder": FilePath()})
    except ValidationError:
        return None


def as_written(value: Any) -> Any:
    """Write a value of a tree as its file has it, references included."""
    match value:
        case dict():
            return {as_written(key): as_written(item) for key, item in value.items()}
        case list():
            return [as_written(item) for item in value]
        case FileText():
            return value.written
    return value


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value

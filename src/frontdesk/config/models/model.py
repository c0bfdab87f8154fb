"""Owns what all configuration models share, and the field types for the file's short texts."""

import re
from dataclasses import dataclass
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from frontdesk.base.addresses import Address, parse_address
from frontdesk.base.durations import (
    Rate,
    parse_duration,
    parse_percent,
    parse_rate,
    parse_size,
)
from frontdesk.base.recent import Recent
from frontdesk.config.text import FileText
from frontdesk.rules.lang.selectors import Part, SelectorError
from frontdesk.rules.lang.selectors import parse as parse_selectors

_DIGITS = re.compile(r"[0-9]{1,18}")

_REMEMBERED: Final = 4096
"""Short forms of one kind that are remembered."""

_REPEATED: Final = 1 << 15
"""Mappings of one kind that are remembered: those of a file in force share them, so that they cost nothing."""


class Model(BaseModel):
    """Base of every configuration model: immutable, refuses unknown keys.

    The docstring under a field is its description in the JSON Schema, which reads it from the source: to have it
    here would cost every start. What is part of another model needs no validator of its own, unless it is asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class HintedError(ValueError):
    """A value that is not accepted, with a hint that a ValueError cannot carry."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def broken_rule(message: str) -> PydanticCustomError:
    """Make the error of a rule over several keys of a model, whose value is not worth showing."""
    return PydanticCustomError("rule", "{message}", {"message": message})


@dataclass(frozen=True)
class ShortForm:
    """Marks a field whose mapping may be written as the text that is its value under `key`.

    example: such a text, with its article.
    """

    key: str
    example: str

    json_type: ClassVar[str] = "string"

    def _expand(self, value: object) -> object:
        if isinstance(value, str):
            return {self.key: value}
        if isinstance(value, (dict, Model)):
            return value
        raise ValueError(f"expected {self.example}, or a mapping")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Expand the short form before the mapping is validated; equal texts of a file share what they make."""
        remembered: Recent[tuple[str, str], object] = Recent(_REMEMBERED)

        def validated(value: object, validate: core_schema.ValidatorFunctionWrapHandler) -> object:
            if not isinstance(value, FileText) or value.referenced:  # it may be secret
                return validate(self._expand(value))
            form = value.plain(), str(value.folder)  # paths are compared part by part
            made = remembered.get(form)
            if made is None:
                made = validate(self._expand(value))
                remembered.put(form, made)
            return made

        return core_schema.no_info_wrap_validator_function(validated, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both forms."""
        return {"anyOf": [{"type": self.json_type}, handler(schema)]}


class Repeated:
    """Marks a model of which a file may have ten thousand: equal mappings of plain texts share what they make."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate a mapping that is like none before, in this load or a former one."""
        remembered: Recent[tuple[str, ...], object] = Recent(_REPEATED)

        def validated(value: object, validate: core_schema.ValidatorFunctionWrapHandler) -> object:
            form = _plain_form(value)
            if not form:
                return validate(value)
            made = remembered.get(form)
            if made is None:
                made = validate(value)
                remembered.put(form, made)
            return made

        return core_schema.no_info_wrap_validator_function(validated, handler(source))


def _plain_form(value: object) -> tuple[str, ...]:
    """Return all that a mapping of texts of one file says; () for any other value, and what may be secret."""
    form: list[str] = []
    folder = None
    for key, text in value.items() if isinstance(value, dict) else ():
        if not isinstance(text, FileText) or text.referenced or folder not in (None, text.folder):
            return ()
        folder = text.folder
        form += key, text
    return (*form, str(folder)) if form else ()


class OneOrMore:
    """Marks a tuple field that may be written as its only member."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Make a list of a single member before the list is validated."""
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both forms."""
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _as_list(value: object) -> object:
    return value if value is None or isinstance(value, (list, tuple)) else [value]


class Off:
    """Marks a field that is None when `none`, `off` or `false` is written. Stands after OneOrMore."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Read the words before the field is validated."""
        return core_schema.no_info_before_validator_function(_none_word, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the words beside the field's own form."""
        return {"anyOf": [{"enum": ["none", "off", False]}, handler(schema)]}


def _none_word(value: object) -> object:
    if value is None:  # a key whose value was forgotten
        raise ValueError("expected a value, or the word none")
    return None if value in ("none", "off") or value is False else value


def between(low: str, high: str) -> AfterValidator:
    """Limit a Duration to a range, both ends included."""
    shortest, longest = parse_duration(low), parse_duration(high)

    def check(seconds: float) -> float:
        if not shortest <= seconds <= longest:
            raise ValueError(f"expected a duration from {low} to {high}")
        return seconds

    return AfterValidator(check)


def _whole(value: object) -> int:
    if isinstance(value, FileText) and value.referenced and _DIGITS.fullmatch(value):
        return int(value)  # what `${env:N}` stands for is always a text
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a whole number")  # noqa: TRY004 - bad input, not a bug
    return value


def _flag(value: object) -> bool:
    if isinstance(value, FileText) and value.referenced and value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - bad input, not a bug
    return value


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, (IPv4Network, IPv6Network)):
        return value
    if isinstance(value, str):
        try:
            return ip_network(value)
        except ValueError as error:
            if "host bits set" in str(error):
                network = ip_network(value, strict=False)
                raise ValueError(f"expected the first address of a network: {network}") from None
    raise ValueError("expected a network such as 10.0.0.0/8")


def file_path(value: object, info: ValidationInfo) -> Path:
    """Take a path from the folder of its file, or else from `folder` of the validation context."""
    if isinstance(value, Path):
        text = str(value)
    elif isinstance(value, str) and value and "\0" not in value:
        text = value
    else:
        raise ValueError("expected a path")
    folder = getattr(value, "folder", None) or (info.context or {}).get("folder")
    return Path(folder, text) if folder else Path(text)


def later(module: str, name: str) -> AfterValidator:
    """Hold a value to a rule whose module is loaded with the first such value of a file: few files have one.

    module: below `config`. name: of the rule in it, which takes the value and returns it.
    """

    def check(value: object) -> object:
        return getattr(import_module(f"frontdesk.config.{module}"), name)(value)

    return AfterValidator(check)


def matching(pattern: str, expected: str) -> AfterValidator:
    """Demand that a text matches `pattern` as a whole; `expected` completes "expected …"."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            meant = (value.upper(), value.lower(), value.strip(), value.rstrip("/"))
            close = next((text for text in meant if compiled.fullmatch(text)), None)
            raise HintedError(f"expected {expected}", f"did you mean {close}?" if close else "")
        return value

    return AfterValidator(check)


def _schema(*types: str, pattern: str = "", **more: Any) -> WithJsonSchema:
    kind: Any = types[0] if len(types) == 1 else list(types)
    return WithJsonSchema({"type": kind} | ({"pattern": pattern} if pattern else {}) | more)


Duration = Annotated[
    float,
    PlainValidator(parse_duration),
    _schema("string", "number", pattern=r"^\d+(\.\d+)?(ms|s|m|h|d)?$", minimum=0),
]
"""Seconds, written `250ms 10s 5m 1h 7d` or as a bare number."""

Size = Annotated[
    int,
    PlainValidator(parse_size),
    _schema("string", "integer", pattern=r"^\d+(B|KB|MB|GB)?$", minimum=0),
]
"""Bytes, written `64KB 10MB` or as a bare number."""

RateText = Annotated[
    Rate,
    PlainValidator(parse_rate),
    PlainSerializer(str, when_used="json"),
    _schema("string", pattern=r"^(\d+|\d{1,3}(,\d{3})+)/(s|m|h|d)$"),
]
"""Requests in a window, written `500/s`."""

Percent = Annotated[
    float,
    PlainValidator(parse_percent),
    _schema("string", pattern=r"^\d{1,3}(\.\d{1,6})?%$"),
]
"""A share from 0.0 to 1.0, written `10%`."""

HostPort = Annotated[
    Address,
    PlainValidator(parse_address),
    PlainSerializer(str, when_used="json"),
    _schema("string"),
]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network), _schema("string")]
FilePath = Annotated[Path, PlainValidator(file_path), _schema("string", minLength=1)]
"""A path; a relative one is taken from the folder of the file that names it."""

Whole = Annotated[int, PlainValidator(_whole), _schema("integer")]
Flag = Annotated[bool, PlainValidator(_flag), _schema("boolean")]

Name = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "a name of letters, digits, _ and -, at most 64"),
]
"""A name that other entries refer to."""


def _no_number(name: str) -> str:
    if name.isdecimal():
        raise ValueError("expected a name that is not a number: numbers are versions")
    return name


AliasName = Annotated[
    str,
    matching(r"[A-Za-z0-9_-]{1,128}", "a name of letters, digits, _ and -, at most 128"),
    AfterValidator(_no_number),
]
"""A name for a version of a function."""


def mapped_parts(text: str) -> tuple[Part, ...]:
    """Take static text, one selector, or several in braces apart. Raises: ValueError."""
    try:
        return parse_selectors(text)
    except SelectorError as error:
        raise HintedError(error.message.partition(":")[0], error.hint) from error


def _selector(text: str) -> str:
    parts = mapped_parts(text)
    if len(parts) != 1 or isinstance(parts[0], str) or parts[0].source.startswith("response"):
        raise HintedError(
            "expected a selector such as $request.header.Authorization",
            "a header is $request.header.NAME, the client's address $context.identity.sourceIp",
        )
    return text


Selector = Annotated[str, AfterValidator(_selector)]
"""Where one value of the request is found."""


def at_least(low: int) -> AfterValidator:
    """Limit a whole number or size from below."""

    def check(value: int) -> int:
        if value < low:
            raise ValueError(f"expected at least {low}")
        return value

    return AfterValidator(check)


def within(low: int, high: int) -> AfterValidator:
    """Limit a whole number to a range, both ends included."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return value

    return AfterValidator(check)

"""Models of `functions`: code that runs in child processes, with its versions and aliases."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from frontdesk.config.models.asynchronous import Asynchronous
from frontdesk.config.models.function_url import FunctionUrl
from frontdesk.config.models.model import (
    AliasName,
    Duration,
    FilePath,
    HintedError,
    Model,
    ShortForm,
    Size,
    Whole,
    at_least,
    between,
    broken_rule,
    matching,
)
from frontdesk.config.secrets import Secret
from frontdesk.config.text import FileText
from frontdesk.rules.concurrency import LATEST


def _value(value: object) -> Secret | str:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - bad input, not a bug
    text = str.__str__(value)
    return Secret(text) if isinstance(value, FileText) and value.referenced else text


# Differs: [own-credentials] AWS refuses AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
# AWS_SESSION_TOKEN too; its functions get them from a role, which ours do not have.
RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
"""Source: AWS, "Using Lambda environment variables", reserved environment variables."""


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        of_region = "set region at the top of the file" if name.endswith("_REGION") else ""
        raise HintedError("expected a variable that the runtime does not set itself", of_region)
    return name


VariableName = Annotated[
    str,
    matching(r"[A-Za-z_][A-Za-z0-9_]*", "a variable name of letters, digits and _"),
    AfterValidator(_not_reserved),
]

VariableValue = Annotated[Secret | str, PlainValidator(_value), WithJsonSchema({"type": "string"})]

Variables = dict[VariableName, VariableValue]


def _memory(value: int) -> int:
    if value < 1024**2:
        raise HintedError("expected at least 1MB", "a bare number is bytes: write MB behind it")
    return value


class Handler(Model):
    """What a call runs: a Python callable, or a program in any language."""

    python: (
        Annotated[
            str,
            matching(
                r"[A-Za-z_]\w*([./][A-Za-z_]\w*)*\.[A-Za-z_]\w*",
                "a module path and a callable, such as functions.appointments.book",
            ),
        ]
        | None
    ) = None
    """Module path and callable, such as `functions.appointments.book`. Or `command`."""

    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """A program that speaks the Lambda Runtime API, and its arguments. With a slash it is taken from
    the folder of `code`. Or `python`."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.python is None) == (self.command is None):
            raise broken_rule("expected either python or command")
        return self


HandlerField = Annotated[
    Handler, ShortForm("python", "a module path and a callable, such as functions.slots.free")
]
"""Module path and callable, or {command: [./bootstrap]}."""

_NUMBER = r"[1-9][0-9]{0,9}"


def _version(value: object) -> str:
    """Take a version. YAML asks for quotes around numbers, but one without them is clear, too."""
    text = str(value) if isinstance(value, (str, int)) else ""
    if re.fullmatch(_NUMBER, text, re.ASCII) is None and text != LATEST:
        raise ValueError('expected a version such as "1"')
    return text


def _published(version: str) -> str:
    if version == LATEST:
        raise ValueError('expected a published version such as "1"; $LATEST is the entry itself')
    return version


Version = Annotated[
    str,
    PlainValidator(_version),
    WithJsonSchema({"type": ["string", "integer"], "pattern": rf"^({_NUMBER}|\$LATEST)$"}),
]
"""Number under `versions`, or $LATEST."""

PublishedVersion = Annotated[Version, AfterValidator(_published)]


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ValueError("expected a share of the calls between 0 and 1, such as 0.1")
    return float(value)


Share = Annotated[
    float,
    PlainValidator(_share),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]


class Alias(Model):
    """A name for a version. It may send a share of its calls to a second one."""

    version: Version
    """Number under `versions`, or $LATEST."""

    weights: Annotated[dict[PublishedVersion, Share], Field(max_length=1)] = Field(
        default_factory=dict
    )
    """A second version and its share of the calls, between 0 and 1."""

    @model_validator(mode="after")
    def _has_two_versions(self) -> Self:
        if self.weights and self.version == LATEST:
            raise broken_rule("expected a published version beside weights, not $LATEST")
        if self.version in self.weights:
            raise broken_rule("expected another version under weights than the alias's own")
        return self


def _by_qualifier(value: object) -> object:
    return value if isinstance(value, dict) else {LATEST: value}


Count = Annotated[Whole, at_least(1)]

Qualifier = Annotated[
    str, matching(r"\$LATEST|[A-Za-z0-9_-]{1,128}", "a version or the name of an alias")
]

ProvisionedField = Annotated[
    dict[Qualifier, Count],
    BeforeValidator(_by_qualifier),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
            ]
        }
    ),
]
"""A number, for $LATEST, or numbers by version or alias."""


class FunctionVersion(Model):
    """A published version. What it does not say is as in the function's entry."""

    handler: HandlerField | None = None
    """As in the function's entry."""

    code: Annotated[FilePath, Field(validate_default=True)] = Path()
    """Folder put first on the path, or a zip of one. Default: the folder of this file."""

    layers: Annotated[tuple[FilePath, ...], Field(max_length=5)] = ()
    """Folders or zips with `python`, `bin` and `lib` in them. Later ones come before former ones."""

    requirements: FilePath | None = None
    """A requirements.txt, installed once into data_dir, keyed by its hash."""

    timeout: Annotated[Duration, between("1ms", "15m")] = 3.0
    """How long one invocation may take before it is killed. Default 3s, at most 15m."""

    memory: Annotated[Size, AfterValidator(_memory)] = 128 * 1024**2
    """Memory limit of one child process, at least 1MB. Default 128MB."""

    environment: Variables = Field(default_factory=dict)
    """Environment variables, but none of those that the runtime sets itself, such as AWS_REGION. Values
    that come from a `${…}` reference are kept secret."""


class Function(FunctionVersion, Asynchronous):
    """A function in the form of AWS Lambda: its version $LATEST, and what all versions share."""

    handler: HandlerField
    """Module path and callable, such as `functions.appointments.book`, or {command: [./bootstrap]}."""

    reserved_concurrency: Annotated[Whole, at_least(0)] | None = None
    """Invocations at once, set aside for this function. Absent: it shares limits.concurrency."""

    # Differs: [provisioned-latest] AWS gives it to versions and aliases only.
    provisioned_concurrency: ProvisionedField = Field(default_factory=dict)
    """Children that stand ready: a number, for $LATEST, or numbers by version or alias."""

    url: FunctionUrl | None = None
    """Serves the function without an API, at /fn/NAME or at a host of its own."""

    versions: dict[PublishedVersion, FunctionVersion] = Field(default_factory=dict)
    """Published versions by number. They should never change: give each a folder or zip of its own."""

    aliases: dict[AliasName, Alias] = Field(default_factory=dict)
    """Names for versions. A route names one by `function: NAME:ALIAS`."""

    def version(self, number: str) -> FunctionVersion:
        """Return a version, complete with what it takes from the entry."""
        if number == LATEST:
            return self
        own = self.versions[number]
        missing = FunctionVersion.model_fields.keys() - own.model_fields_set
        return own.model_copy(update={key: getattr(self, key) for key in missing})

    def versions_behind(self, qualifier: str) -> list[str]:
        """List the versions that calls with this qualifier reach. "" is $LATEST."""
        alias = self.aliases.get(qualifier)
        return [qualifier or LATEST] if alias is None else [alias.version, *alias.weights]

    @property
    def qualifiers(self) -> list[str]:
        """List what may stand behind the function's name: aliases, versions, $LATEST."""
        return [*self.aliases, *self.versions, LATEST]

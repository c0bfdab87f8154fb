"""Owns what the Lambda API is told and keeps of a function: members, their constraints, their defaults.

The members are AWS's, in its spelling on the wire and in the Catalog. Source: AWS Lambda API Reference,
"CreateFunction", "FunctionConfiguration", "AliasConfiguration", "PublishLayerVersion".
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_pascal

from frontdesk.aws.lambda_api.asked import invalid_members
from frontdesk.rules.asynchronous.progress import MAX_AGE, MOST_RETRIES, Policy
from frontdesk.rules.concurrency import LATEST, Share

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AliasName = Annotated[
    str, StringConstraints(pattern=r"^[0-9]*[A-Za-z_-][A-Za-z0-9_-]*$", max_length=128)
]
"""Not a number: those are versions."""
Description = Annotated[str, StringConstraints(max_length=256)]
Weight = Annotated[float, Field(ge=0, le=1)]
Architecture = Literal["x86_64", "arm64"]


class Members(BaseModel):
    """A JSON object of the API. Members that nobody knows are passed over, as AWS does."""

    model_config = ConfigDict(
        alias_generator=to_pascal, populate_by_name=True, extra="ignore", frozen=True, strict=True
    )

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Self:
        """Take members off the wire. Raises: ApiError that names each one that does not fit."""
        try:
            return cls.model_validate(members)
        except ValidationError as error:
            faults = [_fault(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise invalid_members(*faults)

    def document(self) -> dict[str, Any]:
        """Write the members for the wire or the Catalog, without those that are None."""
        return self.model_dump(by_alias=True, exclude_none=True)


def _fault(place: tuple[int | str, ...], constraint: str) -> str:
    # No value: it may be a secret.
    path = ".".join(str(key)[:1].lower() + str(key)[1:] for key in place)
    said = constraint.replace("Input should", "Member must").replace("String should", "Member must")
    return f"Value at '{path}' failed to satisfy constraint: {said}"


VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
VariableValue = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class Environment(Members):
    """Environment variables."""

    variables: dict[VariableName, VariableValue] = Field(default_factory=dict)


class EphemeralStorage(Members):
    """The size of /tmp in MB, which is kept and shown."""

    size: Annotated[int, Field(ge=512, le=10_240)] = 512


class UsedLayer(Members):
    """A layer version that a function uses. It stays, even when the layer version is deleted."""

    arn: str
    code_sha256: str
    code_size: int


class DeadLetterConfig(Members):
    """The queue for events of asynchronous invocations that failed. "": none."""

    target_arn: str = ""


class DestinationArn(Members):
    """Where a record of an asynchronous invocation goes."""

    destination: str | None = None


class DestinationConfig(Members):
    """Where records go of asynchronous invocations that have succeeded, and of those that failed."""

    on_success: DestinationArn = DestinationArn()
    on_failure: DestinationArn = DestinationArn()


class EventInvokeConfig(Members):
    """What is done with asynchronous invocations of a version or an alias. last_modified: seconds since 1970."""

    maximum_retry_attempts: Annotated[int, Field(ge=0, le=MOST_RETRIES)] | None = None
    maximum_event_age_in_seconds: Annotated[int, Field(ge=MAX_AGE[0], le=MAX_AGE[1])] | None = None
    destination_config: DestinationConfig = DestinationConfig()
    last_modified: float = 0.0

    @property
    def policy(self) -> Policy:
        """It in the words of whoever makes the invocations."""
        usual, age = Policy(), self.maximum_event_age_in_seconds
        retries, to = self.maximum_retry_attempts, self.destination_config
        return Policy(
            usual.retries if retries is None else retries,
            usual.max_age if age is None else float(age),
            to.on_success.destination or "",
            to.on_failure.destination or "",
        )


class Configuration(Members):
    """What may be set of a function's version beside its code. The last ones are kept and shown only."""

    runtime: str = ""
    handler: Annotated[str, StringConstraints(max_length=128)] = ""
    description: Description = ""
    timeout: Annotated[int, Field(ge=1, le=900)] = 3
    memory_size: Annotated[int, Field(ge=128, le=10_240)] = 128
    environment: Environment = Environment()
    layers: Annotated[list[UsedLayer], Field(max_length=5)] = Field(default_factory=list)
    role: str = ""
    architectures: Annotated[list[Architecture], Field(min_length=1, max_length=1)] = Field(
        default=["x86_64"]
    )
    ephemeral_storage: EphemeralStorage = EphemeralStorage()
    dead_letter_config: DeadLetterConfig | None = None
    tracing_config: dict[str, Any] = Field(default_factory=lambda: {"Mode": "PassThrough"})
    logging_config: dict[str, Any] | None = None

    def changed(self, members: Mapping[str, Any]) -> Self:
        """Return these with the members that are given in place of their own. Raises: ApiError."""
        return self.read({**self.document(), **members})


class Version(Configuration):
    """A version: its configuration and its code. last_modified: `2026-11-20T10:00:00.123+0000`."""

    version: str = LATEST
    code_sha256: str = ""
    """Base64, as AWS shows it; it names the stored zip."""
    code_size: int = 0
    last_modified: str = ""
    revision_id: str = ""


class Routing(Members):
    """A second version of an alias, and its share of the calls."""

    additional_version_weights: Annotated[dict[str, Weight], Field(max_length=1)] = Field(
        default_factory=dict
    )


class AliasEntry(Members):
    """A name for a version."""

    name: AliasName
    function_version: str
    description: Description = ""
    routing_config: Routing = Routing()
    revision_id: str = ""


class Code(Members):
    """Where new code is."""

    zip_file: str | None = None
    """Base64."""
    s3_bucket: str | None = None
    s3_key: str | None = None
    image_uri: str | None = None


class FunctionEntry(Members):
    """A function as the Catalog keeps it."""

    function_name: Name
    latest: Version
    versions: dict[str, Version] = Field(default_factory=dict)
    last_version: int = 0
    aliases: dict[str, AliasEntry] = Field(default_factory=dict)
    reserved_concurrent_executions: Annotated[int, Field(ge=0)] | None = None
    provisioned: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    event_invoke_configs: dict[str, EventInvokeConfig] = Field(default_factory=dict)
    """By version, `$LATEST` among them, or alias."""
    tags: dict[str, str] = Field(default_factory=dict)
    policy: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def all(self) -> list[Version]:
        """All versions, $LATEST first."""
        return [self.latest, *self.versions.values()]

    @property
    def share(self) -> Share:
        """What it has of the pool for itself."""
        return Share(self.reserved_concurrent_executions, sum(self.provisioned.values()))

    def asynchronous(self, qualifier: str) -> Policy:
        """Return what is done with asynchronous invocations; "" is $LATEST."""
        config = self.event_invoke_configs.get(qualifier or LATEST)
        policy = Policy() if config is None else config.policy
        version = self.version(qualifier)
        letters = None if version is None else version.dead_letter_config
        return policy if letters is None else policy._replace(dead_letter=letters.target_arn)

    def version(self, qualifier: str) -> Version | None:
        """Return the version of a number, of $LATEST, or that an alias names."""
        alias = self.aliases.get(qualifier)
        number = alias.function_version if alias is not None else qualifier or LATEST
        return self.latest if number == LATEST else self.versions.get(number)


class LayerVersion(Members):
    """A version of a layer as the Catalog keeps it."""

    version: int
    description: Description = ""
    compatible_runtimes: list[str] = Field(default_factory=list)
    compatible_architectures: Annotated[list[Architecture], Field(max_length=2)] = Field(
        default_factory=list
    )
    license_info: str = ""
    code_sha256: str
    code_size: int
    created_date: str


class LayerEntry(Members):
    """A layer as the Catalog keeps it."""

    layer_name: Name
    versions: dict[str, LayerVersion] = Field(default_factory=dict)
    last_version: int = 0

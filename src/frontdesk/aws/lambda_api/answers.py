"""Owns how functions look in the answers of the Lambda API.

Source: AWS Lambda API Reference, "FunctionConfiguration" and "AliasConfiguration".
"""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from frontdesk.aws.lambda_api.models import AliasEntry, FunctionEntry, Version
from frontdesk.aws.lambda_api.registry import Arns
from frontdesk.functions.environment import RUNTIME
from frontdesk.functions.settings import Alias, FunctionDefinition, FunctionSettings
from frontdesk.rules.concurrency import LATEST

# What the waiters of SDKs ask for: a function is ready when it has been answered.
_READY = {"State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip"}


def configuration(
    arns: Arns, entry: FunctionEntry, version: Version, qualifier: str = ""
) -> dict[str, Any]:
    """Describe a version of a function of the API. qualifier: that of the ARN shown."""
    name = entry.function_name
    members = version.document()
    members["Layers"] = [{"Arn": used.arn, "CodeSize": used.code_size} for used in version.layers]
    if not version.environment.variables:
        del members["Environment"]
    members.setdefault("LoggingConfig", {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"})
    arn = arns.function(name, qualifier)
    return {"FunctionName": name, "FunctionArn": arn, **members, **_READY}


def configuration_of_file(
    arns: Arns, definition: FunctionDefinition, settings: FunctionSettings, qualifier: str = ""
) -> dict[str, Any]:
    """Describe a version of a function of the file.

    Differs: [file-functions] without its environment, where secrets of the file are, and without a hash
    of its code, which is a folder.
    """
    name = definition.name
    return {
        "FunctionName": name,
        "FunctionArn": arns.function(name, qualifier),
        "Description": "from the configuration file",
        "Runtime": "provided.al2023" if settings.command else RUNTIME,
        "Handler": settings.handler or settings.command[0],
        "Timeout": max(1, round(settings.timeout)),
        "MemorySize": settings.memory,
        "Role": "",
        "CodeSize": 0,
        "CodeSha256": b64encode(sha256(str(settings.code).encode()).digest()).decode(),
        "LastModified": timestamp(0.0),
        "RevisionId": "00000000-0000-0000-0000-000000000000",
        "Version": settings.version,
        "TracingConfig": {"Mode": "PassThrough"},
        "Architectures": ["x86_64"],
        **_READY,
    }


def alias(arns: Arns, function: str, entry: AliasEntry) -> dict[str, Any]:
    """Describe an alias."""
    members = entry.document()
    if not entry.routing_config.additional_version_weights:
        del members["RoutingConfig"]
    return {"AliasArn": arns.function(function, entry.name), **members}


def alias_of_file(name: str, told: Alias) -> AliasEntry:
    """Take an alias of the file as if it were of the API."""
    return AliasEntry.read(
        {
            "Name": name,
            "FunctionVersion": told.version,
            "RoutingConfig": {"AdditionalVersionWeights": dict(told.weights)},
        }
    )


def settings_of(definition: FunctionDefinition, qualifier: str) -> FunctionSettings | None:
    """Find the version of a number, of $LATEST, or that an alias names."""
    told = definition.aliases.get(qualifier)
    number = told.version if told is not None else qualifier or LATEST
    return definition.latest if number == LATEST else definition.versions.get(number)


def timestamp(seconds: float) -> str:
    """Write an instant as Lambda does: `2026-11-20T10:00:00.123+0000`."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"

"""Owns the operations on layers, and which of their versions functions use.

Source: AWS Lambda API Reference, "PublishLayerVersion" and its neighbours.
"""

import re
from typing import Any

from frontdesk.aws.lambda_api.answers import timestamp
from frontdesk.aws.lambda_api.asked import Asked, invalid_members
from frontdesk.aws.lambda_api.constraints import invalid_parameter, zip_bytes
from frontdesk.aws.lambda_api.models import LayerEntry, LayerVersion, UsedLayer
from frontdesk.aws.lambda_api.registry import Arns, Registry
from frontdesk.aws.wire import ApiError, json_reply
from frontdesk.base.clock import Clock
from frontdesk.gateway.pipeline.exchange import Reply

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:(?P<name>[A-Za-z0-9_-]+):(?P<number>\d+)"
)


class Layers:
    """The operations whose subject is a layer."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    async def publish(self, asked: Asked) -> Reply:
        """PublishLayerVersion."""
        members, name = asked.members(), asked.names["layer"]
        zipped = zip_bytes(members.get("Content"))
        registry = self._registry
        async with registry.changing:
            former = registry.layers().get(name) or LayerEntry.read({"LayerName": name})
            number = former.last_version + 1
            uploaded = await registry.upload(zipped)
            version = LayerVersion.read(
                {
                    **members,
                    "Version": number,
                    "CodeSha256": uploaded.sha256,
                    "CodeSize": uploaded.size,
                    "CreatedDate": timestamp(self._clock.time()),
                }
            )
            versions = {**former.versions, str(number): version}
            await registry.save_layer(
                former.model_copy(update={"versions": versions, "last_version": number})
            )
        return json_reply(201, _described(registry.arns, name, version))

    async def get(self, asked: Asked) -> Reply:
        """GetLayerVersion."""
        name, number = asked.names["layer"], asked.names["number"]
        version = _found(self._registry, name, number)
        return json_reply(200, _described(self._registry.arns, name, version))

    async def list_layers(self, _asked: Asked) -> Reply:
        """ListLayers."""
        told = [
            {
                "LayerName": name,
                "LayerArn": self._registry.arns.layer(name),
                "LatestMatchingVersion": _described(self._registry.arns, name, newest),
            }
            for name, entry in sorted(self._registry.layers().items())
            if (newest := entry.versions.get(str(entry.last_version))) is not None
        ]
        return json_reply(200, {"Layers": told})

    async def list_versions(self, asked: Asked) -> Reply:
        """ListLayerVersions, newest first."""
        name = asked.names["layer"]
        entry = self._registry.layers().get(name) or LayerEntry.read({"LayerName": name})
        newest_first = reversed(entry.versions.values())
        told = [_described(self._registry.arns, name, version) for version in newest_first]
        return json_reply(200, {"LayerVersions": told})

    async def delete(self, asked: Asked) -> Reply:
        """DeleteLayerVersion. Functions that use it go on with it."""
        name, number = asked.names["layer"], asked.names["number"]
        registry = self._registry
        async with registry.changing:
            former = registry.layers().get(name)
            if former is not None and number in former.versions:
                versions = {one: kept for one, kept in former.versions.items() if one != number}
                await registry.save_layer(former.model_copy(update={"versions": versions}))
        return Reply(204, [])


def used_layers(registry: Registry, arns: object) -> list[dict[str, Any]]:
    """Turn the ARNs of a request into what functions keep of layers. Raises: ApiError."""
    if not isinstance(arns, list):
        raise invalid_members(
            "Value at 'layers' failed to satisfy constraint: Member must be a list"
        )
    used = []
    for arn in arns:
        found = _ARN.fullmatch(str(arn))
        if found is None:
            raise invalid_parameter(f"Invalid Layer version arn: {str(arn)[:140]}")
        version = _found(registry, found["name"], found["number"])
        used.append(
            UsedLayer(
                arn=f"{registry.arns.layer(found['name'])}:{found['number']}",
                code_sha256=version.code_sha256,
                code_size=version.code_size,
            ).document()
        )
    return used


def _found(registry: Registry, name: str, number: str) -> LayerVersion:
    entry = registry.layers().get(name)
    version = entry.versions.get(number) if entry is not None else None
    if version is None:
        arn = f"{registry.arns.layer(name)}:{number}"
        raise ApiError(
            404, "ResourceNotFoundException", f"The resource you requested does not exist. {arn}"
        )
    return version


def _described(arns: Arns, name: str, version: LayerVersion) -> dict[str, Any]:
    members = version.document()
    content = {"CodeSha256": members.pop("CodeSha256"), "CodeSize": members.pop("CodeSize")}
    arn = arns.layer(name)
    return {
        "LayerArn": arn,
        "LayerVersionArn": f"{arn}:{version.version}",
        "Content": {**content, "Location": ""},
        **members,
    }

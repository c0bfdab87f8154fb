"""Owns the operations that change a parameter, and those about its tags."""

from collections.abc import Mapping
from typing import Any

from frontdesk.aws.ssm.written import asked
from frontdesk.stores.vault.parameters import LONGEST, Parameters, Wanted
from frontdesk.stores.vault.refusals import VaultError


class Changing:
    """See `service` for their members, and AWS for their meaning."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    async def put(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """PutParameter."""
        tags = members.get("Tags")
        if tags is not None and members.get("Overwrite"):
            raise VaultError(
                "ValidationException",
                "Invalid request: tags and overwrite can't be used together. To create a parameter "
                "with tags, please remove overwrite flag.",
            )
        value = members["Value"]
        # Differs: [parameter-keys] AWS encrypts with KeyId; here the vault's master key does it.
        wanted = Wanted(
            value=value,
            type=members.get("Type"),
            overwrite=bool(members.get("Overwrite")),
            tier=_tier(members.get("Tier"), value),
            data_type=members.get("DataType"),
            description=members.get("Description"),
            pattern=members.get("AllowedPattern"),
            tags=None if tags is None else {tag["Key"]: tag["Value"] for tag in tags},
        )
        parameter = await self._parameters.put(asked(members["Name"]).name, wanted)
        return {"Version": parameter.newest.number, "Tier": parameter.tier}

    async def delete(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteParameter."""
        await self._parameters.delete(asked(members["Name"]).name)
        return {}

    async def delete_several(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteParameters."""
        deleted, invalid = [], []
        for name in dict.fromkeys(members["Names"]):
            try:
                await self._parameters.delete(asked(name).name)
                deleted.append(name)
            except VaultError:
                invalid.append(name)
        return {"DeletedParameters": deleted, "InvalidParameters": invalid}

    async def label(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """LabelParameterVersion."""
        number, invalid = await self._parameters.label(
            asked(members["Name"]).name, members.get("ParameterVersion"), members["Labels"]
        )
        return {"InvalidLabels": invalid, "ParameterVersion": number}

    async def add_tags(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """AddTagsToResource."""
        name, tags = await self._tags(members)
        more = {tag["Key"]: tag["Value"] for tag in members["Tags"]}
        await self._parameters.tag(name, {**tags, **more})
        return {}

    async def remove_tags(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """RemoveTagsFromResource."""
        name, tags = await self._tags(members)
        gone = members["TagKeys"]
        await self._parameters.tag(name, {key: tag for key, tag in tags.items() if key not in gone})
        return {}

    async def list_tags(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        _, tags = await self._tags(members)
        return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}

    async def _tags(self, members: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
        name = asked(members["ResourceId"]).name
        try:
            return name, (await self._parameters.get(name)).tags
        except VaultError as error:
            raise VaultError(
                "InvalidResourceId", f"There is no parameter of this name: {name}"
            ) from error


def _tier(asked_for: str | None, value: str) -> str | None:
    if asked_for != "Intelligent-Tiering":
        return asked_for
    return "Standard" if len(value.encode()) <= LONGEST["Standard"] else "Advanced"

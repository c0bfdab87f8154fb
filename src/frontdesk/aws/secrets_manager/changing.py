"""Owns the operations that change a secret."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.secrets_manager.written import Arns
from frontdesk.rules.secret_stages import CURRENT
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.secrets import Description, Secret, Value
from frontdesk.stores.vault.vault import Vault

_USUAL_WINDOW: Final = 30


class Changing:
    """See `service` for their members, and AWS for their meaning."""

    def __init__(self, vault: Vault, arns: Arns) -> None:
        self._vault = vault
        self._secrets = vault.secrets
        self._arns = arns

    async def create(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """CreateSecret."""
        tags = {tag["Key"]: tag.get("Value", "") for tag in members.get("Tags", [])}
        secret, version = await self._secrets.create(
            members["Name"],
            _value(members),
            members.get("ClientRequestToken"),
            _description(members, tags),
        )
        return self._named(secret, version)

    async def put(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """PutSecretValue."""
        value = _value(members)
        if value is None:
            raise VaultError(
                "InvalidRequestException", "You must provide either SecretString or SecretBinary."
            )
        secret, version = await self._secrets.put(
            await self._name(members),
            value,
            members.get("ClientRequestToken"),
            members.get("VersionStages", (CURRENT,)),
        )
        stages = list(secret.version(version, None).stages)
        return {**self._named(secret, version), "VersionStages": stages}

    async def update(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateSecret."""
        secret, version = await self._secrets.update(
            await self._name(members),
            _value(members),
            members.get("ClientRequestToken"),
            _description(members, None),
        )
        return self._named(secret, version)

    async def move_stage(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateSecretVersionStage."""
        secret = await self._secrets.move_stage(
            await self._name(members),
            members["VersionStage"],
            source=members.get("RemoveFromVersionId"),
            target=members.get("MoveToVersionId"),
        )
        return self._named(secret)

    async def delete(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteSecret."""
        name, days = await self._name(members), members.get("RecoveryWindowInDays")
        at_once = bool(members.get("ForceDeleteWithoutRecovery"))
        if at_once and days is not None:
            raise VaultError(
                "InvalidParameterException",
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            )
        if at_once:
            # Differs: [forced-deletion] AWS answers as if there had been one where there is none.
            secret = await self._secrets.forget(name)
        else:
            secret = await self._secrets.delete(name, int(days or _USUAL_WINDOW))
        return {**self._named(secret), "DeletionDate": secret.gone}

    async def restore(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """RestoreSecret."""
        return self._named(await self._secrets.restore(await self._name(members)))

    async def rotate(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """RotateSecret: there is no function that does it."""
        # Differs: [rotation] AWS has a function make the next value; here whoever has it puts it.
        await self._secrets.get(await self._name(members))
        raise VaultError(
            "InvalidRequestException",
            "No Lambda rotation function ARN is associated with this secret; put the next value instead.",
        )

    async def tag(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """TagResource."""
        more = {tag["Key"]: tag.get("Value", "") for tag in members["Tags"]}
        await self._secrets.describe(
            await self._name(members), lambda secret: Description(tags={**secret.tags, **more})
        )
        return {}

    async def untag(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """UntagResource."""

        def left(secret: Secret) -> Description:
            tags = {key: tag for key, tag in secret.tags.items() if key not in members["TagKeys"]}
            return Description(tags=tags)

        await self._secrets.describe(await self._name(members), left)
        return {}

    async def _name(self, members: Mapping[str, Any]) -> str:
        return await self._vault.name_of(members["SecretId"])

    def _named(self, secret: Secret, version: str | None = None) -> dict[str, Any]:
        answer = {"ARN": self._arns.of(secret), "Name": secret.name}
        return answer if version is None else {**answer, "VersionId": version}


def _value(members: Mapping[str, Any]) -> Value | None:
    text, binary = members.get("SecretString"), members.get("SecretBinary")
    if text is not None and binary is not None:
        raise VaultError(
            "InvalidParameterException", "You can't specify both SecretString and SecretBinary."
        )
    if text is not None:
        return Value(text.encode())
    if binary is None:
        return None
    try:
        return Value(b64decode(binary, validate=True), binary=True)
    except ValueError:
        raise VaultError("InvalidParameterException", "SecretBinary is no base64.") from None


def _description(members: Mapping[str, Any], tags: Mapping[str, str] | None) -> Description:
    return Description(
        description=members.get("Description"), kms_key=members.get("KmsKeyId"), tags=tags
    )

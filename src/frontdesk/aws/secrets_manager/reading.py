"""Owns the operations that change nothing."""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.paging import page
from frontdesk.aws.secrets_manager.written import Arns, content, described
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.secrets import Secret
from frontdesk.stores.vault.vault import Vault

_USUAL_PAGE: Final = 100
_USUAL_BATCH: Final = 20
_INVALID_PAGE: Final = "InvalidNextTokenException"


class Reading:
    """See `service` for their members, and AWS for their meaning."""

    def __init__(self, vault: Vault, arns: Arns) -> None:
        self._vault = vault
        self._secrets = vault.secrets
        self._arns = arns

    async def get_value(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """GetSecretValue."""
        name = await self._vault.name_of(members["SecretId"])
        secret, version, value = await self._secrets.value(
            name, members.get("VersionId"), members.get("VersionStage")
        )
        return {
            "ARN": self._arns.of(secret),
            "Name": secret.name,
            "VersionId": version.id,
            **content(value),
            "VersionStages": list(version.stages),
            "CreatedDate": version.created,
        }

    async def get_values(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """BatchGetSecretValue."""
        asked, filters = members.get("SecretIdList"), members.get("Filters")
        if (asked is None) == (filters is None):
            raise VaultError(
                "InvalidParameterException", "Give either SecretIdList or Filters, and not both."
            )
        more: dict[str, str] = {}
        if asked is None:
            found = [each for each in await self._filtered(members) if not each.deleted]
            some, more = page(found, _name, members, usual=_USUAL_BATCH, invalid=_INVALID_PAGE)
            asked = [secret.name for secret in some]
        values, errors = [], []
        for each in asked:
            try:
                values.append(await self.get_value({"SecretId": each}))
            except VaultError as error:
                errors.append({"SecretId": each, "ErrorCode": error.code, "Message": error.message})
        return {"SecretValues": values, "Errors": errors, **more}

    async def describe(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeSecret."""
        name = await self._vault.name_of(members["SecretId"])
        return described(await self._secrets.find(name), self._arns)

    async def list_secrets(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """ListSecrets."""
        found = await self._filtered(members)
        if not members.get("IncludePlannedDeletion"):
            found = [secret for secret in found if not secret.deleted]
        some, more = page(found, _name, members, usual=_USUAL_PAGE, invalid=_INVALID_PAGE)
        listed = [described(each, self._arns, "SecretVersionsToStages") for each in some]
        return {"SecretList": listed, **more}

    async def list_versions(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """ListSecretVersionIds."""
        secret = await self._secrets.find(await self._vault.name_of(members["SecretId"]))
        versions = [
            each for each in secret.versions if each.stages or members.get("IncludeDeprecated")
        ]
        versions.sort(key=lambda version: version.id)
        some, more = page(
            versions,
            lambda version: version.id,
            members,
            usual=_USUAL_PAGE,
            invalid=_INVALID_PAGE,
        )
        listed = [
            {
                "VersionId": version.id,
                "VersionStages": list(version.stages),
                "CreatedDate": version.created,
            }
            for version in some
        ]
        return {"Versions": listed, "ARN": self._arns.of(secret), "Name": secret.name, **more}

    async def _filtered(self, members: Mapping[str, Any]) -> list[Secret]:
        filters = members.get("Filters", [])
        return [
            secret
            for secret in await self._secrets.all()
            if all(_fits(secret, each["Key"], each["Values"]) for each in filters)
        ]


def _name(secret: Secret) -> str:
    return secret.name


def _fits(secret: Secret, key: str, values: list[str]) -> bool:
    """Whether a text of the secret begins with one of the values; `!` before one: with none such."""
    texts = {
        "name": [secret.name],
        "description": [secret.description],
        "tag-key": list(secret.tags),
        "tag-value": list(secret.tags.values()),
    }
    texts["all"] = [text for each in texts.values() for text in each]

    def begins(value: str) -> bool:
        # Differs: [secret-filters] AWS takes words of descriptions and tags apart.
        return any(text.lower().startswith(value.lower()) for text in texts[key])

    return any(
        not begins(value[1:]) if value.startswith("!") else begins(value) for value in values
    )

"""Owns how secrets look in answers: ARNs, times, the members that describe one."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from frontdesk.stores.vault.secrets import Secret, Value


@dataclass(frozen=True, slots=True)
class Arns:
    """Where the secrets are."""

    region: str
    account: str

    def of(self, secret: Secret) -> str:
        """Write the ARN of a secret."""
        place = f"arn:aws:secretsmanager:{self.region}:{self.account}"
        return f"{place}:secret:{secret.name}-{secret.suffix}"


def described(secret: Secret, arns: Arns, stages: str = "VersionIdsToStages") -> dict[str, Any]:
    """Describe a secret. stages: how the answer calls them."""
    # Differs: [last-accessed] AWS tells the day of the last reading; it would be a write for each.
    staged = {each.id: list(each.stages) for each in secret.versions if each.stages}
    members = {
        "ARN": arns.of(secret),
        "Name": secret.name,
        "Description": secret.description,
        "KmsKeyId": secret.kms_key,
        "LastChangedDate": secret.changed,
        "DeletedDate": secret.deleted,
        "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
        stages: staged,
        "CreatedDate": secret.created,
    }
    return {"RotationEnabled": False, **{name: each for name, each in members.items() if each}}


def content(value: Value) -> dict[str, str]:
    """Write a value, as text or bytes."""
    if value.binary:
        return {"SecretBinary": b64encode(value.data).decode()}
    return {"SecretString": value.data.decode()}

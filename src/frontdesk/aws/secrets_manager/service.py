"""Owns the table of Secrets Manager's operations and their members.

Source: AWS, Secrets Manager, API reference.
"""

from typing import Final

from frontdesk.aws.constraints import Constraint, Flag, Listed, Number, Structure, Text
from frontdesk.aws.json_service import JsonService, Operation, Run
from frontdesk.aws.secrets_manager.changing import Changing
from frontdesk.aws.secrets_manager.passwords import random_password
from frontdesk.aws.secrets_manager.reading import Reading
from frontdesk.aws.secrets_manager.written import Arns
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import Vault

_ID: Final = Text(least=1, most=2048)
_NAME: Final = Text(least=1, most=512)
_TOKEN: Final = Text(least=32, most=64)
_STAGE: Final = Text(least=1, most=256)
_VALUE: Final = Text(secret=True)
_FILTERS: Final = Listed(
    of=Structure(
        {
            "Key": Text(among=("all", "description", "name", "tag-key", "tag-value")),
            "Values": Listed(of=Text(most=512), least=1, most=10),
        },
        ("Key", "Values"),
    ),
    most=10,
)
_PAGE: Final[dict[str, Constraint]] = {
    "MaxResults": Number(least=1, most=100),
    "NextToken": Text(least=1, most=4096),
}
_TAGS: Final = Listed(
    of=Structure({"Key": Text(least=1, most=128), "Value": Text(most=256)}, ("Key",)), most=50
)
_CONTENT: Final[dict[str, Constraint]] = {
    "ClientRequestToken": _TOKEN,
    "SecretString": _VALUE,
    "SecretBinary": _VALUE,
}
_SAID: Final[dict[str, Constraint]] = {"Description": Text(most=2048), "KmsKeyId": Text(most=2048)}

_SHAPES: Final = {
    "GetSecretValue": Structure(
        {"SecretId": _ID, "VersionId": _TOKEN, "VersionStage": _STAGE}, ("SecretId",)
    ),
    "BatchGetSecretValue": Structure(
        {"SecretIdList": Listed(of=_ID, least=1, most=20), "Filters": _FILTERS, **_PAGE}
    ),
    "CreateSecret": Structure({"Name": _NAME, **_CONTENT, **_SAID, "Tags": _TAGS}, ("Name",)),
    "PutSecretValue": Structure(
        {"SecretId": _ID, **_CONTENT, "VersionStages": Listed(of=_STAGE, least=1, most=20)},
        ("SecretId",),
    ),
    "UpdateSecret": Structure({"SecretId": _ID, **_CONTENT, **_SAID}, ("SecretId",)),
    "UpdateSecretVersionStage": Structure(
        {
            "SecretId": _ID,
            "VersionStage": _STAGE,
            "RemoveFromVersionId": _TOKEN,
            "MoveToVersionId": _TOKEN,
        },
        ("SecretId", "VersionStage"),
    ),
    "DescribeSecret": Structure({"SecretId": _ID}, ("SecretId",)),
    "ListSecrets": Structure({**_PAGE, "Filters": _FILTERS, "IncludePlannedDeletion": Flag()}),
    "ListSecretVersionIds": Structure(
        {"SecretId": _ID, **_PAGE, "IncludeDeprecated": Flag()}, ("SecretId",)
    ),
    "DeleteSecret": Structure(
        {
            "SecretId": _ID,
            "RecoveryWindowInDays": Number(least=7, most=30),
            "ForceDeleteWithoutRecovery": Flag(),
        },
        ("SecretId",),
    ),
    "RestoreSecret": Structure({"SecretId": _ID}, ("SecretId",)),
    "RotateSecret": Structure({"SecretId": _ID}, ("SecretId",)),
    "TagResource": Structure({"SecretId": _ID, "Tags": _TAGS}, ("SecretId", "Tags")),
    "UntagResource": Structure(
        {"SecretId": _ID, "TagKeys": Listed(of=Text(least=1, most=128))}, ("SecretId", "TagKeys")
    ),
    "GetRandomPassword": Structure(
        {
            "PasswordLength": Number(least=1, most=4096),
            "ExcludeCharacters": Text(most=4096, secret=True),
            "ExcludeNumbers": Flag(),
            "ExcludePunctuation": Flag(),
            "ExcludeUppercase": Flag(),
            "ExcludeLowercase": Flag(),
            "IncludeSpace": Flag(),
            "RequireEachIncludedType": Flag(),
        }
    ),
}


def secrets_manager(vault: Vault, arns: Arns) -> JsonService:
    """Make the service."""
    reading, changing = Reading(vault, arns), Changing(vault, arns)
    operations: dict[str, Run] = {
        "GetSecretValue": reading.get_value,
        "BatchGetSecretValue": reading.get_values,
        "DescribeSecret": reading.describe,
        "ListSecrets": reading.list_secrets,
        "ListSecretVersionIds": reading.list_versions,
        "CreateSecret": changing.create,
        "PutSecretValue": changing.put,
        "UpdateSecret": changing.update,
        "UpdateSecretVersionStage": changing.move_stage,
        "DeleteSecret": changing.delete,
        "RestoreSecret": changing.restore,
        "RotateSecret": changing.rotate,
        "TagResource": changing.tag,
        "UntagResource": changing.untag,
        "GetRandomPassword": random_password,
    }
    return JsonService(
        "secretsmanager",
        "secretsmanager",
        {name: Operation(_SHAPES[name], run) for name, run in operations.items()},
        refused=VaultError,
        message="Message",
        internal="InternalServiceError",
    )

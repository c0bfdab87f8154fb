"""Owns the table of Parameter Store's operations and their members.

Source: AWS, Systems Manager, API reference, the operations of Parameter Store.
"""

from typing import Final

from frontdesk.aws.constraints import Constraint, Flag, Listed, Number, Structure, Text
from frontdesk.aws.json_service import JsonService, Operation, Run
from frontdesk.aws.ssm.changing import Changing
from frontdesk.aws.ssm.reading import Reading
from frontdesk.aws.ssm.written import ParameterArns
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import Vault

_NAME: Final = Text(least=1, most=2048)
_NAMES: Final = Listed(of=_NAME, least=1, most=10)
_TOKEN: Final = Text(least=1, most=4096)
_DECRYPTED: Final[dict[str, Constraint]] = {"WithDecryption": Flag()}
_TAGS: Final = Listed(
    of=Structure({"Key": Text(least=1, most=128), "Value": Text(most=256)}, ("Key", "Value")),
    most=50,
)
_FILTERS: Final = Listed(
    of=Structure(
        {
            "Key": Text(least=1, most=132),
            "Option": Text(least=1, most=10),
            "Values": Listed(of=Text(least=1, most=1024), least=1, most=50),
        },
        ("Key",),
    )
)
_RESOURCE: Final[dict[str, Constraint]] = {
    "ResourceType": Text(among=("Parameter",)),
    "ResourceId": _NAME,
}


def _page(most: int) -> dict[str, Constraint]:
    return {"MaxResults": Number(least=1, most=most), "NextToken": _TOKEN}


_SHAPES: Final = {
    "GetParameter": Structure({"Name": _NAME, **_DECRYPTED}, ("Name",)),
    "GetParameters": Structure({"Names": _NAMES, **_DECRYPTED}, ("Names",)),
    "GetParametersByPath": Structure(
        {
            "Path": _NAME,
            "Recursive": Flag(),
            "ParameterFilters": _FILTERS,
            **_DECRYPTED,
            **_page(10),
        },
        ("Path",),
    ),
    "GetParameterHistory": Structure({"Name": _NAME, **_DECRYPTED, **_page(50)}, ("Name",)),
    "DescribeParameters": Structure({"ParameterFilters": _FILTERS, **_page(50)}),
    "PutParameter": Structure(
        {
            "Name": _NAME,
            "Value": Text(secret=True),
            "Type": Text(among=("String", "StringList", "SecureString")),
            "Overwrite": Flag(),
            "Description": Text(most=1024),
            "AllowedPattern": Text(most=1024),
            "Tags": _TAGS,
            "Tier": Text(among=("Standard", "Advanced", "Intelligent-Tiering")),
            "DataType": Text(most=128),
            "KeyId": Text(least=1, most=256),
        },
        ("Name", "Value"),
    ),
    "DeleteParameter": Structure({"Name": _NAME}, ("Name",)),
    "DeleteParameters": Structure({"Names": _NAMES}, ("Names",)),
    "LabelParameterVersion": Structure(
        {
            "Name": _NAME,
            "ParameterVersion": Number(least=1),
            "Labels": Listed(of=Text(least=1, most=100), least=1, most=10),
        },
        ("Name", "Labels"),
    ),
    "AddTagsToResource": Structure({**_RESOURCE, "Tags": _TAGS}, (*_RESOURCE, "Tags")),
    "RemoveTagsFromResource": Structure(
        {**_RESOURCE, "TagKeys": Listed(of=Text(least=1, most=128))}, (*_RESOURCE, "TagKeys")
    ),
    "ListTagsForResource": Structure(_RESOURCE, tuple(_RESOURCE)),
}


def ssm(vault: Vault, arns: ParameterArns) -> JsonService:
    """Make the service."""
    reading, changing = Reading(vault, arns), Changing(vault.parameters)
    operations: dict[str, Run] = {
        "GetParameter": reading.get,
        "GetParameters": reading.get_several,
        "GetParametersByPath": reading.by_path,
        "GetParameterHistory": reading.history,
        "DescribeParameters": reading.describe,
        "PutParameter": changing.put,
        "DeleteParameter": changing.delete,
        "DeleteParameters": changing.delete_several,
        "LabelParameterVersion": changing.label,
        "AddTagsToResource": changing.add_tags,
        "RemoveTagsFromResource": changing.remove_tags,
        "ListTagsForResource": changing.list_tags,
    }
    return JsonService(
        "ssm",
        "AmazonSSM",
        {name: Operation(_SHAPES[name], run) for name, run in operations.items()},
        refused=VaultError,
    )

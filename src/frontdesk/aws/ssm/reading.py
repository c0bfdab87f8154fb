"""Owns the operations that change nothing."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.aws.paging import page
from frontdesk.aws.ssm.written import ParameterArns, asked, metadata, shown
from frontdesk.stores.vault.parameters import Parameter, Version
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import Vault

_SECURE: Final = "SecureString"
_SECRETS: Final = "/aws/reference/secretsmanager/"
_BY_PATH: Final = 10
_LISTED: Final = 50
_INVALID_PAGE: Final = "InvalidNextToken"

_TEXTS: Final[dict[str, Callable[[Parameter], tuple[str, ...]]]] = {
    "Name": lambda parameter: (parameter.name,),
    "Type": lambda parameter: (parameter.newest.type,),
    "Tier": lambda parameter: (parameter.tier,),
    "DataType": lambda parameter: (parameter.data_type,),
    "Label": lambda parameter: tuple(
        label for version in parameter.versions for label in version.labels
    ),
}
"""What a filter looks at."""

_OPTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "Equals": str.__eq__,
    "BeginsWith": str.startswith,
    "Contains": str.__contains__,
}


class Reading:
    """See `service` for their members, and AWS for their meaning."""

    def __init__(self, vault: Vault, arns: ParameterArns) -> None:
        self._vault = vault
        self._parameters = vault.parameters
        self._arns = arns

    async def get(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """GetParameter."""
        decrypted = bool(members.get("WithDecryption"))
        return {"Parameter": await self._found(members["Name"], decrypted=decrypted)}

    async def get_several(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """GetParameters."""
        decrypted = bool(members.get("WithDecryption"))
        found, invalid = [], []
        for name in dict.fromkeys(members["Names"]):
            try:
                found.append(await self._found(name, decrypted=decrypted))
            except VaultError as error:
                if error.code not in ("ParameterNotFound", "ParameterVersionNotFound"):
                    raise
                invalid.append(name)
        return {"Parameters": found, "InvalidParameters": invalid}

    async def by_path(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """GetParametersByPath."""
        path = members["Path"]
        if not path.startswith("/"):
            raise VaultError(
                "ValidationException",
                "The parameter doesn't meet the parameter name requirements. The parameter name "
                'must begin with a forward slash "/".',
            )
        below = path.rstrip("/") + "/"
        found = [
            parameter
            for parameter in await self._filtered(members)
            if parameter.name.startswith(below)
            and (members.get("Recursive") or "/" not in parameter.name[len(below) :])
        ]
        some, more = page(found, _name, members, usual=_BY_PATH, invalid=_INVALID_PAGE)
        decrypted = bool(members.get("WithDecryption"))
        label = next(
            (each for each in members.get("ParameterFilters", ()) if each["Key"] == "Label"), None
        )
        return {
            "Parameters": [
                self._shown(each, _labelled(each, label), decrypted=decrypted) for each in some
            ],
            **more,
        }

    async def history(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """GetParameterHistory."""
        parameter = await self._parameters.get(asked(members["Name"]).name)
        versions = parameter.versions
        some, more = page(versions, _number, members, usual=_LISTED, invalid=_INVALID_PAGE)
        decrypted = bool(members.get("WithDecryption"))
        listed = [
            {
                **metadata(parameter, version),
                "Value": self._value(parameter, version, decrypted=decrypted),
                "Labels": list(version.labels),
            }
            for version in some
        ]
        return {"Parameters": listed, **more}

    async def describe(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeParameters."""
        found = await self._filtered(members)
        some, more = page(found, _name, members, usual=_LISTED, invalid=_INVALID_PAGE)
        listed = [{**metadata(each, each.newest), "ARN": self._arns.of(each.name)} for each in some]
        return {"Parameters": listed, **more}

    # -- how ----------------------------------------------------------------------------------------

    async def _found(self, text: str, *, decrypted: bool) -> dict[str, Any]:
        if text.startswith(_SECRETS):
            return await self._secret(text, decrypted=decrypted)
        name, selector = asked(text)
        parameter = await self._parameters.get(name)
        version = parameter.version(selector)
        return self._shown(parameter, version, selector, decrypted=decrypted)

    async def _secret(self, text: str, *, decrypted: bool) -> dict[str, Any]:
        """Read a secret of Secrets Manager as a parameter."""
        if not decrypted:
            raise VaultError(
                "ValidationException",
                "WithDecryption flag must be True for retrieving a Secret Manager secret.",
            )
        name = text.removeprefix(_SECRETS)
        try:
            _, version, value = await self._vault.secrets.value(name)
        except VaultError as error:
            raise VaultError("ParameterNotFound", error.message) from error
        return {
            "Name": text,
            "Type": _SECURE,
            "Value": value.data.decode(errors="replace"),
            "Version": 0,
            "LastModifiedDate": version.created,
            "ARN": self._arns.of(text),
            "DataType": "text",
        }

    def _shown(
        self, parameter: Parameter, version: Version, selector: str = "", *, decrypted: bool
    ) -> dict[str, Any]:
        value = self._value(parameter, version, decrypted=decrypted)
        return shown(parameter, version, value, self._arns, selector)

    def _value(self, parameter: Parameter, version: Version, *, decrypted: bool) -> str:
        """Return a value; a secure one that is to stay so is a token, which means nothing."""
        if version.type == _SECURE and not decrypted:
            return b64encode(version.sealed.text.encode()).decode()
        return self._parameters.opened(parameter.name, version)

    async def _filtered(self, members: Mapping[str, Any]) -> list[Parameter]:
        filters = [_filter(each) for each in members.get("ParameterFilters", ())]
        return [
            parameter
            for parameter in await self._parameters.all()
            if all(fits(parameter) for fits in filters)
        ]


def _name(parameter: Parameter) -> str:
    return parameter.name


def _number(version: Version) -> str:
    return f"{version.number:012}"


def _labelled(parameter: Parameter, label: Mapping[str, Any] | None) -> Version:
    """Return the version with a label that is asked for, else the newest."""
    wanted = set(label.get("Values", ())) if label else set()
    return next((each for each in parameter.versions if wanted & {*each.labels}), parameter.newest)


def _filter(members: Mapping[str, Any]) -> Callable[[Parameter], bool]:
    """Make a filter of a request. Raises: VaultError for what cannot be asked."""
    key, option = members["Key"], members.get("Option", "Equals")
    values = members.get("Values", [])
    if key.startswith("tag:"):
        tag = key.removeprefix("tag:")
        return lambda parameter: (
            tag in parameter.tags and (not values or parameter.tags[tag] in values)
        )
    if key == "Path":
        below = tuple(value.rstrip("/") + "/" for value in values)
        return lambda parameter: (
            parameter.name.startswith(below)
            and (
                option == "Recursive"
                or any("/" not in parameter.name.removeprefix(each) for each in below)
            )
        )
    texts, fits = _TEXTS.get(key), _OPTIONS.get(option)
    if texts is None:
        raise VaultError("InvalidFilterKey", f"The filter key {key} is not one of these requests.")
    if fits is None:
        raise VaultError("InvalidFilterOption", f"The filter option {option} is not known.")
    return lambda parameter: any(fits(text, value) for text in texts(parameter) for value in values)

"""Owns what operators call secrets: `vendor` is a secret, `/path` or `ssm:name` a parameter; the same verbs for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from frontdesk.stores.vault.parameters import Parameter, Wanted
from frontdesk.stores.vault.refusals import ABSENT, VaultError
from frontdesk.stores.vault.secrets import Secret, Value
from frontdesk.stores.vault.vault import Vault

_PARAMETER: Final = "ssm:"
_SECRET: Final = "secret:"  # noqa: S105 - the scheme of a reference


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret or parameter without its value.

    reference: what a file writes for it. changed: seconds since 1970. versions: newest first: id, time,
    stages or labels. leaves: when it will be deleted, 0.0 for never.
    """

    reference: str
    changed: float
    versions: tuple[tuple[str, float, tuple[str, ...]], ...]
    leaves: float = 0.0


class NamedSecrets:
    """The secrets and parameters of a vault, by their names of the command line."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def set(self, name: str, value: str) -> str:
        """Make one, or give it a new value; return the id of the version. Raises: VaultError."""
        is_parameter, bare = parsed(name)
        if not is_parameter:
            secret = await self._vault.secrets.set(bare, Value(value.encode()))
            return secret.version(None, None).id
        wanted = Wanted(value=value, overwrite=True, type=await self._type(bare))
        return str((await self._vault.parameters.put(bare, wanted)).newest.number)

    async def delete(self, name: str) -> None:
        """Delete one at once. Raises: VaultError, StoreError."""
        is_parameter, bare = parsed(name)
        with _told_by(name):
            if is_parameter:
                await self._vault.parameters.delete(bare)
            else:
                await self._vault.secrets.forget(bare)

    async def all(self) -> list[Shown]:
        """List all, secrets first. Raises: StoreError."""
        listed = [_secret(secret) for secret in await self._vault.secrets.all()]
        return listed + [_parameter(each) for each in await self._vault.parameters.all()]

    async def show(self, name: str) -> Shown:
        """Find one. Raises: VaultError, StoreError."""
        is_parameter, bare = parsed(name)
        with _told_by(name):
            if is_parameter:
                return _parameter(await self._vault.parameters.get(bare))
            return _secret(await self._vault.secrets.find(bare))

    async def reveal(self, name: str) -> bytes:
        """Return a current value. Raises: VaultError, StoreError."""
        is_parameter, bare = parsed(name)
        with _told_by(name):
            if is_parameter:
                return (await self._vault.parameters.value(bare))[2].encode()
            return (await self._vault.secrets.value(bare))[2].data

    async def _type(self, name: str) -> str | None:
        """Keep the type of a parameter that is there."""
        try:
            await self._vault.parameters.get(name)
        except VaultError:
            return "SecureString"
        return None


@contextmanager
def _told_by(name: str) -> Iterator[None]:
    """Say which one is not there: AWS's words do not. Raises: VaultError."""
    try:
        yield
    except VaultError as error:
        if error.code not in ABSENT:
            raise
        message = f"there is no such secret or parameter: {name}"
        hint = (
            "`frontdesk secrets list` shows those that there are; parameters begin with / or ssm:"
        )
        raise VaultError(error.code, message, hint=hint) from None


def parsed(name: str) -> tuple[bool, str]:
    """Tell whether it is a parameter, and its name in the vault."""
    if name.startswith(_PARAMETER):
        return True, name.removeprefix(_PARAMETER)
    return name.startswith("/"), name.removeprefix(_SECRET)


def _secret(secret: Secret) -> Shown:
    versions = tuple((each.id, each.created, each.stages) for each in reversed(secret.versions))
    return Shown(f"${{secret:{secret.name}}}", secret.changed, versions, secret.gone)


def _parameter(parameter: Parameter) -> Shown:
    versions = tuple(
        (str(each.number), each.created, each.labels) for each in reversed(parameter.versions)
    )
    return Shown(f"${{ssm:{parameter.name}}}", parameter.newest.created, versions)

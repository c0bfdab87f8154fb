"""Owns the vault as a whole: its secrets and parameters, what references read, the turn of its master key.

Endpoints of outgoing webhooks are kept elsewhere, sealed under the same key.
"""

import os
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from frontdesk.base.clock import Clock
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.deliveries import DeliveryStore
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.parameters import Parameters
from frontdesk.stores.vault.refusals import LockedError, VaultError
from frontdesk.stores.vault.secrets import Secrets


class Vault:
    """The vault of one store. Used on one event loop. Values leave it by `value` methods alone."""

    def __init__(
        self, catalog: Catalog, deliveries: DeliveryStore, keys: MasterKeys, clock: Clock
    ) -> None:
        self.secrets = Secrets(catalog, keys, clock, _new_uuid)
        self.parameters = Parameters(catalog, keys, clock)
        self.endpoints = Endpoints(deliveries, keys)
        self._keys = keys

    async def secret(self, reference: str) -> str:
        """Read what `name` or `name#key` stands for. Raises: VaultError, StoreError."""
        name, asked, key = reference.partition("#")
        _, _, value = await self.secrets.value(await self.name_of(name))
        if value.binary:
            raise VaultError("InvalidRequestException", "the secret is binary, and no text")
        text = value.data.decode()
        return member(text, key) if asked else text

    async def parameter(self, reference: str) -> str:
        """Read what `name`, `name:3` or `name:label` stands for. Raises: VaultError, StoreError."""
        name, _, selector = reference.partition(":")
        return (await self.parameters.value(name, selector))[2]

    async def name_of(self, secret_id: str) -> str:
        """Return the name in an ARN, with its suffix or without; any other text as it is."""
        if not secret_id.startswith("arn:"):
            return secret_id
        name = secret_id.split(":", 6)[-1]
        bare, dash, suffix = name.rpartition("-")
        if dash and len(suffix) == 6:
            for secret in await self.secrets.all():
                if (secret.name, secret.suffix) == (bare, suffix):
                    return bare
        return name

    async def locked(self) -> Mapping[str, Mapping[str, LockedError]]:
        """Return what the present master keys cannot open: by kind and name, with why. Raises: StoreError."""
        return {
            "secret": await self.secrets.locked(),
            "parameter": await self.parameters.locked(),
            "endpoint": await self.endpoints.locked(),
        }

    async def rotate_key(self) -> int:
        """Seal everything under another master key; return how many values were not.

        That is a new key, put into the file of data_dir, or the first of those that the variable gives.
        Whenever this ends before its end, all values can be read, and it can be done again.
        Raises: VaultError, StoreError.
        """
        if not self._keys.are_given:
            self._keys.add()
        ring = self._keys.ring()
        count = 0
        # Once more for what others have sealed meanwhile, who knew the former key alone.
        parts = (self.secrets, self.parameters, self.endpoints)
        while some := sum([await part.seal_anew(ring) for part in parts]):
            count += some
        if not self._keys.are_given:
            self._keys.leave_first()
        return count


def member(text: str, key: str) -> str:
    """Return one member of a secret that is a JSON object. Raises: VaultError."""
    try:
        document = orjson.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise VaultError(
            "InvalidParameterException", "the secret is no JSON object, which has keys"
        )
    if key not in document:
        raise VaultError("InvalidParameterException", f"the secret has no key {key}")
    found: Any = document[key]
    return found if isinstance(found, str) else orjson.dumps(found).decode()


def _new_uuid() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))

"""Owns how the secrets and the headers' values of endpoints are kept: sealed, each endpoint's as one.

An endpoint is opened in memory where it signs or is shown. Those of the time before are in plain text until
they are sealed; both are read.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

import orjson

from frontdesk.ports.deliveries import DeliveryStore, Endpoint
from frontdesk.rules.webhooks.keys import WebhookSecret
from frontdesk.stores.vault.master_keys import KeyRing, MasterKeys, Sealed
from frontdesk.stores.vault.refusals import LockedError

KIND: Final = "webhook-endpoint"

_PAGE: Final = 500


class Endpoints:
    """The endpoints of one store. Used on one event loop."""

    def __init__(self, store: DeliveryStore, keys: MasterKeys) -> None:
        self._store = store
        self._keys = keys

    def sealed(self, endpoint: Endpoint) -> Endpoint:
        """Make of an open endpoint what is kept. Raises: LockedError."""
        return _sealed(endpoint, self._keys.ring_or_new())

    def opened(self, endpoint: Endpoint) -> Endpoint:
        """Make of what is kept an endpoint that can sign. Raises: LockedError."""
        return endpoint if endpoint.sealed is None else _opened(endpoint, self._keys.ring())

    async def seal_plain(self) -> Mapping[str, LockedError]:
        """Seal what is kept in plain text; return why others cannot be opened, by id. Raises: StoreError."""
        locked = {}
        async for endpoint in self._all():
            try:
                if endpoint.sealed is None:
                    await self._store.put_endpoint(self.sealed(endpoint))
                else:
                    self.opened(endpoint)
            except LockedError as error:
                locked[endpoint.id] = error
        return locked

    async def locked(self) -> Mapping[str, LockedError]:
        """Return why some cannot be opened, by id. Raises: StoreError."""
        locked = {}
        async for endpoint in self._all():
            try:
                self.opened(endpoint)
            except LockedError as error:
                locked[endpoint.id] = error
        return locked

    async def seal_anew(self, ring: KeyRing) -> int:
        """Seal all under the first key of a ring; return how many were not.

        Raises: VaultError, StoreError.
        """
        count = 0
        async for endpoint in self._all():
            if endpoint.sealed is None or endpoint.sealed[0] != ring.first:
                count += 1
                await self._store.put_endpoint(_sealed(_opened(endpoint, ring), ring))
        return count

    async def _all(self) -> AsyncIterator[Endpoint]:
        after = ""
        while applications := await self._store.applications(after=after, most=_PAGE):
            for application in applications:
                last = ""
                while page := await self._store.endpoints(application.id, after=last, most=_PAGE):
                    for kept in page:
                        yield kept.endpoint
                    last = page[-1].endpoint.id
            after = applications[-1].id


def _sealed(endpoint: Endpoint, ring: KeyRing) -> Endpoint:
    secrets = [[each.text, each.id, each.not_after] for each in endpoint.secrets]
    value = orjson.dumps({"secrets": secrets, "headers": endpoint.headers})
    sealed = ring.seal(value, KIND, endpoint.id)
    return replace(endpoint, secrets=(), headers=(), sealed=(sealed.key, sealed.text))


def _opened(endpoint: Endpoint, ring: KeyRing) -> Endpoint:
    if endpoint.sealed is None:
        return endpoint
    value = orjson.loads(ring.open(Sealed(*endpoint.sealed), KIND, endpoint.id))
    return replace(
        endpoint,
        secrets=tuple(WebhookSecret(*each) for each in value["secrets"]),
        headers=tuple((name, text) for name, text in value["headers"]),
        sealed=None,
    )

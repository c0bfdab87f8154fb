"""Owns who may sign in to the console: names, roles and hashes of passwords, kept in the store.

They are held in memory too, and follow what other gateways with the same store make of them.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.gateway.operators import BEARER, LOCAL, Role
from frontdesk.gateway.pipeline.stages.failure_limit import FailureLimit
from frontdesk.ports.catalog import Catalog, Delete, Put
from frontdesk.rules.auth.basic import PasswordHash, hash_password, read_hash
from frontdesk.stores.following import Following

KIND: Final = "operator"
"""Documents: `{"role", "hash"}`, by name."""

SHORTEST: Final = 12
"""Characters of a password. Source: NIST SP 800-63B §3.1.1.2, rounded up from 8 for a single factor."""

_LOG: Final = logging.getLogger(__name__)
_LONGEST_NAME: Final = 64
_RESERVED: Final = frozenset((BEARER.name, LOCAL.name))
_TRIES: Final = 10
"""Wrong passwords of one network in a minute; then it has to wait."""


class TooManyTriesError(FrontdeskError):
    """Too many passwords of one network were wrong in this minute."""

    def __init__(self) -> None:
        super().__init__("Too many passwords were wrong. Wait a minute.")


class Account(NamedTuple):
    """Somebody who may sign in."""

    name: str
    role: Role
    hash: PasswordHash

    @property
    def stamp(self) -> str:
        """What changes with the password or the role: sessions of before are over."""
        return sha256(f"{self.role.name} {self.hash}".encode()).hexdigest()[:16]


class Accounts:
    """All accounts. Used on one event loop."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._accounts: Mapping[str, Account] = {}
        self._failures = FailureLimit(_TRIES)
        # One guess after the other: many at once would pass the limit, and take all threads of the gateway.
        self._guess = asyncio.Lock()
        self._following = Following(self._follow)
        self._nobody: PasswordHash

    async def start(self) -> None:
        """Read them, and follow what becomes of them. Raises: StoreError."""
        # Somebody who is not known takes as long as somebody who is; requests do not wait for that meanwhile.
        self._nobody = await asyncio.to_thread(hash_password, secrets.token_hex(8), b"0" * 16)
        self._catalog.watch(KIND, self._following.changed)
        await self._refresh()

    def stop(self) -> None:
        """Follow no more."""
        self._following.stop()

    def __bool__(self) -> bool:
        return bool(self._accounts)

    def all(self) -> list[Account]:
        """List them by name."""
        return [self._accounts[name] for name in sorted(self._accounts)]

    def find(self, name: str) -> Account | None:
        """Find one by its name."""
        return self._accounts.get(name)

    async def sign_in(self, name: str, password: str, address: str) -> Account | None:
        """Return whose password this is. None: nobody's. Raises: TooManyTriesError."""
        async with self._guess:
            now = self._begin(address)
            account = self._accounts.get(name)
            expected = self._nobody if account is None else account.hash
            # In a thread: it takes long on purpose.
            fits = await asyncio.to_thread(expected.verifies, password.encode("utf-8", "replace"))
            if fits and account is not None:
                return account
            self._failures.count(address, now)
            return None

    def holds(self, expected: str, given: str, address: str) -> bool:
        """Tell whether somebody has said what was expected. Raises: TooManyTriesError."""
        now = self._begin(address)
        if hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            return True
        self._failures.count(address, now)
        return False

    def _begin(self, address: str) -> float:
        """Return when a password is looked at. Raises: TooManyTriesError."""
        now = self._clock.monotonic()
        if self._failures.refuses(address, now):
            raise TooManyTriesError
        return now

    async def put(self, name: str, role: Role, password: str | None) -> Account:
        """Make an account, or change it. password: None: as it was. Raises: FrontdeskError, StoreError."""
        if not (0 < len(name) <= _LONGEST_NAME and name.isprintable() and name == name.strip()):
            raise FrontdeskError(f"expected a name of 1 to {_LONGEST_NAME} characters")
        if name in _RESERVED:
            raise FrontdeskError(f"the audit log calls somebody else so: {name}")
        former = self._accounts.get(name)
        if password is None and former is None:
            raise FrontdeskError(f"there is no such user: {name}")
        if password is None:
            assert former is not None
            hash_ = former.hash
        elif len(password) < SHORTEST:
            raise FrontdeskError(f"expected a password of at least {SHORTEST} characters")
        else:
            hash_ = await asyncio.to_thread(hash_password, password, secrets.token_bytes(16))
        account = Account(name, role, hash_)
        document = {"role": role.name, "hash": str(hash_)}
        await self._catalog.commit([Put(kind=KIND, key=name, document=document)])
        self._accounts = {**self._accounts, name: account}
        return account

    async def remove(self, name: str) -> bool:
        """Remove an account; its sessions are over. False: there is none. Raises: StoreError."""
        if name not in self._accounts:
            return False
        await self._catalog.commit([Delete(kind=KIND, key=name)])
        self._accounts = {key: one for key, one in self._accounts.items() if key != name}
        return True

    async def _follow(self) -> None:
        try:
            await self._refresh()
        except StoreError as error:
            _LOG.warning("the users are not read", extra={"error": error.message})

    async def _refresh(self) -> None:
        records = await self._catalog.list(KIND)
        self._accounts = {
            record.key: Account(
                record.key, Role[record.document["role"]], read_hash(record.document["hash"])
            )
            for record in records
        }

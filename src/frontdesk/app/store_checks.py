"""Owns what `frontdesk doctor` looks at in the store: what is sealed there, and who may sign in. Changes nothing."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from frontdesk.app.stores import open_vault_stores
from frontdesk.app.surroundings import Row
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError, StoreError
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.refusals import LockedError
from frontdesk.stores.vault.vault import Vault
from frontdesk.web.accounts import KIND as USER

_WITHOUT: Final = {
    "secret": "references to it cannot be read",
    "parameter": "references to it cannot be read",
    "endpoint": "its webhooks cannot be signed, and are not sent",
}


def kept(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[Row]:
    """Look at what the store keeps. One that cannot be opened has its row already."""
    with suppress(StartError, StoreError):
        yield from asyncio.run(_look(loaded.config, environ))


async def _look(config: Config, environ: Mapping[str, str]) -> list[Row]:
    clock = SystemClock()
    async with open_vault_stores(config, clock, make=False) as (catalog, deliveries):
        vault = Vault(catalog, deliveries, MasterKeys(environ, config.data_dir), clock)
        users = await catalog.list(USER, most=1)
        return [*_sealed(await vault.locked()), *_open(config, has_users=bool(users))]


def _sealed(locked: Mapping[str, Mapping[str, LockedError]]) -> Iterator[Row]:
    """locked: by kind, why things cannot be opened, by name."""
    for kind, found in locked.items():
        for name, error in found.items():
            wrong = f"{kind} {name} cannot be opened: {error.message}"
            yield Row("vault", "fail", wrong, _WITHOUT[kind], error.hint)
    if not any(locked.values()):
        yield Row("vault", "ok", "all that is sealed can be opened")


def _open(config: Config, *, has_users: bool) -> Iterator[Row]:
    """Look at who reaches the admin listener."""
    admin = config.admin
    if admin.listen.is_loopback:
        if has_users and admin.token is None:
            why = "the gateway asks who it is, and the command line has no other answer than admin.token"
            fix = "set admin.token, and restart"
            found = (
                "there are users, and no admin.token: the command line cannot reach the admin API"
            )
            yield Row("admin", "warn", found, why, fix)
        return
    if admin.token is None:
        why = "whoever reaches it could do everything, so that the gateway does not start"
        fix = "set admin.token, or listen on 127.0.0.1"
        yield Row("admin", "fail", f"{admin.listen} is open to others without a token", why, fix)
    elif not has_users:
        why = "all share admin.token: the audit log tells nobody apart, and nobody may do less than all"
        fix = "frontdesk users add NAME --role operator"
        yield Row("admin", "warn", f"{admin.listen} is open to others, and has no users", why, fix)
    else:
        yield Row("admin", "ok", f"{admin.listen} has users")

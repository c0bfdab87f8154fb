"""Composes the admin listener's door and the console behind it: who may ask, what is kept of it, the pages."""

from collections.abc import Collection, Sequence

from frontdesk.app.admin_openapi import AdminDocument
from frontdesk.app.users_api import AUDIT, USERS, UsersApi
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.gateway.admin import AdminDoor, Face
from frontdesk.ports.catalog import Catalog
from frontdesk.web.accounts import Accounts
from frontdesk.web.audit import AuditLog
from frontdesk.web.console import Console
from frontdesk.web.sessions import Sessions


class Reception:
    """Whoever lets operators in, and shows them around."""

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        clock: Clock,
        wheel: Wheel,
        *,
        key: bytes,
        news: News,
    ) -> None:
        """catalog: of all gateways with one store. key: of the same, for signing. news: what pages show live."""
        self._config = config
        self._clock = clock
        self._wheel = wheel
        self._news = news
        self._accounts = Accounts(catalog, clock)
        token = config.admin.token
        self._sessions = Sessions(
            self._accounts,
            key,
            clock,
            token=None if token is None else token.reveal(),
            secure=config.admin.tls is not None,
        )
        self._audit = AuditLog(config.data_dir / "audit.log", clock)

    async def start(self) -> None:
        """Read who may sign in. Raises: StoreError."""
        await self._accounts.start()

    def stop(self) -> None:
        """Follow no more who may."""
        self._accounts.stop()

    def door(
        self,
        faces: Sequence[Face],
        *,
        reserved: Sequence[Face] = (),
        private: Collection[str] = (),
    ) -> AdminDoor:
        """Make the door of the admin listener. faces: beside those of its own. reserved, private: see AdminDoor."""
        config = self._config
        console = Console(
            lambda: door,
            self._sessions,
            self._clock,
            self._wheel,
            news=self._news,
            audit=self._audit,
            name=config.name,
            environment=config.environment,
        )
        users = UsersApi(self._accounts, self._audit, has_token=config.admin.token is not None)
        door = AdminDoor(
            [AdminDocument(), *faces, users, console],
            self._sessions,
            reserved=(*reserved, users),
            private=(*private, USERS, AUDIT),
            audit=self._audit,
        )
        return door

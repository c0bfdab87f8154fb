"""Owns the console as a face of the admin listener."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.web.asgi import Application, respond
from frontdesk.web.audit import AuditLog
from frontdesk.web.sessions import Sessions

ROOT: Final = "/console"


class Console:
    """The face of pages. They ask for signing in themselves."""

    needs_token = False

    def __init__(
        self,
        door: Callable[[], AdminDoor],
        sessions: Sessions,
        clock: Clock,
        wheel: Wheel,
        *,
        news: News,
        audit: AuditLog,
        name: str,
        environment: str,
    ) -> None:
        """door: of the listener that it is a face of. audit: is told who signs in. name, environment: of the file."""
        self._door = door
        self._sessions = sessions
        self._clock = clock
        self._wheel = wheel
        self._news = news
        self._audit = audit
        self._name = name
        self._environment = environment
        self._application: asyncio.Future[Application] | None = None

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in ("/", ROOT) or ex.path.startswith(f"{ROOT}/")

    def answer(self, ex: Exchange) -> Awaitable[Reply]:
        """See Face."""
        return self._answer(ex)

    async def _answer(self, ex: Exchange) -> Reply:
        if self._application is None:
            self._application = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await respond(await asyncio.shield(self._application), ex)

    def _make(self) -> Application:
        """Load what pages are made of: in a thread, because it takes a while."""
        from frontdesk import __version__
        from frontdesk.web.desk import Desk, Facts
        from frontdesk.web.site import site

        facts = Facts(self._name, self._environment, __version__)
        return site(
            Desk(
                self._door(),
                self._sessions,
                facts,
                self._clock,
                wheel=self._wheel,
                news=self._news,
                audit=self._audit,
            )
        )

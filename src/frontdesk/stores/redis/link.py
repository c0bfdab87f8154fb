"""Owns the way to one Redis: its client, whether it answers, and when to look again. Knows no keys.

The driver is imported when a link is made: most gateways need none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StartError, StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

T = TypeVar("T")

PATIENCE: Final = 1.0
"""Seconds after which a Redis that does not answer is taken for lost: requests wait for it meanwhile."""

PAUSE: Final = 1.0
"""Seconds between two looks at a Redis that is lost."""

_LOOK: Final = "`frontdesk doctor` asks the Redis of `shared`; see its own log, too"

_log = logging.getLogger("frontdesk.redis")


class Link:
    """One Redis. Used on one event loop. A call that fails makes it lost; then it is tried until it answers."""

    def __init__(
        self, url: Secret, clock: Clock, wheel: Wheel, *, ca: Path | None = None, meanwhile: str
    ) -> None:
        """url: redis:// or rediss://. ca: certificates of authorities, instead of the system's.

        meanwhile: what is done without it, for the log. Raises: StartError, where the driver is missing.
        """
        self._redis = _client(url, ca)
        self._clock = clock
        self._meanwhile = meanwhile
        self._timer = wheel.timer(self._look)
        self._looking: asyncio.Task[None] | None = None
        self.lost = False
        self.on_return: Callable[[], object] = _nothing
        """Called when it answers again."""

    def script(self, text: str) -> Callable[[list[str], list[Any]], Awaitable[Any]]:
        """Prepare a Lua script; it is sent to the server once. It is called with its keys and arguments."""
        return self._redis.register_script(text)

    async def call(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run commands and return what came of them. Raises: StoreError, at once where it is lost.

        work: takes the driver's client, whose own types are unions of all that a command may answer.
        """
        if self.lost:
            raise StoreError("Redis is lost", hint=_LOOK)
        return await self._attempt(work)

    async def look(self) -> None:
        """Find out whether it is there, where something else than a call has failed."""
        with suppress(StoreError):
            await self.call(_write)

    def pubsub(self) -> "PubSub":
        """Make a connection that listens. Whoever listens minds its loss; see `errors`."""
        return self._redis.pubsub()

    async def close(self) -> None:
        """Close all connections. Whoever calls afterwards finds it lost."""
        self.lost = True
        self._timer.stop()
        if self._looking is not None:
            self._looking.cancel()
        with suppress(*errors()):
            await self._redis.aclose()

    async def _attempt(self, work: Callable[[Any], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(PATIENCE):
                return await work(self._redis)
        except errors() as error:
            told = str(error).rstrip(".") or f"no answer within {PATIENCE:g} s"
            if not self.lost:
                self.lost = True
                words = "Redis is lost: %s; %s until it is back"
                _log.warning(words, told, self._meanwhile, extra={"hint": _LOOK})
            self._timer.at(self._clock.monotonic() + PAUSE)
            raise StoreError(f"Redis did not do it: {told}", hint=_LOOK) from error

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        with suppress(StoreError):
            await self._attempt(_write)
            self.lost = False
            _log.warning("Redis is back")
            self.on_return()


async def trouble(url: Secret, ca: Path | None) -> str:
    """Ask a Redis whether it is there; say what is wrong, "" where nothing is. Raises: StartError."""
    redis = _client(url, ca)
    try:
        await redis.ping()
    except errors() as error:
        return str(error) or "no answer"
    finally:
        await redis.aclose()
    return ""


async def _write(redis: "Redis") -> None:
    """Ask for what a replica and a full server refuse, too."""
    await redis.set("frontdesk:there", b"", px=1000)


def _nothing() -> None:
    """Nobody waits for its return."""


def _client(url: Secret, ca: Path | None) -> "Redis":
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise StartError(
            "shared: this needs the package redis", hint="pip install 'frontdesk[redis]'"
        ) from error
    secured: dict[str, Any] = {} if ca is None else {"ssl_ca_certs": str(ca)}
    return Redis.from_url(
        url.reveal(),
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),  # a connection that the server has closed meanwhile
        **secured,
    )


def errors() -> tuple[type[Exception], ...]:
    """List what the driver raises where Redis does not do something."""
    from redis.exceptions import RedisError

    return (RedisError, OSError, TimeoutError)

"""Owns activities: work that waits in the catalog until a worker comes for it. Knows no execution.

A waiting task is a document of its own kind for each activity, under its token. Whoever deletes it has
taken it, on whichever gateway. Tasks are taken in turn, by token.
"""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.ports.catalog import Catalog, ConflictError, Delete, Put, Record
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.arns import activity_name
from frontdesk.rules.asl.names import is_name

ACTIVITY: Final = "states_activity"
"""Documents: activities, by name."""

_WAITING: Final = "states_activity_task/"
"""Begins the kind of documents that are waiting tasks; the name of the activity follows."""

PostStarted = Callable[[str, str | None], Awaitable[None]]
"""Tells an execution, by a token, that a worker has taken its task. Raises: ExecutionError, where it is over."""


class Activity(NamedTuple):
    """An activity. created: seconds since 1970."""

    name: str
    arn: str
    created: float
    tags: Mapping[str, str]


class Taken(NamedTuple):
    """A task for a worker. input: JSON text."""

    token: str
    input: str


class Activities:
    """All activities of the gateways with one catalog. Used on one event loop."""

    def __init__(self, catalog: Catalog, clock: Clock, *, region: str, account: str) -> None:
        self._catalog = catalog
        self._clock = clock
        self._arn = f"arn:aws:states:{region}:{account}:activity:"
        self._queues: dict[str, _Queue] = {}

    # What the API asks.

    async def create(self, name: str, tags: Mapping[str, str]) -> Activity:
        """Make an activity; one that is there stays as it is. Raises: ExecutionError, InvalidName."""
        if not is_name(name):
            raise ExecutionError("InvalidName", f"Invalid Name: '{name}'")
        document = {"created": self._clock.time(), "tags": dict(tags)}
        with suppress(ConflictError):
            await self._catalog.commit([Put(kind=ACTIVITY, key=name, document=document, expect=0)])
        return await self.describe(f"{self._arn}{name}")

    async def describe(self, arn: str) -> Activity:
        """Look at one. Raises: ExecutionError, InvalidArn and ActivityDoesNotExist."""
        record = await self._catalog.get(ACTIVITY, _name(arn))
        if record is None:
            raise ExecutionError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        return self._read(record)

    async def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give an activity these tags instead of those it had. Raises: as `describe`."""
        activity = await self.describe(arn)
        document = {"created": activity.created, "tags": dict(tags)}
        await self._catalog.put(ACTIVITY, activity.name, document)

    async def delete(self, arn: str) -> None:
        """Delete one; there need not be any. Tasks that wait go on waiting. Raises: ExecutionError, InvalidArn."""
        await self._catalog.delete(ACTIVITY, _name(arn))

    async def list(self, most: int, token: str) -> tuple[Sequence[Activity], str]:
        """List them by name. token: of the page before, or ""; answers that of the next one, or "".

        Raises: ExecutionError, InvalidToken.
        """
        found = await self._catalog.list(ACTIVITY, after=_read_page(token), most=most + 1)
        page = [self._read(record) for record in found[:most]]
        return page, _write_page(page[-1].name) if len(found) > most else ""

    async def take(
        self, arn: str, worker: str | None, within: float, post_started: PostStarted
    ) -> Taken | None:
        """Take a task for a worker, whenever one comes. within: seconds to wait; None: there was none.

        A worker that dies with it never answers: its task ends by its own timeout or heartbeat, as at AWS.
        Raises: as `describe`; StoreError.
        """
        name = (await self.describe(arn)).name
        queue = self._queue(name)
        deadline = asyncio.get_running_loop().time() + within
        try:
            async with asyncio.timeout_at(deadline):
                await queue.lock.acquire()
        except TimeoutError:
            return None
        try:
            while True:
                queue.changed.clear()
                finding = asyncio.ensure_future(self._find(name, queue, worker, post_started))
                try:
                    taken = await asyncio.shield(finding)
                except asyncio.CancelledError:  # the worker has gone
                    if (left := await finding) is not None:
                        await self._put_back(name, queue, left)
                    raise
                if taken is not None:
                    return taken
                async with asyncio.timeout_at(deadline):
                    await queue.changed.wait()
        except TimeoutError:
            return None
        finally:
            queue.lock.release()

    # What tasks ask.

    async def offer(self, name: str, token: str, given: str) -> bool:
        """Have a task wait for a worker; return when that is committed. False: there is no such activity.

        given: JSON text. A second time changes nothing, unless it was taken.
        """
        if await self._catalog.get(ACTIVITY, name) is None:
            return False
        await self._catalog.put(f"{_WAITING}{name}", token, {"input": given})
        return True

    async def withdraw(self, name: str, token: str) -> None:
        """Have a task wait no more; it need not be there."""
        await self._catalog.delete(f"{_WAITING}{name}", token)

    async def _find(
        self, name: str, queue: "_Queue", worker: str | None, post_started: PostStarted
    ) -> Taken | None:
        """Take a task that its execution waits for; None: there is none. Raises: StoreError."""
        while (taken := await self._claim(name, queue)) is not None:
            try:
                # Not before the claim: two gateways may see the same task.
                await post_started(taken.token, worker)
            except ExecutionError:
                continue  # its execution does not wait for it any more
            except StoreError:
                await self._put_back(name, queue, taken)
                raise
            return taken
        return None

    async def _put_back(self, name: str, queue: "_Queue", taken: Taken) -> None:
        """Have a task wait again that nobody has got."""
        try:
            await self._catalog.put(f"{_WAITING}{name}", taken.token, {"input": taken.input})
        except StoreError:
            queue.left.append(taken)

    async def _claim(self, name: str, queue: "_Queue") -> Taken | None:
        """Take the next waiting task away; None: there is none."""
        if queue.left:
            return queue.left.pop()
        kind = f"{_WAITING}{name}"
        while True:
            found = await self._catalog.list(kind, after=queue.last, most=1)
            if not found and queue.last:
                queue.last = ""
                continue
            if not found:
                return None
            record = found[0]
            queue.last = record.key
            with suppress(ConflictError):  # another gateway was faster
                delete = Delete(kind=kind, key=record.key, expect=record.version)
                await self._catalog.commit([delete])
                return Taken(record.key, record.document["input"])

    def _queue(self, name: str) -> "_Queue":
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = _Queue()
            self._catalog.watch(f"{_WAITING}{name}", queue.changed.set)
        return queue

    def _read(self, record: Record) -> Activity:
        document = record.document
        return Activity(record.key, self._arn + record.key, document["created"], document["tags"])


class _Queue:
    """Workers that wait for one activity: one looks, when something has changed, and the others wait for it.

    last: the token that was looked at last. left: tasks that were taken away, and the store would not take back.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.changed = asyncio.Event()
        self.last = ""
        self.left: list[Taken] = []


def _name(arn: str) -> str:
    name = activity_name(arn) if arn.startswith("arn:") else None
    if name is None:
        raise ExecutionError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    return name


def _write_page(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()


def _read_page(token: str) -> str:
    try:
        return urlsafe_b64decode(token).decode()
    except ValueError:
        raise ExecutionError("InvalidToken", "Invalid Token: 'Invalid token'") from None

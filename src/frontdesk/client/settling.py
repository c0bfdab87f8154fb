"""Owns `settle`: many calls at once, of which some may fail. Nothing is lost and nothing hides the rest."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, Literal, TypeVar

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item

_log: Final = logging.getLogger("frontdesk.client")
_TOLD: Final = 5  # classes of errors that the log names


@dataclass(frozen=True, slots=True)
class Fulfilled(Generic[T]):
    """A call that gave a value. index: of its place among all."""

    index: int
    value: T
    status: Literal["fulfilled"] = "fulfilled"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A call that failed. index: of its place among all."""

    index: int
    error: Exception
    status: Literal["rejected"] = "rejected"

    @property
    def reason(self) -> Exception:
        """The error, by the name that JavaScript has for it."""
        return self.error


class Settled(Sequence["Fulfilled[T] | Rejected"], Generic[T]):
    """What came of all calls, in their order."""

    def __init__(self, results: Sequence["Fulfilled[T] | Rejected"]) -> None:
        self._results = tuple(results)

    def __len__(self) -> int:
        return len(self._results)

    def __getitem__(self, at: Any) -> Any:
        return self._results[at]

    def __iter__(self) -> Iterator["Fulfilled[T] | Rejected"]:
        return iter(self._results)

    @property
    def succeeded(self) -> list[Fulfilled[T]]:
        """Those that gave a value."""
        return [each for each in self._results if isinstance(each, Fulfilled)]

    @property
    def failed(self) -> list[Rejected]:
        """Those that failed."""
        return [each for each in self._results if isinstance(each, Rejected)]

    def values(self) -> list[T]:
        """Return the values of those that gave one."""
        return [each.value for each in self.succeeded]

    def raise_if_any(self) -> None:
        """Raise all errors as one ExceptionGroup, where there are any."""
        failed = self.failed
        if failed:
            message = f"{len(failed)} of {len(self)} calls failed"
            raise ExceptionGroup(message, [each.error for each in failed])

    def raise_if_ratio(self, share: float) -> None:
        """Raise them where they are this share of all calls, or more. share: 0.0 to 1.0."""
        if self.failed and len(self.failed) >= share * len(self):
            self.raise_if_any()

    def to_batch_item_failures(self, id_of: Callable[[int], str]) -> dict[str, Any]:
        """Return what a function of a queue answers so that only these messages come again.

        id_of: gives the message id of a place.
        """
        failures = [{"itemIdentifier": id_of(each.index)} for each in self.failed]
        return {"batchItemFailures": failures}


async def settle(
    *calls: Awaitable[T] | Iterable[Awaitable[T]] | AsyncIterable[Awaitable[T]],
    concurrency: int = 16,
    timeout: float | timedelta | None = None,  # noqa: ASYNC109 - of all calls; each may have its own
) -> Settled[T]:
    """Wait for all calls, at most `concurrency` at once; errors are results like others.

    calls: awaitables, or one iterable of them, which is asked for the next one as soon as there is room.
    timeout: seconds for all; calls that are not over then are cancelled, and rejected with TimeoutError. Of an
    iterable, those that were not begun are not among the results.
    Cancelling it cancels all. Raises: ValueError for concurrency below 1.
    """
    if concurrency < 1:
        raise ValueError(f"expected a concurrency of at least 1: {concurrency}")
    given: Any = calls
    if len(calls) == 1 and not isinstance(calls[0], Awaitable):
        given = calls[0]
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    return await _Settling[T](concurrency).run(given, seconds)


async def settle_map(
    fn: Callable[[I], Awaitable[T]],
    items: Iterable[I],
    *,
    concurrency: int = 16,
    timeout: float | timedelta | None = None,  # noqa: ASYNC109 - see settle
) -> Settled[T]:
    """Call `fn` with each item, see `settle`."""
    return await settle((fn(item) for item in items), concurrency=concurrency, timeout=timeout)


class _Settling(Generic[T]):
    def __init__(self, concurrency: int) -> None:
        self._room = asyncio.Semaphore(concurrency)
        self._results: dict[int, Fulfilled[T] | Rejected] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False  # those that are not done are cancelled

    async def run(self, calls: Any, seconds: float | None) -> Settled[T]:
        late = False
        try:
            async with asyncio.timeout(seconds):
                await self._start_all(calls)
                if self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            late = True
        finally:
            await self._stop()
        if late:
            self._leave_unbegun(calls)
        settled = Settled([self._results[at] for at in sorted(self._results)])
        _tell(settled.failed)
        return settled

    async def _start_all(self, calls: Any) -> None:
        if isinstance(calls, AsyncIterable):
            index = 0
            async for call in calls:
                await self._start(index, call)
                index += 1
            return
        iterator = iter(calls)
        index = 0
        while True:
            await self._room.acquire()  # before the next one is asked for
            try:
                call = next(iterator)
            except StopIteration:
                return
            self._begin(index, call)
            index += 1

    async def _start(self, index: int, call: Awaitable[T]) -> None:
        await self._room.acquire()
        self._begin(index, call)

    def _begin(self, index: int, call: Awaitable[T]) -> None:
        task = asyncio.get_running_loop().create_task(self._one(index, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, index: int, call: Awaitable[T]) -> None:
        try:
            self._results[index] = Fulfilled(index, await call)
        except Exception as error:  # noqa: BLE001 - that is the point
            self._results[index] = Rejected(index, error)
        except asyncio.CancelledError:
            late = TimeoutError("it was not over in time")
            self._results[index] = Rejected(
                index, late if self._over else RuntimeError("cancelled")
            )
        finally:
            self._room.release()

    async def _stop(self) -> None:
        self._over = True
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _leave_unbegun(self, calls: Any) -> None:
        """Reject those of a fixed number of calls that were not begun, and let nobody wait for them."""
        if not isinstance(calls, Sequence):
            return
        for index, call in enumerate(calls):
            if index not in self._results:
                self._results[index] = Rejected(index, TimeoutError("it was not begun in time"))
                if asyncio.iscoroutine(call):
                    call.close()


def _tell(failed: Sequence[Rejected]) -> None:
    if failed:
        kinds = list(dict.fromkeys(type(each.error).__name__ for each in failed))[:_TOLD]
        _log.warning("%d API calls failed: %s", len(failed), ", ".join(kinds))

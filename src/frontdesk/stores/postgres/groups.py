"""Owns group commit: what waits while a commit is under way is committed together next. Knows no table."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 500
"""Operations of one commit, unless it is told otherwise."""


class Groups(Generic[T]):
    """Operations of many callers, one commit at a time. Used on one event loop."""

    def __init__(
        self, commit: Callable[[Sequence[T]], Awaitable[Sequence[Any]]], *, most: int = MOST
    ) -> None:
        """commit: commits all; returns for each operation its result or the exception to raise.

        most: operations of one commit. Where callers come again and again, fewer than there are callers
        have some of these at work while others are committed.
        """
        self._commit = commit
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[Any]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def add(self, operation: T) -> Any:
        """Return the result of an operation once it is committed; raise its exception."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._work_off())
        return await done

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                group = [each for each in self._waiting[: self._most] if not each[1].cancelled()]
                del self._waiting[: self._most]
                results = await self._results([operation for operation, _ in group])
                for (_, done), result in zip(group, results, strict=True):
                    if done.cancelled():
                        continue
                    if isinstance(result, Exception):
                        done.set_exception(result)
                    else:
                        done.set_result(result)
        finally:
            self._committing = None

    async def _results(self, operations: Sequence[T]) -> Sequence[Any]:
        try:
            return await self._commit(operations)
        except Exception as error:  # noqa: BLE001 - whatever it was, every caller is told
            # What one of them is refused for must not be the others' loss. A server that is lost refuses nothing.
            if len(operations) == 1 or not _refused(error):
                return [error] * len(operations)
        return [(await self._results([operation]))[0] for operation in operations]


def _refused(error: Exception) -> bool:
    import asyncpg

    # The driver's own refusal of a value is a ValueError. A server that is stopped may have committed before.
    cause = error.__cause__
    return isinstance(cause, (asyncpg.PostgresError, ValueError)) and not isinstance(
        cause, asyncpg.exceptions.OperatorInterventionError
    )

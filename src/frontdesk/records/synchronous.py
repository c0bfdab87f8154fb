"""Owns the face for programs without an event loop, such as handlers: the same calls without `await`.

Safe in threads and after a fork: a process that was forked opens the store anew.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

from frontdesk.client.loop_thread import loop_thread
from frontdesk.records.commands import CommandService, KeyLike
from frontdesk.records.handlers import Handler
from frontdesk.records.opening import Records, open_records
from frontdesk.records.options import Opts, with_camel_names
from frontdesk.records.reading import DataService, HistoryService, Page
from frontdesk.records.sequences import SequencesService
from frontdesk.rules.records.record import CommandInput, Record
from frontdesk.rules.records.sequences import DEFAULT_FORMAT, Rotation, SequenceItem

S = TypeVar("S")
T = TypeVar("T")

Input = CommandInput | Mapping[str, Any]


class _Here(Generic[T]):
    """Something that belongs to one process, made in each that asks."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        # By process, without a lock: a fork may copy one while it is held.
        self._made: dict[int, T] = {}

    def __call__(self) -> T:
        process = os.getpid()
        return self._made.get(process) or self._made.setdefault(process, self._make())


class _Service(Generic[S]):
    """A service of the loop's thread. service: gives that of this process."""

    def __init__(self, service: Callable[[], S]) -> None:
        self._service = service

    def _run(self, call: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        return loop_thread().run(call(self._service()))


@with_camel_names
class SyncCommandService(_Service[CommandService]):
    """See CommandService."""

    def publish_async(self, given: Input, opts: Opts) -> Record | None:
        """See CommandService. Handlers run in the background."""
        return self._run(lambda service: service.publish_async(given, opts))

    def publish_sync(self, given: Input, opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.publish_sync(given, opts))

    def publish_partial_update_async(self, partial: Mapping[str, Any], opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.publish_partial_update_async(partial, opts))

    def publish_partial_update_sync(self, partial: Mapping[str, Any], opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.publish_partial_update_sync(partial, opts))

    def duplicate(self, key: KeyLike, opts: Opts) -> Record:
        """See CommandService."""
        return self._run(lambda service: service.duplicate(key, opts))

    def re_sync_data(self, opts: Opts) -> int:
        """See CommandService."""
        return self._run(lambda service: service.re_sync_data(opts))

    def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.get_item(key, opts))

    def get_latest_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.get_latest_item(key, opts))

    def get_next_command(self, key: KeyLike, opts: Opts) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.get_next_command(key, opts))

    def update_status(self, key: KeyLike, status: str, opts: Opts, *, notify_id: str = "") -> bool:
        """See CommandService."""
        return self._run(
            lambda service: service.update_status(key, status, opts, notify_id=notify_id)
        )

    def update_ttl(self, key: KeyLike, ttl: int | None, opts: Opts) -> bool:
        """See CommandService."""
        return self._run(lambda service: service.update_ttl(key, ttl, opts))

    def record_payment_result(
        self, request: Mapping[str, Any], result: Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """See CommandService."""
        return self._run(lambda service: service.record_payment_result(request, result, opts))

    def process_payment(
        self, request: Mapping[str, Any], pay: Callable[[], Mapping[str, Any]], opts: Opts
    ) -> Mapping[str, Any]:
        """See CommandService. `pay` runs in a thread."""
        return self._run(
            lambda service: service.process_payment(request, partial(asyncio.to_thread, pay), opts)
        )


@with_camel_names
class SyncDataService(_Service[DataService]):
    """See DataService."""

    def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """See DataService."""
        return self._run(lambda service: service.get_item(key, opts))

    def list_items_by_pk(
        self,
        pk: str,
        opts: Opts,
        *,
        sk: Mapping[str, Any] | None = None,
        start_from_sk: str | None = None,
        limit: int = 10,
        order: Literal["asc", "desc"] = "asc",
    ) -> Page:
        """See DataService."""
        return self._run(
            lambda service: service.list_items_by_pk(
                pk, opts, sk=sk, start_from_sk=start_from_sk, limit=limit, order=order
            )
        )


@with_camel_names
class SyncHistoryService(_Service[HistoryService]):
    """See HistoryService."""

    def publish(self, key: KeyLike, opts: Opts) -> Record | None:
        """See HistoryService."""
        return self._run(lambda service: service.publish(key, opts))

    def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """See HistoryService."""
        return self._run(lambda service: service.get_item(key, opts))


@with_camel_names
class SyncSequencesService(_Service[SequencesService]):
    """See SequencesService."""

    def generate_sequence_item(
        self,
        type_code: str,
        opts: Opts,
        *,
        tenant: str = "",
        rotate_by: Rotation = "none",
        params: Mapping[str, str] | None = None,
        prefix: str = "",
        postfix: str = "",
        date: datetime | None = None,
        format: str = DEFAULT_FORMAT,  # noqa: A002 - the word of the framework
    ) -> SequenceItem:
        """See SequencesService."""
        return self._run(
            lambda service: service.generate_sequence_item(
                type_code,
                opts,
                tenant=tenant,
                rotate_by=rotate_by,
                params=params,
                prefix=prefix,
                postfix=postfix,
                date=date,
                format=format,
            )
        )


class SyncRecords:
    """See Records: the same services without `await`, for any number of threads."""

    def __init__(self, make: Callable[[], Records]) -> None:
        """make: opens them; called once in each process."""
        self._records = _Here(make)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commands(
        self, module: str, *, handlers: Mapping[str, Handler] | None = None
    ) -> SyncCommandService:
        """See Records."""
        return SyncCommandService(
            _Here(lambda: self._records().commands(module, handlers=handlers))
        )

    def data(self, module: str) -> SyncDataService:
        """See Records."""
        return SyncDataService(_Here(lambda: self._records().data(module)))

    def history(self, module: str) -> SyncHistoryService:
        """See Records."""
        return SyncHistoryService(_Here(lambda: self._records().history(module)))

    def sequences(self) -> SyncSequencesService:
        """See Records."""
        return SyncSequencesService(_Here(lambda: self._records().sequences()))

    def close(self, patience: float = 10.0) -> None:
        """See Records."""
        loop_thread().run(self._records().close(patience))


def open_sync(url: str | None = None, *, blobs: Path | None = None) -> SyncRecords:
    """See `open`. Raises: StartError, at once."""
    make = partial(open_records, url, blobs=blobs)
    make()  # nothing is opened yet, but a wrong URL is told
    return SyncRecords(make)

"""Owns the SQLite file: its thread, its transactions, its schema. Knows no table.

One thread has the connection. Work that waits together is committed together (group commit): the sync
that is under way is the window in which the next group gathers. What one turn of an event loop asks for is
given to the thread at its end, so that the first of it does not become a group of its own.
"""

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from frontdesk.base.errors import StartError, StoreError

T = TypeVar("T")

_BUSY = 10.0
"""Seconds to wait for another process that writes: the command line beside a running gateway."""

_MIGRATIONS = sorted(
    (file for file in (files(__package__) / "migrations").iterdir() if file.name.endswith(".sql")),
    key=lambda file: file.name,
)
"""What has made each version of the schema out of the one before; `user_version` counts them."""


class _BusyError(Exception):
    """No transaction was begun; its cause says why."""


class _Job(NamedTuple):
    work: Callable[[sqlite3.Connection], Any]
    writes: bool
    done: asyncio.Future[Any]


class Database:
    """One open file. Its methods are called on event loops; the work runs in its thread, in order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take a connection in autocommit mode; `open` makes one."""
        self._connection = connection
        self._asked: dict[asyncio.AbstractEventLoop, list[_Job]] = {}  # in the turn of each
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="frontdesk-store", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, make it if it is not there, bring its schema up to date.

        Only its owner can read it: it holds environments of functions. Raises: StartError.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            connection = sqlite3.connect(
                path, timeout=_BUSY, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, str(error)) from error
        try:
            # A commit that was acknowledged survives a loss of power: WAL alone does not promise that.
            connection.execute("PRAGMA synchronous = FULL")
            with _alone(path.parent):
                connection.execute("PRAGMA journal_mode = WAL")
                _migrate(connection, path)
        except sqlite3.Error as error:
            connection.close()
            raise _unusable(path, str(error)) from error
        except StartError:
            connection.close()
            raise
        return cls(connection)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run `work`, which changes nothing, and return its result. Raises: StoreError."""
        return self._ask(work, writes=False)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run `work` in a transaction and return its result once that is on the disk.

        What `work` raises undoes its own changes only. Raises: StoreError, and nothing has changed.
        """
        return self._ask(work, writes=True)

    def close(self) -> None:
        """Finish what has been given, then close. Nothing may be given afterwards."""
        for loop in list(self._asked):
            self._give(loop)
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _ask(self, work: Callable[[sqlite3.Connection], T], *, writes: bool) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        asked = self._asked.get(loop)
        if asked is None:
            asked = self._asked[loop] = []
            loop.call_soon(self._give, loop)
        asked.append(_Job(work, writes, done))
        return done

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        asked = self._asked.pop(loop, None)
        if asked is not None:
            self._jobs.put(asked)

    # -- in the thread --------------------------------------------------------------------------------

    def _serve(self) -> None:
        is_open = True
        while is_open:
            given = [self._jobs.get()]
            while not self._jobs.empty():
                given.append(self._jobs.get())
            is_open = None not in given
            # Whose caller was cancelled meanwhile is left out.
            self._commit([job for jobs in given for job in jobs or () if not job.done.cancelled()])

    def _commit(self, jobs: list[_Job]) -> None:
        """Do all of them in one transaction; tell each its result once it is over."""
        results = self._results(jobs)
        outcomes: defaultdict[asyncio.AbstractEventLoop, list[tuple[_Job, Any]]] = defaultdict(list)
        for job, result in zip(jobs, results, strict=True):
            outcomes[job.done.get_loop()].append((job, result))
        for loop, told in outcomes.items():
            with suppress(RuntimeError):  # it was closed; nobody waits any more
                loop.call_soon_threadsafe(_tell, told)

    def _results(self, jobs: list[_Job]) -> list[Any]:
        """Do all of them in one transaction, or each in its own. Returns results and exceptions."""
        try:
            # Nearly always none of them fails, and then nobody needs a savepoint.
            return self._transaction(jobs, _together)
        except _BusyError as error:
            return [error.__cause__] * len(jobs)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever gave the job
            if len(jobs) == 1:
                return [error]
        try:
            return self._transaction(jobs, _apart)
        except _BusyError as error:
            return [error.__cause__] * len(jobs)
        except sqlite3.Error:
            # What has no room for itself must not be the others' loss.
            return [self._results([job])[0] for job in jobs]

    def _transaction(
        self, jobs: list[_Job], do: Callable[[list[_Job], sqlite3.Connection], list[Any]]
    ) -> list[Any]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE" if any(job.writes for job in jobs) else "BEGIN")
        except sqlite3.Error as error:
            raise _BusyError from error
        try:
            results = do(jobs, connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return results


def damage(path: Path) -> str:
    """Look through a file, changing nothing; say what is wrong with it, "" where nothing is."""
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if verdict == "ok" else str(verdict)


def _together(jobs: list[_Job], connection: sqlite3.Connection) -> list[Any]:
    """Return what each comes to; what one raises undoes all."""
    return [work(connection) for work, _, _ in jobs]


def _apart(jobs: list[_Job], connection: sqlite3.Connection) -> list[Any]:
    """Return what each comes to, or the exception that it raises."""
    return [_attempt(work, connection) for work, _, _ in jobs]


def _attempt(work: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Any:
    """Run `work`, undo what it changed if it raises. Returns its result, or the exception."""
    connection.execute("SAVEPOINT one")
    try:
        result = work(connection)
    except Exception as error:
        # Out of space or memory, SQLite may have ended the whole transaction itself.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO one")
        result = error
    connection.execute("RELEASE one")
    return result


def _tell(outcomes: Sequence[tuple[_Job, Any]]) -> None:
    """Tell callers on one event loop, all in one turn of it: waking it costs more than a small job."""
    for job, result in outcomes:
        if job.done.cancelled():
            continue
        if isinstance(result, sqlite3.Error):
            error = StoreError(f"the store did not do it: {result}")
            error.__cause__ = result
            job.done.set_exception(error)
        elif isinstance(result, Exception):
            job.done.set_exception(result)
        else:
            job.done.set_result(result)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have others wait who open a store here: for the change to WAL SQLite itself does not wait."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # another process may be doing the same
    version = _version(connection)
    if version > len(_MIGRATIONS):
        raise _unusable(path, "it was made by a newer Frontdesk")
    for migration in _MIGRATIONS[version:]:
        for statement in _statements(migration.read_text(encoding="utf-8")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> Iterator[str]:
    """Take a script apart: as one it would end the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _unusable(path: Path, why: str) -> StartError:
    return StartError(f"cannot use the store: {path}: {why}", hint="check the file and its folder")

"""Owns real Redis and PostgreSQL servers: started on free ports in folders of their own, stopped by id.

Binaries come from Debian's packages (see the Makefile). PostgreSQL does not run as root: root starts it
as the user that its package has made.
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.stores.postgres.database import Database
from tests.live.calls import free_port
from tests.live.processes import LASTING, Running

_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env")


class Server:
    """A server that can be killed and started anew with what it has on disk. url: where it answers."""

    def __init__(self, url: str, command: list) -> None:
        self.url = url
        self._command = command
        self._process: Running
        self._standing: list[int] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Start it; return when it takes connections."""
        self._process = Running(self._command)
        self._process.wait_for("[Rr]eady to accept connections")

    def pause(self) -> None:
        """Have it answer nobody, with all connections open."""
        self._process.signal(signal.SIGSTOP)
        self._standing = _children(self.pid)
        for child in self._standing:
            os.kill(child, signal.SIGSTOP)

    def go_on(self) -> None:
        for child in self._standing:
            os.kill(child, signal.SIGCONT)
        self._process.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self._process.signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.end(signal.SIGINT)  # PostgreSQL's SIGTERM waits for its clients


def _children(pid: int) -> list[int]:
    """List who serves connections for a process, as PostgreSQL has them do: none of them ends while it stands still."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def redis_server(*options, scheme="redis"):
    """Run a Redis that keeps nothing on disk. options: of its command line."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--tls-port" if scheme == "rediss" else "--port", port, "--bind", "127.0.0.1"]
        nothing = ["--save", "", "--appendonly", "no", "--dir", folder]
        command = ["redis-server", *where, *nothing, *options]
        server = Server(f"{scheme}://127.0.0.1:{port}", command)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def postgres_server():
    """Run a PostgreSQL with a user `frontdesk` who has a password."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-postgres-"))
    as_user = _AS_POSTGRES if os.geteuid() == 0 else ()
    password = folder / "password"
    password.write_text("s3cret")
    try:
        if as_user:
            for path in (folder, password):
                shutil.chown(path, "postgres", "postgres")
        data = folder / "data"
        user = ["--username=frontdesk", f"--pwfile={password}", "--auth=scram-sha-256"]
        _run(
            *as_user, _program("initdb"), "-D", data, "--no-sync", "--locale=C", "-E", "UTF8", *user
        )
        where = ["-h", "127.0.0.1", "-p", port, "-k", folder]
        quick = ["-c", "fsync=off", "-c", "full_page_writes=off"]
        command = [*as_user, _program("postgres"), "-D", data, *where, *quick]
        url = f"postgresql://frontdesk:s3cret@127.0.0.1:{port}/postgres"
        server = Server(url, command)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def redis_url() -> str:
    """Return the URL of a Redis that all tests of this process share, emptied by whoever minds."""
    return _until_the_end(redis_server())


@functools.cache
def postgres_url() -> str:
    """Return the URL of a PostgreSQL that all tests of this process share."""
    return _until_the_end(postgres_server())


@contextlib.asynccontextmanager
async def emptied(url: str):
    """Open a PostgreSQL database with empty tables; close it on leaving."""
    database = Database(Secret(url))
    await database.open()

    async def empty(connection):
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'frontdesk_%'"
        )
        names = {name for (name,) in tables} - {"frontdesk_schema"}
        await connection.execute(f"TRUNCATE {', '.join(names)}")

    await database.run(empty)
    yield database
    database.close()


def _until_the_end(opening) -> str:
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    server = stack.enter_context(opening)
    LASTING.add(server.pid)
    return server.url


def _program(name: str) -> str:
    """Find a program of PostgreSQL, which Debian keeps out of the way."""
    found = shutil.which(name) or max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default="")
    assert found, f"no {name}: install Debian's postgresql"
    return str(found)


def _run(*command) -> None:
    told = subprocess.run([str(each) for each in command], capture_output=True, check=False)
    assert told.returncode == 0, told.stderr.decode()

"""Owns a PostgreSQL of its own for one row: as Debian sets it up, so that a commit waits for the disk."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.process import LOAD_CORE, READY_WITHIN, STOP_WITHIN, free_port

_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env")


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server on the load core; yield the URL of an empty database. Raises: RuntimeError."""
    as_user = _AS_POSTGRES if os.geteuid() == 0 else ()
    folder, port = Path(tempfile.mkdtemp(prefix="frontdesk-bench-postgres-")), free_port()
    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run(*as_user, _program("initdb"), "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8")
        process = subprocess.Popen(
            [
                *(*as_user, "taskset", "-c", str(LOAD_CORE), _program("postgres"), "-D", data),
                *("-h", "127.0.0.1", "-p", str(port), "-k", folder),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(port)
            yield f"postgresql://bench@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(2)  # its SIGTERM waits for clients
            process.wait(STOP_WITHIN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Make a database of its own on a server; yield its URL."""
    _sql(server, f"CREATE DATABASE {name}")
    yield server.replace("/postgres", f"/{name}")
    _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _await(port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN
    ready = [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL does not answer")
        time.sleep(0.05)


def _sql(server: str, statement: str) -> None:
    _run(_program("psql"), "-q", server, "-c", statement)


def _program(name: str) -> str:
    """Find a program of PostgreSQL, which Debian keeps out of the way. Raises: RuntimeError."""
    found = max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default=None)
    if found is None:
        raise RuntimeError(f"no {name}: install Debian's postgresql")
    return str(found)


def _run(*command: object) -> None:
    told = subprocess.run([str(each) for each in command], capture_output=True, check=False)
    if told.returncode:
        raise RuntimeError(told.stderr.decode())

"""Owns one server process under test: start on a core, wait until it answers, stop by its id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import descendants

GATEWAY_CORE = 0
LOAD_CORE = 1
"""The generator, the backends and the functions' children share this one."""

READY_WITHIN = 20.0
STOP_WITHIN = 10.0


@dataclass(frozen=True)
class Server:
    """How a server is started.

    port: on 127.0.0.1; the server is ready when a plain GET of `ready` there is
    answered. tls_port: where it speaks TLS; 0: nowhere. pinned: to `core`; else it may use all. settings: every configuration text that the
    result should keep, by name.
    """

    name: str
    argv: tuple[str, ...]
    port: int
    folder: Path
    core: int = GATEWAY_CORE
    ready: str = "/health"
    tls_port: int = 0
    pinned: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        """The file of its standard output and error."""
        return self.folder / f"{self.name}-{self.port}.out"


@dataclass(frozen=True)
class Running:
    """A server that answers. ready_after: seconds from the start of the process to its first answer."""

    server: Server
    pid: int
    ready_after: float


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(server: Server) -> Iterator[Running]:
    """Start the server in a session of its own, wait for its first answer, stop it at the end.

    Raises: RuntimeError with the end of its output when it dies or stays silent.
    """
    output = server.output
    began = time.perf_counter()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            server.argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=server.folder,
            env={**os.environ, **server.environment},
            start_new_session=True,
        )
    try:
        while not _answers(server.port, server.ready):
            if process.poll() is not None or time.perf_counter() - began > READY_WITHIN:
                tail = output.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{server.name} does not answer: {tail}")
            time.sleep(0.005)
        ready = Running(server, process.pid, time.perf_counter() - began)
        pin(ready)
        yield ready
    finally:
        _stop(process)


def pin(running: Running) -> None:
    """Bind the server to its core, and the processes that it started to the load core.

    Done from outside and after the start, so that a server which counts its cores sees two.
    """
    if not running.server.pinned:
        return
    for task in Path(f"/proc/{running.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {running.server.core})
    for child in descendants(running.pid):
        os.sched_setaffinity(child, {LOAD_CORE})


def _answers(port: int, path: str) -> bool:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(64).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the session that `running` opened, nobody else's
        process.wait()

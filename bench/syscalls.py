"""Owns the count of system calls per request, by strace: a figure that no noise disturbs."""

import re
import signal
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench.probe import Probe
from bench.process import Running

CONNECTIONS = 32
TURNS = 40

_LINE = re.compile(r"(?:\d+\s+)?(\w+)\((?:\d+<([^>]*)>)?")
_READS = {"read", "readv", "recvfrom", "recvmsg"}
_WRITES = {"write", "writev", "sendto", "sendmsg"}
_POLLS = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select"}


def kind(line: str) -> str | None:
    """Name what a line of strace's output is: read, write, poll, log, or the call's own name.

    read and write are calls on sockets; log is a write to a file. None: not the begin of a call.
    """
    match = _LINE.match(line)
    if match is None:
        return None
    call, target = match[1], match[2] or ""
    if call in _POLLS:
        return "poll"
    if target.startswith(("socket:", "TCP", "UNIX")):
        return "read" if call in _READS else "write" if call in _WRITES else call
    return "log" if call in _WRITES and target.startswith("/") else call


def count(lines: Iterable[str], requests: int) -> dict[str, float]:
    """Return calls per request by kind, most frequent first."""
    counted = Counter(found for line in lines if (found := kind(line)) is not None)
    return {name: calls / requests for name, calls in counted.most_common()}


def per_request(running: Running, probe: Probe) -> dict[str, float]:
    """Trace a bounded number of requests on open keep-alive connections; return calls per request."""
    port = running.server.port
    clients = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(CONNECTIONS)]
    try:
        for _ in range(TURNS):
            _turn(clients, probe)
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "trace"
            tracer = subprocess.Popen(
                ["strace", "-f", "-y", "-s", "0", "-o", str(output), "-p", str(running.pid)],
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                if tracer.stderr is None or "attached" not in tracer.stderr.readline():
                    raise RuntimeError("strace could not attach")
                for _ in range(TURNS):
                    _turn(clients, probe)
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.communicate(timeout=20)
            return count(output.read_text().splitlines(), TURNS * CONNECTIONS)
    finally:
        for client in clients:
            client.close()


def _turn(clients: list[socket.socket], probe: Probe) -> None:
    """Send one request on every connection, then read every answer."""
    for number, client in enumerate(clients):
        client.sendall(probe.requests[number % len(probe.requests)])
    for client in clients:
        received = b""
        while not _is_complete(received):
            data = client.recv(65536)
            if not data:
                raise ConnectionError("closed in the middle of an answer")
            received += data


def _is_complete(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(found) and length is not None and len(body) >= int(length[1])

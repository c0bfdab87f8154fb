"""Owns the open loop: requests leave at fixed times whether or not answers come, so waiting counts.

Latency is taken from the intended time of sending to the end of the answer. Run as a process of its
own on the load core: `python -m bench.openloop` reads a Job as JSON and prints what it saw.
"""

import asyncio
import ctypes
import gc
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

import uvloop

from bench.histogram import Histogram
from bench.probe import Answer, Probe
from bench.process import LOAD_CORE

CONNECTIONS = 128
WARM = 1.0
LATE = 10.0
"""Seconds to wait for the last answers; those still missing count as timeouts at their age."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHECK_EVERY = 100
_NANO = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """What to send: `requests` in turn, `rate` a second, for `seconds` after a second of warming up."""

    port: int
    requests: tuple[str, ...]
    status: int
    length: int
    digest: str
    rate: float
    seconds: float


@dataclass(frozen=True)
class Latencies:
    """What came back. Latencies in µs from the intended time; `service_*` from the real sending.

    offered, achieved: per second. backlog: most requests that waited for a free connection.
    unexpected: wrong status, length or body (bodies are compared on 1 %). timeouts: no answer.
    """

    offered: float
    achieved: float
    p50: float
    p90: float
    p99: float
    p999: float
    highest: float
    service_p50: float
    service_p99: float
    backlog: int
    unexpected: int
    timeouts: int

    @property
    def overloaded(self) -> bool:
        """Whether more than 1 % of what was offered was not answered in time."""
        return self.achieved < 0.99 * self.offered


def open_loop(port: int, probe: Probe, answer: Answer, *, rate: float, seconds: float) -> Latencies:
    """Run the generator on the load core. answer: what `probe.check` got."""
    requests = tuple(request.decode("ascii") for request in probe.requests)
    job = Job(port, requests, probe.status, answer.length, answer.digest, rate, seconds)
    finished = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "bench.openloop"],
        input=json.dumps(asdict(job)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + WARM + LATE + 30,
    )
    return Latencies(**json.loads(finished.stdout))


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, generator: "_Generator") -> None:
        self.generator = generator
        self.transport: asyncio.WriteTransport
        self.received = b""
        self.intended = 0
        self.sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def send(self, request: bytes, intended: int) -> None:
        self.intended = intended
        self.sent = time.perf_counter_ns()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        length = _LENGTH.search(self.received, 0, end)
        if length is None:
            raise ValueError("an answer without Content-Length")
        if len(self.received) - end >= int(length[1]):
            answer, self.received = self.received, b""
            self.generator.answered(self, answer, end)

    def connection_lost(self, _error: Exception | None) -> None:
        self.generator.lost(self)


class _Generator:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests = [request.encode("ascii") for request in job.requests]
        self.status = b"HTTP/1.1 %d" % job.status
        self.interval = _NANO / job.rate
        self.total = int(job.rate * (job.seconds + WARM))
        self.next = 0
        self.free: list[_Connection] = []
        self.busy: set[_Connection] = set()
        self.backlog: deque[tuple[int, int]] = deque()
        self.deepest = 0
        self.waited = Histogram()
        self.served = Histogram()
        self.unexpected = self.lost_connections = self.in_time = 0
        self.over = asyncio.get_running_loop().create_future()

    async def run(self) -> Latencies:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(
                lambda: _Connection(self), "127.0.0.1", self.job.port
            )
            self.free.append(connection)
        timer = _timer(self.interval)
        self.start = time.perf_counter_ns()
        self.measured_from = self.start + int(WARM * _NANO)
        self.end = self.start + int(self.total * self.interval)
        loop.add_reader(timer, self.send_due, timer)
        limit = loop.call_later(self.job.seconds + WARM + LATE, self.finish)
        await self.over
        limit.cancel()
        loop.remove_reader(timer)
        os.close(timer)
        return self.seen()

    def send_due(self, timer: int) -> None:
        """Send, or queue with its intended time, every request whose slot has come."""
        os.read(timer, 8)
        now = time.perf_counter_ns()
        while self.next < self.total:
            intended = self.start + int(self.next * self.interval)
            if intended > now:
                return
            self.backlog.append((self.next, intended))
            self.next += 1
            if self.free:
                self.take(self.free.pop())
            else:
                self.deepest = max(self.deepest, len(self.backlog))

    def take(self, connection: _Connection) -> None:
        number, intended = self.backlog.popleft()
        self.busy.add(connection)
        connection.send(self.requests[number % len(self.requests)], intended)

    def answered(self, connection: _Connection, answer: bytes, body: int) -> None:
        now = time.perf_counter_ns()
        self.busy.discard(connection)
        if connection.intended >= self.measured_from:
            self.waited.record(now - connection.intended)
            self.served.record(now - connection.sent)
            self.in_time += now <= self.end
            self.unexpected += not self.is_expected(answer, body)
        if self.backlog:
            self.take(connection)
            return
        self.free.append(connection)
        if self.next == self.total and not self.busy:
            self.finish()

    def is_expected(self, answer: bytes, body: int) -> bool:
        if not answer.startswith(self.status) or len(answer) - body != self.job.length:
            return False
        if self.waited.total % _CHECK_EVERY:
            return True
        return hashlib.sha256(answer[body:]).hexdigest() == self.job.digest

    def lost(self, connection: _Connection) -> None:
        """Count a connection that the server closed; its request is a timeout. None is opened again."""
        if self.over.done():
            return
        self.lost_connections += 1
        if connection in self.free:
            self.free.remove(connection)
        if self.lost_connections == CONNECTIONS:
            self.finish()

    def finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def seen(self) -> Latencies:
        now = time.perf_counter_ns()
        missing = [connection.intended for connection in self.busy]
        missing += [intended for _, intended in self.backlog]
        missing = [intended for intended in missing if intended >= self.measured_from]
        for intended in missing:
            self.waited.record(now - intended)
        waited, served = self.waited.percentile, self.served.percentile
        return Latencies(
            offered=self.job.rate,
            achieved=self.in_time / self.job.seconds,
            p50=waited(50) / 1e3,
            p90=waited(90) / 1e3,
            p99=waited(99) / 1e3,
            p999=waited(99.9) / 1e3,
            highest=self.waited.highest / 1e3,
            service_p50=served(50) / 1e3,
            service_p99=served(99) / 1e3,
            backlog=self.deepest,
            unexpected=self.unexpected,
            timeouts=len(missing),
        )


def _timer(interval: float) -> int:
    """Return a timerfd that becomes readable every `interval` ns: the loop's timers know only ms."""
    libc = ctypes.CDLL(None, use_errno=True)
    timer = int(libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
    seconds, nanoseconds = divmod(max(1, int(interval)), _NANO)
    every = struct.pack("qqqq", seconds, nanoseconds, seconds, nanoseconds)
    if timer < 0 or libc.timerfd_settime(timer, 0, every, None) != 0:
        raise OSError(ctypes.get_errno(), "timerfd")
    return timer


async def _main(job: Job) -> Latencies:
    return await _Generator(job).run()


if __name__ == "__main__":
    gc.disable()
    uvloop.install()
    given = json.load(sys.stdin)
    print(json.dumps(asdict(asyncio.run(_main(Job(**given))))))

"""Owns calling a listener: plain HTTP over a connection of its own, and bytes as they are."""

import contextlib
import http.client
import json
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from typing import Any

_ANY = random.SystemRandom()
"""Tests that seed the usual one must not find the same port in two processes."""

PATIENCE = 30.0
"""Seconds for what takes milliseconds: a busy machine is no failure, a hanging one is."""


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(address, method="GET", target="/", *, headers=None, body=None) -> Answer:
    """Send one request on a connection of its own. headers: beside those that HTTP asks for."""
    connection = http.client.HTTPConnection(str(address), timeout=PATIENCE)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.msg, answer.read())
    finally:
        connection.close()


def call_at_once(address, count, target, *, headers=None) -> list[Answer]:
    """Send the same request on `count` connections, all of which stand before the first byte goes."""
    connections = [http.client.HTTPConnection(str(address), timeout=PATIENCE) for _ in range(count)]
    try:
        for connection in connections:
            connection.connect()
        for connection in connections:
            connection.request("GET", target, headers=headers or {})
        answers = [connection.getresponse() for connection in connections]
        return [Answer(answer.status, answer.msg, answer.read()) for answer in answers]
    finally:
        for connection in connections:
            connection.close()


def later(function, *arguments, **keywords):
    """Call in a thread; returns its future."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(function, *arguments, **keywords)
    pool.shutdown(wait=False)
    return future


def free_port() -> int:
    """Find a loopback port that nobody has, below those that the kernel gives to others meanwhile."""
    while True:
        port = _ANY.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(address) -> bool:
    """Tell whether somebody listens there."""
    host, _, port = str(address).rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def connect(address) -> socket.socket:
    """Open a connection to speak bytes."""
    host, _, port = str(address).rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def read_to_end(connection: socket.socket) -> bytes:
    """Receive until the other side closes."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received

"""Owns what is asked and what must come back: requests as bytes, and the check of an answer."""

import hashlib
import http.client
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ORIGIN = "https://app.clinic.example"

BROWSER: Mapping[str, str] = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "en-GB,en;q=0.8,de;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://app.clinic.example/calendar?week=47",
    "Cache-Control": "no-cache",
    "Cookie": "theme=dark; session=6f1c0f1e9a1b4d7e8f00",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "cross-site",
    "DNT": "1",
}
"""What a browser sends beside Host, Origin and Authorization: eleven more, fourteen in all."""


NUMBER = b"@NUMBER@"
"""What stands in a request for a number of 19 digits that no other one has, once at most."""


@dataclass(frozen=True)
class Probe:
    """Requests sent in turn, and the one answer that all of them must get.

    requests: whole, in ASCII, all with keep-alive. length: of the answer's body in bytes,
    None where it may differ (error bodies of different products).
    """

    requests: tuple[bytes, ...]
    status: int = 200
    length: int | None = None


@dataclass(frozen=True)
class Answer:
    """What came back. digest: SHA-256 of the body, hexadecimal."""

    status: int
    length: int
    digest: str


def get(
    paths: Sequence[str],
    *,
    tokens: Sequence[str] = (),
    browser: bool = False,
    status: int = 200,
    length: int | None = None,
) -> Probe:
    """Return a probe of GET requests: path i goes with token i, both lists are repeated as needed.

    The header fields are Host, Origin and, with tokens, Authorization; `browser` adds eleven.
    """
    more = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items()) if browser else ""
    count = max(len(paths), len(tokens))
    requests = []
    for number in range(count):
        head = (
            f"GET {paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {ORIGIN}\r\n"
        )
        if tokens:
            head += f"Authorization: Bearer {tokens[number % len(tokens)]}\r\n"
        requests.append(f"{head}{more}\r\n".encode())
    return Probe(tuple(requests), status, length)


def ask(port: int, request: bytes) -> Answer:
    """Send one request on a connection of its own and read the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()
        return Answer(answer.status, len(body), hashlib.sha256(body).hexdigest())


def await_answer(port: int, probe: Probe, *, within: float = 5.0) -> None:
    """Wait until the first request gets its status: signing keys may still be on their way.

    Raises: ValueError when it does not in time.
    """
    until = time.perf_counter() + within
    while (status := ask(port, probe.requests[0]).status) != probe.status:
        if time.perf_counter() > until:
            raise ValueError(f"expected status {probe.status}, got: {status}")
        time.sleep(0.05)


def check(port: int, probe: Probe) -> Answer:
    """Send every distinct request of the probe once (at most 100); return the last answer.

    Raises: ValueError when an answer has another status or length than the probe says, or when the
    bodies of two answers differ although the length is fixed.
    """
    answers = [ask(port, request) for request in probe.requests[:100]]
    for answer in answers:
        if answer.status != probe.status:
            raise ValueError(f"expected status {probe.status}, got: {answer.status}")
        if probe.length is not None and answer.length != probe.length:
            raise ValueError(f"expected {probe.length} bytes, got: {answer.length}")
    if probe.length is not None and len({answer.digest for answer in answers}) > 1:
        raise ValueError("answers of equal length with different bodies")
    return answers[-1]

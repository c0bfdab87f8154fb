"""Owns the row of webhooks at the door: verified, and on the disk before the answer, on one core."""

import hmac
import json

from bench.contenders import settings
from bench.figures import Figure, Finding, at_least
from bench.frontdesk_under_test import hooked
from bench.probe import NUMBER, Probe
from bench.process import running
from bench.result import Bench, Result, Series
from bench.series import Contender, race

_SECRET = "0123456789abcdef0123456789abcdef"
_BODY = json.dumps({"ref": "refs/heads/main", "pad": "x" * 980}).encode()


def hooks_row(bench: Bench) -> Result:
    """Take webhooks of 1 KiB, each another one: verified and in SQLite (FULL) before the answer."""
    with running(hooked(bench.scene, _SECRET)) as server:
        rounds = race(
            [
                Contender("kept", server, _probe("/kept")),
                Contender("sent", server, _probe("/sent")),
            ],
            bench.effort,
        )
    findings = [
        Finding(
            "written down", Figure.of([one.rate for one in rounds["kept"]]), "/s", at_least(5000)
        ),
        Finding("and sent to a queue", Figure.of([one.rate for one in rounds["sent"]]), "/s"),
    ]
    title = "Webhooks at the door, verified and durable"
    return Result(findings, [Series(title, rounds)], settings({"frontdesk": server}))


def _probe(path: str) -> Probe:
    """Sign once: GitHub's signature is of the body, and the id of a delivery stands beside it."""
    mac = hmac.digest(_SECRET.encode(), _BODY, "sha256").hex()
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: GitHub-Hookshot/044aadd",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(_BODY)}",
        "X-GitHub-Event: push",
        f"X-GitHub-Delivery: {NUMBER.decode()}",
        f"X-Hub-Signature-256: sha256={mac}",
    )
    head = "".join(f"{line}\r\n" for line in lines)
    return Probe((f"{head}\r\n".encode() + _BODY,), length=len(b'{"received": true}'))

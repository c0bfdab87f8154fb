"""docs/resilience.md: its tables are what the rules decide, its answers those of a running door."""

import asyncio
import json
import re

import pytest

from frontdesk.client.call import IDEMPOTENT
from frontdesk.rules.resilience.retry import Failed, RetryPolicy, follow
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.backends import unruly
from tests.live.calls import call, later
from tests.live.gateways import project, serving

FILE = ROOT / "docs" / "resilience.md"
PAGE = FILE.read_text()
RETRIES, KEYS = tables(PAGE)


def _failures(cell):
    """List the failures that a row of the table speaks of."""
    asked = 1.0 if "Retry-After" in cell else None
    words = {"connect": "connect", "closed": "closed", "timeout": "timeout", "certificate": "tls"}
    words |= {"breaker": "circuit_open", "bulkhead": "bulkhead_full"}
    for status in re.findall(r"\b\d{3}\b", cell):
        yield Failed(int(status), asked=asked)
    for word, reason in words.items():
        if word in cell:
            yield Failed(reason=reason, sent=reason not in ("connect", "tls"))


@pytest.mark.parametrize("row", RETRIES.rows, ids=[row[0][:20] for row in RETRIES.rows])
def test_the_table_of_retries_is_what_is_done(row):
    failures = list(_failures(row[0]))
    assert failures
    for failed in failures:
        for repeatable, cell in ((True, row[1]), (False, row[2])):
            after = follow(
                RetryPolicy(), failed, 1, repeatable=repeatable, remaining=60.0, chance=0.5
            )
            assert (after.stop == "") is cell.startswith("again")


def test_the_methods_are_the_idempotent_ones():
    assert set(re.findall(r"[A-Z]{3,}", RETRIES.head[1])) == IDEMPOTENT


async def ask(app, target, method="POST", **more):
    return await asyncio.wrap_future(later(call, app.addresses[0], method, target, **more))


def written(folder, backend, **policies):
    """Write the page's first example, with a backend that is there and policies that show at once."""
    content = examples(FILE)[0].content
    billing = {**content["upstreams"]["billing"], "url": backend.url, **policies}
    apis = json.dumps(content["apis"])
    return project(folder, f"upstreams: {json.dumps({'billing': billing})}\napis: {apis}")


async def test_an_open_breaker_answers_as_shown(tmp_path):
    async with unruly() as backend:
        backend.orders = [500]
        path = written(tmp_path, backend, breaker={"failures": 1, "reset": "30s"})
        async with serving(path) as app:
            await ask(app, "/billing/x", "GET")
            answer = await ask(app, "/billing/x", "GET")
    shown = re.search(r"```http\n(.*?)```", PAGE, re.DOTALL)[1]
    head, _, body = shown.strip().partition("\n\n")
    line, *fields = head.splitlines()
    assert answer.status == int(line.split()[1])
    for field in fields:
        name, _, value = field.partition(": ")
        if name == "Retry-After":
            assert 1 <= int(answer.headers[name]) <= int(value)
        else:
            assert answer.headers[name] == value
    assert answer.body.decode() == body


async def test_keys_are_answered_as_the_table_says(tmp_path):
    async with unruly() as backend, serving(written(tmp_path, backend)) as app:
        key = {"Idempotency-Key": "k"}
        answers = [
            await ask(app, "/payments", body=b"1", headers=key),
            await ask(app, "/payments", body=b"1", headers=key),
            None,
            await ask(app, "/payments", body=b"2", headers=key),
            await ask(app, "/payments", body=b"1", headers={"Idempotency-Key": "a b"}),
            await ask(app, "/payments", body=b"1"),
            None,
        ]
        backend.orders = ["hang"]
        backend.asked.clear()
        hanging = asyncio.ensure_future(
            ask(app, "/payments", body=b"1", headers={"Idempotency-Key": "h"})
        )
        await backend.asked.wait()
        answers[2] = await ask(app, "/payments", body=b"1", headers={"Idempotency-Key": "h"})
        backend.close()
        await hanging
    for (_, told), answer in zip(KEYS.rows, answers, strict=True):
        if answer is None:
            continue
        status = re.match(r"\d{3}", told)
        assert answer.status == (int(status[0]) if status else 200)
        for code in codes(told):
            name, colon, value = code.partition(": ")
            if colon:
                assert answer.headers[name] == value
            else:
                assert answer.json["type"] == f"urn:frontdesk:problem:{code}"
    shown = re.search(r"```json idempotency-in-progress\n(.*?)```", PAGE, re.DOTALL)[1]
    assert answers[2].json == json.loads(shown)

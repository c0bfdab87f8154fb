"""docs/integration-guide.md: each section of the guide has a row, and what a row names is where it says."""

import hashlib
import hmac
import inspect
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from frontdesk import webhooks
from frontdesk.client import CircuitOpenError, Client, Retry, Timeout, settle, with_retry
from tests.docs.pages import ROOT, codes, tables
from tests.live.vendors import vendor

PAGE = ROOT / "docs" / "integration-guide.md"
SECTIONS, DIFFERENCES = tables(PAGE.read_text())
GUIDE = ROOT.parent / "shared" / "seeds" / "000_6228ba3ca45e3e96.txt"
_NAMED = re.compile(r"`([^`]+)` in \[[^\]]+\]\(([^)#]+)\)")
TITLES = [
    "When to Use This Guide",
    "Problems This Pattern Solves",
    "Calling External APIs",
    "Using fetch for HTTP Requests",
    "Basic GET Request",
    "POST Request with Payload",
    "Using Axios",
    "Timeout Configuration",
    "Consuming Webhooks",
    "Webhook Controller Pattern",
    "Webhook Signature Verification",
    "Idempotent Webhook Processing",
    "Retry and Error Handling",
    "Retry with Exponential Backoff",
    "Using the Retry Utility",
    "AWS Native Retry Mechanisms",
    "Example: SQS Retry Configuration",
    "Circuit Breaker Pattern",
    "Recommendation",
    "Simple Circuit Breaker Implementation",
    "Using the Circuit Breaker",
    "Practical Example: Payment Gateway Integration",
    "Best Practices",
    "1. Always Set Timeouts",
    "2. Use Idempotency Keys",
    "3. Log External API Interactions",
    "4. Handle Partial Failures Gracefully",
    "5. Store Webhook Secrets Securely",
]


def test_each_section_of_the_guide_has_a_row():
    assert [row[0] for row in SECTIONS.rows] == TITLES


@pytest.mark.skipif(not GUIDE.is_file(), reason="the guide is not beside the repository")
def test_the_sections_are_those_of_the_guide():
    lines = GUIDE.read_text().splitlines()
    positions = [lines.index(title) for title in TITLES]
    assert positions == sorted(positions)


@pytest.mark.parametrize("row", SECTIONS.rows, ids=lambda row: row[0].lower().replace(" ", "-"))
def test_what_a_row_names_is_there(row):
    named = _NAMED.findall(row[2])
    assert len(named) == len(codes(row[2])) > 0, "each code span stands in a file"
    absent = [code for code, link in named if code not in (PAGE.parent / Path(link)).read_text()]
    assert absent == []


def test_each_difference_says_what_is_done_here():
    assert DIFFERENCES.head == ["the guide", "what comes of it", "here"]
    assert all(row[0] and row[2] for row in DIFFERENCES.rows)


# -- what the page says of both, and what both do --------------------------------------------------------


def test_what_is_written_again_is_not_what_was_signed():
    body = b'{"id": "evt_1", "event": "payment.completed", "rate": 1.0}'
    sent = webhooks.sign("generic-hmac", body, "secret").headers
    rewritten = json.dumps(json.loads(body), separators=(",", ":")).encode()
    as_the_guide = hmac.new(
        b"secret", sent["X-Timestamp"].encode() + b"." + rewritten, hashlib.sha256
    )
    assert as_the_guide.hexdigest() != sent["X-Signature"], "the guide refuses a genuine one"
    assert webhooks.verify("generic-hmac", sent, body, "secret").id == "evt_1"
    with pytest.raises(webhooks.WebhookError) as refused:
        webhooks.verify("generic-hmac", sent, rewritten, "secret")
    assert refused.value.status == 401


class ApiError(Exception):
    """As the guide throws it."""

    def __init__(self, status):
        super().__init__(f"API error: {status}")
        self.status = status


@pytest.mark.parametrize(
    ("status", "options", "calls", "waits"),
    [
        (503, {}, 3, [1, 2]),
        (429, {}, 1, []),
        (429, {"is_retryable": lambda error: error.status == 429}, 3, [1, 2]),
    ],
    ids=["503", "429", "429-retryable"],
)
async def test_with_retry_is_the_guide_s(status, options, calls, waits):
    called, slept = [], []

    def fail():
        called.append(1)
        raise ApiError(status)

    async def sleep(delay):
        slept.append(delay)

    with pytest.raises(ApiError):
        await with_retry(fail, sleep=sleep, **options)
    assert (len(called), slept) == (calls, waits)


async def test_the_client_tries_429_again_and_no_post_that_may_have_been_done():
    faults = {"/busy": (429, {"Retry-After": "0"}, b""), "/down": (500, {}, b"")}
    quick = {"retry": Retry(base=0.0), "throttle": None}
    async with vendor(lambda asked: faults[asked.target]) as api, Client(api.url, **quick) as shop:
        for target in faults:
            await shop.post(target)
        await shop.post("/down", idempotency_key="order-7-charge")
    counts = Counter((one.target, one.headers.get("idempotency-key", "")) for one in api.seen)
    assert counts == {("/busy", ""): 3, ("/down", ""): 1, ("/down", "order-7-charge"): 3}


async def test_cards_without_money_do_not_open_the_breaker_and_failures_do():
    coming = [402] * 7 + [500] * 6

    def answer(_):
        return coming.pop(0), {}, b""

    async with vendor(answer) as api, Client(api.url, retry=None) as shop:
        for expected in [402] * 7 + [500] * 5:
            assert (await shop.get("/")).status == expected
        with pytest.raises(CircuitOpenError, match=r"^Circuit breaker is open$") as refused:
            await shop.get("/")
    assert refused.value.retry_after > 0
    assert len(coming) == 1, "the provider was not asked"


def test_a_call_ends_before_its_function_does_and_the_guide_s_does_not():
    attempts, attempt, waits, function = 3, 15, 1 + 2, 30
    assert attempts * attempt + waits > function > Timeout().total


def test_a_thousand_calls_are_not_made_at_once():
    assert inspect.signature(settle).parameters["concurrency"].default == 16

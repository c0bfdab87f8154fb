"""The spans of a client's calls: one of each attempt, told to its server, where somebody takes them."""

import re

import pytest

from frontdesk.base.spans import WANTED, collected
from frontdesk.client import Breaker, CircuitOpenError, Retry, trace_from
from frontdesk.rules.http.trace_context import read_traceparent
from tests.live.backends import unruly

TRACE = "5759e988bd862e3fe1be46a994272793"
SPAN = "53995c3f42cd8ad8"


@pytest.fixture
async def api():
    async with unruly("api") as api:
        yield api


@pytest.fixture(autouse=True)
def _wanted(monkeypatch):
    monkeypatch.setenv(WANTED, "1")
    yield
    collected.take()


@pytest.fixture
def traced():
    with trace_from({"traceparent": f"00-{TRACE}-{SPAN}-01"}):
        yield


def told(api):
    """Return what the server was told of each request's trace."""
    return [
        read_traceparent(re.search(r"\r\ntraceparent: (\S+)\r\n", head)[1]) for head, *_ in api.seen
    ]


@pytest.mark.usefixtures("traced")
async def test_each_attempt_is_a_span_that_its_server_is_told_of(client, api, after_retries):
    api.orders = [503]
    one = client(api.url, retry=Retry(attempts=2))
    await after_retries(one.get("/rates/{id}", path={"id": 7}, params={"token": "s3cret"}), 1)
    first, second = collected.take()
    assert [first.span_id, second.span_id] == [caller.span_id for caller in told(api)]
    assert {span.trace_id for span in (first, second)} == {TRACE}
    assert {span.parent_id for span in (first, second)} == {SPAN}
    assert [(span.name, span.kind, span.error) for span in (first, second)] == [
        ("GET /rates/{id}", "client", "503"),
        ("GET /rates/{id}", "client", ""),
    ]
    facts = second.attributes
    assert facts["url.template"] == "/rates/{id}"
    assert facts["http.request.resend_count"] == 1
    assert "http.request.resend_count" not in first.attributes
    assert facts["http.response.status_code"] == 200
    assert f"http://{facts['server.address']}:{facts['server.port']}" == api.url
    assert "s3cret" not in str(first)


@pytest.mark.usefixtures("traced")
async def test_what_is_not_sent_is_no_span(client, api):
    one = client(api.url, breaker=Breaker(failures=1), retry=None)
    api.orders = [500]
    await one.get("/")
    with pytest.raises(CircuitOpenError):
        await one.get("/")
    assert [span.error for span in collected.take()] == ["500"]


@pytest.mark.parametrize(
    ("flag", "wanted"), [("00", "1"), ("01", "")], ids=["not sampled", "not wanted"]
)
async def test_nothing_is_collected_for_nobody(client, api, monkeypatch, flag, wanted):
    monkeypatch.setenv(WANTED, wanted)
    with trace_from({"traceparent": f"00-{TRACE}-{SPAN}-{flag}"}):
        await client(api.url).get("/")
    assert collected.take() == []
    assert told(api)[0].trace_id == TRACE

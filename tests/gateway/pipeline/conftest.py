"""An exchange as the server and the router leave it, without either."""

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import load
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.stores.memory.ledger import MemoryLedger


class RecordingClient:
    """A ClientEnd that keeps what it is told."""

    def __init__(self):
        self.replies = []
        self.deadlines = []

    def send(self, exchange, reply):
        self.replies.append(reply)

    def collect_body(self, exchange):
        raise AssertionError("the body is there")

    def set_deadline(self, exchange, deadline):
        self.deadlines.append(deadline)


@pytest.fixture
def make_exchange():
    """Make an exchange from head fields as the client wrote them, and any other attribute.

    head: stages of its plan; tail likewise. variables: of the API's stage.
    """

    def make(fields=(), *, head=(), tail=(), variables=None, **attributes):
        ex = Exchange()
        ex.method, ex.query, ex.host = "GET", "", "api.clinic.example"
        ex.raw_path = ex.path = ex.stage_path = "/pets/6"
        ex.fields, ex.held, ex.headers = list(fields), [], {}
        for name, value in fields:
            key = name.lower()
            ex.headers[key] = ex.headers[key] + b"," + value if key in ex.headers else value
        ex.peer = ex.client_ip = "192.0.2.1"
        ex.client = RecordingClient()
        ex.started, ex.time, ex.request_id = 100.0, 1583348638.39, "JKJaXmPLvHcESHA="
        api = ApiFacts(
            id="abcdefghij",
            name="scheduling",
            kind="http",
            stage="$default",
            account="123456789012",
            region="us-east-1",
            domain="api.clinic.example",
            variables=variables or {},
        )
        ex.plan = RoutePlan(
            route_key="GET /pets/{id}",
            api=api,
            head=tuple(head),
            tail=tuple(tail),
            body_at=-1,
            max_body=1024,
            timeout=29.0,
            timeout_status=503,
            log=lambda _ex: None,
            steps=(),
        )
        for name, value in attributes.items():
            setattr(ex, name, value)
        return ex

    return make


@pytest.fixture
def compile_text(tmp_path, monkeypatch):
    """Compile the text of a file; keywords: the log, and parts of the plan beside the usual ones."""

    def compiled(text, log=lambda _ex: None, **given):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "frontdesk.yaml").write_text(text)
        loaded = load([(tmp_path / "frontdesk.yaml").relative_to(tmp_path)], {})
        clock = SystemClock()
        wheel = Wheel(clock.monotonic())
        invokers = dict.fromkeys(["book", "book:live", "book:next", "book:1"])
        keys, upstreams = KeyRing(clock, wheel, None), Upstreams(clock, wheel)
        parts = Parts(clock, wheel, MemoryLedger(), invokers, keys, upstreams, **given)
        return compile_gateway(loaded, parts, log)

    return compiled

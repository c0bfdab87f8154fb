"""docs/observability.md: its table is the registry's, its messages are those of a running gateway."""

import asyncio
import json
import logging
import re
from pathlib import Path

import frontdesk
from frontdesk.base import metrics
from frontdesk.base.metrics import METRICS
from tests.docs.pages import ROOT, codes, tables
from tests.live.calls import call
from tests.live.collectors import collecting, named, spans_until, tree
from tests.live.gateways import project, serving

PAGE = (ROOT / "docs" / "observability.md").read_text()
EXAMPLES = {
    name: json.loads(text) for name, text in re.findall(r"```json (\S+)\n(.*?)```", PAGE, re.DOTALL)
}
TRACED = dict(re.findall(r"```(\w+) one-trace\n(.*?)```", PAGE, re.DOTALL))
TABLE = next(table for table in tables(PAGE) if table.head[0] == "metric")


def test_every_metric_is_documented_with_its_labels_and_type():
    documented = [
        (codes(name)[0], tuple(codes(labels)), kind) for name, labels, kind, _ in TABLE.rows
    ]
    assert sorted(documented) == sorted(
        (metric.name, metric.labels, metric.kind) for metric in METRICS.values()
    )


def test_every_metric_is_counted_somewhere():
    source = "".join(
        path.read_text()
        for path in Path(frontdesk.__file__).parent.rglob("*.py")
        if path.name != "metrics.py"
    )
    names = [name for name, value in vars(metrics).items() if value in METRICS.values()]
    assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []


async def test_all_that_a_request_leads_to_is_the_tree_that_is_shown(tmp_path):
    with collecting() as collector:
        config = TRACED["yaml"].replace("127.0.0.1:4318", collector.address)
        async with serving(project(tmp_path, config, shop=TRACED["python"])) as app:
            while (
                await asyncio.to_thread(call, app.config.admin.listen, target="/readyz")
            ).status != 200:
                pass  # the first processes of its functions load
            answer = await asyncio.to_thread(call, app.addresses[0], "POST", "/orders", body=b"{}")
            spans = await asyncio.to_thread(
                spans_until, collector, lambda spans: named(spans, "print")
            )
    assert answer.status == 200
    assert tree(spans) == TRACED["text"].rstrip()


async def test_a_slow_request_is_told_as_shown(tmp_path, caplog):
    config = """
    logs: {access: off, slow: 1ms}
    functions: {book: {handler: f.book}}
    apis: {desk: {throttle: 100/s, routes: {POST /appointments: {function: book}}}}
    """
    code = "import time\ndef book(event, context):\n    time.sleep(0.01)\n    return 1\n"
    with caplog.at_level(logging.WARNING, "frontdesk.slow"):
        async with serving(project(tmp_path, config, f=code)) as app:
            await asyncio.to_thread(call, app.addresses[0], "POST", "/appointments", body=b"{}")
    (record,) = caplog.records
    shown = EXAMPLES["slow"]
    told = {**vars(record), "level": "warning", "logger": record.name, "message": record.message}
    assert shown.keys() <= told.keys()
    assert list(shown["stages"]) == list(told["stages"])
    for key in ("level", "logger", "route", "api", "method", "status"):
        assert shown[key] == told[key]


async def test_a_gateway_that_is_not_ready_says_it_as_shown(tmp_path):
    issuer = "http://127.0.0.1:1"
    config = f"""
    authorizers: {{a: {{type: jwt, issuer: "{issuer}", audience: x, allow_http: true}}}}
    apis: {{a: {{authorizer: a, routes: {{GET /: {{mock: {{}}}}}}}}}}
    """
    async with serving(project(tmp_path, config)) as app:
        answer = await asyncio.to_thread(call, app.config.admin.listen, target="/readyz")
    shown = json.dumps(EXAMPLES["not-ready"]).replace("https://login.clinic.example", issuer)
    assert (answer.status, answer.json) == (503, json.loads(shown))

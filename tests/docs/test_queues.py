"""docs/queues.md: its examples run against a gateway, its tables are the code's."""

import asyncio
import json
import re

import pytest
from click.testing import CliRunner

from frontdesk.aws.sqs.service import operations
from frontdesk.cli.main import cli
from frontdesk.config.check import check
from frontdesk.config.load import load
from frontdesk.ports.queue import Outgoing
from frontdesk.rules.events.patterns import _COMPARISONS, compile_pattern
from frontdesk.rules.events.sqs import failed
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import free_port
from tests.live.gateways import gateway, project, serving

PATH = ROOT / "docs" / "queues.md"
PAGE = PATH.read_text()
TABLES = {table.head[0]: table for table in tables(PAGE)}
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
HANDLER, *CLIENTS = CODE
WHOLE, FILTER, ROUTE, TASK = examples(PATH)


def test_the_examples_run_against_a_gateway(tmp_path, monkeypatch, capsys):
    port = free_port()
    config = {**WHOLE.content, "admin": {"listen": f"127.0.0.1:{port}"}}
    path = project(tmp_path, "", calls=HANDLER)
    path.write_text(json.dumps({**config, "listen": "127.0.0.1:0"}))
    for service in ("LAMBDA", "SQS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with gateway(path):
        for example in CLIENTS:
            scope = {}
            exec(example, scope)
            scope["sqs"].close()
    assert capsys.readouterr().out == "Dear Ada\n"


async def test_the_commands_print_what_the_page_shows(tmp_path):
    config = json.loads(json.dumps(WHOLE.content))
    del config["queues"]["calls"]["consumer"]
    admin = {"listen": f"127.0.0.1:{free_port()}"}
    path = project(tmp_path, "", calls=HANDLER)
    path.write_text(json.dumps({**config, "admin": admin, "listen": "127.0.0.1:0"}))
    async with serving(path) as app:
        queues = app._works.part.durable.queues.queues
        calls = queues.find("calls")
        await queues.send(calls, [Outgoing(name, b"m") for name in "ab"])
        for _ in range(4):
            received = await queues.receive(calls, most=10)
            await queues.change(calls, [message.receipt for message in received], 0)
        session = re.search(r"```console\n(\$ frontdesk queue list\n.*?)```", PAGE, re.DOTALL)[1]
        for command, shown in re.findall(r"\$ frontdesk (.*)\n((?:[^$].*\n)+)", session):
            words = [*command.split(), "-c", str(path)]
            result = await asyncio.to_thread(CliRunner().invoke, cli, words)
            assert result.stdout == shown


def test_the_handler_fails_as_its_table_says():
    scope = {}
    exec(HANDLER, scope)
    records = [{"messageId": "a", "body": "x"}, {"messageId": "b", "body": "call the moon"}]
    answer = scope["on_call"]({"Records": records}, None)
    assert failed(json.dumps(answer).encode(), ["a", "b"]) == {"b"}
    rows = TABLES["it returns"].rows
    forms = [code for code in codes(rows[0][0]) if code.startswith("{")]
    assert [failed(form.encode(), ["ID", "x"]) for form in forms] == [set(), set()]
    assert failed(codes(rows[1][0])[0].encode(), ["ID", "x"]) == {"ID"}


@pytest.mark.parametrize(
    ("record", "fits"),
    [
        ({"body": {"type": "booked", "minutes": 15}}, True),
        ({"body": {"type": "moved.later", "minutes": 20}}, True),
        ({"body": {"type": "booked", "minutes": 10}}, False),
        ({"body": {}, "messageAttributes": {"urgent": {"stringValue": "yes"}}}, True),
    ],
)
def test_the_filter_of_the_page(record, fits):
    patterns = FILTER.content["filter"]
    assert any(compile_pattern(pattern)(record) for pattern in patterns) is fits


def test_the_fragments_belong_where_the_page_says(tmp_path):
    path = project(tmp_path, "", calls=HANDLER)
    whole = json.loads(json.dumps(WHOLE.content))
    for example in (FILTER, ROUTE, TASK):
        spliced(whole, example)
    path.write_text(json.dumps(whole))
    assert not check(load([path], {}))


def test_all_comparisons_are_told():
    told = {
        word for row in TABLES["comparison"].rows for word in re.findall(r"\{([\w-]+):", row[0])
    }
    assert told == _COMPARISONS.keys()


def test_all_operations_are_told():
    told = {name for _, cell in TABLES["about"].rows for name in codes(cell)}
    assert told == operations(None, None, None, account="").keys()

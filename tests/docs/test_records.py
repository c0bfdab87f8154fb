"""docs/records.md: its examples run and print what it shows, its file runs with its functions, its tables are the code's."""

import asyncio
import contextlib
import io
import json
import re
from dataclasses import fields

import pytest
from click.testing import CliRunner

from frontdesk import records
from frontdesk.cli.main import cli
from frontdesk.rules.events.records import Told, record_text
from frontdesk.rules.records.record import camel
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.calls import call
from tests.live.gateways import project, serving
from tests.live.processes import until

PATH = ROOT / "docs" / "records.md"
PAGE = PATH.read_text()
TABLES = {table.head[0]: table for table in tables(PAGE)}
CODE = re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", PAGE, re.DOTALL)
(HANDLER, _), *PRINTING, (FUNCTIONS, _) = CODE
(WHOLE,) = examples(PATH)
ADA = records.UserContext("ada", "", "acme", "", "")


def run(code, folder):
    """Run an example in a folder; return its names and what it has printed."""
    scope, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code.replace("sqlite:///tmp", f"sqlite://{folder}"), scope)
    return scope, printed.getvalue()


@pytest.mark.parametrize(("code", "shown"), PRINTING)
def test_an_example_prints_what_the_page_shows(tmp_path, code, shown):
    assert shown
    assert run(code, tmp_path)[1] == shown


def test_the_first_example_is_a_handler(tmp_path):
    scope, _ = run(HANDLER, tmp_path)
    claims = {"sub": "ada", "custom:tenant": "acme"}
    event = {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}
    assert scope["handler"](event, None) == {"version": 1, "name": "tea", "by": "ada"}
    scope["opened"].close()


async def test_the_file_runs_with_its_functions(tmp_path):
    said = []
    path = project(tmp_path, "", shop=FUNCTIONS)
    path.write_text(
        json.dumps(
            {
                **WHOLE.content,
                "listen": "127.0.0.1:0",
                "admin": {"listen": "127.0.0.1:0"},
                "logs": {"access": "off"},
            }
        )
    )
    async with serving(path, echo=lambda function, line: said.append((function, line))) as app:
        (address,) = app.addresses
        answer = await asyncio.to_thread(call, address, "POST", "/payments/7")
        assert (answer.status, answer.body) == (200, b'{"version":1}')
        again = await asyncio.to_thread(call, address, "POST", "/payments/7")
        assert (again.status, again.body) == (200, b'{"version":null}')
        await asyncio.to_thread(until, lambda: ("mail", "INSERT 7 success") in said)


async def test_the_commands_print_what_the_page_shows(tmp_path):
    path = project(tmp_path, "records: {payments: {}}")
    async with serving(path) as app:
        store = app._works.part.durable.records._store
        clock = Clock()
        opened = records.Records(store, None, clock)
        payments = opened.commands("payments")
        opts = records.Options(ADA, source="POST /payments/{id}")
        for status in ("failed", "succeeded"):
            await payments.record_payment_result({"orderId": "7"}, {"status": status}, opts)
            clock.tick()
        session = re.search(r"```console\n(\$ frontdesk records.*?)```", PAGE, re.DOTALL)[1]
        for command, shown in re.findall(r"\$ frontdesk (.*)\n((?:[^$].*\n)+)", session):
            words = [*command.split(), "-c", str(path)]
            result = await asyncio.to_thread(CliRunner().invoke, cli, words)
            assert result.stdout == shown


class Clock:
    """Seconds of a day in March, one after the other."""

    def __init__(self):
        self._now = 1773342238.125

    def time(self):
        return self._now

    def tick(self):
        self._now += 1


def test_the_event_of_the_page_has_the_members_of_ours():
    (text,) = re.findall(r"```json\n(\{\n  \"Records\".*?)```", PAGE, re.DOTALL)
    (shown,) = json.loads(text)["Records"]
    images = [
        json.dumps({"attributes": shown[name]["attributes"]}) for name in ("oldImage", "newImage")
    ]
    ours = Told("x", "payments", "PAYMENT#acme", "7", 2, *images, 1795000000.125)
    assert json.loads(record_text(ours)) == {
        **shown,
        "eventID": json.loads(record_text(ours))["eventID"],
    }


def test_all_fields_of_an_input_are_told():
    told = [
        pair
        for row in TABLES["field"].rows
        for pair in zip(codes(row[0]), codes(row[1]), strict=True)
    ]
    names = [field.name for field in fields(records.CommandInput)]
    assert sorted(told) == sorted((name, camel(name)) for name in names)
    besides = {field.name for field in fields(records.Record)} - set(names)
    assert [name for name in besides if f"`{name}`" not in PAGE] == []


def test_all_calls_that_write_are_told():
    told = {re.match(r"\w+", code)[0] for row in TABLES["call"].rows for code in codes(row[0])}
    public = {
        name for name in vars(records.CommandService) if name == name.lower() and name[0] != "_"
    }
    elsewhere = {name for name in public - told if re.search(rf"`{name}(\(.*?\))?`", PAGE)}
    assert told | elsewhere == public

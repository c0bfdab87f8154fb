"""docs/rest-integrations.md: its answers are those of a running door, its tables those of the rules."""

import asyncio
import json
import re
from urllib.parse import parse_qs

import pytest

from frontdesk.app.method_tests import try_alone
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.method_test import MethodRequest
from frontdesk.rules.rest.content import REQUEST, RESPONSE, as_text, decode, encode, untouched
from frontdesk.rules.rest.headers import HIDDEN, ILLEGAL, response_name
from frontdesk.rules.rest.media import passes_without
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.backends import Echo, threaded, unruly
from tests.live.calls import call
from tests.live.gateways import project, serving

FILE = ROOT / "docs" / "rest-integrations.md"
PAGE = FILE.read_text()
ANSWERS, TYPES, SOURCES, RENAMED, PASSTHROUGH, CHOSEN, SENT, GIVEN = tables(PAGE)
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(WHOLE,) = examples(FILE)
NOTHING = "\N{EN DASH}"


def saved(folder, backend="127.0.0.1:9", change=lambda _resources: None):
    """Save the page's file with another backend, and further changes to its resources."""
    content = json.loads(json.dumps(WHOLE.content).replace("127.0.0.1:9000", backend))
    change(content["apis"]["partners"]["resources"])
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in content.items())
    return project(folder, lines, bookings=CODE)


async def tried(path, method, target, **more):
    below, _, query = target.partition("?")
    request = MethodRequest("partners", method, below, query, **more)
    return await try_alone(load([path], {}), request, lambda *_: None)


async def test_the_first_table_is_what_is_answered(tmp_path):
    async with serving(saved(tmp_path)) as app:
        for request, answer in ANSWERS.rows:
            method, target = codes(request)[0].split(" ")
            found = await asyncio.to_thread(call, app.addresses[0], method, target)
            assert f"{found.status} `{found.body.decode()}`" == answer


def test_the_types_are_those_there_are():
    assert {codes(row[0])[0] for row in TYPES.rows} == ILLEGAL.keys()


@pytest.mark.parametrize("row", SOURCES.rows, ids=[row[0] for row in SOURCES.rows])
async def test_a_source_has_the_value_of_the_table(tmp_path, row):
    def change(resources):
        resources["/bookings/{id}"]["PUT"]["integration"] |= {
            "uri": "http://${stageVariables.backend}/",
            "request_parameters": {"integration.request.querystring.x": codes(row[0])[0]},
        }

    method, target = re.search(r"`([A-Z]+) (\S+)`", SOURCES.head[1]).groups()
    body = re.search(r"body `(.*)`", SOURCES.head[1])[1]
    values = codes(row[1])
    with threaded(Echo) as backend:
        request = {"headers": [("Host", "partners.example")], "body": body.encode()}
        path = saved(tmp_path, backend, change)
        answer = await tried(path, method, target, **request)
        seen = json.loads(answer.body)["path"]
    expected = [value.replace("127.0.0.1:9000", backend) for value in values]
    assert parse_qs(seen.partition("?")[2])["x"] == expected


async def test_the_example_sends_what_it_says(tmp_path):
    with threaded(Echo) as backend:
        path = saved(tmp_path, backend)
        seen = await tried(
            path, "PUT", "/bookings/7?area=north", headers=[("X-Practice", "p1")], body=b"{}"
        )
        told = json.loads(seen.body)
        assert told["path"] == "/v2/7?source=partner&region=north"
        assert told["headers"]["x-practice"] == "p1"
        proxied = await tried(path, "GET", "/files/a/b.txt?x=1")
        assert json.loads(proxied.body)["path"] == "/files/a/b.txt?x=1"


def test_fields_that_nobody_sees_and_that_may_not_be_mapped():
    (seen,) = re.findall(r"\*\*Some fields are special.\*\* (.*?) of a client", PAGE, re.DOTALL)
    assert {name.lower() for name in codes(seen)} == HIDDEN
    for_all, for_functions = re.search(
        r"As a target, (.*?) make every call fail with 500; so do (.*?) with functions",
        PAGE,
        re.DOTALL,
    ).groups()
    assert {name.lower() for name in codes(for_all)} == ILLEGAL["http"]
    assert {name.lower() for name in codes(for_all + for_functions)} == ILLEGAL["aws"]


@pytest.mark.parametrize(("mapped", "shown"), RENAMED.rows)
def test_the_names_of_mapped_fields(mapped, shown):
    assert response_name(codes(mapped)[0]) == (codes(shown) or [""])[0]


@pytest.mark.parametrize("row", PASSTHROUGH.rows)
def test_when_a_body_passes(row):
    word, none, others = row
    passed = [passes_without(codes(word)[0], keys) for keys in ([], ["text/xml"])]
    assert passed == [cell == "body as it is" for cell in (none, others)]


@pytest.mark.parametrize("row", CHOSEN.rows, ids=[row[0] for row in CHOSEN.rows])
async def test_which_response_is_chosen(tmp_path, row):
    responses, answered, status = row

    def change(resources):
        integration = resources["/bookings/{id}"]["PUT"]["integration"]
        integration["responses"] = json.loads(
            codes(responses)[0].replace("default", '"default"').replace("status", '"status"')
        )

    async with unruly() as backend:
        backend.orders.append(int(answered))
        path = saved(tmp_path, backend.address, change)
        answer = await tried(path, "PUT", "/bookings/7")
    assert str(answer.status) == status


CONVERSIONS = {
    "UTF-8": as_text,
    "decoded base64": decode,
    "base64": encode,
    "as it is": untouched,
}


def _handling(cell):
    return None if cell == NOTHING else codes(cell)[0]


def test_the_tables_of_content_handling_are_those_of_the_rules():
    sent = {
        (found == "binary", _handling(handling)): CONVERSIONS[form]
        for found, handling, form in SENT.rows
    }
    given = {
        (came == "binary", wished == "binary", _handling(handling)): CONVERSIONS[form]
        for came, wished, handling, form in GIVEN.rows
    }
    assert (sent, given) == (REQUEST, RESPONSE)


async def test_the_log_is_as_shown(tmp_path):
    headers = [("Accept", "application/json")]
    answer = await tried(saved(tmp_path), "GET", "/bookings/7", headers=headers)
    (shown,) = re.findall(r"```console\n\$ .*?\n(.*?)```", PAGE, re.DOTALL)
    written = [_timeless(line) for line in answer.log]
    for line in shown.strip("\n").split("\n"):
        assert line == "…" or _timeless(line) in written


def _timeless(line):
    line = re.sub(r"[0-9a-f-]{36}", "ID", line.rpartition(" UTC ")[2])
    return re.sub(r"\d+ ms|^\d{4} : ", "", line)

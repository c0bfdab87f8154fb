"""docs/releases.md: what its example does, word by word."""

import asyncio
import json
import re
import shlex
import time

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from frontdesk.gateway.pipeline.explain import explain
from tests.docs.pages import ROOT, codes, examples, tables
from tests.gateway.pipeline.conftest import compile_text
from tests.live.calls import call
from tests.live.gateways import project, serving

FILE = ROOT / "docs" / "releases.md"
PAGE = FILE.read_text()
BY, DECISIONS = tables(PAGE)
ANSWERS = re.findall(r"```http\n(.*?)```", PAGE, re.DOTALL)
CONSOLES = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
MAY = 1777708800  # 2026-05-02T08:00Z
OCTOBER = 1790812800

VISITS = """
import os

def first(event, context):
    return "v1"

def handler(event, context):
    return os.environ["RELEASE"]
"""

__all__ = ["compile_text"]


class Since:
    """A clock that begins on a day."""

    def __init__(self, second):
        self._offset = second - time.monotonic()

    def monotonic(self):
        return time.monotonic()

    def time(self):
        return time.monotonic() + self._offset


def written(folder):
    content = examples(FILE)[0].content
    rest = {key: value for key, value in content.items() if key != "name"}
    text = "\n".join(f"{key}: {json.dumps(value)}" for key, value in rest.items())
    return project(folder, text, visits=VISITS)


def same(answer, shown):
    """Compare an answer with the one that the page shows."""
    head, _, body = shown.strip().partition("\n\n")
    status, *fields = head.splitlines()
    assert answer.status == int(status.split()[1])
    for field in fields:
        name, _, value = field.partition(": ")
        assert answer.headers[name] == value
    if body:
        expected = json.loads(body)
        assert answer.json.keys() == expected.keys()
        assert answer.json | {"requestId": "…"} == expected


async def printed(path, line):
    """Run a command line of the page beside the gateway; return what it prints."""
    arguments = shlex.split(line.removeprefix("frontdesk "))
    told = await asyncio.to_thread(CliRunner().invoke, cli, [*arguments, "-c", str(path)])
    assert told.exit_code == 0, told.output
    return told.output


async def get(app, target):
    return await asyncio.to_thread(call, app.addresses[0], "GET", target)


async def test_a_deprecated_version_answers_as_shown(tmp_path):
    async with serving(written(tmp_path), clock=Since(MAY)) as app:
        answer = await get(app, "/v1/visits")
        assert answer.body == b"v1"
        same(answer, ANSWERS[0])
        assert (await get(app, "/v2/visits")).body in (b"5", b"6")
        assert (await get(app, "/v2/visits")).headers["Deprecation"] is None


async def test_a_retired_version_answers_as_shown(tmp_path):
    async with serving(written(tmp_path), clock=Since(OCTOBER)) as app:
        same(await get(app, "/v1/visits"), ANSWERS[1])


async def test_versions_are_listed_as_shown(tmp_path):
    path = written(tmp_path)
    async with serving(path, clock=Since(MAY)):
        shown = CONSOLES[0].partition("$ frontdesk versions list\n")[2]
        assert await printed(path, "frontdesk versions list") == shown


NUMBER = re.compile(r"\d[\d.:+-]*( \d\d:\d\d:\d\d)?")


async def test_the_status_of_a_canary_has_the_form_that_is_shown(tmp_path):
    path = written(tmp_path)
    async with serving(path, clock=Since(MAY)):
        shown, *commands = re.split(r"^\$ ", CONSOLES[1].partition("\n")[2], flags=re.MULTILINE)
        told = await printed(path, "frontdesk canary status")
        assert NUMBER.sub("N", told) == NUMBER.sub("N", shown)
        for line in commands:
            assert (await printed(path, line)).startswith("clinic/$default: ")


@pytest.mark.parametrize("row", BY.rows, ids=[row[0] for row in BY.rows])
def test_each_way_to_say_a_version_leads_to_its_route(row, compile_text):
    versioning = {"by": codes(row[0])[0], "default": "v2", "versions": {"v1": {}, "v2": {}}}
    if "Accept" in row[0]:
        versioning["header"] = "Accept"
    api = {
        "host": "api.clinic.example",
        "versioning": versioning,
        "routes": {f"GET /{each}/visits": {"mock": {}} for each in ("v1", "v2")},
    }
    plan = compile_text(json.dumps({"name": "x", "apis": {"clinic": api}}))
    for cell, route in ((row[1], "GET /v1/visits"), (row[2], "GET /v2/visits")):
        asked, *fields = codes(cell)
        headers = {"Host": "api.clinic.example"} | dict(each.split(": ", 1) for each in fields)
        assert explain(plan, "GET", asked.split()[1], headers).plan.route_key == route


def test_the_table_of_decisions_names_the_keys():
    keys = {key for row in DECISIONS.rows for cell in row for key in codes(cell)}
    assert keys == {"min_requests", "on_insufficient", "on_failure", "on_success"}

"""docs/states-operate.md: its sessions print what it shows, its tables have every request, sign and word."""

import json
import re
import shlex

import pytest
from click.testing import CliRunner

from frontdesk.app import executions_api, state_machines_api
from frontdesk.cli.main import cli
from frontdesk.rules.asl.graph.marks import SIGNS, UNREACHED
from frontdesk.rules.asl.outlook import Awaited
from tests.docs.pages import ROOT, codes, tables
from tests.live.gateways import gateway, project
from tests.live.processes import until

PAGE = (ROOT / "docs" / "states-operate.md").read_text()
FILES = dict(
    re.findall(r"^```(?:json|python|yaml) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)
SESSIONS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ frontdesk (.+)\n((?:[^$].*\n|\n)*)", re.MULTILINE)
COMMANDS = [found for session in SESSIONS for found in COMMAND.findall(session)]
SIGNS_OF_PAGE, REQUESTS, WORDS = tables(PAGE)


def scrubbed(text):
    """A text without what differs from run to run: times, and the width of columns."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d", "T", text)
    text = re.sub(r"\b\d+(\.\d+)? (ms|s|m)\b( \d+ s\b)?", "T", text)
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operate")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with gateway(project(folder, FILES["frontdesk.yaml"])) as running:
        yield running


def test_its_sessions_print_what_it_shows(running, monkeypatch):
    monkeypatch.chdir(running.folder)

    def typed(command):
        return CliRunner().invoke(cli, shlex.split(command))

    def tries_again():
        told = json.loads(typed("states show order-8 --json").stdout)
        return [one["awaited"] for one in told["outlook"]] == ["retry"]

    for command, told in COMMANDS:
        if command == "states show order-8":
            until(tries_again)
        done = typed(command)
        assert done.exit_code == 0, done.output
        if "--json" not in command:
            assert scrubbed(done.stdout or done.stderr) == scrubbed(told), command
    assert (running.folder / "order-8.svg").read_text().startswith("<svg")


def test_its_tables_have_every_request_sign_and_word():
    told = {tuple(codes(request)[0].split(" ")) for request, _ in REQUESTS.rows}
    documented = {
        tuple(line.split()[:2])
        for module in (executions_api, state_machines_api)
        for line in module.__doc__.splitlines()
        if re.match(r" {4}(GET|POST) ", line) and "TOKEN" not in line
    }
    tokens = {("POST", f"/api/tasks/TOKEN/{how}") for how in ("success", "failure", "heartbeat")}
    assert told == documented | tokens
    assert {codes(sign)[0] for sign, _ in SIGNS_OF_PAGE.rows} == {
        sign for outcome, sign in SIGNS.items() if outcome != UNREACHED
    }
    assert {codes(word)[0] for word, _ in WORDS.rows} == set(Awaited)

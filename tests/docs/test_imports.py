"""docs/imports.md: its sessions print what it shows, their results load, its tables are true."""

import re

import pytest
from click.testing import CliRunner

from frontdesk.cli.imports import import_
from frontdesk.cli.main import cli
from frontdesk.config.imports import importing
from frontdesk.config.imports.cloudformation.intrinsics import FUNCTIONS
from frontdesk.config.load import load
from frontdesk.config.models.root import Config
from tests.docs.pages import ROOT, codes, tables

PAGE = (ROOT / "docs" / "imports.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: text for _, name, text in BLOCK.findall(PAGE) if name}
SESSIONS = [text for kind, _, text in BLOCK.findall(PAGE) if kind == "console"]
COMMAND = re.compile(r"^\$ frontdesk (.+)\n((?:[^$].*\n)*)", re.MULTILINE)
COMMANDS, CARRIED, _, TEMPLATES, _ = tables(PAGE)
OPTIONS = {
    name: {option for each in command.params for option in each.opts}
    for name, command in import_.commands.items()
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "visits.py").write_text("def handler(event, context):\n    return {}\n")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("session", SESSIONS, ids=["terraform", "sam", "serverless"])
def test_its_sessions_print_what_it_shows(folder, session):
    for command, told in COMMAND.findall(session):
        assert CliRunner().invoke(cli, command.split()).output == told


@pytest.mark.parametrize(
    ("session", "given"),
    [*zip(SESSIONS, ("aws_dynamodb_table.visits.name=visits", "A=b", "A=b"), strict=True)],
    ids=["terraform", "sam", "serverless"],
)
def test_their_results_load_once_nothing_is_open(folder, session, given):
    command = COMMAND.match(session)[1].split()
    assert CliRunner().invoke(cli, [*command, "--set", given]).exit_code == 0
    config = load([folder / "frontdesk.yaml"], {"CLINIC_TOKEN": "x"}).config
    assert [key for api in config.apis.values() for key in api.routes] == ["GET /visits"]


def test_every_command_is_in_its_table():
    named = {codes(command)[0].removeprefix("frontdesk import ") for command, *_ in COMMANDS.rows}
    assert named == OPTIONS.keys() - {"openapi"}


def test_every_type_that_is_read_is_in_its_table():
    named = {code for there, _ in CARRIED.rows for code in codes(there) if code.startswith("aws_")}
    assert named <= importing._READ
    unnamed = importing._READ - named
    assert unnamed == {
        each for each in importing._READ if each.endswith(("n_response", "d_response"))
    }
    sections = {code for _, here in CARRIED.rows for code in codes(here)}
    carried = {"apis", "authorizers", "domains", "functions", "keys", "plans"}
    carried |= {"event_buses", "queues", "topics"}
    assert sections & Config.model_fields.keys() == {*carried, "schedules", "state_machines"}


def test_the_functions_of_templates_are_those_that_are_evaluated():
    listed = codes(TEMPLATES.rows[0][1])
    assert {*listed, "Condition"} == {name.removeprefix("Fn::") for name in FUNCTIONS}


def test_every_option_exists():
    for command, rest in re.findall(r"^(?:\$ )?frontdesk import (\w+)(.*)$", PAGE, re.MULTILINE):
        assert set(re.findall(r"(?<!\S)-{1,2}[a-z][a-z-]*", rest)) <= OPTIONS[command]
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= OPTIONS["terraform"]

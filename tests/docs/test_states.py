"""docs/states.md: its sessions print what it shows, its table has every code."""

import re

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from frontdesk.rules.asl.diagnostics import WARNINGS, Code
from tests.docs.pages import ROOT, codes, tables

PAGE = (ROOT / "docs" / "states.md").read_text()
FILES = dict(re.findall(r"^```json (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SESSIONS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ frontdesk (.+)\n((?:[^$].*\n)*)", re.MULTILINE)
COMMANDS = [found for session in SESSIONS for found in COMMAND.findall(session)]


@pytest.mark.parametrize(("command", "told"), COMMANDS, ids=[one for one, _ in COMMANDS])
def test_its_sessions_print_what_it_shows(tmp_path, monkeypatch, command, told):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert CliRunner().invoke(cli, command.split()).output == told


def test_its_table_has_every_code():
    rows = {codes(code)[0]: about for code, about in tables(PAGE)[0].rows}
    assert rows.keys() == set(Code)
    assert {code for code, about in rows.items() if about.startswith("warning:")} == WARNINGS

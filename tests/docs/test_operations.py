"""docs/operations.md: its console sessions, line by line, beside a running gateway."""

import os
import re
import subprocess
import sys

import pytest

from frontdesk.app import gateway
from frontdesk.config.load import load
from tests.docs.pages import ROOT, codes
from tests.live.calls import free_port
from tests.live.processes import frontdesk

PAGE = (ROOT / "docs" / "operations.md").read_text()
ENVIRONMENT = {"FRONTDESK_ADMIN_TOKEN": "s3cret"}


def sessions():
    """List (command, the lines it prints) of all console blocks, in order."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


class Terminal:
    """A folder with the page's file, whose ports are free ones."""

    def __init__(self, folder):
        self.folder = folder
        self._ports = {"8080": str(free_port()), "8081": str(free_port())}
        self.file = folder / "frontdesk.yaml"
        self.file.write_text(self._here(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]))

    def _here(self, text):
        return re.sub(r"\b808[01]\b", lambda port: self._ports[port[0]], text)

    def shows(self, command, lines, *, between=r"\n"):
        """Run a command and compare; `…` stands for anything."""
        command = re.sub(r"^frontdesk ", f"{sys.executable} -m frontdesk ", self._here(command))
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        shown = (done.stdout + done.stderr).rstrip("\n")
        wanted = between.join(re.escape(self._here(line)).replace("…", ".*") for line in lines)
        assert re.fullmatch(wanted, shown), f"{command}\n{shown}"


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


def test_each_session_is_what_the_terminal_shows(terminal):
    (doctor, rows), *others = sessions()
    terminal.shows(doctor, [*rows, ""], between=r"\n(?:.*\n)*?.*")  # it shows the main rows only
    with frontdesk("run", cwd=terminal.folder, env=ENVIRONMENT) as process:
        process.wait_for("listening on")
        for command, lines in others:
            terminal.shows(command, lines)


def test_every_signal_has_a_row():
    rows = re.findall(r"^\| (SIG[A-Z0-9, ]+) \|", PAGE, re.MULTILINE)
    source = (ROOT / "src/frontdesk/cli/serve.py").read_text()
    used = set(re.findall(r"signal\.(SIG[A-Z0-9]+)", source))
    assert {name for row in rows for name in row.split(", ")} == used


def test_every_key_that_waits_for_a_restart_is_named(terminal):
    fixed = gateway._fixed(load([terminal.file], ENVIRONMENT).config)
    said = re.search(r"\*\*What waits for a restart\*\*(.*?)\. ", PAGE, re.DOTALL)[1]
    assert {key.removeprefix("limits.") for key in fixed} == set(codes(said)) - {"limits"}

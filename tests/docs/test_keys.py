"""docs/keys.md: its commands, typed into one shell after the other, print what the page shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.calls import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()
BLOCKS = re.findall(r"^```(yaml|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:[^$\n].*\n)*)", re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl"),
]


def normal(text, identity):
    """Leave out of a text what is another one each time: ids and keys, days, seconds that are left."""
    text = re.sub(r"fd_dev_\w{8}_\w{38}", "KEY", text.strip().replace("\r", ""))
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text.replace(identity, "IDENTITY"))
    return re.sub(r"(retry-after: |t=)\d+", r"\1SECONDS", text)


def identity_in(text):
    return re.search(r"fd_dev_(\w{8})_\w{38}", text)[1]


def test_the_commands_of_the_page_print_what_it_shows(tmp_path):
    port, admin = free_port(), free_port()
    (config,) = (block for kind, block in BLOCKS if kind == "yaml")
    moved = config.replace("8080", str(port)) + f"admin: {{listen: 127.0.0.1:{admin}}}\n"
    (tmp_path / "frontdesk.yaml").write_text(moved + "logs: {access: off}\n")
    found = [pair for kind, block in BLOCKS if kind == "console" for pair in COMMAND.findall(block)]
    started = (
        "frontdesk run > log 2>&1 & trap 'kill %1; wait' EXIT; "
        "until grep -sq listening log; do kill -0 %1 || exit; sleep 0.1; done"
    )
    script = [started, *(f"echo '--'; {{ {command}; }} 2>&1; echo" for command, _ in found)]
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", f"PATH={folder}:$PATH\n" + "\n".join(script).replace("8080", str(port))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    _, *printed = done.stdout.split("--\n")
    ours, theirs = identity_in(done.stdout), identity_in(PAGE)
    for (command, expected), answer in zip(found, printed, strict=True):
        assert (command, normal(answer, ours)) == (command, normal(expected, theirs))

"""docs/tls.md: its commands, typed into one shell after the other, print what the page shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.calls import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "tls.md").read_text()
BLOCKS = re.findall(r"^```(yaml|sh|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl"),
]


def shown(text):
    """Turn what the page shows into a pattern; `…` stands for the rest of the line, any port for ours."""
    return re.escape(text).replace("…", ".*").replace(":2:47:", r":2:\d+:")


def test_the_commands_of_the_page_print_what_it_shows(tmp_path):
    port, admin = free_port(), free_port()
    (config,) = (block for kind, block in BLOCKS if kind == "yaml")
    moved = config.replace("8443", str(port)) + f"admin: {{listen: 127.0.0.1:{admin}}}\n"
    (tmp_path / "frontdesk.yaml").write_text(moved + "logs: {access: off}\n")
    commands, expected = [], []
    for kind, block in BLOCKS:
        if kind == "sh":
            # The page starts it beside the shell; a test waits until it listens, and ends it.
            started = (
                "frontdesk run > log 2>&1 & trap 'kill %1; wait' EXIT; "
                "until grep -sq listening log; do sleep 0.1; done"
            )
            commands.append(block.replace("frontdesk run &", started))
        elif kind == "console":
            for command, answer in re.findall(r"^\$ (.*)\n((?:[^$\n].*\n)*)", block, re.MULTILINE):
                commands.append(f"echo '--'; {{ {command}; }} 2>&1; echo")
                expected.append(answer.strip())
    script = "\n".join(commands).replace("8443", str(port))
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", f"PATH={folder}:$PATH\n{script}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    _, *printed = done.stdout.split("--\n")
    for answer, pattern in zip(printed, map(shown, expected), strict=True):
        assert re.match(pattern, answer.strip()), (answer, done.stderr)

"""docs/secrets.md: its commands, typed into one shell after the other, print what the page shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk.aws.secrets_manager.service import _SHAPES as SECRETS
from frontdesk.aws.ssm.service import _SHAPES as PARAMETERS
from tests.docs.pages import codes
from tests.live.calls import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "secrets.md").read_text()
BLOCKS = re.findall(r"^```(yaml|console|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:[^$\n].*\n)*)", re.MULTILINE)
CONFIG = next(block for kind, block in BLOCKS if kind == "yaml")
(CODE,) = (block for kind, block in BLOCKS if kind == "python")
COMMANDS = [
    pair
    for kind, block in BLOCKS
    if kind == "console"
    for pair in COMMAND.findall(re.sub(r"^(\$\{)", r" \1", block, flags=re.MULTILINE))
]
RUN = (
    "frontdesk run > log 2>&1 & trap 'kill %1; wait' EXIT; "
    "until grep -sq listening log; do kill -0 %1 || exit; sleep 0.1; done"
)


def normal(text):
    """Leave out of a text what is another one each time: ids and times."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text.strip())
    lines = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text).splitlines()
    return [line.strip() for line in lines]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_commands_of_the_page_print_what_it_shows(tmp_path):
    port, admin = free_port(), free_port()
    moved = CONFIG.replace("8080", str(port))
    (tmp_path / "frontdesk.yaml").write_text(
        f"{moved}\nadmin: {{listen: 127.0.0.1:{admin}}}\nlogs: {{access: off}}\n"
    )
    (tmp_path / "charge.py").write_text(CODE)
    first = next(at for at, (command, _) in enumerate(COMMANDS) if command.startswith("curl"))
    script = [f"echo '--'; {{ {command}; }} 2>&1; echo" for command, _ in COMMANDS]
    script.insert(first, RUN)
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
    assert len(printed) == len(COMMANDS)
    for (command, expected), answer in zip(COMMANDS, printed, strict=True):
        assert (command, normal(answer)) == (command, normal(expected))


@pytest.mark.parametrize(
    ("service", "shapes"), [("Secrets Manager", SECRETS), ("Parameter Store", PARAMETERS)]
)
def test_the_page_lists_every_operation(service, shapes):
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {service} |"))
    assert set(codes(row)) == set(shapes)

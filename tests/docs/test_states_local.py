"""docs/states-local.md: its test passes, its command prints what it shows, its bounds are the code's."""

import re
import subprocess
import sys

import frontdesk.asl
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD
from frontdesk.rules.asl.history import MOST_EVENTS
from frontdesk.rules.asl.model import Mode
from frontdesk.rules.asl.states.items import MOST_AT_ONCE
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "states-local.md").read_text()


def test_the_example_of_a_test_passes():
    code = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    exec(compile(code, "states-local.md", "exec"), {})


def test_the_command_prints_what_the_page_shows(tmp_path):
    for name, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text)
    console = re.search(r"^```console\n\$ (.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    command, _, output = console.partition("\n")
    made = subprocess.run(
        command.replace("frontdesk", f"{sys.executable} -m frontdesk", 1),
        cwd=tmp_path,
        shell=True,
        check=True,
        capture_output=True,
        text=True,
    )
    assert made.stdout == output


def test_names_of_the_page_are_those_of_the_module():
    assert [name for name in frontdesk.asl.__all__ if name not in PAGE] == ["LocalRun"]


def test_bounds_of_the_page_are_those_of_the_code():
    bounds = (MOST_EVENTS, LARGEST_PAYLOAD, *(MOST_AT_ONCE[mode] for mode in Mode))
    section = PAGE.partition("## Bounds")[2]
    assert [f"{one:,}" for one in bounds if f"{one:,}" not in section] == []

"""docs/states-local.md: its test passes, its command prints what it shows, its bounds are the code's."""

import json
import re
import subprocess
import sys

import frontdesk.asl
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD
from frontdesk.rules.asl.history import MOST_EVENTS
from frontdesk.rules.asl.model import Mode
from frontdesk.rules.asl.states.items import MOST_AT_ONCE
from tests.docs.pages import ROOT
from tests.rules.asl.machines import machine, task

PAGE = (ROOT / "docs" / "states-local.md").read_text()


def test_the_example_of_a_test_passes():
    code = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    exec(compile(code, "states-local.md", "exec"), {})


def test_the_command_prints_what_the_page_shows(tmp_path):
    console = re.search(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    _, tasks, shown = re.split(r"^\$ ", console, flags=re.MULTILINE)
    (tmp_path / "tasks.py").write_text(tasks.partition("\n")[2])
    definition = machine(
        Wait={"Type": "Wait", "Seconds": 3600, "Next": "Charge"},
        Charge=task(Resource="arn:aws:lambda:us-east-1:1:function:charge"),
    )
    (tmp_path / "charge.asl.json").write_text(json.dumps(definition))
    command, _, output = shown.partition("\n")
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

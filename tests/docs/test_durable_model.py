"""The model of leases: Spin finds no fault in it, and finds one as soon as a rule is broken."""

import re
import subprocess

import pytest

from tests.docs.pages import ROOT, tables

PAGE = ROOT / "docs" / "durable-model.md"
MODEL = ROOT / "docs" / "model" / "lease.pml"
BROKEN = {name.strip("`"): takes for name, *_, takes in tables(PAGE.read_text())[1].rows}
ONE = {"a surprise": "FAULTS=0", "a fault": "SURPRISES=0"}


def checked(folder, *settings):
    """Run the page's command with settings of the model; return how many errors there are, and all it says."""
    (command,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    command = command.replace("docs/model/lease.pml", str(MODEL))
    command = command.replace("spin -a", " ".join(["spin -a", *(f"-D{each}" for each in settings)]))
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=True
    )
    (errors,) = re.findall(r"errors: (\d+)", done.stdout)
    return int(errors), done.stdout


@pytest.mark.parametrize("setting", ONE.values())
def test_every_order_of_steps_ends_well(tmp_path, setting):
    errors, told = checked(tmp_path, setting)
    assert errors == 0
    assert "never claim         \t+ (all_is_done)" in told
    assert "max search depth too small" not in told


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found(tmp_path, rule):
    assert f"#ifdef {rule}" in MODEL.read_text()
    errors, _ = checked(tmp_path, rule, ONE[BROKEN[rule]])
    assert errors == 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_fault_and_a_surprise_together_end_well(tmp_path):
    errors, told = checked(tmp_path)
    assert errors == 0
    assert "max search depth too small" not in told

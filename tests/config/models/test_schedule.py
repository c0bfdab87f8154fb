"""Schedules of the file: the contract's example, zones, placeholders, when a rate begins."""

import pytest
from pydantic import ValidationError

from frontdesk.config.load import load
from frontdesk.config.models.schedule import Schedule

FILE = """\
name: x
functions: {f: {handler: m.f, versions: {1: {}}, aliases: {live: {version: 1}}}}
state_machines: {charge: {definition: {StartAt: A, States: {A: {Type: Succeed}}}}}
schedules:
  nightly: {at: cron(0 3 * * ? *), timezone: Europe/Berlin, state_machine: charge, input: {}}
  often: {at: "cron(0,30 3 * * ? *)", function: "f:live", input: [1, "<aws.scheduler.attempt-number>"]}
"""


def test_the_contracts_example_loads(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(FILE)
    schedules = load([tmp_path / "frontdesk.yaml"], {}).config.schedules
    nightly = schedules["nightly"]
    assert (nightly.state_machine, nightly.input) == ("charge", {})
    assert nightly.timetable(0).next_after(1_795_132_800) == 1_795_140_000  # 2026-11-20T02:00Z
    assert schedules["often"].input == [1, "<aws.scheduler.attempt-number>"]


def test_a_reference_in_the_expression_is_not_shown(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(
        'name: x\nfunctions: {f: {handler: m.f}}\nschedules: {s: {at: "${env:AT}", function: f}}'
    )
    with pytest.raises(Exception, match=r"\$\{env:AT\}") as refused:
        load([tmp_path / "frontdesk.yaml"], {"AT": "cron(0 3 ? * FRI-MON *)"})
    assert "FRI" not in str(refused.value)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+8"])
def test_a_zone_is_one_of_iana(zone):
    assert Schedule(at="rate(1 day)", function="f", timezone=zone).timezone == zone


@pytest.mark.parametrize("zone", ["", "localtime", "posix/UTC", "/etc/localtime", "europe/berlin"])
def test_other_names_of_zones_are_refused(zone):
    with pytest.raises(ValidationError, match="expected a time zone"):
        Schedule(at="rate(1 day)", function="f", timezone=zone)


def test_a_rate_begins_at_its_start_or_when_it_is_first_there():
    assert Schedule(at="rate(1 day)", function="f").timetable(500).next_after(0) == 500
    dated = Schedule(at="rate(1 day)", function="f", start="2026-10-01")
    assert dated.timetable(500).next_after(0) == dated.start

"""`frontdesk schedules`: the next five times of each, in its zone and in UTC."""

import pytest

from frontdesk.cli import schedules

CONFIG = """\
name: x
functions: {f: {handler: f.f}}
state_machines: {charge: {definition: {StartAt: A, States: {A: {Type: Succeed}}}}}
schedules:
  nightly: {at: cron(30 2 * * ? *), timezone: Europe/Berlin, state_machine: charge}
  twice: {at: "cron(0 0 1 1 ? 2027,2028)", function: f}
  often: {at: rate(5 minutes), function: f}
  dated: {at: rate(1 day), function: f, start: "2026-10-24", end: "2026-10-26"}
  gone: {at: at(2020-01-01T00:00:00), function: f}
  resting: {at: cron(0 0 1 1 ? *), function: f, enabled: false}
  hidden: {at: "${env:AT:-at(2027-01-01T08:00:00)}", function: f}
"""

EXPECTED = """\
SCHEDULE  AT                                      STARTS  NEXT                                   UTC
nightly   cron(30 2 * * ? *)                      charge  Sun 2026-10-25 02:30:00 Europe/Berlin  2026-10-25T00:30:00Z
                                                          Mon 2026-10-26 02:30:00 Europe/Berlin  2026-10-26T01:30:00Z
                                                          Tue 2026-10-27 02:30:00 Europe/Berlin  2026-10-27T01:30:00Z
                                                          Wed 2026-10-28 02:30:00 Europe/Berlin  2026-10-28T01:30:00Z
                                                          Thu 2026-10-29 02:30:00 Europe/Berlin  2026-10-29T01:30:00Z
twice     cron(0 0 1 1 ? 2027,2028)               f       Fri 2027-01-01 00:00:00 UTC            2027-01-01T00:00:00Z
                                                          Sat 2028-01-01 00:00:00 UTC            2028-01-01T00:00:00Z
often     rate(5 minutes)                         f       from when a gateway first has it
dated     rate(1 day)                             f       Sun 2026-10-25 00:00:00 UTC            2026-10-25T00:00:00Z
gone      at(2020-01-01T00:00:00)                 f       never again
resting   cron(0 0 1 1 ? *)                       f       disabled
hidden    ${env:AT:-at(2027-01-01T08:00:00)}      f       Fri 2027-01-01 08:00:00 UTC            2027-01-01T08:00:00Z
"""


class Clock:
    def time(self):
        return 1_792_836_000.5  # 2026-10-24T10:00:00.5Z


@pytest.fixture(autouse=True)
def _then(monkeypatch):
    monkeypatch.setattr(schedules, "_CLOCK", Clock())


def test_it_shows_the_next_five_times(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(CONFIG)
    result = run("schedules")
    assert result.exit_code == 0
    cells = [line.split() for line in result.stdout.splitlines()]
    assert cells == [line.split() for line in EXPECTED.splitlines()]


def test_without_schedules_it_shows_none(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: x")
    assert run("schedules").stdout.split() == ["SCHEDULE", "AT", "STARTS", "NEXT", "UTC"]

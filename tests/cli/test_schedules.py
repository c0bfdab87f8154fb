"""`frontdesk schedules`: the next five times of each, in local time and in its zone."""

import pytest

from frontdesk.cli import schedules
from tests.live.zones import local_zone

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
SCHEDULE  AT                                      STARTS  NEXT                 IN ITS ZONE
nightly   cron(30 2 * * ? *)                      charge  2026-10-25 00:30:00  2026-10-25 02:30:00 Europe/Berlin
                                                          2026-10-26 01:30:00  2026-10-26 02:30:00 Europe/Berlin
                                                          2026-10-27 01:30:00  2026-10-27 02:30:00 Europe/Berlin
                                                          2026-10-28 01:30:00  2026-10-28 02:30:00 Europe/Berlin
                                                          2026-10-29 01:30:00  2026-10-29 02:30:00 Europe/Berlin
twice     cron(0 0 1 1 ? 2027,2028)               f       2027-01-01 00:00:00  2027-01-01 00:00:00 UTC
                                                          2028-01-01 00:00:00  2028-01-01 00:00:00 UTC
often     rate(5 minutes)                         f       from when a gateway first has it
dated     rate(1 day)                             f       2026-10-25 00:00:00  2026-10-25 00:00:00 UTC
gone      at(2020-01-01T00:00:00)                 f       never again
resting   cron(0 0 1 1 ? *)                       f       disabled
hidden    ${env:AT:-at(2027-01-01T08:00:00)}      f       2027-01-01 08:00:00  2027-01-01 08:00:00 UTC
"""


class Clock:
    def time(self):
        return 1_792_836_000.5  # 2026-10-24T10:00:00.5Z


@pytest.fixture(autouse=True)
def _then_in_utc(monkeypatch):
    monkeypatch.setattr(schedules, "_CLOCK", Clock())
    with local_zone("UTC"):
        yield


def test_it_shows_the_next_five_times(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(CONFIG)
    result = run("schedules")
    assert result.exit_code == 0
    cells = [line.split() for line in result.stdout.splitlines()]
    assert cells == [line.split() for line in EXPECTED.splitlines()]


def test_without_schedules_it_shows_none(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: x")
    assert run("schedules").stdout.split() == [
        "SCHEDULE",
        "AT",
        "STARTS",
        "NEXT",
        "IN",
        "ITS",
        "ZONE",
    ]

"""docs/schedules.md: its command prints what it shows, its tables and its event are the code's."""

import json
import re
from datetime import UTC, datetime
from typing import get_args

import pytest
from click.testing import CliRunner

from frontdesk.cli import schedules
from frontdesk.config.models.schedule import Schedule
from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.fields import FIELDS
from frontdesk.rules.schedules.input import PLACEHOLDERS, Run, given, schedule_arn
from frontdesk.rules.schedules.timetable import Timetable
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.zones import local_zone

PATH = ROOT / "docs" / "schedules.md"
PAGE = PATH.read_text()
TABLES = {table.head[0]: table for table in tables(PAGE)}


def instant(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class Clock:
    def time(self):
        return float(instant("2026-11-20T10:00:00"))


def test_the_command_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.setattr(schedules, "_CLOCK", Clock())
    (tmp_path / "frontdesk.yaml").write_text(json.dumps(examples(PATH)[0].content))
    monkeypatch.chdir(tmp_path)
    shown = re.search(
        r"^```console\n\$ frontdesk schedules\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )[1]
    with local_zone("UTC"):
        assert CliRunner().invoke(schedules.schedules).stdout == shown


@pytest.mark.parametrize("row", TABLES["expression"].rows, ids=lambda row: row[0])
def test_an_expression_comes_when_the_page_says(row):
    table = Timetable(parse(codes(row[0])[0]), UTC)
    first = table.next_after(instant("2026-11-20T00:00"))
    assert [first, table.next_after(first)] == [instant(text) for text in row[1:]]


def test_the_fields_are_those_that_are_read():
    told = [(row[0], f"{row[1]} with {codes(row[2])[0]}") for row in TABLES["field of `cron`"].rows]
    assert told == [(field.name, field.allowed) for field in FIELDS]


def test_the_event_is_what_a_target_gets():
    arn = schedule_arn("us-east-1", "000000000000", "nightly")
    event = json.loads(re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1])
    assert event == json.loads(given(None, Run(arn, instant("2026-11-20T02:00:00"), 1)))


def test_every_placeholder_and_every_rule_is_told():
    assert codes("".join(row[0] for row in TABLES["in `input`"].rows)) == [
        f"<aws.scheduler.{word}>" for word in PLACEHOLDERS
    ]
    (words, _) = get_args(Schedule.model_fields["catch_up"].annotation)
    assert codes("".join(row[0] for row in TABLES["`catch_up`"].rows)) == list(get_args(words))

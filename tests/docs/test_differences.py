"""The page of differences and the marks in the source name the same deviations."""

import re

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "differences.md").read_text()
MARK = re.compile(r"Differs: (\[[a-z0-9-]+\])?")
MARKS = [
    (path.relative_to(ROOT).as_posix(), mark)
    for path in sorted((ROOT / "src").rglob("*.py"))
    for mark in MARK.findall(path.read_text())
]
ENTRIES = re.findall(r"`([a-z0-9-]+)`\n(?=- |\n|\Z)", PAGE)


def test_every_mark_has_a_word():
    assert [path for path, word in MARKS if not word] == []


def test_every_mark_has_its_entry_and_every_entry_its_mark():
    assert sorted(set(ENTRIES)) == sorted({word.strip("[]") for _, word in MARKS})


def test_every_entry_stands_once():
    assert len(ENTRIES) == len(set(ENTRIES))

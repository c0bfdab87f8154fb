"""Reads the Markdown pages of the repository: their tables, their YAML examples, their code spans."""

import re
from pathlib import Path
from typing import NamedTuple

from frontdesk.config.yaml_source import read_yaml

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"# (?:in (?P<path>.+)|at the top):\n")


class Table(NamedTuple):
    """A table: the cells of its head and of each row."""

    head: list[str]
    rows: list[list[str]]


class Example(NamedTuple):
    """A YAML example. place: keys to where it belongs in the page's first example; None: a whole file."""

    name: str
    content: dict
    place: list[str] | None


def tables(text):
    """Find the tables of a page."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|").split(" | ")] for line in block.splitlines()
        ]
        found.append(Table(head, rows))
    return found


def codes(text):
    """List the code spans of a text, without their backticks."""
    return re.findall(r"`([^`]+)`", text)


def examples(page):
    """Read the YAML examples of a page."""
    text = page.read_text()
    found = []
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        tree, findings = read_yaml(fence[1].encode(), page.name)
        assert not findings
        place = _PLACE.match(fence[1])
        path = place["path"].split(".") if place and place["path"] else []
        found.append(Example(f"{page.name}:{line}", tree.value, path if place else None))
    return found


def documents(page):
    """Find the OpenAPI documents that a page shows, by the name of their file."""
    return dict(
        re.findall(r"^```openapi (\S+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    )


def spliced(whole, example):
    """Put a fragment into a whole file, and return that."""
    at = whole
    for key in example.place:
        at = at.setdefault(key, {})
    at.update(example.content)
    return whole

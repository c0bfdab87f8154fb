"""Links of the README, of the pages and of the examples: each leads to a file that is there, or to a title in it."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT

READ = [*PAGES, *sorted((ROOT / "examples").glob("*/README.md"))]


def anchors(page):
    """List what a link to a part of a page may name, as GitHub makes it of the titles."""
    outside = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", READ, ids=[str(page.relative_to(ROOT)) for page in READ])
def test_links_lead_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        place = page.parent / path if path else page
        if "://" in link:
            continue
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(link)
    assert broken == []

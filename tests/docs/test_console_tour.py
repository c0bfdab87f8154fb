"""The tour of the console: each page of the menu has its picture, and the page of the tour shows it."""

import re

import pytest

from frontdesk.web.pages import PAGES
from tests.docs.pages import ROOT
from tests.web.tour import EXECUTION, PICTURES

MOST = 1024**2
"""Bytes of all pictures together."""

NAMES = [*(page.path[1:] for page in PAGES if page.icon), EXECUTION]


@pytest.fixture(scope="module")
def tour():
    return (ROOT / "docs" / "console-tour.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_its_picture_and_the_tour_shows_it(tour, name):
    assert f"](pictures/{name}.png)" in tour
    head = (PICTURES / f"{name}.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(head[16:20], "big") == 1280


def test_pages_stand_in_the_order_of_the_menu_under_its_titles(tour):
    titles = [page.title for page in PAGES if page.icon]
    assert re.findall(r"^## (.+)$", tour, re.MULTILINE) == titles


def test_there_is_no_other_picture_and_all_are_small():
    found = sorted(PICTURES.iterdir())
    assert [each.stem for each in found] == sorted(NAMES)
    assert sum(each.stat().st_size for each in found) <= MOST

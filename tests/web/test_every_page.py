"""Every page of the console in a browser: how heavy it is, that it fits narrow screens, that markup in data is text."""

import asyncio
from urllib.parse import quote

import pytest

from frontdesk.web.pages import PAGES
from tests.live.browser import browser as chromium
from tests.live.calls import call
from tests.web.house import EVIL, LINK, house
from tests.web.tour import signed_in

WHOLE = 100 * 1024
SCRIPTS = 40 * 1024
STYLES = 30 * 1024
"""Bytes of a page, uncompressed."""

WIDTHS = (390, 1280)

LOOK = """
const bytes = { html: performance.getEntriesByType("navigation")[0].decodedBodySize, js: 0, css: 0, other: 0 };
const resources = performance.getEntriesByType("resource");
for (const each of resources) {
  const kind = new URL(each.name).pathname.split(".").pop();
  bytes[kind in bytes ? kind : "other"] += each.decodedBodySize;
}
const addresses = ["href", "src", "action", "formAction", "data-href", "data-drawer", "data-to"];
return {
  title: document.title,
  bytes,
  elsewhere: resources.map((each) => each.name).filter((name) => !name.startsWith(location.origin)),
  ran: window.ran ?? null,
  planted: document.querySelectorAll("img[src=x], script:not([src]), [onerror]").length,
  leads: [...document.querySelectorAll("*")].flatMap((each) => addresses.map((name) => each.getAttribute(name)))
    .filter((address) => /^\\s*javascript:/i.test(address ?? "")),
  styled: document.querySelectorAll("[style], style").length,
  nameless: [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea")]
    .filter((each) => each.offsetParent && !(each.textContent.trim() || each.ariaLabel || each.title
      || each.labels?.length || each.placeholder)).map((each) => each.outerHTML.slice(0, 90)),
};
"""
WIDE = """
const wide = [...document.querySelectorAll("main fd-table")].filter((each) => each.scrollWidth > each.clientWidth);
return [document.documentElement.scrollWidth, wide.length];
"""


CHOSEN = "return document.activeElement.matches(given[0]);"
AWAIT = "while (!document.querySelector(given[0])) await new Promise((go) => setTimeout(go, 20));"
GONE = "while (document.querySelector(given[0])) await new Promise((go) => setTimeout(go, 20));"


def look_at_all(folder, address, door, places):
    """Open every page; return what is seen of each, by its place."""
    seen = {}
    with chromium(folder) as page:
        signed_in(page, address)
        page.size(WIDTHS[-1])
        page.complaints()
        for place in places:
            page.open(f"http://{address}/console{place}")
            seen[place] = page.run(LOOK)
            for width in WIDTHS:
                page.size(width)
                seen[place][width] = page.run(WIDE)
            seen[place]["complaints"] = page.complaints()
        seen["live"] = watch(page, address, door)
        seen["by keys"] = delete_by_keys(page, address)
    return seen


def watch(page, address, door):
    """Look at a request that comes while the page of them is open, then at all of it in the drawer."""
    page.open(f"http://{address}/console/requests?q=live")
    page.run(AWAIT, "[data-live]:not([hidden])")
    target = f"/{quote(EVIL)}/live?{quote(LINK)}"
    call(door, "POST", target, headers={"x-odd": EVIL, "content-type": LINK}, body=EVIL)
    page.run(AWAIT, "tr[data-drawer]")
    page.run("document.querySelector('tr[data-drawer]').click()")
    page.run(AWAIT, "#drawer[open] fd-code")
    return {**page.run(LOOK), "complaints": page.complaints()}


def delete_by_keys(page, address):
    """Go from the list of queues to a message and delete it, by nothing but keys."""
    page.open(f"http://{address}/console/queues")
    _turn_to(page, "main a[href$='/queues/line']")
    page.press("Enter")
    page.run(AWAIT, "tr[data-drawer]")
    _turn_to(page, "tr[data-drawer]")
    page.press("Enter")
    page.run(AWAIT, "#drawer[open] .danger")
    _turn_to(page, "#drawer .danger")
    page.press("Enter")
    page.run(AWAIT, "dialog[open]")
    _turn_to(page, "dialog [value=go]")
    page.press("Enter")
    page.run(GONE, "tr[data-drawer]")
    return page.run("return document.querySelector('main').textContent")


def _turn_to(page, what):
    """Press Tab until something has the focus."""
    for _ in range(80):
        if page.run(CHOSEN, what):
            return
        page.press("Tab")
    pytest.fail(f"no key leads to {what}")


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """What is seen of every page; and their places."""
    folder = tmp_path_factory.mktemp("house")

    async def visit():
        async with house(folder) as found:
            places = [each for of_page in found.places.values() for each in of_page]
            address, door = found.browser.address, found.app.addresses[0]
            seen = await asyncio.to_thread(look_at_all, folder, address, door, places)
            for place in places:
                answer = await found.browser.ask("GET", f"/console{place}")
                seen[place] |= {
                    "status": answer.status,
                    "policy": answer.headers["content-security-policy"],
                }
            return found.places, seen

    return asyncio.run(visit())


def test_no_page_is_left_out(visited):
    places, _ = visited
    assert places.keys() == {page.path for page in PAGES}


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_a_page_is_light_narrow_and_only_ours(visited, path):
    places, seen = visited
    for place in places[path]:
        of_it = seen[place]
        assert of_it["status"] == 200, place
        assert of_it["bytes"]["js"] <= SCRIPTS
        assert of_it["bytes"]["css"] <= STYLES
        assert sum(of_it["bytes"].values()) <= WHOLE, of_it["bytes"]
        assert of_it["elsewhere"] == []
        assert of_it["styled"] == 0
        assert of_it["nameless"] == []
        for width in WIDTHS:
            assert of_it[width][0] <= width, place
        assert "default-src 'none'" in of_it["policy"]
        assert "unsafe" not in of_it["policy"]


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_markup_in_whatever_a_page_shows_is_text(visited, path):
    places, seen = visited
    for place in places[path]:
        of_it = seen[place]
        assert (of_it["ran"], of_it["planted"], of_it["leads"]) == (None, 0, [])
        assert of_it["complaints"] == []  # nor has the browser had to refuse anything


def test_live_requests_are_read_without_scrolling_sideways(visited):
    _, seen = visited
    assert seen["/requests"][1280] == [1280, 0]


def test_markup_of_a_request_that_comes_live_is_text(visited):
    _, seen = visited
    of_it = seen["live"]
    assert (of_it["ran"], of_it["planted"], of_it["leads"]) == (None, 0, [])
    assert of_it["complaints"] == []


def test_keys_alone_lead_from_a_list_to_the_drawer_to_an_action(visited):
    _, seen = visited
    assert "No message is here" in seen["by keys"]

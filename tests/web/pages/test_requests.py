"""The pages of the clients' requests: what is shown of them, to whom, and how they come."""

import asyncio
import html
import re

import pytest

from tests.live.browser import browser as chromium
from tests.live.calls import call
from tests.live.sockets import RawSocket

EVIL = "\"><script>alert('x')</script>"
ESCAPED = "%22%3E%3Cscript%3Ealert('x')%3C/script%3E"

CONFIG = """
apis: {shop: {routes: {GET /items: {mock: {status: 200, body: '{"ok": true}'}}}}}
"""

SOCKETS = """
apis:
  live: {type: websocket, routes: {$default: {mock: {body: yes}, response: true}}}
"""


async def sent(app, target, method="GET", **keywords):
    return await asyncio.to_thread(call, app.addresses[0], method, target, **keywords)


async def shown(browser, path):
    return (await browser.ask("GET", f"/console/requests{path}")).body.decode()


def until(page, condition):
    page.run(f"while (!({condition})) await new Promise((go) => setTimeout(go, 20));")


async def latest(browser):
    """Return the page of the request that came last."""
    path = re.search(r'data-drawer="/console/requests(/[^"]+)"', await shown(browser, ""))[1]
    return await shown(browser, html.unescape(path))


async def test_requests_are_listed_with_what_became_of_them(console):
    async with console(config=CONFIG) as browser:
        assert "No request yet" in await shown(browser, "")
        await sent(browser.app, "/items")
        await sent(browser.app, "/nothing")
        page = await shown(browser, "")
        assert page.index("/nothing") < page.index("</b> /items")
        assert '<span class="tag warn">404</span>' in page
        unrouted = await shown(browser, "?kind=unrouted")
        assert ("/nothing" in unrouted, "</b> /items" in unrouted) == (True, False)
        only = await shown(browser, "?status=2xx")
        assert "/nothing" not in only
        assert "</b> /items" in only


async def test_messages_are_listed_with_their_route_connection_and_size(console):
    async with console(config=SOCKETS) as browser:
        await shown(browser, "")

        def talk():
            with RawSocket(browser.app.addresses[0]) as client:
                client.say("x" * 2048)
                client.frame()

        await asyncio.to_thread(talk)
        page = await shown(browser, "?kind=message")
        assert "<b>MESSAGE</b> $default" in page
        assert "2 KB" in page
        shown_one = await latest(browser)
        assert "Connection</dt>" in shown_one
        assert "data-replay" not in shown_one


async def test_a_request_is_shown_with_its_stages_and_as_a_command(console):
    async with console(config=CONFIG) as browser:
        await shown(browser, "")
        await sent(
            browser.app, "/items?q=it's", headers={"authorization": "Bearer abc", "x-a": "b"}
        )
        page = html.unescape(await latest(browser))
        for text in ("Stages", ">mock</td>", "-H 'x-a: b'", "/items?q=it'\"'\"'s'", '{"ok": true}'):
            assert text in page, text
        assert "Bearer abc" not in page
        assert "Open the route" in page


async def test_nothing_that_clients_send_is_more_than_text(console):
    async with console(config=CONFIG) as browser:
        await shown(browser, f"?q={ESCAPED}")
        await sent(
            browser.app,
            f"/{ESCAPED}?{ESCAPED}",
            "POST",
            headers={"x-a": EVIL, "content-type": "text/plain"},
            body=EVIL,
        )
        for page in (await shown(browser, ""), await latest(browser)):
            assert "<script>" not in page
            assert "alert" in page


async def test_whoever_may_only_look_sends_nothing_again(console):
    async with console(token="t0ken-of-the-file", config=CONFIG, vera="viewer") as browser:
        await browser.sign_in("vera", "correct horse battery")
        await shown(browser, "")
        await sent(browser.app, "/items")
        assert "data-replay" not in await latest(browser)
        given = '{"method": "GET", "path": "/items"}'
        assert (await browser.ask("POST", "/api/requests/replay", given)).status == 403


@pytest.mark.parametrize("width", [1280, 390])
async def test_requests_come_and_are_sent_again(console, tmp_path, width):
    async with console(config=CONFIG) as browser:
        app, at = browser.app, f"http://{browser.address}/console/requests"

        def clicked():
            with chromium(tmp_path) as page:
                page.size(width)
                page.open(at)
                until(page, "!document.querySelector('[data-live]').hidden")
                call(app.addresses[0], "GET", "/items", headers={"x-api-key": "k"})
                until(page, "document.querySelector('tr[data-drawer]')")
                page.run("document.querySelector('tr[data-drawer]').focus()")
                page.run(
                    "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}))"
                )
                until(page, "document.querySelector('#drawer[open] [data-replay]')")
                page.run("document.querySelector('[data-replay]').click()")
                until(page, "document.querySelector('dialog[open]')")
                asked = page.run("return document.querySelector('dialog p').textContent")
                page.run("document.querySelector('dialog [value=go]').click()")
                until(page, "document.querySelector('[data-answer] pre')?.textContent")
                answer = page.run("return document.querySelector('[data-answer] pre').textContent")
                until(page, "document.querySelectorAll('tr[data-drawer]').length === 2")
                wide = page.run("return document.documentElement.scrollWidth")
                sizes = page.run(SIZES)
                return asked, answer, wide, sizes, page.complaints()

        asked, answer, wide, sizes, complaints = await asyncio.to_thread(clicked)
    assert "x-api-key" in asked
    assert answer.startswith("200\n")
    assert wide <= width
    assert (sizes["js"] <= 40_960, sizes["css"] <= 30_720) == (True, True), sizes
    assert complaints == []


SIZES = """
const sizes = { js: 0, css: 0 };
for (const each of performance.getEntriesByType("resource")) {
  const kind = each.name.split(".").pop();
  if (kind in sizes) sizes[kind] += each.decodedBodySize;
}
return sizes;
"""

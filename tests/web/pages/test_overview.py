"""The first page: figures, what needs somebody, and the busiest routes."""

import asyncio

from tests.live.calls import call

EVIL = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"

CONFIG = """
queues: {calls: {dead_letter: calls-dead, max_receives: 1}, calls-dead: {}}
apis: {shop: {routes: {GET /items: {mock: {status: 200}}}}}
"""


async def look(app):
    """Have the history look now."""
    app._wheel.advance(app._clock.monotonic() + 11)
    await asyncio.sleep(0)


async def test_there_is_a_page_before_anything_was_counted(console):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", "/console/overview")).body.decode()
    assert "Nothing has been counted yet" in page
    assert "Nothing needs somebody" not in page  # nobody knows that yet


async def test_the_page_shows_what_was_counted(console):
    async with console(config=CONFIG) as browser:
        for path in ("/items", f"/{EVIL}"):
            await asyncio.to_thread(call, browser.app.addresses[0], "GET", path)
        page = ""
        async with asyncio.timeout(20):
            while "GET /items" not in page:
                await look(browser.app)
                page = (await browser.ask("GET", "/console/overview")).body.decode()
        assert "?api=shop&amp;q=/items" in page
        assert "Nothing needs somebody" in page
        assert page.count('<svg class="chart"') == 2
        assert "<script>alert" not in page
        for minutes in ("60", "1440", "x"):
            other = await browser.ask("GET", f"/console/overview?minutes={minutes}", x_fragment="1")
            assert (other.status, b"<html" in other.body) == (200, False)


async def test_what_needs_somebody_stands_above_the_charts(console):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", "/console/overview")).body.decode()
        sent = await browser.ask("POST", "/queues/calls-dead/send", '{"MessageBody": "x"}')
        assert sent.status == 200
        async with asyncio.timeout(20):
            while "Needs somebody" not in page:
                await look(browser.app)
                page = (await browser.ask("GET", "/console/overview")).body.decode()
        assert page.index("Needs somebody") < page.index("/queues/calls-dead")
        assert page.index("/queues/calls-dead") < page.index("Requests per second")


async def test_without_metrics_the_page_says_so(console):
    async with console(config="metrics: off\n" + CONFIG.lstrip()) as browser:
        page = (await browser.ask("GET", "/console/overview")).body.decode()
    assert "<code>metrics: off</code>" in page

"""The console while the store does not answer: every page says so in its frame, and shows again when it is back."""

import asyncio
import contextlib
import sqlite3

from frontdesk.web.pages import PAGES
from tests.live.servers import postgres_server, redis_server

MENU = [page.path for page in PAGES if page.icon]

CONFIG = """
functions: {greet: {handler: app.greet}}
outgoing_webhooks: {}
plans: {small: {apis: shop, quota: 100/d}}
queues: {calls: {}}
records: {notes: {}}
state_machines: {quick: {definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}}}
webhooks: {stripe: {scheme: stripe, secret: hush, dispatch: {"*": {queue: calls}}}}
upstreams: {far: {url: "http://127.0.0.1:9"}}
apis:
  shop: {routes: {GET /x: {mock: {status: 200}}, GET /y: {api_key: true, mock: {status: 200}}}}
"""
MODULES = {"app": "def greet(event, context): return event"}


async def statuses(browser, paths=MENU):
    """Open pages; every answer is a page in its frame that says what is wrong in words."""
    found = {}
    for path in paths:
        page = await browser.ask("GET", f"/console{path}")
        assert b'aria-label="Pages"' in page.body, (path, page.status, page.body[:300])
        assert b"Traceback" not in page.body
        if page.status != 200:
            assert b'role="alert"' in page.body, path
        found[path] = page.status
    return found


@contextlib.asynccontextmanager
async def stream(browser):
    """Listen as an open page does; yields what waits for the next event of the configuration."""
    host, _, port = browser.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET /console/stream?topics=config HTTP/1.1\r\nHost: {browser.address}\r\n"
    writer.write(f"{head}Cookie: {browser.cookie}\r\n\r\n".encode())
    await reader.readuntil(b"retry: 1000\n\n")

    async def heard(note):
        browser.app.news.tell("config", {"note": note})
        return note.encode() in await reader.readuntil(b"}\n\n")

    try:
        yield heard
    finally:
        writer.close()
        await writer.wait_closed()


ALL_WELL = dict.fromkeys(MENU, 200)


async def test_postgresql_goes_and_comes_back(console):
    with postgres_server() as server:
        config = f'store: "{server.url}"\n{CONFIG}'
        async with console(config=config, modules=MODULES) as browser:
            assert await statuses(browser) == ALL_WELL
            async with stream(browser) as heard:
                server.kill()
                down = await statuses(browser)
                assert set(down.values()) <= {200, 503}
                assert {down[path] for path in ("/queues", "/keys", "/inbox", "/records")} == {503}
                assert await heard("while it is away")
                server.start()
                async with asyncio.timeout(20):
                    while await statuses(browser) != ALL_WELL:
                        pass
                assert await heard("when it is back")


async def test_redis_goes_and_comes_back(console):
    with redis_server() as server:
        config = f"shared: {server.url}\n{CONFIG}"
        async with console(config=config, modules=MODULES) as browser:
            assert await statuses(browser) == ALL_WELL
            server.kill()
            assert set((await statuses(browser)).values()) <= {200, 503}
            server.start()
            async with asyncio.timeout(20):
                while await statuses(browser) != ALL_WELL:
                    pass


async def test_a_locked_file_is_said_to_be_locked(console, monkeypatch):
    monkeypatch.setattr("frontdesk.stores.sqlite.database._BUSY", 0.05)
    async with console(config=CONFIG, modules=MODULES) as browser:
        assert await statuses(browser) == ALL_WELL
        file = browser.app.config.data_dir / "frontdesk.db"
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            down = await statuses(browser)
            assert set(down.values()) <= {200, 503}
            page = await browser.ask("POST", "/queues/calls/send", '{"MessageBody": "m"}')
            assert (page.status, "locked" in page.json["message"]) == (503, True)
        assert await statuses(browser) == ALL_WELL

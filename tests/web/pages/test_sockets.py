"""The pages of WebSocket connections."""

import json
from urllib.parse import quote

from websockets.asyncio.client import connect

from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"
EVIL = '"><script>alert(1)</script>'
CONFIG = """
apis:
  board:
    type: websocket
    base_path: /board
    routes: {$connect: {mock: {status: 200}}, $default: {mock: {status: 200}}}
"""


async def shown(browser, target):
    return (await browser.ask("GET", f"/console/{target}")).body.decode()


async def test_connections_and_groups_are_shown_as_text(console):
    async with console(config=CONFIG) as browser:
        at = f"ws://{browser.app.addresses[0]}/board"
        async with connect(at, user_agent_header=EVIL):
            (found,) = (await browser.app.pushes.census(9)).connections
            await browser.app.pushes.join(("board", "$default", EVIL), found.id)
            page = await shown(browser, "sockets")
            one = await shown(browser, f"sockets/{found.id}")
            assert found.id in page
            assert one == await shown(browser, f"sockets/{quote(found.id)}")  # as pages link to it
            for each in (page, one):
                assert "<script>alert" not in each
                assert "&lt;script&gt;alert" in each
        gone = await browser.ask("GET", "/console/sockets/none")
        assert (gone.status, b"there is no such connection" in gone.body) == (404, True)


async def test_without_connections_the_page_says_what_makes_them(console):
    async with console() as browser:
        assert "type: websocket" in await shown(browser, "sockets")


async def test_operators_alone_send_and_close(console):
    async with (
        console(TOKEN, config=CONFIG, vera="viewer", otto="operator") as browser,
        connect(f"ws://{browser.app.addresses[0]}/board") as client,
    ):
        (found,) = (await browser.app.pushes.census(9)).connections
        for user, may in (("vera", False), ("otto", True)):
            await browser.sign_in(user, PASSWORD)
            page = await shown(browser, f"sockets/{found.id}")
            assert ("data-do" in page) is may
            given = json.dumps({"message": "hello"})
            told = await browser.ask("POST", f"/api/sockets/{found.id}/send", given)
            assert told.status == (200 if may else 403)
        assert await client.recv() == "hello"

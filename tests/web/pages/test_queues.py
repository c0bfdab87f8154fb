"""The pages of queues: what is shown of them and their messages, who may act, and the whole way in a browser."""

import asyncio
import json
from urllib.parse import quote

import pytest

from frontdesk.ports.queue import Outgoing
from frontdesk.rules.events.sqs import Attributes
from tests.live.browser import browser as chromium

TOKEN = "t0ken-of-the-file"
EVIL = "\"><script>alert('x')</script>"
CONFIG = """
store: memory
queues:
  calls: {max_receives: 1, dead_letter: calls-dead}
  calls-dead: {}
  line: {fifo: true}
"""


SENT = '{"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}'


async def dead(browser, *bodies):
    """Have messages of `calls` given up."""
    queues = browser.app._works.part.durable.queues.queues
    calls = queues.find("calls")
    attributes = Attributes({EVIL: {"DataType": "String", "StringValue": EVIL}}, EVIL).written()
    messages = [Outgoing(f"{EVIL}{body}", body.encode(), attributes) for body in bodies]
    await queues.send(calls, messages)
    for _ in range(2):
        received = await queues.receive(calls, most=10)
        await queues.change(calls, [message.receipt for message in received], 0)
    kept = await queues.peek(queues.find("calls-dead"), after=0, most=100)
    return [each.message.receipt.number for each in kept]


async def shown(browser, path=""):
    return (await browser.ask("GET", f"/console/queues{path}")).body.decode()


async def test_queues_and_messages_are_shown_and_nothing_of_them_is_markup(console):
    async with console(config=CONFIG) as browser:
        (number,) = await dead(browser, json.dumps({"note": EVIL}))
        listed = await shown(browser)
        assert 'data-href="/console/queues/calls-dead"' in listed
        assert '<span class="tag bad">dead letters</span>' in listed
        page = await shown(browser, "/calls-dead")
        assert f"/console/queues/calls-dead/messages/{number}" in page
        assert "from calls" in page
        message = await shown(browser, f"/calls-dead/messages/{number}")
        for part in (listed, page, message):
            assert "<script>alert" not in part
        assert message.count("&lt;script&gt;alert") >= 5
        gone = await browser.ask("GET", "/console/queues/calls-dead/messages/999")
        assert (gone.status, b"there is no message 999" in gone.body) == (422, True)
        wrong = await browser.ask("GET", f"/console/queues/{quote(EVIL, safe='')}")
        assert b"<script>alert" not in wrong.body


async def test_back_to_where_it_came_from_goes_only_what_came_from_somewhere(console):
    async with console(config=CONFIG) as browser:
        await dead(browser, "came")
        await browser.ask("POST", "/queues/line/send", SENT, origin=None)
        came, sent = await shown(browser, "/calls-dead"), await shown(browser, "/line")
        for words in (">Replay</button>", "(none: where each came from)"):
            assert (words in came, words in sent) == (True, False)


async def test_without_queues_the_page_says_how_to_make_one(console):
    async with console() as browser:
        assert "queues: {calls:" in await shown(browser)


@pytest.mark.parametrize(("user", "may"), [("vera", False), ("otto", True)])
async def test_messages_are_dealt_with_by_operators_alone(console, user, may):
    async with console(TOKEN, config=CONFIG, vera="viewer", otto="operator") as browser:
        (number,) = await dead(browser, "m")
        await browser.sign_in(user, "correct horse battery")
        for path in ("/calls-dead", f"/calls-dead/messages/{number}"):
            assert ("data-do" in await shown(browser, path)) is may
        answer = await browser.ask(
            "POST", "/queues/calls-dead/drop", json.dumps({"numbers": [number]})
        )
        assert answer.status == (200 if may else 403)


async def test_a_message_is_edited_and_another_picked_in_a_browser(console, tmp_path):
    def walk(address):
        with chromium(tmp_path) as page:
            page.open(f"http://{address}/console/queues/calls-dead")
            wait = "const until = async (what) => { while (!what()) await new Promise((go) => setTimeout(go, 20)); };"
            page.run(
                wait
                + """
                const row = document.querySelector("[data-drawer]");
                row.focus();
                row.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
                const drawer = document.querySelector("#drawer");
                await until(() => drawer.hasAttribute("open"));
                drawer.querySelector("summary").click();
                drawer.querySelector("textarea").value = "mended";
                drawer.querySelector("form[data-do]").requestSubmit();
                await until(() => !drawer.hasAttribute("open"));
                await until(() => document.querySelectorAll("[data-pick]").length === 2);
                document.querySelector("[data-pick]").click();
                document.querySelector('[data-picked][data-do$="/drop"]').click();
                await until(() => document.querySelector("dialog[open]"));
                document.querySelector("dialog .danger").click();
                await until(() => document.querySelectorAll("[data-pick]").length === 1);
                """
            )
            sizes = page.run(
                """
                const sum = async (all) => (await Promise.all(all.map(async (url) => (await (await fetch(url)).text()).length)))
                    .reduce((one, other) => one + other, 0);
                return [
                    await sum([...document.scripts].map((each) => each.src)),
                    await sum([...document.querySelectorAll("link[rel=stylesheet]")].map((each) => each.href)),
                ];
                """
            )
            return page.complaints(), sizes

    async with console(config=CONFIG) as browser:
        await dead(browser, "a", "b", "c")
        complaints, (scripts, styles) = await asyncio.to_thread(walk, browser.address)
        assert complaints == []
        assert scripts <= 40 * 1024
        assert styles <= 30 * 1024
        queues = browser.app._works.part.durable.queues.queues
        received = await queues.receive(queues.find("calls"), most=10)
        assert [message.body for message in received] == [b"mended"]
        left = await queues.peek(queues.find("calls-dead"), after=0, most=9)
        assert [each.message.body for each in left] == [b"c"]

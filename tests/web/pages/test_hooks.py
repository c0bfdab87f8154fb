"""The pages of webhooks in and out: what is shown, masked and escaped, and who may act."""

import json
from urllib.parse import urlencode

import pytest

from frontdesk.ports.inbox import Claim, Finish

TOKEN = "t0ken-of-the-file"
EVIL = "\"><script>alert('x')</script>"
CONFIG = """
webhooks:
  stripe:
    scheme: stripe
    secrets: [{value: hush-hush, id: new}, {value: hush-old, id: old, not_after: 2030-01-01}]
    dispatch: {"invoice.*": {queue: calls}}
queues: {calls: {}}
outgoing_webhooks: {allow_http: true, allow_networks: [127.0.0.0/8]}
"""
ENDPOINT = {"url": "http://127.0.0.1:8443/x", "description": EVIL, "headers": {"x-key": "hush"}}


async def taken(browser, **other):
    inbox = browser.app._works.part.durable.inbox.inbox
    headers = json.dumps([["x-api-key", "hush"], ["x-note", EVIL]]).encode()
    body = json.dumps({"note": EVIL, "password": "hush"}).encode()
    claim = Claim("stripe", EVIL, body, b"d", EVIL, headers=headers, **other)
    claimed = await inbox.claim(claim._replace(state="processing"), now=5.0, until=9e9)
    await inbox.finish(claimed.held, Finish("dead", error=EVIL, result=EVIL.encode()), now=6.0)


async def shown(browser, path):
    page = (await browser.ask("GET", f"/console{path}")).body.decode()
    assert "<script>alert" not in page
    assert "hush" not in page
    return page


async def test_deliveries_are_shown_without_secrets_and_markup(console):
    async with console(config=CONFIG) as browser:
        await taken(browser)
        page = await shown(browser, "/inbox")
        assert '<span class="tag bad">dead</span>' in page
        assert page.count("&lt;script&gt;alert") >= 4
        delivery = await shown(
            browser, "/inbox/delivery?" + urlencode({"webhook": "stripe", "id": EVIL})
        )
        for text in ("x-api-key", "***", "secret 0", "Result", "Replay"):
            assert text in delivery, text
        webhook = await shown(browser, "/inbox/webhook?name=stripe")
        for text in ("queue calls", "invoice.*", "until 2030-01-01", "always"):
            assert text in webhook, text


@pytest.mark.parametrize(
    ("query", "found"),
    [("state=dead", True), ("state=failed", False), ("webhook=other", False), ("q=nothing", False)],
)
async def test_deliveries_are_found(console, query, found):
    async with console(config=CONFIG) as browser:
        await taken(browser)
        page = await shown(browser, f"/inbox?{query}")
        assert ("/console/inbox/delivery?" in page) is found
        assert ("Replay all that match" in page) is found


async def test_a_webhook_with_nothing_to_do_leads_to_its_deliveries(console):
    async with console(config=CONFIG) as browser:
        page = await shown(browser, "/inbox/webhook?name=stripe")
        assert "Nothing waits, has failed or is dead." in page
        assert 'href="/console/inbox?webhook=stripe"' in page


async def test_what_is_wrong_with_a_search_is_told(console):
    async with console(config=CONFIG) as browser:
        answer = await browser.ask("GET", f"/console/inbox?{urlencode({'state': EVIL})}")
        assert answer.status == 422
        assert b"there is no such state" in answer.body
        assert b"<script>alert" not in answer.body


async def test_without_webhooks_the_pages_say_how_to_make_them(console):
    async with console() as browser:
        assert "webhooks: {stripe:" in await shown(browser, "/inbox")
        assert "outgoing_webhooks: {}" in await shown(browser, "/outgoing")


async def test_what_is_sent_is_shown_with_its_endpoints(console):
    async with console(config=CONFIG) as browser:
        assert "frontdesk webhooks endpoints add" in await shown(browser, "/outgoing")
        await browser.ask("PUT", "/webhooks/apps/acme", json.dumps({"name": EVIL}))
        apps = "/webhooks/apps/acme"
        made = await browser.ask("POST", f"{apps}/endpoints", json.dumps(ENDPOINT))
        (secret,) = made.json["secrets"]
        message = {"id": EVIL, "type": "order.paid", "payload": {"note": EVIL}}
        sent = (await browser.ask("POST", f"{apps}/messages", json.dumps(message))).json
        id_ = made.json["endpoint"]["id"]
        pages = [
            await shown(browser, path)
            for path in (
                "/outgoing",
                "/outgoing/acme",
                f"/outgoing/acme/endpoints/{id_}",
                f"/outgoing/acme/messages/{sent['id']}",
            )
        ]
        assert not any(secret in page for page in pages)
        assert "acme" in pages[0]
        assert "1 disabled" not in pages[0]
        await browser.ask("POST", f"{apps}/endpoints/{id_}/disable")
        assert '<span class="tag bad">1 disabled</span>' in await shown(browser, "/outgoing")
        assert "127.0.0.1:8443" in pages[1]
        assert all(text in pages[2] for text in ("Send test event", "Rotate secret", "x-key"))
        assert "order.paid" in pages[3]


@pytest.mark.parametrize(("user", "may"), [("vera", False), ("otto", True)])
async def test_deliveries_are_replayed_by_operators_alone(console, user, may):
    async with console(TOKEN, config=CONFIG, vera="viewer", otto="operator") as browser:
        await taken(browser)
        await browser.sign_in(user, "correct horse battery")
        assert ("data-do" in await shown(browser, "/inbox")) is may
        given = json.dumps({"deliveries": [{"webhook": "stripe", "id": EVIL}]})
        answer = await browser.ask("POST", "/api/inbox/replay", given)
        assert (answer.status, answer.json.get("replayed")) == ((200, 1) if may else (403, None))

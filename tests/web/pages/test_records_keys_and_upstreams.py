"""The pages of records, of API keys, of upstreams and of secrets: what is shown and who may act."""

import asyncio
import json
from urllib.parse import urlencode

import pytest

from frontdesk import records
from frontdesk.app.record_files import records_environment
from tests.live.browser import browser as chromium
from tests.live.calls import call, free_port

TOKEN = "t0ken-of-the-file"
EVIL = "\"><script>alert('x')</script>"
CONFIG = """
records: {payments: {}}
plans: {small: {apis: shop, throttle: 5/s, quota: 100/d}, tiny: {apis: shop, quota: 1/d}}
upstreams:
  billing: {url: "http://127.0.0.1:%d", breaker: {failures: 1, reset: 10m}}
  plain: {url: "http://127.0.0.1:9"}
apis:
  shop:
    routes:
      GET /items: {mock: {status: 200}, api_key: true}
      GET /bill: {http: {upstream: billing, path: /}}
      GET /plain: {http: {upstream: plain, path: /}}
"""


@pytest.fixture
def config():
    return CONFIG % free_port()


async def shown(browser, path):
    page = (await browser.ask("GET", f"/console{path}")).body.decode()
    assert "<script>alert" not in page
    return page


async def test_records_are_shown_with_what_each_version_has_changed(console, config):
    async with console(config=config) as browser:
        assert "none has any yet" in await shown(browser, "/records")
        (url,) = records_environment(browser.app.config).values()
        async with records.open(url) as opened:
            payments, me = opened.commands("payments"), records.UserContext("ada", "", "acme")
            first = {"pk": "PAYMENT#acme", "sk": EVIL, "attributes": {"status": "open", "n": EVIL}}
            await payments.publish_sync(first, me)
            paid = {**first, "version": 1, "attributes": {"status": "paid", "n": EVIL}}
            await payments.publish_sync(paid, me)
        assert "/console/records/payments" in await shown(browser, "/records")
        assert "PAYMENT#acme" in await shown(browser, "/records/payments")
        assert "No record is here" in await shown(browser, "/records/payments?pk=OTHER%23acme")
        key = urlencode({"pk": "PAYMENT#acme", "sk": EVIL})
        page = await shown(browser, f"/records/payments/item?{key}")
        assert "<del>&#34;open&#34;</del><ins>&#34;paid&#34;</ins>" in page


async def test_keys_are_shown_by_their_beginning_with_what_is_left(console, config):
    async with console(config=config) as browser:
        given = json.dumps({"name": EVIL, "plans": ["small"], "description": EVIL})
        assert "No key is made yet" in await shown(browser, "/keys")
        made = (await browser.ask("POST", "/api/keys", given)).json
        address = browser.app.addresses[0]
        for _ in range(2):
            await asyncio.to_thread(
                call, address, "GET", "/items", headers={"x-api-key": made["value"]}
            )
        page = await shown(browser, "/keys")
        assert made["key"]["prefix"] in page
        assert "quota used up" not in page
        assert made["value"] not in page
        assert 'value="98"' in page
        assert 'aria-label="Requests a day: small 2"' in page
        given = json.dumps({"name": "all of it", "plans": ["tiny"]})
        tiny = (await browser.ask("POST", "/api/keys", given)).json["value"]
        await asyncio.to_thread(call, address, "GET", "/items", headers={"x-api-key": tiny})
        async with asyncio.timeout(20):
            while "quota used up" not in page:  # what is used is written down each second
                page = await shown(browser, "/keys")
        written = await browser.ask("GET", f"/api/usage?{urlencode({'format': 'csv'})}")
        assert written.body.decode().splitlines()[0].startswith("day,name,key,plan")


@pytest.mark.parametrize(("user", "may"), [("otto", False), ("ada", True)])
async def test_keys_are_made_by_admins_alone(console, config, user, may):
    async with console(TOKEN, config=config, otto="operator", ada="admin") as browser:
        await browser.sign_in(user, "correct horse battery")
        assert ("data-do" in await shown(browser, "/keys")) is may
        assert (await browser.ask("GET", "/console/secrets")).status == (200 if may else 403)


async def test_breakers_are_seen_to_open_and_closed_by_hand(console, config):
    async with console(config=config) as browser:
        address, told = browser.app.addresses[0], []
        browser.app.news.watch(frozenset({"breaker"}), lambda item: told.append(item.document))
        for _ in range(2):
            await asyncio.to_thread(call, address, "GET", "/bill")
        assert told == [{"upstream": "billing", "target": "", "state": "open", "worker": 0}]
        listed = await shown(browser, "/upstreams")
        assert "failures in a row: 1" in listed
        assert '<span class="tag bad">open ' in listed
        page = await shown(browser, "/upstreams/billing")
        assert "connect error" in page
        await browser.ask("POST", "/api/upstreams/billing/reset")
        assert '<span class="tag ok">closed' in await shown(browser, "/upstreams/billing")
        await browser.ask("POST", "/api/upstreams/billing/trip")
        assert '<span class="tag bad">isolated' in await shown(browser, "/upstreams/billing")
        refused = await asyncio.to_thread(call, address, "GET", "/bill")
        assert refused.status == 503
        assert "data-do" not in await shown(browser, "/upstreams/plain")
        gone = await browser.ask("GET", "/console/upstreams/nothing")
        assert (gone.status, b"nothing uses such an upstream" in gone.body) == (404, True)


async def test_secrets_are_shown_by_name(console):
    async with console() as browser:
        assert "frontdesk secrets set" in await shown(browser, "/secrets")
        given = json.dumps({"name": "vendor", "value": "hush-hush"})
        await browser.ask("POST", "/api/secrets/set", given)
        page = await shown(browser, "/secrets")
        assert "${secret:vendor}" in page
        assert "hush" not in page


PATHS = (
    "/queues",
    "/inbox",
    "/outgoing",
    "/records",
    "/keys",
    "/upstreams",
    "/upstreams/billing",
    "/secrets",
)


async def test_a_key_is_shown_once_and_every_page_is_narrow_enough_in_a_browser(
    console, config, tmp_path
):
    def walk(address):
        with chromium(tmp_path) as page:
            wide = {}
            for width in (1280, 390):
                page.size(width)
                for path in PATHS:
                    page.open(f"http://{address}/console{path}")
                    wide[path, width] = page.run("return document.documentElement.scrollWidth")
            page.open(f"http://{address}/console/keys")
            shown = page.run(
                """
                const until = async (what) => { while (!what()) await new Promise((go) => setTimeout(go, 20)); };
                document.querySelector("[data-tells=value]").click();
                await until(() => document.querySelector("dialog[open] [name=name]"));
                document.querySelector("dialog [name=name]").value = "acme";
                document.querySelector("dialog [value=go]").click();
                await until(() => document.querySelector("dialog[open] pre"));
                const value = document.querySelector("dialog pre").textContent;
                document.querySelector("dialog .main").click();
                await until(() => document.querySelector("[data-do$='/revoke']"));
                return [value, document.documentElement.outerHTML.includes(value)];
                """
            )
            return wide, shown, page.complaints()

    async with console(config=config) as browser:
        wide, (value, is_left), complaints = await asyncio.to_thread(walk, browser.address)
        assert all(found <= width for (_, width), found in wide.items()), wide
        assert value.startswith("fd_")
        assert not is_left
        assert complaints == []

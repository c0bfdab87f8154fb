"""Pages that stay open in a browser: while the gateway is away, when a session is over, and when they are shown anew."""

import asyncio

from tests.live.browser import browser as chromium
from tests.live.calls import call
from tests.live.gateways import gateway, project
from tests.web.conftest import PASSWORD
from tests.web.house import TOKEN
from tests.web.tour import signed_in

CONFIG = """
metrics: {}
queues: {b-calls: {}, a-calls: {}}
upstreams: {far: {url: "http://127.0.0.1:9", breaker: {failures: 1}}}
apis: {shop: {routes: {GET /far: {http: {upstream: far, path: /}}, GET /items: {mock: {status: 200}}}}}
"""

UNTIL = """
const until = async (holds) => { while (!holds()) await new Promise((go) => setTimeout(go, 20)); };
const light = () => { const found = document.querySelector("[data-live]"); return found.hidden ? "" : found.textContent.trim(); };
"""
FOLLOWS = (
    UNTIL
    + 'await until(() => light() === "live"); return document.querySelectorAll("main tr").length;'
)
LOST = UNTIL + 'await until(() => light() === "not connected");'
ASKED_IN_VAIN = (
    UNTIL
    + """
document.querySelector("tr[data-drawer], button[data-do]").click();
await until(() => document.querySelector(".toasts .bad"));
return document.querySelector(".toasts .bad").textContent;
"""
)
SIGNED_OUT = (
    UNTIL + 'await until(() => location.pathname.endsWith("/sign-in")); return location.search;'
)

REFRESHED = """
const { refresh } = await import(document.querySelector("script[type=module][src*='/fd.js']").src);
const chosen = document.querySelector(given[0]);
chosen.focus();
await refresh();
return [document.activeElement !== document.body && document.activeElement !== chosen, document.activeElement.textContent.trim()];
"""
SORTED = """
const { refresh } = await import(document.querySelector("script[type=module][src*='/fd.js']").src);
const named = () => [...document.querySelectorAll("main tbody tr")].map((row) => row.cells[0].textContent.trim());
const head = document.querySelector("th[aria-sort]");
head.click();
head.click();
const before = named();
await refresh();
return [before, named(), document.querySelector("th[aria-sort]").ariaSort];
"""


def test_a_page_says_that_the_gateway_is_away_and_goes_on_when_it_is_back(tmp_path):
    path = project(tmp_path, CONFIG)
    at = f"http://{path.read_text().partition('admin: {listen: ')[2].partition('}')[0]}/console"
    with chromium(tmp_path) as page:
        with gateway(path) as door:
            page.open(f"{at}/requests")
            page.run(FOLLOWS)
            door.call("GET", "/items")
            page.run(UNTIL + 'await until(() => document.querySelector("tr[data-drawer]"));')
        page.run(LOST)
        assert "The gateway does not answer" in page.run(ASKED_IN_VAIN)
        with gateway(path) as door:
            page.run(FOLLOWS)
            door.call("GET", "/items?again")
            page.run(
                UNTIL
                + 'await until(() => document.querySelectorAll("main tr[data-drawer]").length > 1);'
            )
        uncaught = [each for each in page.complaints() if "Uncaught" in each]
    assert uncaught == []


async def test_pages_of_a_session_that_is_over_lead_to_signing_in_and_back(console, tmp_path):
    def stay(address, wait):
        with chromium(tmp_path) as page:
            signed_in(page, address)
            page.open(f"http://{address}/console/requests?status=5xx")
            page.run(FOLLOWS)
            wait()
            return page.run(SIGNED_OUT)

    async with console(TOKEN, config=CONFIG, ada="admin") as browser:
        loop = asyncio.get_running_loop()
        given = f'{{"password": "{PASSWORD}"}}'

        def end_sessions():
            bearer = {"authorization": f"Bearer {TOKEN}", "origin": None}
            asked = browser.ask("PUT", "/api/users/ada", given, **bearer)
            assert asyncio.run_coroutine_threadsafe(asked, loop).result().status == 200
            call(browser.app.addresses[0], "GET", "/items")  # news: whoever listens is looked at

        sent_to = await asyncio.to_thread(stay, browser.address, end_sessions)
    assert sent_to == "?to=/console/requests%3Fstatus%3D5xx"


async def test_a_page_that_is_shown_anew_keeps_the_focus_and_the_order_of_its_tables(
    console, tmp_path
):
    def look(address):
        with chromium(tmp_path) as page:
            page.open(f"http://{address}/console/upstreams")
            kept = [page.run(REFRESHED, what) for what in ("main a", "main th[aria-sort]")]
            page.open(f"http://{address}/console/queues")
            return kept, page.run(SORTED)

    async with console(config=CONFIG) as browser:
        kept, (before, after, way) = await asyncio.to_thread(look, browser.address)
    assert kept == [[True, "far"], [True, "Upstream"]]
    assert (before, after, way) == (["b-calls", "a-calls"], ["b-calls", "a-calls"], "descending")

"""A walk of an admin through a browser: sign in, try a route, run a function, reload, make a user."""

import asyncio

from tests.live.browser import browser as chromium
from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"

CODE = """
def greet(event, _context):
    print("greeting", event)
    return {"hello": event}
"""

CONFIG = """
functions: {greet: {handler: app.greet}}
apis:
  shop:
    routes:
      GET /items: {mock: {status: 200, body: {found: 3}}}
      POST /items: {mock: {status: 201}, timeout: 3s}
"""

UNTIL = "const until = async (what) => { while (!what()) await new Promise((go) => setTimeout(go, 20)); };"

SIGN_IN = """
document.querySelector("[name=user]").value = "ada";
document.querySelector("[name=password]").value = given[0];
setTimeout(() => document.querySelector("form").requestSubmit());
"""

TRY_ROUTE = """
const row = [...document.querySelectorAll("tr[data-drawer]")].find((each) => each.textContent.includes("POST"));
row.focus();
row.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
const drawer = document.querySelector("#drawer");
await until(() => drawer.hasAttribute("open"));
drawer.querySelector("form[data-test]").requestSubmit();
await until(() => document.querySelector("dialog[open]"));
document.querySelector("dialog .main").click();
await until(() => drawer.querySelector("[data-answer] .tag"));
return drawer.querySelector("[data-answer]").textContent;
"""

INVOKE = """
document.querySelector("[name=event]").value = '"Ada"';
document.querySelector("form[data-invoke]").requestSubmit();
await until(() => document.querySelector("[data-answer] .tag"));
await until(() => document.querySelector("fd-log").textContent.includes("greeting Ada"));
return document.querySelector("[data-answer]").textContent;
"""

RELOAD = """
document.querySelector('[data-do="POST /config/reload"]').click();
await until(() => document.querySelector("dialog[open]"));
document.querySelector("dialog .main").click();
await until(() => document.querySelector("a[href*='version=']"));
return document.querySelectorAll("a[href*='version=']").length;
"""

MAKE_USER = """
document.querySelector("main .head button").click();
await until(() => document.querySelector("dialog[open]"));
const dialog = document.querySelector("dialog");
dialog.querySelector("[name=name]").value = "bo b";
dialog.querySelector("[name=password]").value = "short";
dialog.querySelector(".main").click();
await until(() => document.querySelector("dialog[open] .bad"));
const again = document.querySelector("dialog[open]");
if (again.querySelector("[name=name]").value !== "bo b") throw new Error("what was filled in is lost");
again.querySelector("[name=password]").value = "long enough for all";
again.querySelector(".main").click();
await until(() => document.querySelector("main").textContent.includes("bo b"));
return true;
"""

WEIGHT = """
const sum = async (all) => (await Promise.all(all.map(async (url) => (await (await fetch(url)).text()).length)))
  .reduce((one, other) => one + other, 0);
return [
  await sum([...document.scripts].map((each) => each.src)),
  await sum([...document.querySelectorAll("link[rel=stylesheet]")].map((each) => each.href)),
  document.documentElement.scrollWidth,
  performance.getEntriesByType("resource").every((each) => each.name.startsWith(location.origin)),
];
"""

PAGES = (
    *("routes", "routes/route?api=shop&route=GET+%2Fitems", "functions", "functions/greet"),
    *("configuration", "check", "check?of=machine", "users", "audit"),
)


async def test_an_admin_does_all_of_it(console, tmp_path):
    def walk(address):
        at = f"http://{address}/console"
        with chromium(tmp_path) as page:
            page.open(f"{at}/sign-in")
            page.run(SIGN_IN, PASSWORD)
            page.run(UNTIL + 'await until(() => location.pathname.endsWith("/overview"));')
            page.open(f"{at}/routes")
            answered = page.run(UNTIL + TRY_ROUTE)
            page.open(f"{at}/functions/greet")
            ran = page.run(UNTIL + INVOKE)
            path = tmp_path / "frontdesk.yaml"
            path.write_text(path.read_text().replace("3s", "4s"))
            page.open(f"{at}/configuration")
            versions = page.run(UNTIL + RELOAD)
            quiet = page.complaints()
            page.open(f"{at}/users")
            page.run(UNTIL + MAKE_USER)
            page.complaints()  # the password that was too short
            page.size(390)
            weights = []
            for each in PAGES:
                page.open(f"{at}/{each}")
                weights.append((each, *page.run(WEIGHT)))
            return answered, ran, versions, [*quiet, *page.complaints()], weights

    async with console(TOKEN, config=CONFIG, modules={"app": CODE}, ada="admin") as browser:
        answered, ran, versions, complaints, weights = await asyncio.to_thread(
            walk, browser.address
        )
        assert answered.startswith("201 Created")
        assert "→ mock" in answered
        assert "Succeeded" in ran
        assert versions == 1
        assert complaints == []
        for page, scripts, styles, width, is_ours in weights:
            assert scripts <= 40 * 1024, page
            assert styles <= 30 * 1024, page
            assert width <= 390, page
            assert is_ours, page
        names = (await browser.ask("GET", "/api/users", authorization=f"Bearer {TOKEN}")).json
        assert [each["name"] for each in names["users"]] == ["ada", "bo b"]

"""The pages of state machines and executions: what they show, who may act, and the picture that goes on by itself."""

import asyncio
import contextlib
import json
import re
import time
from urllib.parse import quote

import pytest

from tests.live.browser import browser as chromium

TOKEN = "t0ken-of-the-file"
EVIL = "\"><script>alert('x')</script>"
AGAIN = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600, "MaxAttempts": 2}]
CHARGE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName.$": "$.function"},
}
MACHINES = {
    "charge": {
        "StartAt": "Charge",
        "States": {
            "Charge": {**CHARGE, "Retry": AGAIN, "Next": EVIL},
            EVIL: {"Type": "Succeed"},
        },
    },
    "look": {
        "StartAt": "Look",
        "States": {
            "Look": {"Type": "Choice", "Choices": [{"Variable": "$.again", "BooleanEquals": True, "Next": EVIL}], "Default": "Broken"},
            EVIL: {"Type": "Pass", "Result": {"again": False, "told": EVIL}, "Next": "Look"},
            "Broken": {"Type": "Fail", "Error": EVIL, "Cause": EVIL},
        },
    },
    "each": {
        "StartAt": "All",
        "States": {
            "All": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "One",
                    "States": {"One": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        },
    },
}  # fmt: skip
QUICK = {"definition": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}
CONFIG = "state_machines: " + json.dumps(
    {name: {"definition": one} for name, one in MACHINES.items()}
    | {"quick": {**QUICK, "type": "express"}}
)


async def started(browser, machine, given, name, **headers):
    body = json.dumps({"input": given, "name": name})
    await browser.ask("GET", "/console/state-machines")
    answer = await browser.ask("POST", f"/api/state-machines/{machine}/executions", body, **headers)
    assert answer.status == 201, answer.body
    arn = answer.json["execution"]["arn"]
    if machine != "charge":
        await browser.ask("GET", f"/api/executions/{quote(arn)}?wait=5")
    return arn


async def shown(browser, target, status=200):
    answer = await browser.ask("GET", f"/console/{target}")
    assert answer.status == status, answer.body
    assert b"<script>alert" not in answer.body
    assert not re.search(rb"\sstyle=|\son\w+=", re.sub(rb'"[^"]*"|<pre.*?</pre>', b"", answer.body, flags=re.DOTALL))  # fmt: skip
    return answer.body.decode()


async def test_machines_are_listed_with_how_their_executions_do(console):
    async with console(config=CONFIG) as browser:
        await started(browser, "look", {"again": False}, "one")
        page = await shown(browser, "state-machines")
        for text in (">look</a>", "express, of the file", "only its log is kept", "?status=FAILED"):
            assert text in page, text


async def test_without_machines_the_page_says_how_to_make_one(console):
    async with console() as browser:
        assert "charge.asl.json" in await shown(browser, "state-machines")


async def test_a_machine_shows_its_picture_and_its_executions_by_status_and_name(console):
    async with console(config=CONFIG) as browser:
        await started(browser, "look", {"again": False}, "first")
        await started(browser, "look", {"again": True}, "second")
        page = await shown(browser, "state-machines/look")
        assert 'data-state="Broken"' in page
        assert page.index(">second</a>") < page.index(">first</a>")
        assert ">first</a>" not in await shown(browser, "state-machines/look?q=sec")
        assert "No execution is like that" in await shown(browser, "state-machines/look?status=RUNNING")  # fmt: skip
        assert "only its log is kept" in await shown(browser, "state-machines/quick")
        assert "State Machine Does Not Exist" in await shown(browser, "state-machines/nobody", 404)


async def test_an_execution_shows_states_by_outcome_and_one_of_them_wholly(console):
    async with console(config=CONFIG) as browser:
        arn = await started(browser, "look", {"again": True}, "one")
        page = await shown(browser, f"executions/{quote(arn)}")
        assert 'class="state Fail failed" data-state="Broken"' in page
        assert "Redrive" in page
        assert ">Stop</button>" not in page
        assert 'data-shown="Broken"' in page  # the last one is looked at
        page = await shown(browser, f"executions/{quote(arn)}?state=Look&visit=2")
        assert "2 visits" in page
        assert "&#34;again&#34;: true" in page.partition('data-part="step"')[2].partition("</section>")[0]  # fmt: skip
        for tab in ("output", "attempts", "events", "definition", "nonsense"):
            await shown(browser, f"executions/{quote(arn)}?state={quote(EVIL)}&tab={tab}")
        page = await shown(browser, f"executions/{quote(arn)}?state=nobody", 400)
        assert "no such state: nobody" in page


async def test_an_event_is_a_page_for_the_drawer(console):
    async with console(config=CONFIG) as browser:
        arn = await started(browser, "look", {"again": True}, "one")
        page = await shown(browser, f"executions/{quote(arn)}?event=1")
        assert "<h1>ExecutionStarted</h1>" in page
        await shown(browser, f"executions/{quote(arn)}?event=99", 404)


async def test_map_runs_lead_to_children_and_back(console):
    async with console(config=CONFIG) as browser:
        arn = await started(browser, "each", [1, 2], "one")
        page = await shown(browser, f"executions/{quote(arn)}")
        run = re.search(r"/console/(map-runs/[^\"]+)", page)[1]
        page = await shown(browser, run)
        assert "Child executions" in page
        child = re.search(r"/console/(executions/[^\"]+each/[^\"]+)", page)[1]
        page = await shown(browser, child)
        assert f"/console/executions/{quote(arn, safe='')}" in page
        assert f"/console/{run}" in page


@pytest.mark.parametrize(("user", "may"), [("vera", False), ("otto", True)])
async def test_operators_alone_start_stop_and_redrive(console, user, may):
    async with console(TOKEN, config=CONFIG, vera="viewer", otto="operator") as browser:
        await browser.sign_in("otto", "correct horse battery")
        arn = await started(browser, "charge", {"function": "nobody"}, "one")
        await browser.sign_in(user, "correct horse battery")
        pages = [
            await shown(browser, "state-machines/charge"),
            await shown(browser, f"executions/{quote(arn)}"),
        ]
        assert [("data-do=" in page) for page in pages] == [may, may]
        assert ("data-judges" in await shown(browser, "definition", 200 if may else 403)) is may
        stopped = await browser.ask("POST", f"/api/executions/{quote(arn)}/stop", "{}")
        assert stopped.status == (200 if may else 403)


async def test_the_picture_goes_on(console, tmp_path):
    async with console(config=CONFIG) as browser:
        await browser.ask("GET", "/console/state-machines")
        root = f"http://{browser.address}/console"

        def walk():
            with chromium(tmp_path) as page:
                page.size(390)
                page.open(f"{root}/state-machines")
                opened = page.run(ROW)
                at(page, "/charge")
                refused = page.run(START)
                at(page, "/executions/")
                step = page.run(KEYS)
                arn = page.run(
                    "return document.querySelector('[data-execution]').dataset.execution"
                )
                asyncio.run_coroutine_threadsafe(stop(arn), loop).result(10)
                ended = page.run(ENDED)
                wide = page.run("return document.documentElement.scrollWidth")
                page.open(f"{root}/definition")
                judged = page.run(JUDGED)
                return (
                    opened,
                    refused,
                    step,
                    ended,
                    wide,
                    judged,
                    page.run(SIZES),
                    page.complaints(),
                )

        async def stop(arn):
            answer = await browser.ask("POST", f"/api/executions/{quote(arn)}/stop", "{}")
            assert answer.status == 200, answer.body

        loop = asyncio.get_running_loop()
        opened, refused, step, ended, wide, judged, sizes, complaints = await asyncio.to_thread(
            walk
        )
        assert opened.endswith("/console/state-machines/charge")
        assert refused is True  # what is no JSON
        assert step == ["Charge", "attempt 2 of 3", EVIL, EVIL]
        assert ended == [True, "state Task aborted"]
        assert wide <= 390
        assert judged.startswith("1:1 MISSING_END_STATE")
        assert sizes["js"] <= 40_000
        assert sizes["css"] <= 30_000
        assert complaints == []


def at(page, part):
    """Wait until the browser has gone to a page with a picture."""
    for _ in range(200):
        with contextlib.suppress(AssertionError):  # a page that goes takes its scripts with it
            if page.run(f"return location.pathname.includes({part!r}) && {READY}"):
                return
        time.sleep(0.05)
    raise AssertionError(part)


READY = "!!document.querySelector('fd-graph[ready]')"
UNTIL = """
const until = async (look) => {
  for (let at = 0; at < 200; at++) {
    try { const found = await look(); if (found) return found; } catch { /* not yet */ }
    await new Promise((go) => setTimeout(go, 50));
  }
  throw new Error(`never: ${look}`);
};
"""
ROW = (
    UNTIL
    + """
const row = await until(() => document.querySelector("tr[data-href][tabindex]"));
row.focus();
setTimeout(() => row.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })), 100);
return row.dataset.href;
"""
)
START = (
    UNTIL
    + """
(await until(() => document.querySelector("[data-do]"))).click();
const dialog = await until(() => document.querySelector("dialog[open]"));
const input = dialog.querySelector("textarea");
const type = (text) => { input.value = text; input.dispatchEvent(new Event("input", { bubbles: true })); };
type("{");
dialog.querySelector("button.main").click();
const refused = dialog.open;
type('{"function": "nobody"}');
setTimeout(() => dialog.querySelector("button.main").click(), 100);
return refused;
"""
)
KEYS = (
    UNTIL
    + """
const charge = await until(() => document.querySelector("fd-graph a.retrying"));
window.marker = charge;
charge.focus();
const first = charge.dataset.state;
const counts = charge.querySelector(".counts").textContent;
charge.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }));
const below = document.activeElement.dataset.state;
document.activeElement.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
const shown = await until(() => document.querySelector("[data-shown]")?.dataset.shown === below && below);
return [first, counts, below, shown];
"""
)
ENDED = (
    UNTIL
    + """
await until(() => document.querySelector("[data-execution]").dataset.status === "ABORTED");
return [window.marker.isConnected, window.marker.getAttribute("class")];
"""
)
JUDGED = (
    UNTIL
    + """
const form = await until(() => document.querySelector("form[data-judges]"));
form.elements.definition.value = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}';
form.requestSubmit();
return (await until(() => document.querySelector("[data-judged] .notice"))).textContent;
"""
)
SIZES = """
const sizes = { js: 0, css: 0 };
for (const each of performance.getEntriesByType("resource")) {
  const kind = each.name.match(/\\.(js|css)$/)?.[1];
  if (kind) sizes[kind] += (await (await fetch(each.name)).text()).length;
}
return sizes;
"""

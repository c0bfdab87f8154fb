"""A gateway of a practice after a quarter of an hour of work, and pictures of its console: `make pictures`."""

import asyncio
import contextlib
import json
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from websockets.asyncio.client import connect

from frontdesk import records
from frontdesk.app.record_files import records_environment
from frontdesk.base.clock import SystemClock
from frontdesk.ports.inbox import Claim, Finish
from frontdesk.ports.queue import Outgoing
from frontdesk.ports.usage import Row
from frontdesk.rules.periods import day_of
from frontdesk.web.pages import PAGES
from tests.live.browser import browser as chromium
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving
from tests.web.conftest import PASSWORD, Browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TOKEN = "token-of-the-tour"
SECRETS = {"TOKEN": TOKEN, "TELEPHONE": "of the telephone", "PAYMENTS": "of payments"}
EXECUTION = "execution"
"""Name of the picture of a page that stands in no menu."""

_STEP = 11.0  # the history looks every ten seconds
_STEPS = 78
_SETTLED = "await new Promise((go) => setTimeout(go, 900));"

CODE = """
def free(event, context):
    print("free slots of", (event.get("queryStringParameters") or {}).get("day", "today"))
    return {"statusCode": 200, "body": '{"slots": ["09:00", "09:30", "11:15"]}'}

def book(event, context):
    return {"statusCode": 201, "body": '{"appointment": "a-4711"}'}

def insure(event, context):
    if event.get("policy") == "expired":
        raise ValueError("the policy has expired")
    return {**event, "covered": True}
"""

MACHINE = {
    "StartAt": "Check the request",
    "States": {
        "Check the request": {"Type": "Pass", "Next": "Ask the insurer"},
        "Ask the insurer": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "insure", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell the practice"}],
            "Next": "Covered?",
        },
        "Covered?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.covered", "BooleanEquals": True, "Next": "Book"}],
            "Default": "Tell the practice",
        },
        "Book": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Hold the room", "States": {"Hold the room": {"Type": "Pass", "End": True}}},
                {"StartAt": "Tell the patient", "States": {"Tell the patient": {"Type": "Pass", "End": True}}},
            ],
            "Next": "Wait for the day",
        },
        "Wait for the day": {"Type": "Wait", "Seconds": 86400, "Next": "Done"},
        "Tell the practice": {"Type": "Pass", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}  # fmt: skip

CONFIG = """
name: practice
metrics: {}
functions:
  slots: {handler: desk.free}
  book: {handler: desk.book, environment: {ROOMS: "4"}}
  insure: {handler: desk.insure}
state_machines:
  appointment: {definition: MACHINE}
queues:
  letters: {max_receives: 1, dead_letter: letters-dead}
  letters-dead: {}
  calls: {fifo: true}
webhooks:
  telephone: {scheme: generic-hmac, secret: "${env:TELEPHONE}", dispatch: {"call.*": {queue: calls}}}
  payments: {scheme: stripe, secret: "${env:PAYMENTS}", dispatch: {"invoice.*": {queue: letters}}}
outgoing_webhooks: {allow_http: true, allow_networks: [127.0.0.0/8]}
records: {appointments: {}}
plans:
  small: {apis: appointments, throttle: 50/s, quota: 10000/d}
  large: {apis: appointments, throttle: 500/s}
upstreams:
  insurer: {url: "http://127.0.0.1:PORT", breaker: {failures: 1, reset: 10m}}
  archive: {url: "http://127.0.0.1:PORT"}
apis:
  appointments:
    base_path: /v1
    throttle: 500/s
    routes:
      GET /slots: {function: slots}
      POST /appointments: {function: book, timeout: 5s}
      GET /appointments/{id}: {mock: {status: 200, body: {appointment: a-4711, room: 2}}}
      GET /invoices: {mock: {status: 200}, api_key: true}
      POST /hooks/calls: {webhook: telephone}
      POST /hooks/payments: {webhook: payments}
      GET /letters/{id}: {http: {upstream: archive, path: "/letters/{id}"}}
      GET /policies/{id}: {http: {upstream: insurer, path: "/policies/{id}"}}
  board:
    type: websocket
    base_path: /board
    routes: {$connect: {mock: {status: 200}}, $default: {mock: {status: 200}}}
"""

CALLS = (
    *3 * (("GET", "/v1/slots?day=monday"),),
    *2 * (("GET", "/v1/appointments/a-4711"),),
    ("POST", "/v1/appointments"),
    ("GET", "/v1/invoices"),
)


class Clock(SystemClock):
    """A clock that is behind for as long as the quarter of an hour goes on."""

    behind = _STEP * _STEPS

    def time(self):
        return super().time() - self.behind

    def monotonic(self):
        return super().monotonic() - self.behind


@contextlib.asynccontextmanager
async def practice(folder):
    """Run the gateway, with all that has happened; yields an admin's browser that has signed in."""
    config = CONFIG.replace("MACHINE", json.dumps(MACHINE)).replace("PORT", str(free_port()))
    path = project(folder, config, desk=CODE)
    path.write_text(path.read_text().replace("admin: {", 'admin: {token: "${env:TOKEN}", '))
    clock = Clock()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))  # pages show files as they were named
        app = await stack.enter_async_context(serving(Path(path.name), SECRETS, clock=clock))
        browser = Browser(app.config.admin.listen)
        browser.app = app
        bearer = {"authorization": f"Bearer {TOKEN}", "content_type": "application/json"}
        for name, role in (("ada", "admin"), ("otto", "operator"), ("vera", "viewer")):
            given = json.dumps({"role": role, "password": PASSWORD})
            await browser.ask("PUT", f"/api/users/{name}", given, origin=None, **bearer)
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        await _settle(browser)
        for step in range(_STEPS - 1):
            await _work(app, clock, step)
        for number in range(3):
            at = f"ws://{app.addresses[0]}/board"
            await stack.enter_async_context(connect(at, user_agent_header=f"board/{number}"))
        for held in (await app.pushes.census(9)).connections:
            await app.pushes.join(("board", "$default", "reception"), held.id)
        await browser.ask("GET", "/api/requests")  # somebody watches
        await _work(app, clock, _STEPS)
        yield browser


async def _asked(browser, method, path, given):
    answer = await browser.ask(method, path, json.dumps(given))
    assert answer.status < 300, (path, answer.body)
    return answer.json


async def _settle(browser):
    """Make what pages show beside requests."""
    for at, (name, plan) in enumerate(
        (("north", "small"), ("south", "large"), ("insurer", "large"))
    ):
        made = await _asked(browser, "POST", "/api/keys", {"name": name, "plans": [plan]})
        await browser.app._stores.usage.add(list(_month(browser.app, made["key"]["id"], plan, at)))
    for name, policy in (("anna", "valid"), ("bert", "expired"), ("carla", "valid")):
        given = {"input": {"patient": name, "policy": policy}, "name": f"{name}-monday"}
        await _asked(browser, "POST", "/api/state-machines/appointment/executions", given)
    queues = browser.app._works.part.durable.queues.queues
    letters = queues.find("letters")
    await queues.send(letters, [Outgoing(f"m{n}", b'{"to": "anna"}', b"{}") for n in range(3)])
    for _ in range(2):
        received = await queues.receive(letters, most=10)
        await queues.change(letters, [message.receipt for message in received], 0)
    await queues.send(letters, [Outgoing("m9", b'{"to": "bert"}', b"{}")])
    inbox, now = browser.app._works.part.durable.inbox.inbox, browser.app._clock.time()
    for number, state in enumerate(("processed", "processed", "dead")):
        body = json.dumps({"call": {"id": f"c-{number}", "from": "+49 30 5550"}}).encode()
        claim = Claim("telephone", f"evt-{number}", body, b"%d" % number, "call.ended")
        claimed = await inbox.claim(claim._replace(state="processing"), now=now, until=now + 60)
        error = "no queue takes it" if state == "dead" else ""
        await inbox.finish(claimed.held, Finish(state, error=error), now=now + 1)
    await _asked(browser, "PUT", "/webhooks/apps/north", {"name": "Practice of the north"})
    apps = "/webhooks/apps/north"
    await _asked(browser, "POST", f"{apps}/endpoints", {"url": "http://127.0.0.1:8443/hooks"})
    message = {"type": "appointment.booked", "payload": {"appointment": "a-4711"}}
    await _asked(browser, "POST", f"{apps}/messages", message)
    (url,) = records_environment(browser.app.config).values()
    async with records.open(url) as opened:
        commands, me = opened.commands("appointments"), records.UserContext("ada", "", "north")
        made = {"pk": "APPOINTMENT#north", "sk": "a-4711", "attributes": {"room": 2}}
        await commands.publish_sync(made, me)
        await commands.publish_sync({**made, "version": 1, "attributes": {"room": 3}}, me)
    await _asked(browser, "POST", "/api/secrets/set", {"name": "mail-password", "value": PASSWORD})


def _month(app, key, plan, at):
    """Give what a key has used: much on the days of the week, little at its end."""
    today = day_of(app._clock.time())
    for back in range(30):
        day = today - timedelta(days=back)
        busy = 40 if day.weekday() > 4 else 900 + (back * 7 + at * 11) % 5 * 120
        yield Row(key, plan, str(day), busy * (3 - at))


async def _work(app, clock, step):
    """Let some seconds pass, with requests in them."""
    some = (1 + (step // 4 + step * 7) % 5) * CALLS
    if step == _STEPS // 2:
        some = (*some, ("GET", "/v1/policies/p-1"), ("GET", "/v1/policies/p-2"))
    await asyncio.to_thread(_call_all, app.addresses[0], some)
    clock.behind = max(0.0, clock.behind - _STEP)
    app._wheel.advance(app._clock.monotonic())
    await asyncio.wait({app._premises.observing.history._task})


def _call_all(address, calls):
    for method, target in calls:
        call(address, method, target, body="{}" if method == "POST" else None)


async def places(browser):
    """List the pages with a picture: each of the menu, and an execution. By name: path below the console."""
    menu = {page.path[1:]: page.path for page in PAGES if page.icon}
    asked = urlencode({"name": "anna-monday"})
    target = f"/api/state-machines/appointment/executions?{asked}"
    (found,) = (await browser.ask("GET", target)).json["executions"]
    return menu | {EXECUTION: f"/executions/{quote(found['arn'])}"}


def signed_in(page, address):
    """Open the console as the admin."""
    page.open(f"http://{address}/console/sign-in")
    page.run(
        """
        document.querySelector("[name=user]").value = "ada";
        document.querySelector("[name=password]").value = given[0];
        setTimeout(() => document.querySelector("form").requestSubmit());
        """,
        PASSWORD,
    )
    page.run(
        'while (!location.pathname.endsWith("/overview")) await new Promise((go) => setTimeout(go, 20));'
    )


def _photograph(folder, address, found):
    with chromium(folder) as page:
        page.size(1280, 860)
        signed_in(page, address)
        for name, path in found.items():
            page.open(f"http://{address}/console{path}")
            page.run(_SETTLED)
            (PICTURES / f"{name}.png").write_bytes(page.picture(whole=False))
    # Few colours: a third of the size.
    pictures = sorted(PICTURES.glob("*.png"))
    subprocess.run(
        ["pngquant", "--force", "--ext=.png", "--speed=1", "--strip", "64", "--", *pictures],
        check=True,
    )


async def main():
    """Take all pictures anew."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        async with practice(Path(folder)) as browser:
            found = await places(browser)
            await asyncio.to_thread(_photograph, Path(folder), browser.address, found)


if __name__ == "__main__":
    asyncio.run(main())

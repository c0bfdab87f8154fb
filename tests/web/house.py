"""A gateway of whose parts each has something to show, full of markup; and an address for every page of its console."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from urllib.parse import quote, urlencode

from websockets.asyncio.client import connect

from frontdesk import records
from frontdesk.app.record_files import records_environment
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving
from tests.web.conftest import PASSWORD, Browser

TOKEN = "t0ken-of-the-house"
HUSH = "whsec-of-the-house"
EVIL = '"><img src=x onerror=ran()><script>ran()'
LINK = "javascript:ran()"
LONG = "reconcile_the_claims_of_all_insurers_with_what_practices_booked"

CODE = """
def greet(event, context):
    print("greeting", event)
    return event
"""
MACHINE = {
    "Comment": EVIL,
    "StartAt": EVIL,
    "States": {
        EVIL: {"Type": "Pass", "Result": {EVIL: LINK}, "Next": LONG},
        LONG: {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": LONG},
            "ResultPath": None,
            "Next": "All",
        },
        "All": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": LINK,
                "States": {LINK: {"Type": "Pass", "End": True}},
            },
            "ResultPath": None,
            "Next": "Broken",
        },
        "Broken": {"Type": "Fail", "Error": EVIL, "Cause": EVIL},
    },
}
MACHINE["States"][EVIL]["ResultPath"] = "$.said"

CONFIG = {
    "functions": {LONG: {"handler": "app.greet", "environment": {"A": EVIL}}},
    "outgoing_webhooks": {"allow_http": True, "allow_networks": ["127.0.0.0/8"]},
    "plans": {"small": {"apis": "shop", "description": EVIL, "quota": "100/d"}},
    "queues": {"calls": {}, "line": {"fifo": True}},
    "records": {"notes": {}},
    "state_machines": {"odd": {"definition": MACHINE}},
    "upstreams": {"far": {"url": "http://127.0.0.1:PORT", "breaker": {"failures": 1}}},
    "webhooks": {
        "stripe": {
            "scheme": "generic-hmac",
            "secret": HUSH,
            "dispatch": {EVIL: {"queue": "calls"}, "*": {"queue": "calls"}},
        }
    },
    "apis": {
        "shop": {
            "routes": {
                "GET /items": {"mock": {"status": 200, "body": {EVIL: LINK}}},
                "GET /mine": {"mock": {"status": 200}, "api_key": True},
                "GET /far/{name+}": {"http": {"upstream": "far", "path": "/{name}"}},
                "POST /hook": {"webhook": "stripe"},
            }
        },
        "board": {
            "type": "websocket",
            "base_path": "/board",
            "routes": {"$connect": {"mock": {"status": 200}}, "$default": {"mock": {}}},
        },
    },
}


class House:
    """The gateway, whoever looks at its console, and where pages are: by their path in `PAGES`, below the console."""

    def __init__(self, app, browser):
        self.app = app
        self.browser = browser
        self.places = {}

    async def ask(self, method, path, given=None, **headers):
        answer = await self.browser.ask(method, path, json.dumps(given or {}), **headers)
        assert answer.status < 300, (path, answer.body)
        return answer.json

    async def knock(self, method, target, **more):
        """Send a request to the door, as a client does."""
        return await asyncio.to_thread(call, self.app.addresses[0], method, target, **more)


@contextlib.asynccontextmanager
async def house(folder):
    """Run it; an admin has signed in."""
    config = json.dumps(CONFIG).replace("PORT", str(free_port()))
    config = "\n".join(f"{key}: {json.dumps(value)}" for key, value in json.loads(config).items())
    path = project(folder, f"# {EVIL}\n{config}", app=CODE)
    path.write_text(path.read_text().replace("admin: {", f"admin: {{token: {TOKEN}, "))
    async with contextlib.AsyncExitStack() as stack:
        app = await stack.enter_async_context(serving(path))
        found = House(app, Browser(app.config.admin.listen))
        bearer = {"authorization": f"Bearer {TOKEN}", "origin": None}
        for name in ("ada", EVIL):
            given = {"role": "admin", "password": PASSWORD}
            await found.ask("PUT", f"/api/users/{quote(name, safe='')}", given, **bearer)
        await found.browser.sign_in("ada", PASSWORD)
        await found.browser.ask("GET", "/console/requests")  # somebody watches
        board = f"ws://{app.addresses[0]}/board"
        await stack.enter_async_context(connect(board, user_agent_header=EVIL))
        await _furnish(found)
        found.places = await _places(found)
        yield found


async def _furnish(found):
    """Plant markup wherever it can be."""
    key = await found.ask(
        "POST", "/api/keys", {"name": EVIL, "plans": ["small"], "description": EVIL}
    )
    headers = {"x-api-key": key["value"], "x-odd": EVIL, "referer": LINK, "user-agent": EVIL}
    for target in (
        "/items",
        "/mine",
        f"/far/{quote(EVIL)}",
        f"/{quote(EVIL)}?{quote(LINK)}={EVIL.replace(' ', '+')}",
    ):
        await found.knock("GET", target, headers=headers)
    event = json.dumps({"id": EVIL, "type": EVIL, "data": {EVIL: LINK}}).encode()
    await found.knock("POST", "/hook", body=event, headers={**signed(event), "x-odd": EVIL})
    for queue, more in (
        ("calls", {}),
        ("line", {"MessageGroupId": '"><b>', "MessageDeduplicationId": '"><b>'}),
    ):
        attributes = {"odd": {"DataType": "String", "StringValue": EVIL}}
        message = {"MessageBody": EVIL, "MessageAttributes": attributes, **more}
        await found.ask("POST", f"/queues/{queue}/send", message)
    given = {"input": {"items": [EVIL, {EVIL: LINK}]}, "name": "one"}
    await found.ask("POST", "/api/state-machines/odd/executions", given)
    await found.ask("GET", "/api/executions/odd:one?wait=20")
    await found.ask("POST", f"/api/functions/{LONG}/invoke", {"event": EVIL})
    await found.ask("PUT", "/webhooks/apps/north", {"name": EVIL})
    endpoint = {"url": "http://127.0.0.1:8443/x?" + quote(EVIL), "description": EVIL}
    await found.ask("POST", "/webhooks/apps/north/endpoints", endpoint)
    message = {"type": "a.b", "payload": {EVIL: LINK}}
    await found.ask("POST", "/webhooks/apps/north/messages", message)
    await found.ask("POST", "/api/secrets/set", {"name": "odd/name", "value": EVIL})
    await found.browser.ask(
        "POST", f"/queues/{quote(EVIL, safe='')}/purge", "{}"
    )  # for the audit log
    (held,) = (await found.app.pushes.census(9)).connections
    await found.app.pushes.join(("board", "$default", EVIL), held.id)
    (url,) = records_environment(found.app.config).values()
    async with records.open(url) as opened:
        notes, me = opened.commands("notes"), records.UserContext(EVIL, "", EVIL)
        first = {"pk": f"NOTE#{EVIL}", "sk": EVIL, "name": EVIL, "attributes": {EVIL: LINK}}
        await notes.publish_sync(first, me)
        await notes.publish_sync({**first, "version": 1, "attributes": {EVIL: EVIL}}, me)


def signed(event):
    """Write the fields of a webhook as its sender signs it."""
    at = str(int(time.time()))
    proof = hmac.new(HUSH.encode(), at.encode() + b"." + event, hashlib.sha256).hexdigest()
    return {"x-signature": proof, "x-timestamp": at}


async def _places(found):
    """Name an address or several for every page, of what is there."""
    (request, *_) = (await found.ask("GET", "/api/requests"))["requests"]
    (delivery,) = (await found.ask("GET", "/api/inbox/deliveries"))["deliveries"]
    (execution,) = (await found.ask("GET", "/api/state-machines/odd/executions"))["executions"]
    arn = quote(execution["arn"])
    (run,) = (await found.ask("GET", f"/api/executions/{arn}/map-runs"))["map_runs"]
    (socket,) = (await found.ask("GET", "/api/sockets"))["connections"]
    (message,) = (await found.ask("GET", "/webhooks/apps/north/messages"))["messages"]
    (endpoint,) = (await found.ask("GET", "/webhooks/apps/north/endpoints"))["endpoints"]
    (letter, *_) = (await found.ask("GET", "/queues/calls/messages"))["messages"]
    odd = urlencode({"q": EVIL, "status": LINK})
    record = urlencode({"pk": f"NOTE#{EVIL}", "sk": EVIL})
    return {
        "/overview": ["/overview"],
        "/requests": ["/requests", f"/requests?{urlencode({'q': EVIL, 'route': LINK})}"],
        "/requests/{id}": [f"/requests/{quote(request['id'], safe='')}"],
        "/routes": ["/routes", f"/routes?{odd}"],
        "/routes/route": ["/routes/route?" + urlencode({"api": "shop", "route": "GET /items"})],
        "/keys": ["/keys"],
        "/upstreams": ["/upstreams"],
        "/upstreams/{name:path}": ["/upstreams/far"],
        "/sockets": ["/sockets"],
        "/sockets/{id}": [f"/sockets/{quote(socket['id'], safe='')}"],
        "/functions": ["/functions", f"/functions?{odd}"],
        "/functions/{name}": [f"/functions/{LONG}"],
        "/state-machines": ["/state-machines"],
        "/state-machines/{machine}": ["/state-machines/odd"],
        "/map-runs/{arn:path}": [f"/map-runs/{quote(run['arn'])}"],
        "/definition": ["/definition"],
        "/executions/{arn:path}": [
            f"/executions/{arn}",
            f"/executions/{arn}?{urlencode({'state': EVIL, 'tab': 'events'})}",
            f"/executions/{arn}?{urlencode({'state': LONG})}",
            f"/executions/{arn}?event=1",
        ],
        "/queues": ["/queues"],
        "/queues/{name}": ["/queues/calls", "/queues/line"],
        "/queues/{name}/messages/{number}": [f"/queues/calls/messages/{letter['number']}"],
        "/inbox": ["/inbox"],
        "/inbox/delivery": [
            "/inbox/delivery?" + urlencode({"webhook": "stripe", "id": delivery["id"]})
        ],
        "/inbox/webhook": ["/inbox/webhook?name=stripe"],
        "/outgoing": ["/outgoing"],
        "/outgoing/{app}": ["/outgoing/north"],
        "/outgoing/{app}/endpoints/{id}": [f"/outgoing/north/endpoints/{endpoint['id']}"],
        "/outgoing/{app}/messages/{id}": [f"/outgoing/north/messages/{message['id']}"],
        "/records": ["/records"],
        "/records/{module}": ["/records/notes"],
        "/records/{module}/item": [f"/records/notes/item?{record}"],
        "/configuration": ["/configuration"],
        "/check": ["/check", "/check?of=machine"],
        "/secrets": ["/secrets"],
        "/users": ["/users"],
        "/audit": ["/audit", f"/audit?{odd}"],
    }

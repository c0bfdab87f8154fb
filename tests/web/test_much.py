"""Pages of very much: each shows a part of it, and what it shows is bounded in bytes."""

import asyncio
import json
import re
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest

from frontdesk.web.desk import ASSETS
from tests.live.calls import call
from tests.live.turns import longest_turn
from tests.web.house import HUSH, signed

WHOLE = 100 * 1024
"""Bytes of a page with all that it loads."""

KEYS_OF_FILE = 70

TURN = 0.3
"""Seconds of the processor that a page may take in one turn of the event loop."""


class Size(NamedTuple):
    """How much there is. visits: of states, by one execution. payload: bytes of a webhook and of a request."""

    routes: int
    functions: int
    keys: int
    visits: int
    payload: int


SOME = Size(routes=300, functions=130, keys=130, visits=1000, payload=2**20)
MUCH = Size(routes=10_000, functions=1000, keys=100_000, visits=12_500, payload=10 * 2**20 - 1000)

COUNTING = {
    "StartAt": "Count",
    "States": {
        "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More?"},
        "More?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 0, "Next": "Count"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}


def config(size):
    """Write the file of a gateway with very much."""
    counting = json.loads(json.dumps(COUNTING))
    # Two visits a round; the last events of AWS's 25,000 are kept for the end.
    counting["States"]["More?"]["Choices"][0]["NumericLessThan"] = size.visits // 2 - 3
    routes = {f"GET /r{at % 100}/s{at}": {"mock": {"status": 200}} for at in range(size.routes)}
    told = {
        "limits": {"max_body": "10MB"},
        "functions": {f"f{at}": {"handler": "app.f"} for at in range(size.functions)},
        "plans": {"small": {"apis": "shop", "quota": "100/d"}},
        "keys": {
            f"k{at}": {"value": f"value-of-the-key-{at:05d}", "plan": "small"}
            for at in range(KEYS_OF_FILE)
        },
        "queues": {"calls": {}},
        "records": {"notes": {}},
        "state_machines": {"counting": {"definition": counting}},
        "webhooks": {
            "stripe": {
                "scheme": "generic-hmac",
                "secret": HUSH,
                "dispatch": {"*": {"queue": "calls"}},
            }
        },
        "apis": {
            "shop": {
                "routes": {
                    "GET /mine": {"mock": {"status": 200}, "api_key": True},
                    "POST /hook": {"webhook": "stripe"},
                    "GET /big": {"mock": {"status": 200}},
                    **routes,
                }
            }
        },
    }
    return "\n".join(f"{key}: {json.dumps(value, indent=1)}" for key, value in told.items())


async def fill(browser, size):
    """Make keys, messages, an execution, a webhook and requests; return the pages."""
    door = browser.app.addresses[0]

    async def asked(method, path, given):
        answer = await browser.ask(method, path, json.dumps(given))
        assert answer.status < 300, answer.body[:300]
        return answer.json

    await browser.ask("GET", "/console/requests")
    for first in range(0, size.keys, 5000):
        numbers = range(first, min(first + 5000, size.keys))
        keys = [
            {"name": f"key {at}", "value": f"value-of-{at:020d}", "plans": ["small"]}
            for at in numbers
        ]
        await asked("POST", "/api/keys/import", {"keys": keys})
    letter = json.dumps({"text": ["y" * 1000] * 200})
    for _ in range(110):
        await asked("POST", "/queues/calls/send", {"MessageBody": letter})
    given = {"input": {"n": 0}, "name": "long"}
    arn = (await asked("POST", "/api/state-machines/counting/executions", given))["execution"][
        "arn"
    ]
    status = "RUNNING"
    while status == "RUNNING":
        told = (await browser.ask("GET", f"/api/executions/{quote(arn)}?wait=60")).json
        status = told["execution"]["status"]
    assert status == "SUCCEEDED", told
    for _ in range(110):
        await asyncio.to_thread(call, door, "GET", "/big?" + "q" * 2000)
    event = json.dumps({"id": "e1", "type": "a.b", "data": "z" * size.payload}).encode()
    taken = await asyncio.to_thread(
        call, door, "POST", "/hook", body=event, headers={**signed(event), "x-long": "h" * 4000}
    )
    assert taken.status == 200, taken.body
    (request, *_) = (await browser.ask("GET", "/api/requests")).json["requests"]
    (message, *_) = (await browser.ask("GET", "/queues/calls/messages")).json["messages"]
    route = urlencode({"api": "shop", "route": "GET /r1/s1"})
    return [
        *("overview", "requests", f"requests/{quote(request['id'], safe='')}"),
        *("routes", "routes?q=s1&after=50", f"routes/route?{route}"),
        *("keys", "functions", "functions?after=60", "functions/f1"),
        *("state-machines", "state-machines/counting", f"executions/{quote(arn)}"),
        *(f"executions/{quote(arn)}?state=Count&tab={tab}" for tab in ("input", "events")),
        *("queues", "queues/calls", f"queues/calls/messages/{message['number']}"),
        *("inbox", "inbox/delivery?webhook=stripe&id=e1"),
        *("configuration", "configuration?line=900", "check", "audit"),
    ]


def weight(body):
    """Weigh a page with the files that it names; all of them name fd.js."""
    named = {name.decode() for name in re.findall(rb"/static/\w+/([\w.]+)", body)}
    return len(body) + sum(len(ASSETS[name]) for name in named)


async def gone_through(browser, path, name):
    """Ask for part after part of a list until there is none; return all of it."""
    seen, after = [], 0
    while after not in ("", None):
        told = (await browser.ask("GET", f"{path}&after={quote(str(after or ''))}")).json
        part, after = told[name], told["next"]
        seen += [route for api in part for route in api["routes"]] if name == "apis" else part
    return seen


@pytest.mark.parametrize(
    ("size", "is_much"),
    [(SOME, False), pytest.param(MUCH, True, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
    ids=["some", "much"],
)
async def test_pages_of_very_much_are_bounded(console, size, is_much):
    modules = {"app": "def f(event, context): return event"}
    async with console(config=config(size), modules=modules) as browser:
        pages = await fill(browser, size)
        found, turns = {}, {}
        for place in pages:
            with longest_turn() as turn:
                found[place] = await browser.ask("GET", f"/console/{place}")
            turns[place] = turn.seconds
        for path, name, number in (
            ("/api/routes?most=100", "apis", size.routes + 3),
            ("/api/functions?most=60", "functions", size.functions),
            ("/api/keys?most=60", "keys", size.keys + KEYS_OF_FILE),
        ):
            if not is_much:
                seen = await gone_through(browser, path, name)
                assert len({json.dumps(each) for each in seen}) == len(seen) == number, path
    assert {place: answer.status for place, answer in found.items()} == dict.fromkeys(pages, 200)
    sizes = {place: weight(answer.body) for place, answer in found.items()}
    assert {place: size for place, size in sizes.items() if size > WHOLE} == {}
    execution = next(place for place in pages if place.startswith("executions/"))
    assert b'class="graph' in found[execution].body
    assert b'data-state="More?"' in found[execution].body
    if is_much:  # at a size of every day nothing is measured
        assert {place: turn for place, turn in turns.items() if turn > TURN} == {}


@pytest.mark.parametrize("query", ["after=x", "most=0", "most=-1", "after=" + "9" * 5000])
@pytest.mark.parametrize("path", ["routes", "functions", "check"])
async def test_a_part_that_is_none_is_refused(console, path, query):
    async with console() as browser:
        answer = await browser.ask("GET", f"/api/{path}?{query}")
        assert (answer.status, "expected a number" in answer.json["message"]) == (422, True)

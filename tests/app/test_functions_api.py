"""What operators are told of functions, and what they have them do."""

import asyncio
from base64 import b64encode
from io import BytesIO
from zipfile import ZipFile

import orjson
import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

CODE = """
import os

def greet(event, _context):
    print("greeting", event)
    if event == "fail":
        raise ValueError("no name")
    return {"hello": event, "release": os.environ.get("RELEASE")}
"""

CONFIG = """
functions:
  greet:
    handler: app.greet
    environment: {TOKEN: very-secret, RELEASE: "0"}
    versions: {"1": {environment: {RELEASE: "1"}}}
    aliases: {live: {version: "1"}}
    reserved_concurrency: 2
  far: {url: "http://127.0.0.1:9/2015-03-31/functions/far/invocations"}
apis: {}
"""


@pytest.fixture
async def ask(tmp_path):
    async with serving(project(tmp_path, CONFIG, app=CODE)) as app:

        async def run(method, target, document=None):
            body = None if document is None else orjson.dumps(document)
            place = str(app.config.admin.listen)
            answer = await asyncio.to_thread(call, place, method, target, body=body)
            return answer.status, answer.json

        yield run


async def uploaded(ask):
    held = BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr("app.py", CODE)
    asked = {
        "FunctionName": "made",
        "Runtime": "python3.11",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Handler": "app.greet",
        "Code": {"ZipFile": b64encode(held.getvalue()).decode()},
    }
    status, _ = await ask("POST", "/2015-03-31/functions", asked)
    assert status == 201


async def test_functions_are_told_with_what_they_are_and_never_with_values(ask):
    status, told = await ask("GET", "/api/functions/greet")
    assert status == 200
    assert b"very-secret" not in orjson.dumps(told)
    assert [each["version"] for each in told["versions"]] == ["$LATEST", "1"]
    assert told["versions"][0]["environment"] == ["RELEASE", "TOKEN"]
    assert told["aliases"] == [{"name": "live", "version": "1", "weights": {}}]
    assert told["concurrency"]["reserved"] == 2
    assert told["at"].endswith("frontdesk.yaml:6:3")
    _, told = await ask("GET", "/api/functions")
    assert [(each["name"], each["elsewhere"]) for each in told["functions"]] == [
        ("greet", False),
        ("far", True),
    ]


async def test_an_invocation_tells_result_version_and_log_and_is_counted(ask):
    asked = {"event": "Ada", "qualifier": "live"}
    status, told = await ask("POST", "/api/functions/greet/invoke", asked)
    assert status == 200
    assert told["result"] == {"hello": "Ada", "release": "1"}
    assert (told["version"], told["error"]) == ("1", "")
    assert "greeting Ada" in told["log"]
    _, told = await ask("POST", "/api/functions/greet/invoke", {"event": "fail"})
    assert told["error"] == "Unhandled"
    assert told["result"]["errorMessage"] == "no name"
    _, told = await ask("GET", "/api/functions/greet")
    figures = told["figures"]
    assert (figures["invocations"], figures["errors"]) == (2, 1)
    assert 0 < figures["p50"] <= figures["p99"]
    assert told["processes"]["idle"] >= 1


async def test_the_log_goes_on_from_where_it_was(ask):
    assert (await ask("GET", "/api/functions/greet/log?after=0"))[1]["next"] >= 0
    await ask("POST", "/api/functions/greet/invoke", {"event": "first"})
    first = await _log_with(ask, "", "greeting first")
    assert first["lines"][0].startswith("INIT_START")
    await ask("POST", "/api/functions/greet/invoke", {"event": "second"})
    then = await _log_with(ask, f"?after={first['next']}", "greeting second")
    assert "greeting first" not in then["lines"]
    # A file that is shorter than that was replaced.
    again = await _log_with(ask, "?after=99999999", "greeting second")
    assert "greeting first" in again["lines"]


async def _log_with(ask, query, line):
    """Read the log until a line is there: it is written in batches."""
    async with asyncio.timeout(20):
        while True:
            _, told = await ask("GET", f"/api/functions/greet/log{query}")
            if line in told["lines"] and told["lines"][-1].startswith("REPORT"):
                return told


async def test_functions_of_the_api_are_published_and_their_aliases_shifted(ask):
    await uploaded(ask)
    assert await ask("POST", "/api/functions/made/publish", {}) == (200, {"version": "1"})
    change = {"Timeout": 5}
    await ask("PUT", "/2015-03-31/functions/made/configuration", change)
    assert await ask("POST", "/api/functions/made/publish") == (200, {"version": "2"})
    told = await ask("PUT", "/api/functions/made/aliases/live", {"version": "1"})
    assert told == (200, {"alias": "live", "version": "1"})
    await ask("PUT", "/api/functions/made/aliases/live", {"version": "1", "weights": {"2": 0.25}})
    _, shown = await ask("GET", "/api/functions/made")
    assert not shown["of_file"]
    assert shown["published"] == ["1", "2"]
    assert shown["aliases"] == [{"name": "live", "version": "1", "weights": {"2": 0.25}}]


REFUSED = [
    ("GET", "/none", None, 404, "Function not found"),
    ("GET", "/audit/log", None, 404, "Function not found"),
    ("GET", "/greet/log?after=x", None, 422, "expected after"),
    ("POST", "/none/invoke", {"event": 1}, 404, "Function not found"),
    ("POST", "/greet/invoke", [1], 422, "expected a JSON object"),
    ("POST", "/greet/publish", {}, 409, "Function greet is in the configuration file"),
    ("PUT", "/greet/aliases/live", {"version": "1"}, 409, "Function greet is in the"),
    ("PUT", "/greet/aliases", {}, 404, ""),
    ("DELETE", "/greet", None, 405, ""),
]


async def test_what_cannot_be_done_is_told(ask):
    for method, target, document, status, message in REFUSED:
        found, told = await ask(method, f"/api/functions{target}", document)
        assert found == status, target
        assert told["message"].startswith(message), target

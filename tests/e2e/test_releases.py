"""Versions and canaries over real sockets: a bad release that rolls itself back, a version that is gone."""

import asyncio
import os
import signal
import time
from collections import Counter

import pytest
from click.testing import CliRunner

from frontdesk.app.asking import ask
from frontdesk.cli.main import cli
from tests.live.calls import call
from tests.live.gateways import project, serving
from tests.live.processes import until


class AdvancedClock:
    """The machine's clocks, some time ahead."""

    def __init__(self):
        self.ahead = 0.0

    def monotonic(self):
        return time.monotonic() + self.ahead

    def time(self):
        return time.time() + self.ahead


def asked(app, method, target, document=None):
    status, answer = ask(app.config.admin, method, target, document)
    assert status == 200, answer
    return answer


async def admin(app, *arguments):
    return await asyncio.to_thread(asked, app, *arguments)


async def soon(condition):
    """Wait until a condition holds, which may ask the gateway; return what it gives."""
    return await asyncio.to_thread(until, condition)


async def get(app, target="/", **keywords):
    return await asyncio.to_thread(call, app.addresses[0], "GET", target, **keywords)


RELEASE = """
limits: {concurrency: 4}
functions:
  book:
    handler: book.handler
    versions: {"1": {environment: {RELEASE: good}}, "2": {environment: {RELEASE: bad}}}
    aliases: {live: {version: "1"}, next: {version: "2"}}
apis:
  desk:
    throttle: 10000/s
    stage: {alias: live}
    canary: {percent: 50, alias: next}
    routes: {GET /: {function: book}}
"""
BOOK = """
import os

def handler(event, context):
    if os.environ["RELEASE"] == "bad":
        raise ValueError("the new release is broken")
    return os.environ["RELEASE"]
"""


@pytest.mark.slow
async def test_a_bad_release_rolls_itself_back(tmp_path):
    clock = AdvancedClock()
    async with serving(project(tmp_path, RELEASE, book=BOOK), clock=clock) as app:

        def serve(count):
            return Counter(call(app.addresses[0]).status for _ in range(count))

        def rolled_back():
            (told,) = asked(app, "GET", "/canaries")["canaries"]
            return told if told["state"] == "rolled_back" else None

        before = await asyncio.to_thread(serve, 300)
        assert before[500] > 100  # half of them, by chance
        clock.ahead += 300
        told = await soon(rolled_back)
        assert told["counted"]["canary"]["errors"] == before[500]
        assert told["counted"]["stable"]["requests"] == before[200]
        assert f"errors {before[500]} of {before[500]} against 0 of {before[200]}" in told["reason"]
        assert await asyncio.to_thread(serve, 40) == {200: 40}


MOCKED = """
apis:
  desk:
    throttle: 10000/s
    canary: {percent: 10, sticky: api_key, variables: {colour: green}}
    routes:
      GET /: {mock: {}, response: {headers: {set: {X-Canary: $context.isCanaryRequest}}}}
"""


async def _sides(app, keys):
    def all_of_them():
        return [
            call(app.addresses[0], headers={"X-Api-Key": f"key {key}"}).headers["X-Canary"]
            for key in keys
        ]

    return await asyncio.to_thread(all_of_them)


@pytest.mark.slow
async def test_all_workers_do_what_an_operator_says(tmp_path):
    async with serving(project(tmp_path, MOCKED), workers=2) as app:
        sides = await _sides(app, range(60))
        assert set(sides) == {"true", "false"}
        assert await _sides(app, range(60)) == sides
        (told,) = (await admin(app, "GET", "/canaries"))["canaries"]
        counted = told["counted"]
        assert counted["canary"]["requests"] == 2 * sides.count("true")
        assert counted["stable"]["requests"] == 2 * sides.count("false")
        for action, side in (("promote", "true"), ("rollback", "false")):
            await admin(app, "POST", f"/canaries/{action}", {"api": "desk"})
            assert set(await _sides(app, range(20))) == {side}


@pytest.mark.slow
async def test_a_worker_that_is_replaced_goes_on_with_the_canary(tmp_path):
    async with serving(project(tmp_path, MOCKED), workers=2) as app:
        await admin(app, "POST", "/canaries/promote", {"api": "desk"})
        place = app._data._places[0]
        before = place.process.pid
        os.kill(before, signal.SIGKILL)
        await soon(lambda: place.serving and place.process.pid != before)
        assert set(await _sides(app, range(40))) == {"true"}


async def test_a_restart_keeps_a_promoted_canary(tmp_path):
    path = project(tmp_path, MOCKED)
    async with serving(path) as app:
        await admin(app, "POST", "/canaries/promote", {"api": "desk", "stage": "$default"})
    async with serving(path) as app:
        assert set(await _sides(app, range(20))) == {"true"}


REST = """
apis:
  desk:
    type: rest
    throttle: 10000/s
    stage: {name: prod, variables: {colour: blue}}
    versioning: {by: header, default: v2, versions: {v1: {sunset: 2020-01-01}, v2: {}}}
    canary: {percent: 50, variables: {colour: green}}
    resources:
      /v2/visits:
        GET:
          integration:
            type: mock
            request_templates: {application/json: '{"statusCode": 200}'}
            responses:
              default:
                templates:
                  application/json: '{"canary": $context.isCanaryRequest, "colour": "$stageVariables.colour"}'
"""


async def test_rest_apis_have_versions_and_canaries(tmp_path):
    async with serving(project(tmp_path, REST)) as app:
        gone = await get(app, "/prod/visits", headers={"X-Api-Version": "v1"})
        assert (gone.status, gone.json["title"]) == (410, "This API version has been retired")
        assert gone.headers["x-amzn-RequestId"] == gone.json["requestId"]
        for action, expected in (
            ("promote", {"canary": True, "colour": "green"}),
            ("rollback", {"canary": False, "colour": "blue"}),
        ):
            await admin(app, "POST", f"/canaries/{action}", {"api": "desk"})
            assert (await get(app, "/prod/visits")).json == expected


VERSIONS = """
authorizers:
  partners: {type: api_key, keys: {practice_a: "${env:KEY}"}}
apis:
  visits:
    throttle: 10000/s
    cors: {allow_origins: "https://app.clinic.example"}
    versioning:
      by: path
      versions:
        v0: {sunset: 2020-01-01, guide: "https://clinic.example/v0"}
        v1: {deprecated: 2026-04-01, sunset: 2099-10-01, guide: "https://clinic.example/v1-to-v2"}
        v2: {}
    routes:
      GET /v0/visits: {mock: {body: v0}, authorizer: partners}
      GET /v1/visits: {mock: {body: v1}, authorizer: partners}
      GET /v2/visits: {mock: {body: v2}}
"""
KEY = "0123456789abcdef0123456789"


async def test_a_version_tells_that_it_is_deprecated_and_is_gone_in_the_end(tmp_path):
    async with serving(project(tmp_path, VERSIONS), {"KEY": KEY}) as app:
        deprecated = await get(app, "/v1/visits", headers={"X-Api-Key": KEY})
        assert (deprecated.status, deprecated.body) == (200, b"v1")
        assert deprecated.headers["Deprecation"] == "@1775001600"
        assert deprecated.headers["Sunset"] == "Thu, 01 Oct 2099 00:00:00 GMT"
        assert deprecated.headers["Link"] == (
            '<https://clinic.example/v1-to-v2>; rel="deprecation"; type="text/html", '
            '<https://clinic.example/v1-to-v2>; rel="sunset"; type="text/html"'
        )
        refused = await get(app, "/v1/visits")
        assert (refused.status, refused.headers["Deprecation"]) == (403, "@1775001600")
        current = await get(app, "/v2/visits")
        assert current.status == 200
        assert current.headers["Deprecation"] is None

        gone = await get(app, "/v0/visits", headers={"Origin": "https://app.clinic.example"})
        assert gone.status == 410
        assert gone.headers["Content-Type"] == "application/problem+json"
        assert gone.headers["Cache-Control"] == "no-store"
        assert gone.headers["Access-Control-Allow-Origin"] == "https://app.clinic.example"
        assert gone.headers["Sunset"] == "Wed, 01 Jan 2020 00:00:00 GMT"
        assert gone.json == {
            "type": "urn:frontdesk:problem:version-retired",
            "title": "This API version has been retired",
            "status": 410,
            "detail": "v0 was retired on 2020-01-01.",
            "instance": "/v0/visits",
            "sunset": "2020-01-01T00:00:00Z",
            "migration": "https://clinic.example/v0",
            "requestId": gone.headers["apigw-requestid"],
        }
        assert (await get(app, "/v0/anything")).status == 410


async def printed(path, *arguments):
    """Run `frontdesk versions` beside the gateway; return its lines."""
    told = await asyncio.to_thread(
        CliRunner().invoke, cli, ["versions", *arguments, "-c", str(path)]
    )
    assert told.exit_code == 0, told.output
    return told.output.splitlines()


async def test_who_still_calls_a_version_is_known(tmp_path):
    path = project(tmp_path, VERSIONS)
    async with serving(path, {"KEY": KEY}) as app:
        for _ in range(3):
            await get(app, "/v1/visits", headers={"X-Api-Key": KEY})
        await get(app, "/v1/visits")

        def counted(app):
            calls = asked(app, "GET", "/versions/calls?version=v1")["calls"]
            return {each["consumer"]: each["requests"] for each in calls}

        expected = {"principal practice_a": 3, "anonymous": 1}
        assert await soon(lambda: counted(app) == expected)
        head, *rows = [line.split() for line in await printed(path, "calls", "v1")]
        assert head == ["API", "CALLER", "REQUESTS", "LAST", "ON"]
        assert [row[:-1] for row in rows] == [
            ["visits", "principal", "practice_a", "3"],
            ["visits", "anonymous", "1"],
        ]
        assert [line.split()[1:3] for line in await printed(path, "list")] == [
            ["VERSION", "STATE"],
            ["v0", "retired"],
            ["v1", "deprecated"],
            ["v2", "current"],
        ]
    async with serving(path, {"KEY": KEY}) as app:
        assert await asyncio.to_thread(counted, app) == expected

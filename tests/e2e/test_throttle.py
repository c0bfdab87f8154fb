"""Throttles are exact under concurrency: of 3N requests at once, N pass."""

import pytest

from tests.live.calls import call_at_once
from tests.live.gateways import gateway, project
from tests.live.processes import until

BURST = 20

CONFIG = f"""
limits: {{throttle: {{rate: 1000/s, burst: 1000}}}}
apis:
  a:
    routes:
      GET /route: {{mock: {{}}, throttle: {{rate: 1/d, burst: {BURST}}}}}
      GET /key: {{mock: {{}}, throttle: {{rate: 1/d, burst: {BURST}, by: $request.header.X-Practice}}}}
      GET /function: {{function: f, throttle: {{rate: 1/d, burst: {BURST}}}}}
  whole:
    base_path: /whole
    throttle: {{rate: 1/d, burst: {BURST}}}
    routes: {{GET /one: {{mock: {{}}}}, GET /two: {{mock: {{}}}}}}
functions: {{f: {{handler: code.f}}}}
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    code = "def f(event, context): return 1"
    with gateway(project(tmp_path_factory.mktemp("throttle"), CONFIG, code=code)) as running:
        yield running


def outcome(answers):
    statuses = [answer.status for answer in answers]
    return {status: statuses.count(status) for status in set(statuses)}


def test_a_route(door):
    answers = call_at_once(door.address, 3 * BURST, "/route")
    assert outcome(answers) == {200: BURST, 429: 2 * BURST}
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json == {"message": "Too Many Requests"}
    assert 0 < int(refused.headers["retry-after"]) <= 86400
    assert '"route";r=0' in refused.headers["ratelimit"]
    assert '"route"' in refused.headers["ratelimit-policy"]
    left = sorted(
        int(answer.headers["ratelimit"].partition("r=")[2].partition(";")[0])
        for answer in answers
        if answer.status == 200
    )
    assert left == list(range(BURST))


def test_each_value_of_a_key_has_its_own(door):
    for practice in ("p001", "p002"):
        answers = call_at_once(door.address, 3 * BURST, "/key", headers={"X-Practice": practice})
        assert outcome(answers) == {200: BURST, 429: 2 * BURST}


def test_all_routes_of_an_api_share_its_limit(door):
    answers = [
        *call_at_once(door.address, BURST - 5, "/whole/one"),
        *call_at_once(door.address, 2 * BURST, "/whole/two"),
    ]
    assert outcome(answers) == {200: BURST, 429: 2 * BURST - 5}


def test_a_refused_request_reaches_no_function(door):
    answers = call_at_once(door.address, 3 * BURST, "/function")
    assert outcome(answers)[429] == 2 * BURST
    log = door.folder / ".frontdesk" / "logs" / "f.log"
    passed = sum(answer.status == 200 for answer in answers)
    until(lambda: log.exists() and log.read_text().count("START RequestId") == passed)

"""The recorded cases of function URLs, as far as HTTP APIs share their event and response rules.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import base64
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from frontdesk.rules.events.request import RouteFacts
from frontdesk.rules.events.response import parse_v2
from frontdesk.rules.events.v2 import EventV2
from tests.conformance.cases.matching import Answer, answer_differences, event_differences

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "lambda-function-url"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
def test_recorded_answer(name):
    returned = CASES[name].get("function", {}).get("returns")
    expect = dict(CASES[name]["expect"])
    if isinstance(returned, dict) and "statusCode" in returned:
        # Without a type of its own an HTTP API answers text/plain, a function URL application/json.
        expect["headers"] = {
            key: value
            for key, value in expect.get("headers", {}).items()
            if key.lower() != "content-type"
        }
    status, fields, body = parse_v2(json.dumps(returned).encode())
    lines = [(name.decode(), value.decode()) for name, value in fields]
    answer = Answer(status, [*lines, ("content-length", str(len(body)))], body)
    assert [*answer_differences(expect, answer)] == []


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if "functionEvent" in case["expect"]]
)
def test_recorded_event(name):
    case = CASES[name]
    request = case["request"]
    body = base64.b64decode(request.get("bodyBase64", "")) or request.get("body", "").encode()
    path, _, query = request["target"].partition("?")
    headers = {
        key.lower().encode(): value.encode() for key, value in request.get("headers", {}).items()
    }
    headers[b"content-length"] = b"%d" % len(body)
    event = EventV2(RouteFacts("$default", "0" * 12, "url", "url.localhost", "$default")).encode(
        SimpleNamespace(
            method=request["method"],
            raw_path=path,
            query=query,
            version="HTTP/1.1",
            scheme="https",
            headers=headers,
            params={},
            peer="127.0.0.1",
            client_ip="127.0.0.1",
            request_id="r",
            time=0.0,
            body=body,
            authorizer_event=None,
            client_cert=None,
        ),
        "Root=1-0-0",
    )
    assert [*event_differences(case["expect"], json.loads(event))] == []

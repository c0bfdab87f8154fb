"""What operators are told of routes, and requests that they send to the door."""

import asyncio
from urllib.parse import urlencode

import orjson
import pytest

from frontdesk.app.door_calls import DoorCall
from frontdesk.base.errors import FrontdeskError
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
functions: {f: {handler: f.f, url: {auth: none}}}
domains: {shop.example: {mappings: {v: mapped}}}
apis:
  shop:
    throttle: 50/s
    versioning: {by: path, default: v1, versions: {v1: {}, v2: {}}}
    routes:
      GET /v1/items/{id}: {mock: {status: 200, body: {which: one}}}
      POST /v2/items: {mock: {status: 201}, timeout: 2s, max_body: 1KB}
      GET /status: {mock: {status: 204}}
  mapped:
    routes:
      POST /items/{id}: {mock: {status: 201}}
  chat: {type: websocket, base_path: /chat, routes: {$connect: {mock: {}}, $default: {mock: {}}}}
"""


@pytest.fixture
async def ask(tmp_path):
    path = project(tmp_path, CONFIG, f="def f(event, context): return {}")
    async with serving(path) as app:

        async def run(method, target, document=None):
            body = None if document is None else orjson.dumps(document)
            answer = await asyncio.to_thread(
                call, str(app.config.admin.listen), method, f"/api/routes{target}", body=body
            )
            return answer.status, answer.json

        yield run


async def test_every_route_stands_below_its_api_with_its_line(ask):
    status, told = await ask("GET", "")
    assert status == 200
    shop, mapped, chat, url = told["apis"]
    assert (shop["name"], shop["type"]) == ("shop", "http")
    assert shop["stages"] == [{"name": "$default", "below": ["/"]}]
    assert mapped["stages"][0]["below"] == ["shop.example/v"]
    item, made, open_to_all = shop["routes"]
    assert (item["route"], item["version"]) == ("GET /v1/items/{id}", "v1")
    assert (item["integration"], item["authorizer"]) == ("mock 200", "none")
    assert (made["timeout"], made["max_body"], made["version"]) == (2.0, 1024, "v2")
    assert open_to_all["version"] == ""
    assert item["at"].endswith("frontdesk.yaml:12:7")
    assert [each["route"] for each in chat["routes"]] == ["$connect", "$default"]
    assert (url["name"], url["type"]) == ("url of f", "function_url")


async def test_the_stages_of_a_route_are_those_of_explain(ask):
    status, told = await ask(
        "GET", "/compiled?" + urlencode({"api": "shop", "route": "POST /v2/items"})
    )
    assert status == 200
    stages = told["plans"][0]["stages"]
    assert [(each["way"], each["name"]) for each in stages][:2] == [
        ("in", "throttle"),
        ("in", "mock"),
    ]
    assert {"detail": "api 50 per 1s, burst 50"}.items() <= stages[0]["lines"][1].items()
    _, explained = await ask("GET", "/explain?method=POST&url=/v2/items")
    assert explained["stages"] == stages
    assert explained["route"] == "POST /v2/items"


async def test_a_url_is_explained_with_its_variables_host_and_message(ask):
    _, told = await ask("GET", "/explain?method=POST&url=/v/items/7&header=Host:%20shop.example")
    assert (told["api"], told["params"]) == ("mapped", {"id": "7"})
    _, told = await ask("GET", "/explain?" + urlencode({"url": "ws://x/chat", "message": "hi"}))
    assert (told["api"], told["route"]) == ("chat", "$default")


REFUSED = [
    ("/compiled?api=shop&route=GET%20/no", 404, "there is no such route: shop GET /no"),
    ("/explain?url=/a/%252e%252e/%2500", 422, "the door answers 400 to this path"),
    ("/explain?url=/&message=x", 422, "no WebSocket API takes a handshake at /"),
    ("/explain?header=Host", 422, "expected header=NAME: VALUE"),
    ("/none", 404, ""),
]


async def test_what_is_not_there_is_told(ask):
    for target, status, message in REFUSED:
        found, told = await ask("GET", target)
        assert found == status, target
        assert told["message"].startswith(message), target


async def test_a_request_goes_through_the_door_and_is_told_with_its_stages(ask):
    asked = {"method": "get", "path": "/v1/items/9", "query": "a=b", "headers": [["X-A", "1"]]}
    status, told = await ask("POST", "/test", asked)
    assert status == 200
    answer = told["answer"]
    assert (answer["status"], answer["reason"]) == (200, "OK")
    assert orjson.loads(answer["body"]) == {"which": "one"}
    assert answer["whole"]
    assert "apigw-requestid" in {name.lower() for name, _ in answer["headers"]}
    assert told["explained"]["route"] == "GET /v1/items/{id}"
    assert told["seconds"] > 0


async def test_a_request_of_a_host_with_a_body(ask):
    asked = {"method": "POST", "path": "/v/items/1", "host": "shop.example", "body": "{}"}
    _, told = await ask("POST", "/test", asked)
    assert told["answer"]["status"] == 201
    assert told["explained"]["route"] == "POST /items/{id}"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"method": "CONNECT", "path": "/"},
        {"method": "GET", "path": "http://elsewhere.example/"},
        {"method": "GET", "path": "/a b"},
        {"method": "GET", "path": "/a\r\nX: y"},
        {"method": "GET", "path": "/", "headers": [["X"]]},
    ],
    ids=str,
)
def test_what_is_no_request_to_this_door_is_not_sent(given):
    with pytest.raises(FrontdeskError):
        DoorCall.read(given)


async def test_a_field_that_would_begin_another_is_not_sent(ask):
    asked = {"method": "GET", "path": "/status", "headers": [["X", "a\r\nY: b"]]}
    status, told = await ask("POST", "/test", asked)
    assert status == 422
    assert told["message"].startswith("this cannot be sent")


def test_fields_of_the_connection_are_ours():
    given = {"method": "GET", "path": "/", "headers": [["Connection", "close"], ["X", "1"]]}
    assert DoorCall.read(given).headers == [("X", "1")]


def test_a_field_host_goes_before_the_name_alone():
    given = {"method": "GET", "path": "/", "host": "shop", "headers": [["Host", "shop:8080"]]}
    assert DoorCall.read(given).host == "shop:8080"
    assert DoorCall.read({**given, "headers": []}).host == "shop"

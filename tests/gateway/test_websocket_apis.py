"""WebSocket APIs as their clients see them: a whole gateway and the client of `websockets`."""

import asyncio
import contextlib
import json
import logging

import pytest
import websockets

from frontdesk.config.load import load
from tests.live.calls import free_port
from tests.live.gateways import project, serving

CHAT = """
    import json

    def handler(event, context):
        context_of = event["requestContext"]
        print("EVENT " + json.dumps(event))
        route = context_of["routeKey"]
        if route == "$connect":
            query = event.get("queryStringParameters") or {}
            status = int(query.get("status", 200))
            if query.get("fail"):
                raise RuntimeError("no")
            if query.get("odd"):
                return "no response"
            offered = event["headers"].get("Sec-WebSocket-Protocol")
            headers = {"Sec-WebSocket-Protocol": "chat"} if offered else {}
            return {"statusCode": status, "headers": headers, "body": "told"}
        if route == "fail":
            raise RuntimeError("no")
        if route == "odd":
            return "no response"
        if route == "slow":
            import time
            time.sleep(30)
        return {"statusCode": 200, "body": "answer to " + route}

    def authorize(event, context):
        print("ASKED " + json.dumps(event))
        token = (event.get("queryStringParameters") or {}).get("token")
        if token == "broken":
            raise RuntimeError("no")
        effect = "Allow" if token == "ada" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
        return {
            "principalId": token,
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"practice": 7},
        }

    def plain(event, context):
        return {"upper": event["text"].upper()}
"""

FUNCTIONS = """
    functions:
      chat: {handler: chat.handler, code: ., timeout: 20s}
      authorize: {handler: chat.authorize, code: .}
      plain: {handler: chat.plain, code: .}
"""


class Lines:
    """What functions have printed."""

    def __init__(self):
        self.lines = []
        self._more = asyncio.Event()

    def __call__(self, _function, line):
        self.lines.append(line)
        self._more.set()

    def told(self, word):
        return [
            json.loads(line.partition(f"{word} ")[2])
            for line in self.lines
            if line.startswith(word)
        ]

    async def until(self, word, count):
        async with asyncio.timeout(20):
            while len(self.told(word)) < count:
                self._more.clear()
                await self._more.wait()
        return self.told(word)


@contextlib.asynccontextmanager
async def gateway(folder, config, env=None, **keywords):
    lines = Lines()
    path = project(folder, FUNCTIONS + config, chat=CHAT)
    async with serving(path, env, echo=lines, **keywords) as app:
        app.lines, app.path = lines, path
        yield app


def connect(app, target="/", **keywords):
    return websockets.connect(f"ws://{app.addresses[0]}{target}", **keywords)


async def refused(app, target="/", **keywords):
    """Return status and body of a handshake that is refused."""
    with pytest.raises(websockets.InvalidStatus) as caught:
        await connect(app, target, **keywords)
    return caught.value.response.status_code, caught.value.response.body


async def asked(ws, message):
    await ws.send(message if isinstance(message, str) else json.dumps(message))
    return await asyncio.wait_for(ws.recv(), 20)


LIVE = """
    apis:
      live:
        type: websocket
        stage: {name: prod, variables: {color: blue}}
        routes:
          $connect: {function: chat}
          $disconnect: {function: chat}
          $default: {mock: {body: default}, response: true}
          quiet: {function: chat}
          loud: {function: chat, response: true}
          fail: {function: chat}
          odd: {function: chat, response: true}
          silent: {mock: {body: unheard}}
          slow: {function: chat, timeout: 100ms}
          strict:
            response: true
            mock: {body: fine}
            validate: {body: {type: object, required: [name]}}
          often:
            response: true
            mock: {body: again}
            throttle: {rate: 1/m, burst: 2, by: $context.connectionId}
          upper:
            response: true
            integration:
              type: aws
              function: plain
              request_templates: {$default: '{"text": "$input.path("$.text")"}'}
              responses: {default: {templates: {application/json: '$input.path("$.upper") for $context.connectionId'}}}
"""


async def test_a_conversation(tmp_path):
    async with gateway(tmp_path, LIVE) as app:
        async with connect(app, "/prod?a=1&a=2", subprotocols=["chat", "other"]) as ws:
            assert ws.subprotocol == "chat"
            assert await asked(ws, "hello") == "default"
            assert await asked(ws, {"action": "loud"}) == "answer to loud"
            assert await asked(ws, {"action": "$connect"}) == "default"
            await ws.send(json.dumps({"action": "quiet"}))
            await ws.send(json.dumps({"action": "silent"}))
            assert await asked(ws, {"action": "unknown"}) == "default"
        events = await app.lines.until("EVENT", 4)
    connected, loud, quiet, ended = events
    assert [each["requestContext"]["routeKey"] for each in events] == [
        "$connect",
        "loud",
        "quiet",
        "$disconnect",
    ]
    (connection,) = {each["requestContext"]["connectionId"] for each in events}
    assert len(connection) == 24
    assert connected["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert json.loads(loud["body"]) == {"action": "loud"}
    assert "headers" not in quiet
    assert {each["stageVariables"]["color"] for each in events} == {"blue"}
    assert ended["requestContext"]["disconnectStatusCode"] == 1000


async def test_what_goes_wrong_is_told_and_the_connection_stays(tmp_path):
    async with gateway(tmp_path, LIVE) as app, connect(app, "/prod") as ws:
        for route, message in (
            ("fail", "Internal server error"),
            ("odd", "Internal server error"),
            ("slow", "Endpoint request timed out"),
        ):
            said = json.loads(await asked(ws, {"action": route}))
            assert said["message"] == message
            assert said.keys() == {"message", "connectionId", "requestId"}
        said = json.loads(await asked(ws, {"action": "strict"}))
        assert said["message"] == "Bad request body"
        assert said.keys() == {"message", "connectionId", "messageId"}
        assert await asked(ws, {"action": "strict", "name": "x"}) == "fine"


async def test_a_throttle_by_connection_holds_for_each_of_them(tmp_path):
    async with gateway(tmp_path, LIVE) as app:
        for _ in range(2):
            async with connect(app, "/prod") as ws:
                said = [await asked(ws, {"action": "often"}) for _ in range(3)]
                assert said[:2] == ["again", "again"]
                assert json.loads(said[2])["message"] == "Too Many Requests"


async def test_templates_stand_before_and_behind_an_integration(tmp_path):
    async with gateway(tmp_path, LIVE) as app, connect(app, "/prod") as ws:
        said = await asked(ws, {"action": "upper", "text": "loud"})
        word, _, connection = said.partition(" for ")
        assert (word, len(connection)) == ("LOUD", 24)


REFUSED = {
    "/prod?status=401": (401, b"told"),
    "/prod?status=403": (403, b"told"),
    "/prod?status=500": (500, b"told"),
    "/prod?fail=1": (502, "Internal server error"),
    "/prod?odd=1": (502, "Internal server error"),
    "/prod/below": (403, "Forbidden"),
}


async def test_a_refused_handshake_has_the_status_of_its_integration(tmp_path):
    async with gateway(tmp_path, LIVE) as app:
        for target, (expected, told) in REFUSED.items():
            status, body = await refused(app, target)
            found = body if isinstance(told, bytes) else json.loads(body)["message"]
            assert (target, status, found) == (target, expected, told)


async def test_without_a_default_route_other_messages_are_forbidden(tmp_path):
    config = "\n    apis: {live: {type: websocket, routes: {known: {mock: {body: x}}}}}\n"
    async with gateway(tmp_path, config) as app, connect(app) as ws:
        said = json.loads(await asked(ws, {"action": "other"}))
        assert said["message"] == "Forbidden"
        assert said.keys() == {"message", "connectionId", "requestId"}
        await ws.ping()


async def test_messages_of_bytes_are_taken_where_the_file_says_so(tmp_path):
    config = """
    apis: {live: {type: websocket, binary: true, routes: {$default: {function: chat}}}}
"""
    async with gateway(tmp_path, config) as app, connect(app) as ws:
        await ws.send(b"\xff\x00")
        (event,) = await app.lines.until("EVENT", 1)
        assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


# -- who may connect --------------------------------------------------------------------------------

GUARDED = """
    authorizers:
      asked: {type: function, function: authorize, form: iam, cache: 0, identity: [$request.querystring.token]}
    apis:
      live:
        type: websocket
        authorizer: asked
        routes: {$default: {function: chat, response: true}}
"""


async def test_a_function_authorizer_is_asked_once_and_every_event_tells_what_it_said(tmp_path):
    async with gateway(tmp_path, GUARDED) as app:
        async with connect(app, "/?token=ada") as ws:
            for _ in range(2):
                assert await asked(ws, "x") == "answer to $default"
        (question,) = app.lines.told("ASKED")
        events = app.lines.told("EVENT")
    assert question["type"] == "REQUEST"
    assert question["methodArn"].endswith("/$default/$connect")
    assert question["requestContext"]["eventType"] == "CONNECT"
    for event in events:
        told = event["requestContext"]["authorizer"]
        assert (told["principalId"], told["practice"]) == ("ada", "7")


NOT_LET_IN = {
    "/": (401, "Unauthorized"),
    "/?token=": (401, "Unauthorized"),
    "/?token=eve": (403, "Forbidden"),
    "/?token=broken": (500, "Internal server error"),
}


async def test_who_may_not_connect_is_told_so(tmp_path):
    async with gateway(tmp_path, GUARDED) as app:
        for target, expected in NOT_LET_IN.items():
            status, body = await refused(app, target)
            assert (target, status, json.loads(body)["message"]) == (target, *expected)
        assert app.lines.told("EVENT") == []


async def test_an_api_key_is_asked_for_at_the_handshake(tmp_path):
    config = """
    plans: {small: {apis: [live]}}
    keys: {practice: {plan: small, value: "${env:KEY}"}}
    apis:
      live:
        type: websocket
        routes: {$connect: {mock: {}, api_key: true}, $default: {function: chat, response: true}}
"""
    key = "k" * 20
    async with gateway(tmp_path, config, {"KEY": key}) as app:
        assert (await refused(app))[0] == 403
        async with connect(app, additional_headers={"X-Api-Key": key}) as ws:
            await asked(ws, "x")
        (event,) = app.lines.told("EVENT")
        assert event["requestContext"]["identity"]["apiKeyId"]


async def test_a_signature_lets_in(tmp_path):
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    config = """
    authorizers: {signed: {type: iam, credentials: {AKIDEXAMPLE: {secret: "${env:SECRET}", principal: ada}}}}
    apis: {live: {type: websocket, routes: {$connect: {mock: {}, authorizer: signed}, $default: {mock: {body: in}, response: true}}}}
"""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    async with gateway(tmp_path, config, {"SECRET": secret}) as app:
        url = f"http://{app.addresses[0]}/"
        request = AWSRequest("GET", url)
        SigV4QueryAuth(Credentials("AKIDEXAMPLE", secret), "execute-api", "us-east-1").add_auth(
            request
        )
        assert (await refused(app))[0] == 403
        async with websockets.connect(request.prepare().url.replace("http", "ws", 1)) as ws:
            assert await asked(ws, "x") == "in"


async def test_pages_of_other_origins_do_not_connect(tmp_path):
    config = """
    apis:
      live: {type: websocket, allow_origins: https://desk.example, routes: {$default: {mock: {body: in}, response: true}}}
"""
    async with gateway(tmp_path, config) as app:
        assert (await refused(app, origin="https://evil.example"))[0] == 403
        for origin in ("https://desk.example", None):
            async with connect(app, origin=origin) as ws:
                assert await asked(ws, "x") == "in"


async def test_one_address_has_so_many_connections_and_no_more(tmp_path):
    config = """
    apis: {live: {type: websocket, limits: {per_address: 3}, routes: {$default: {mock: {}}}}}
"""
    async with gateway(tmp_path, config) as app:
        held = [await connect(app) for _ in range(3)]
        for _ in range(5):
            assert (await refused(app))[0] == 429
        await held[0].close()
        async with connect(app, close_timeout=5):
            pass
        for each in held:
            await each.close()


# -- backends ---------------------------------------------------------------------------------------


async def test_a_backend_gets_the_message_and_the_client_its_answer(tmp_path):
    heard = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next(
            (
                int(line.split(":")[1])
                for line in head.split("\r\n")
                if line.lower().startswith("content-length")
            ),
            0,
        )
        body = await reader.readexactly(size)
        heard.append((head, body))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        writer.write(b"4\r\nback\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()

    backend = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = backend.sockets[0].getsockname()[1]
    config = f"""
    apis:
      live:
        type: websocket
        routes:
          $connect: {{http: "http://127.0.0.1:{port}/in"}}
          $default: {{http: "http://127.0.0.1:{port}/said", response: true}}
          proxied:
            response: true
            integration:
              type: http_proxy
              uri: "http://127.0.0.1:{port}/proxied"
              request_parameters:
                integration.request.header.connectionId: context.connectionId
                integration.request.querystring.who: route.request.body.who
"""
    async with backend, gateway(tmp_path, config) as app, connect(app) as ws:
        assert await asked(ws, {"hello": 1}) == "back"
        assert await asked(ws, {"action": "proxied", "who": "ada"}) == "back"
    (handshake, nothing), (head, body), (proxied, _) = heard
    assert handshake.startswith("POST /in HTTP/1.1")
    assert "upgrade" not in handshake.lower()
    assert nothing == b""
    assert head.startswith("POST /said HTTP/1.1")
    assert json.loads(body) == {"hello": 1}
    assert proxied.startswith("POST /proxied?who=ada HTTP/1.1")
    assert "connectionid: " in proxied.lower()


async def test_a_backend_that_is_not_there_is_an_error(tmp_path):
    config = f"""
    apis: {{live: {{type: websocket, routes: {{$default: {{http: "http://127.0.0.1:{free_port()}/"}}}}}}}}
"""
    async with gateway(tmp_path, config) as app, connect(app) as ws:
        assert json.loads(await asked(ws, "x"))["message"] == "Internal server error"


# -- what changes meanwhile -------------------------------------------------------------------------


async def test_after_a_reload_open_connections_take_the_new_routes(tmp_path):
    old = "\n    apis: {live: {type: websocket, routes: {$default: {mock: {body: old}, response: true}}}}\n"
    async with gateway(tmp_path, old) as app, connect(app) as ws:
        assert await asked(ws, "x") == "old"
        app.path.write_text(app.path.read_text().replace("old", "new"))
        await app.reload(load([app.path], {}))
        assert await asked(ws, "x") == "new"
        text = app.path.read_text().replace("live:", "other:")
        app.path.write_text(text)
        await app.reload(load([app.path], {}))
        await ws.send("x")
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await ws.recv()
        assert caught.value.rcvd.code == 1001


async def test_a_graceful_stop_tells_clients_and_runs_disconnect(tmp_path):
    async with gateway(tmp_path, LIVE) as app:
        ws = await connect(app, "/prod")
        stopping = asyncio.create_task(app.stop())
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await ws.recv()
        assert caught.value.rcvd.code == 1001
        await stopping
        *_, ended = app.lines.told("EVENT")
        assert ended["requestContext"]["disconnectStatusCode"] == 1001


# -- what is told of it -------------------------------------------------------------------------------


async def test_messages_are_logged_and_counted_like_requests(tmp_path):
    log = tmp_path / "access.log"
    config = f"""
    logs:
      access:
        path: {log}
        format:
          type: $context.eventType
          route: $context.routeKey
          status: $context.status
          connection: $context.connectionId
          message: $context.messageId
          ended: $context.disconnectStatusCode
    apis: {{live: {{type: websocket, routes: {{$disconnect: {{mock: {{}}}}, $default: {{mock: {{body: x}}, response: true}}}}}}}}
"""
    async with gateway(tmp_path, config) as app:
        async with connect(app) as ws:
            await asked(ws, "hello")
            assert await app.pushes.post(held(app), b"pushed")
            assert await ws.recv() == "pushed"
            assert sample(app, "frontdesk_ws_connections") == {("live",): 1.0}
        assert sample(app, "frontdesk_ws_messages_total") == {
            ("live", "in", "$default"): 1.0,
            ("live", "out", "$default"): 1.0,
            ("live", "in", "unmatched"): 0.0,
            ("live", "out", "unmatched"): 0.0,
        }
        assert sample(app, "frontdesk_ws_pushes_total") == {("ok",): 1.0}
        assert sample(app, "frontdesk_ws_close_total") == {("1000",): 1.0}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["type"], each["route"], each["status"]) for each in lines] == [
        ("CONNECT", "$connect", 101),
        ("MESSAGE", "$default", 200),
        ("DISCONNECT", "$disconnect", 200),
    ]
    assert len({each["connection"] for each in lines}) == 1
    assert [each["message"] == "-" for each in lines] == [True, False, True]
    assert [each["ended"] for each in lines] == ["-", "-", 1000]


STANDING = """
    logs: {access: %s}
    limits: {throttle: {rate: 1/d, burst: 4}}
    apis:
      live:
        type: websocket
        routes:
          ping: {mock: {body: pong}, response: true}
          note: {mock: {body: unheard}}
"""


@pytest.mark.parametrize("access", ["{}", "false"], ids=["logged", "not logged"])
async def test_an_answer_to_all_messages_is_the_same_whether_or_not_it_is_logged(tmp_path, access):
    async with gateway(tmp_path, STANDING % access) as app, connect(app) as ws:
        await ws.send('{"action": "note"}')
        said = [await asked(ws, {"action": "ping"}) for _ in range(3)]
        assert said[:2] == ["pong", "pong"]
        assert json.loads(said[2])["message"] == "Too Many Requests"
        counted = sample(app, "frontdesk_ws_messages_total")
        assert counted[("live", "in", "note")] == 1.0
        assert counted[("live", "out", "note")] == 0.0
        assert counted[("live", "in", "ping")] == 3.0
        assert counted[("live", "out", "ping")] == 3.0
        throttled = sample(app, "frontdesk_throttle_total")
        assert throttled == {("account", "", "allowed"): 4.0, ("account", "", "limited"): 1.0}


async def test_an_answer_to_all_messages_is_shown_to_those_who_watch(tmp_path):
    config = STANDING.replace("burst: 4", "burst: 100") % "false"
    async with gateway(tmp_path, config) as app, connect(app) as ws:
        shown = []
        app._data.watch(shown.append)
        assert await asked(ws, {"action": "ping"}) == "pong"
        app._data.watch(None)
        assert await asked(ws, {"action": "ping"}) == "pong"
        assert [(each["route"], each["responseBody"]) for each in shown] == [("ping", "pong")]


def held(app):
    (connection,) = app._data._parts.sockets._connections
    return connection


def sample(app, name):
    told = app._data.telemetry.registry.samples()
    return {each.labels: each.value for each in told if each.name == name}


async def test_nothing_is_complained_of(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        async with gateway(tmp_path, LIVE) as app:
            async with connect(app, "/prod") as ws:
                await asked(ws, "x")
            reader, writer = await asyncio.open_connection(*app.addresses[0])
            writer.write(b"GET /prod HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 426 " in await reader.readline()
            writer.close()
    assert [each.getMessage() for each in caplog.records] == []

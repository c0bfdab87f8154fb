"""Pushes to connections and groups over a real listener: boto3 for AWS's part, signed requests for groups."""

import asyncio
import contextlib
from math import inf
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from frontdesk.app.sockets import nodes_of_process
from frontdesk.aws.connections.asked import MAX_MESSAGE
from frontdesk.aws.connections.service import ConnectionsService
from frontdesk.aws.keys import Keys
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.gateway.sockets.hub import Hub
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.rules.http.forwarding import TrustedProxies
from tests.gateway.sockets.test_hub import Socket
from tests.live.calls import call

ID = "L0SM9cOF_HcCI-w5wK8kRtY="
OTHER = "AAAAAAAAAAAAAAAAAAAAAAA="
PLACES = {(api, "prod"): ("live", "prod") for api in ("live", "a1b2c3")} | {
    ("live", "$default"): ("live", "$default")
}


class Api:
    """The API, with the connections of one process behind it. path: what endpoint URLs end with."""

    def __init__(self, token):
        self.keys = Keys(token)
        self.hub = Hub()
        self.socket = Socket(ID)
        self.socket.ends = inf
        self.hub.add(self.socket)
        self.address = ""

    async def __call__(self, operation, path="/live/prod", secret="t0ken", **parameters):
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"http://{self.address}{path}",
            region_name="us-east-1",
            aws_access_key_id="frontdesk",
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )
        with contextlib.closing(client):
            return await asyncio.to_thread(getattr(client, operation), **parameters)

    async def ask(self, method, path, body=b"", secret="t0ken", **headers):
        """Ask with a signature of botocore."""
        request = AWSRequest(method, f"http://{self.address}{path}", data=body, headers=headers)
        SigV4Auth(Credentials("frontdesk", secret), "execute-api", "us-east-1").add_auth(request)
        signed = dict(request.headers)
        return await asyncio.to_thread(call, self.address, method, path, headers=signed, body=body)


@pytest.fixture
async def serving():
    async with contextlib.AsyncExitStack() as stack:

        async def start(token="t0ken"):
            clock, api = SystemClock(), Api(token)
            wheel = Wheel(clock.monotonic())
            pushes = Pushes(api.hub, nodes_of_process()(), clock, wheel)
            await pushes.start()
            stack.push_async_callback(pushes.stop)
            api.pushes = pushes
            service = ConnectionsService(pushes, lambda: PLACES)
            door = AdminDoor([WireApi([service], api.keys, clock)], None)
            server = Server(
                door,
                clock=clock,
                wheel=wheel,
                log=lambda _ex: None,
                trusted=TrustedProxies(()),
            )
            api.address = "{}:{}".format(*await server.open("127.0.0.1", 0))
            stack.push_async_callback(server.drain, 0.0)
            return api

        yield start


@pytest.fixture
async def api(serving):
    return await serving()


async def refused(api, operation, **parameters):
    with pytest.raises(ClientError) as raised:
        await api(operation, **parameters)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


@pytest.mark.parametrize("path", ["/live/prod", "/a1b2c3/prod", ""], ids=["name", "id", "neither"])
async def test_boto3_posts_tells_and_closes(api, path):
    answer = await api("post_to_connection", path=path, ConnectionId=ID, Data="grüezi".encode())
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert api.socket.sent == ["grüezi".encode()]
    told = await api("get_connection", path=path, ConnectionId=ID)
    assert told["Identity"] == {"SourceIp": "192.0.2.7", "UserAgent": "probe/1"}
    assert (told["ConnectedAt"].timestamp(), told["LastActiveAt"].timestamp()) == (1, 2)
    answer = await api("delete_connection", path=path, ConnectionId=ID)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert api.socket.left == (1001, "Going away")


async def test_what_is_told_is_written_as_aws_does(api):
    answer = await api.ask("GET", f"/live/prod/@connections/{quote(ID)}")
    assert answer.body == (
        b'{"connectedAt":"1970-01-01T00:00:01Z",'
        b'"identity":{"sourceIp":"192.0.2.7","userAgent":"probe/1"},'
        b'"lastActiveAt":"1970-01-01T00:00:02Z"}'
    )
    posted = await api.ask("POST", f"/live/prod/@connections/{quote(ID)}", b"x")
    assert (posted.status, posted.body) == (200, b"")
    assert posted.headers["x-amzn-requestid"]


@pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
async def test_a_connection_that_there_is_not_is_gone(api, operation):
    data = {"Data": b"x"} if operation == "post_to_connection" else {}
    assert await refused(api, operation, ConnectionId=OTHER, **data) == (410, "GoneException")


async def test_one_that_is_cut_off_while_it_is_sent_to_is_gone(api):
    api.socket.gone = True
    found = await refused(api, "post_to_connection", ConnectionId=ID, Data=b"x")
    assert found == (410, "GoneException")


REFUSALS = {
    "gone": ("POST", f"/live/prod/@connections/{quote(OTHER)}", b"x", 410, "Gone", None),
    "no base64": (
        "GET",
        "/live/prod/@connections/a%20b",
        b"",
        400,
        "BadRequest",
        "Invalid connectionId: a b",
    ),
    "no whole base64": (
        "GET",
        "/live/prod/@connections/AAAAA",
        b"",
        400,
        "BadRequest",
        "Invalid connectionId: AAAAA",
    ),
    "no UTF-8": (
        "POST",
        f"/live/prod/@connections/{quote(ID)}",
        b"\xff",
        400,
        "BadRequest",
        "The message is no UTF-8.",
    ),
    "too long": (
        "POST",
        f"/live/prod/@connections/{quote(ID)}",
        b"x" * (MAX_MESSAGE + 1),
        413,
        "PayloadTooLarge",
        "Message too long",
    ),
    "another stage": (
        "POST",
        f"/live/$default/@connections/{quote(ID)}",
        b"x",
        403,
        "Forbidden",
        "Forbidden",
    ),
    "no API": ("POST", f"/x/prod/@connections/{quote(ID)}", b"x", 403, "Forbidden", "Forbidden"),
    "no method": (
        "PUT",
        f"/live/prod/@connections/{quote(ID)}",
        b"x",
        403,
        "Forbidden",
        "Forbidden",
    ),
    "no connection": ("GET", "/live/prod/@connections", b"", 403, "Forbidden", "Forbidden"),
    "group of no API": ("POST", "/x/prod/@groups/a", b"x", 403, "Forbidden", "Forbidden"),
    "group without a stage": ("POST", "/@groups/a", b"x", 403, "Forbidden", "Forbidden"),
    "group's name": (
        "GET",
        "/live/prod/@groups/%FF",
        b"",
        400,
        "BadRequest",
        "Invalid group name: %FF",
    ),
    "group's long name": (
        "GET",
        f"/live/prod/@groups/{'a' * 129}",
        b"",
        400,
        "BadRequest",
        f"Invalid group name: {'a' * 129}",
    ),
    "group's message": (
        "POST",
        "/live/prod/@groups/a",
        b"x" * (MAX_MESSAGE + 1),
        413,
        "PayloadTooLarge",
        "Message too long",
    ),
    "member that there is not": (
        "PUT",
        f"/live/prod/@groups/a/{quote(OTHER)}",
        b"",
        410,
        "Gone",
        None,
    ),
    "member of another stage": (
        "PUT",
        f"/live/$default/@groups/a/{quote(ID)}",
        b"",
        410,
        "Gone",
        None,
    ),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind", "message"), REFUSALS.values(), ids=REFUSALS
)
async def test_what_is_refused_is_told_as_aws_does(api, method, path, body, status, kind, message):
    answer = await api.ask(method, path, body)
    assert (answer.status, answer.json) == (status, {"message": message})
    assert answer.headers["x-amzn-errortype"] == f"{kind}Exception"
    assert api.socket.sent == []


async def test_the_longest_message_is_sent(api):
    message = b"x" * MAX_MESSAGE
    await api("post_to_connection", ConnectionId=ID, Data=message)
    assert api.socket.sent == [message]


async def test_a_group_is_joined_told_of_sent_to_and_left(api):
    board = "/live/prod/@groups/practice%207%3B%C3%B6"
    member = f"{board}/{quote(ID)}"
    empty = await api.ask("POST", board, b"x")
    assert (empty.status, empty.json) == (200, {"sent": 0})
    for _ in range(2):
        assert (await api.ask("PUT", member)).status == 204
    told = await api.ask("GET", board)
    assert [each["connectionId"] for each in told.json["members"]] == [ID]
    assert told.json["members"][0]["identity"]["sourceIp"] == "192.0.2.7"
    assert (await api.ask("POST", board, b"hello")).json == {"sent": 1}
    assert (await api.ask("POST", "/live/prod/@groups/practice%207", b"y")).json == {"sent": 0}
    assert api.socket.sent == [b"hello"]
    for _ in range(2):
        assert (await api.ask("DELETE", member)).status == 204
    assert (await api.ask("GET", board)).json == {"members": []}


async def test_who_signs_wrongly_is_refused(api):
    found = await refused(api, "post_to_connection", secret="wrong", ConnectionId=ID, Data=b"x")
    assert found == (403, "InvalidSignatureException")
    unsigned = await asyncio.to_thread(call, api.address, "POST", "/live/prod/@groups/a", body="x")
    assert unsigned.status == 403
    assert api.socket.sent == []


async def test_a_signature_for_another_service_is_refused(api):
    path = "/live/prod/@groups/a"
    request = AWSRequest("GET", f"http://{api.address}{path}")
    SigV4Auth(Credentials("frontdesk", "t0ken"), "sqs", "us-east-1").add_auth(request)
    answer = await asyncio.to_thread(call, api.address, "GET", path, headers=dict(request.headers))
    assert answer.status == 403


async def test_without_credentials_nobody_signs_but_web_pages_are_refused(serving):
    api = await serving(token=None)
    path = f"/live/prod/@connections/{quote(ID)}"
    posted = await asyncio.to_thread(call, api.address, "POST", path, body="x")
    assert posted.status == 200
    origin = {"origin": "https://evil.example"}
    page = await asyncio.to_thread(call, api.address, "POST", path, body="y", headers=origin)
    assert page.status == 403
    assert api.socket.sent == [b"x"]


async def test_what_cannot_be_told_is_an_error_and_not_gone(api, monkeypatch):
    async def lost(*_given):
        raise StoreError("node b has not answered")

    monkeypatch.setattr(api.pushes, "describe", lost)
    found = await refused(api, "post_to_connection", ConnectionId=ID, Data=b"x")
    assert found == (500, "ServiceException")

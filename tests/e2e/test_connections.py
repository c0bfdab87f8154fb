"""Pushes to WebSocket connections of a gateway with workers: by boto3 from outside, and from a function."""

import contextlib
import json

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project

CONFIG = """
workers: 2
admin: {listen: "127.0.0.1:%d", token: t0ken-of-the-operator}
functions: {desk: {handler: desk.handler, code: .}}
apis:
  live:
    type: websocket
    stages: {prod: {}}
    routes:
      $default: {function: desk}
      whoami: {function: desk, response: true}
"""

DESK = """
import json
import boto3

connections = boto3.client("apigatewaymanagementapi", region_name="us-east-1")


def handler(event, context):
    caller = event["requestContext"]["connectionId"]
    if event["requestContext"]["routeKey"] == "whoami":
        return {"statusCode": 200, "body": caller}
    connections.post_to_connection(ConnectionId=caller, Data=b"pushed: " + event["body"].encode())
    return {"statusCode": 200}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    port = free_port()
    path = project(tmp_path_factory.mktemp("connections"), CONFIG % port, desk=DESK)
    with gateway(path) as running:
        running.admin = f"127.0.0.1:{port}"
        yield running


@pytest.fixture
def sockets(running):
    """Four connections: enough for both workers, as good as always. Gives them by their ids."""
    with contextlib.ExitStack() as stack:
        opened = {}
        for _ in range(4):
            socket = stack.enter_context(connect(f"ws://{running.address}/prod"))
            socket.send('{"action": "whoami"}')
            opened[socket.recv(30)] = socket
        yield opened


@pytest.fixture
def client(running):
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://{running.admin}/live/prod",
        region_name="us-east-1",
        aws_access_key_id="frontdesk",
        aws_secret_access_key="t0ken-of-the-operator",
    )
    with contextlib.closing(client):
        yield client


def ask(running, method, path, body=b""):
    """Ask with a signature: boto3 knows no groups."""
    request = AWSRequest(method, f"http://{running.admin}{path}", data=body)
    pair = Credentials("frontdesk", "t0ken-of-the-operator")
    SigV4Auth(pair, "execute-api", "us-east-1").add_auth(request)
    return call(running.admin, method, path, headers=dict(request.headers), body=body)


def test_boto3_reaches_every_connection_whichever_worker_holds_it(sockets, client):
    for each, socket in sockets.items():
        client.post_to_connection(ConnectionId=each, Data=f"to {each}".encode())
        assert socket.recv(30) == f"to {each}"
        assert client.get_connection(ConnectionId=each)["Identity"]["SourceIp"] == "127.0.0.1"


def test_one_that_is_closed_is_gone(sockets, client):
    each, socket = next(iter(sockets.items()))
    client.delete_connection(ConnectionId=each)
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(30)
    assert closed.value.rcvd.code == 1001
    with pytest.raises(client.exceptions.GoneException):
        client.post_to_connection(ConnectionId=each, Data=b"x")


def test_a_function_pushes_to_its_own_caller(sockets):
    for socket in sockets.values():
        socket.send('{"action": "anything"}')
        assert socket.recv(30) == 'pushed: {"action": "anything"}'


def test_one_post_reaches_all_members_of_a_group_and_nobody_else(running, sockets):
    board = "/live/prod/@groups/practice-7"
    *members, stranger = sockets
    for each in members:
        assert ask(running, "PUT", f"{board}/{each.replace('=', '%3D')}").status == 204
    told = json.loads(ask(running, "GET", board).body)["members"]
    assert [each["connectionId"] for each in told] == sorted(members)
    answer = ask(running, "POST", board, b"call ended")
    assert answer.json == {"sent": 3}
    assert [sockets[each].recv(30) for each in members] == ["call ended"] * 3
    sockets[stranger].send('{"action": "whoami"}')
    assert sockets[stranger].recv(30) == stranger

"""Pushes to WebSocket connections of a gateway with workers: by boto3 from outside, and from a function."""

import contextlib
import json
import os
import signal
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project
from tests.live.processes import alive, descendants, until

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


@contextlib.contextmanager
def connected(running, count):
    """Open connections; gives them by their ids."""
    with contextlib.ExitStack() as stack:
        opened = {}
        for _ in range(count):
            socket = stack.enter_context(connect(f"ws://{running.address}/prod"))
            socket.send('{"action": "whoami"}')
            opened[socket.recv(30)] = socket
        yield opened


@pytest.fixture
def sockets(running):
    """Four connections: enough for both workers, as good as always."""
    with connected(running, 4) as opened:
        yield opened


@pytest.fixture
def many(running):
    """Enough for each worker to have one."""
    with connected(running, 16) as opened:
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


# -- a worker dies ------------------------------------------------------------------------------------


def test_a_killed_worker_takes_only_its_own_connections_along(running, many, client):
    board = "/live/prod/@groups/killed"
    for each in many:
        assert ask(running, "PUT", f"{board}/{each.replace('=', '%3D')}").status == 204
    killed = worker(running)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not alive(killed))
    running.process.wait_for(r"worker \d was killed by SIGKILL; another one starts now")
    lost = {each for each, socket in many.items() if is_cut(socket)}
    left = sorted(many.keys() - lost)
    assert lost
    for each in lost:
        with pytest.raises(client.exceptions.GoneException):
            client.post_to_connection(ConnectionId=each, Data=b"x")
    assert ask(running, "POST", board, b"to who is left").json == {"sent": len(left)}
    assert [many[each].recv(30) for each in left] == ["to who is left"] * len(left)
    members = json.loads(ask(running, "GET", board).body)["members"]
    assert [each["connectionId"] for each in members] == left


def worker(running):
    """Return one of the workers."""
    return next(
        pid
        for pid in descendants(running.process.pid)
        if "frontdesk.cli.worker" in Path(f"/proc/{pid}/cmdline").read_text()
    )


def is_cut(socket):
    try:
        socket.send('{"action": "whoami"}')
        socket.recv(30)
    except ConnectionClosed:
        return True
    return False

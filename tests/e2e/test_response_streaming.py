"""Functions that stream, through the whole door: Python generators and a command in Node.js."""

import contextlib
import http.client
import json
import shutil
from pathlib import Path

import pytest

from tests.live.calls import PATIENCE, connect
from tests.live.gateways import gateway, project
from tests.live.processes import until

CONFIG = """
functions:
  report: {handler: code.report, timeout: 60s}
  flood: {handler: code.flood, timeout: 60s}
  breaks: {handler: code.breaks}
  whole: {handler: code.whole}
  plain: {handler: code.plain}
  node: {handler: {command: [node, bootstrap.mjs]}, timeout: 60s}
apis:
  a:
    routes:
      GET /report: {function: report, invoke_mode: response_stream, timeout: 20s}
      GET /report/whole: {function: report}
      GET /flood: {function: flood, invoke_mode: response_stream}
      GET /breaks: {function: breaks, invoke_mode: response_stream}
      GET /whole: {function: whole, invoke_mode: response_stream}
      GET /plain: {function: plain, invoke_mode: response_stream}
      POST /node: {function: node, invoke_mode: response_stream, payload: "2.0"}
"""

CODE = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def report(event, context):
    yield {"statusCode": 201, "headers": {"content-type": "text/event-stream"}, "cookies": ["a=1", "b=2"]}
    yield "data: 1\\n\\n"
    while event["rawPath"] == "/report" and not (HERE / "go").exists():
        time.sleep(0.005)
    yield "data: 2\\n\\n"

def flood(event, context):
    with open(HERE / "told", "wb", buffering=0) as told:
        for _ in range(400):
            yield b"x" * 65536
            told.write(b".")

def breaks(event, context):
    yield {}
    yield "first"
    raise ValueError("midway")

def whole(event, context):
    return {"statusCode": 202, "body": "whole"}

def plain(event, context):
    yield "just text"
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    bootstrap = Path(__file__).parents[1] / "functions" / "handlers" / "bootstrap.mjs"
    shutil.copy(bootstrap, folder)
    with gateway(project(folder, CONFIG, code=CODE)) as running:
        yield running


@contextlib.contextmanager
def begun(door, target):
    """Ask, and yield the answer before its body has come."""
    connection = http.client.HTTPConnection(door.address, timeout=PATIENCE)
    connection.request("GET", target)
    with contextlib.closing(connection), connection.getresponse() as answer:
        yield answer


def test_the_first_part_comes_while_the_function_still_runs(door):
    with begun(door, "/report") as answer:
        assert (answer.status, answer.msg["content-type"]) == (201, "text/event-stream")
        assert answer.msg.get_all("set-cookie") == ["a=1", "b=2"]
        assert answer.msg["transfer-encoding"] == "chunked"
        assert answer.readline() + answer.readline() == b"data: 1\n\n"
        (door.folder / "go").touch()
        assert answer.read() == b"data: 2\n\n"


def test_a_route_that_does_not_stream_gets_the_same_as_a_whole(door):
    answer = door.call(target="/report/whole")
    assert (answer.status, answer.body) == (201, b"data: 1\n\ndata: 2\n\n")
    assert answer.headers["content-length"] == "18"


def test_a_function_that_does_not_stream_is_answered_as_a_whole(door):
    answer = door.call(target="/whole")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (202, b"whole", "5")


def test_parts_without_metadata_are_bytes(door):
    answer = door.call(target="/plain")
    assert (answer.status, answer.body) == (200, b"just text")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_an_answer_that_breaks_off_is_no_complete_message(door):
    with begun(door, "/breaks") as answer:
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        assert caught.value.partial == b"first"
    assert door.call(target="/whole").status == 202


def test_a_client_that_does_not_read_makes_the_function_wait(door):
    told = door.folder / "told"
    with connect(door.address) as client:
        client.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        until(lambda: told.exists() and told.stat().st_size)
        for _ in range(20):
            assert door.call(target="/whole").status == 202
        assert told.stat().st_size < 300  # of 400: buffers of the kernel take the rest
        received = 0
        while piece := client.recv(1 << 20):
            received += len(piece)
    assert received > 400 * 65536
    assert told.stat().st_size == 400


def test_a_client_that_leaves_does_not_stop_the_function(door):
    told = door.folder / "told"
    told.unlink(missing_ok=True)
    with connect(door.address) as client:
        client.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(100)
    until(lambda: told.stat().st_size == 400)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_node_streams_through_the_door(door):
    answer = door.call("POST", "/node", body=json.dumps({"parts": 2}))
    assert (answer.status, answer.body) == (203, b"part 0\npart 1\n")
    assert (answer.headers["x-from"], answer.headers.get_all("set-cookie")) == (
        "node",
        ["a=1", "b=2"],
    )
    assert answer.headers["transfer-encoding"] == "chunked"

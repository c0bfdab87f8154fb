"""Functions behind the whole door, in a gateway of its own: what goes wrong in them stays with them."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.calls import connect
from tests.live.gateways import gateway, project
from tests.live.processes import alive, descendants, until

CONFIG = """
functions:
  f: {handler: code.handler, timeout: 60s, memory: 64MB, reserved_concurrency: 1}
  short: {handler: code.handler, timeout: 1s, reserved_concurrency: 1}
  gate: {handler: code.gate, timeout: 60s, reserved_concurrency: 1}
  broken: {handler: broken.handler}
authorizers:
  ill: {type: function, function: gate, identity: [$request.header.X-How], cache: 0s}
apis:
  a:
    routes:
      GET /f/{how}: {function: f}
      GET /v1/{how}: {function: f, payload: "1.0"}
      GET /impatient/{how}: {function: f, timeout: 1s}
      GET /short/{how}: {function: short}
      GET /guarded: {mock: {body: in}, authorizer: ill}
      GET /broken: {function: broken}
"""

CODE = """
import os, sys, time
from pathlib import Path

HERE = Path(__file__).parent

def spin():
    while True:
        pass

def flood():
    for _ in range(2000):
        print("x" * 1000)
    return {"flooded": True}

def recurse():
    return recurse()

def hungry():
    kept = bytearray(400 << 20)
    kept[::4096] = b"x" * len(kept[::4096])
    time.sleep(300)

WAYS = {
    "well": lambda: {"pid": os.getpid()},
    "spin": spin,
    "sleep": lambda: time.sleep(300),
    "flood": flood,
    "exit": lambda: os._exit(3),
    "sys.exit": lambda: sys.exit(0),
    "abort": os.abort,
    "raise": lambda: 1 / 0,
    "recurse": recurse,
    "hungry": hungry,
    "object": lambda: object(),
    "status": lambda: {"statusCode": "many"},
    "status-range": lambda: {"statusCode": 99},
    "headers": lambda: {"statusCode": 200, "headers": [1]},
    "injection": lambda: {"statusCode": 200, "headers": {"x-a": "1\\r\\nx-b: 2"}},
    "base64": lambda: {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    "nothing": lambda: None,
}

def handler(event, context):
    (HERE / "pid").write_text(str(os.getpid()))
    return WAYS[event["pathParameters"]["how"]]()

def gate(event, context):
    how = event["headers"]["x-how"]
    return {"yes": {"isAuthorized": True}, "no": {"isAuthorized": False}}.get(how) or WAYS[how]()
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    with gateway(project(folder, CONFIG, code=CODE, broken="import nowhere\n")) as running:
        yield running


@pytest.fixture
def pid(door):
    """Reads the process id that the last handler has left."""
    file = door.folder / "pid"
    file.unlink(missing_ok=True)
    return lambda: int(until(lambda: file.exists() and file.read_text()))


ILL = {
    "exit": 500,
    "sys.exit": 500,
    "abort": 500,
    "raise": 500,
    "recurse": 500,
    "hungry": 500,
    "object": 500,
    "status": 500,
    "status-range": 500,
    "headers": 500,
    "injection": 500,
    "base64": 500,
    "flood": 200,
    "nothing": 200,
}


@pytest.mark.parametrize("how", ILL)
@pytest.mark.parametrize("form", ["f", "v1"])
def test_what_a_function_does_gets_its_status_and_the_next_request_is_served(door, form, how):
    wanted = 500 if (form, how) in (("v1", "nothing"), ("v1", "flood")) else ILL[how]
    answer = door.call("GET", f"/{form}/{how}")
    assert answer.status == wanted
    if wanted == 500:
        assert answer.json == {"message": "Internal Server Error"}
    assert door.call("GET", "/f/well").json["pid"]


@pytest.mark.parametrize(
    ("route", "status", "message"),
    [
        ("/impatient", 503, "Service Unavailable"),
        ("/short", 500, "Internal Server Error"),
    ],
    ids=["integration-timeout", "function-timeout"],
)
@pytest.mark.parametrize("how", ["spin", "sleep"])
def test_a_function_that_takes_too_long_is_killed(door, pid, route, status, message, how):
    answer = door.call("GET", f"{route}/{how}")
    assert (answer.status, answer.json) == (status, {"message": message})
    killed = pid()
    until(lambda: not alive(killed))
    served = door.call("GET", f"{route.replace('impatient', 'f')}/well").json["pid"]
    assert served != killed


def test_a_function_whose_module_cannot_be_imported_is_a_500_and_its_log_says_why(door):
    answer = door.call("GET", "/broken")
    assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})
    log = door.folder / ".frontdesk" / "logs" / "broken.log"
    until(lambda: log.exists() and "No module named 'nowhere'" in log.read_text())


def test_a_flood_of_output_lies_in_the_log_and_not_in_memory(door):
    door.call("GET", "/f/flood")
    log = door.folder / ".frontdesk" / "logs" / "f.log"
    until(lambda: log.read_text().count("x" * 1000) >= 2000)


@pytest.mark.parametrize(
    ("how", "status"),
    [("yes", 200), ("no", 403), ("raise", 500), ("exit", 500), ("object", 500), ("nothing", 500)],
)
def test_an_authorizer_that_fails_lets_nobody_in_and_the_next_is_asked(door, how, status):
    assert door.call("GET", "/guarded", headers={"X-How": how}).status == status
    assert door.call("GET", "/guarded", headers={"X-How": "yes"}).body == b"in"


def test_beyond_the_reserved_concurrency_requests_wait_or_are_refused_but_never_hang(door):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: door.call("GET", "/f/well"), range(8)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert 200 in {answer.status for answer in answers}


def test_a_client_that_leaves_does_not_spoil_the_function_for_the_next(door, pid):
    with connect(door.address) as connection:
        connection.sendall(b"GET /impatient/well HTTP/1.1\r\nHost: a\r\n\r\n")
    assert pid()
    assert door.call("GET", "/f/well").status == 200


def test_a_zygote_that_is_killed_is_replaced(door):
    pid = door.call("GET", "/f/well").json["pid"]
    [zygote] = {parent for parent in descendants(door.process.pid) if pid in descendants(parent)}
    os.kill(zygote, signal.SIGKILL)
    until(lambda: not alive(pid))
    until(lambda: door.call("GET", "/f/well").status == 200)

"""Two workers behind one address: exact limits, and what is left when any process of them is killed."""

import contextlib
import http.client
import os
import re
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.live.calls import PATIENCE, call, call_at_once, connect, free_port, listens
from tests.live.gateways import gateway, project
from tests.live.processes import alive, descendants, until

BURST = 20
AT_ONCE = 16
"""Connections at a time: that one worker gets all of them does not happen."""

SECRET = "do-not-show-this-2871"

CONFIG = f"""
workers: 2
admin: {{listen: 127.0.0.1:ADMIN, token: "${{file:token}}"}}
logs: {{access: {{path: access.log, format: $context.path}}}}
limits: {{throttle: {{rate: 100000/s, burst: 100000}}, concurrency: 60}}
functions:
  held: {{handler: code.held, timeout: 60s, reserved_concurrency: {AT_ONCE}}}
  two: {{handler: code.held, timeout: 60s, reserved_concurrency: 2}}
  who: {{handler: code.who}}
  parts: {{handler: code.parts}}
apis:
  a:
    routes:
      GET /mock: {{mock: {{body: v0}}}}
      GET /counted: {{mock: {{}}}}
      GET /once: {{mock: {{}}, throttle: {{rate: 1/d, burst: {BURST}}}}}
      GET /still: {{mock: {{}}, throttle: {{rate: 1/d, burst: {BURST}}}}}
      GET /held: {{function: held}}
      GET /two: {{function: two}}
      GET /who: {{function: who}}
      GET /parts: {{function: parts, invoke_mode: response_stream}}
      $default: {{mock: {{}}}}
"""

CODE = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def held(event, context):
    (HERE / f"began-{context.aws_request_id}").touch()
    while not (HERE / "go").exists():
        time.sleep(0.005)
    return "held"

def who(event, context):
    return {"pid": os.getpid()}

def parts(event, context):
    yield {"statusCode": 200}
    for _ in range(300):
        yield b"x" * 65536
    while not (HERE / "go").exists():
        time.sleep(0.005)
    yield b"end"
"""


@contextlib.contextmanager
def running(folder):
    """Run the project; yields its gateway, which knows the address of its admin listener."""
    admin = free_port()
    (folder / "token").write_text(SECRET)
    path = project(folder, CONFIG.replace("ADMIN", str(admin)), code=CODE)
    with gateway(path) as door:
        door.admin = f"127.0.0.1:{admin}"
        yield door


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("workers")) as door:
        yield door


@pytest.fixture
def door(shared):
    """The gateway of all tests that leave it as it was, with both workers serving."""
    for path in (*shared.folder.glob("began-*"), *shared.folder.glob("go")):
        path.unlink()
    until(lambda: ready(shared))
    return shared


@pytest.fixture
def own(tmp_path):
    """A gateway that the test may end."""
    with running(tmp_path) as door:
        yield door


def ready(door):
    answer = call(door.admin, "GET", "/readyz")
    return (answer.status, answer.json) == (200, {"status": "ready"})


def processes(door, name):
    """List the processes below the gateway that run a program."""
    found = []
    for pid in descendants(door.process.pid):
        with contextlib.suppress(OSError):
            if name in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return sorted(found)


def workers(door):
    return processes(door, "frontdesk.cli.worker")


def children(pid):
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def said(door, pattern):
    return len(re.findall(pattern, door.process.stderr))


def ask(address, target):
    """Send a request on a connection of its own; its answer is not waited for."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("GET", target)
    return connection


def answers(connections):
    """Wait for each: its body, or None where the connection broke."""
    found = []
    for connection in connections:
        try:
            found.append(connection.getresponse().read())
        except (ConnectionError, http.client.HTTPException):
            found.append(None)
        connection.close()
    return found


def bodies(door, target):
    return {each.body for each in call_at_once(door.address, AT_ONCE, target)}


def statuses(door, count, target):
    return [each.status for each in call_at_once(door.address, count, target)]


def began(folder, count):
    until(lambda: len(list(folder.glob("began-*"))) == count)


def held_in_both(door):
    """Have requests under way in both workers."""
    connections = [ask(door.address, "/held") for _ in range(AT_ONCE)]
    began(door.folder, AT_ONCE)
    return connections


# -- limits -------------------------------------------------------------------------------------------


def test_a_throttle_lets_through_exactly_its_burst(door):
    assert len(workers(door)) == 2
    given = statuses(door, 3 * BURST, "/once")
    assert (given.count(200), given.count(429)) == (BURST, 2 * BURST)


def test_reserved_concurrency_is_exact(door):
    connections = [ask(door.address, "/two") for _ in range(AT_ONCE)]
    began(door.folder, 2)
    (door.folder / "go").touch()
    found = answers(connections)
    assert found.count(b"held") == 2
    assert None not in found


def test_connections_are_divided_among_the_workers(tmp_path):
    path = project(
        tmp_path,
        "workers: 2\nlimits: {max_connections: 4}\napis: {a: {routes: {GET /: {mock: {}}}}}\n",
    )
    with gateway(path) as door, contextlib.ExitStack() as opened:
        connections = [opened.enter_context(connect(door.address)) for _ in range(40)]
        for each in connections:
            each.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        first = [each.recv(65536) for each in connections]
        assert sum(answer.startswith(b"HTTP/1.1 200") for answer in first) == 4


# -- streams ------------------------------------------------------------------------------------------


def test_streamed_answers_come_as_they_are_made(door):
    with contextlib.ExitStack() as opened:
        asked = [opened.enter_context(closing(ask(door.address, "/parts"))) for _ in range(4)]
        responses = [opened.enter_context(each.getresponse()) for each in asked]
        for response in responses:
            assert len(response.read(300 * 65536)) == 300 * 65536
        (door.folder / "go").touch()
        assert [response.read() for response in responses] == [b"end"] * 4


def test_a_client_that_leaves_a_stream_disturbs_no_other(door):
    with closing(ask(door.address, "/parts")) as staying, staying.getresponse() as response:
        with closing(ask(door.address, "/parts")) as leaving, leaving.getresponse() as left:
            assert left.read(1000)
        assert response.read(1000)
        (door.folder / "go").touch()
        assert response.read().endswith(b"end")


# -- one of them is killed ------------------------------------------------------------------------------


def test_a_killed_worker_is_replaced_and_loses_only_its_own_requests(door):
    before = workers(door)
    connections = held_in_both(door)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: not alive(before[0]))
    assert set(statuses(door, AT_ONCE, "/mock")) == {200}  # nobody is turned away meanwhile
    door.process.wait_for(r"worker \d was killed by SIGKILL; another one starts now")
    until(lambda: ready(door))
    (door.folder / "go").touch()
    assert set(answers(connections)) == {b"held", None}
    assert before[1] in workers(door)
    assert before[0] not in workers(door)


def test_limits_are_kept_when_workers_are_replaced(door):
    assert set(statuses(door, BURST, "/still")) == {200}
    ended = said(door, "was killed by SIGKILL")
    for pid in workers(door):
        os.kill(pid, signal.SIGKILL)
    until(lambda: said(door, "was killed by SIGKILL") == ended + 2)
    until(lambda: ready(door))
    assert set(statuses(door, BURST, "/still")) == {429}


def test_a_killed_zygote_or_child_costs_its_calls_alone(door):
    [zygote] = set(processes(door, "zygote.py")) & children(door.process.pid)
    connections = [ask(door.address, "/held") for _ in range(4)]
    began(door.folder, 4)
    os.kill(call(door.address, "GET", "/who").json["pid"], signal.SIGKILL)
    until(lambda: call(door.address, "GET", "/who").status == 200)
    pids = workers(door)
    os.kill(zygote, signal.SIGKILL)
    assert all(b"Internal Server Error" in body for body in answers(connections))
    until(lambda: call(door.address, "GET", "/who").status == 200)
    assert workers(door) == pids


def test_a_killed_supervisor_takes_everything_with_it(own):
    connections = held_in_both(own)
    below = descendants(own.process.pid) - {own.process.pid}
    assert len(below) > AT_ONCE
    own.process.signal(signal.SIGKILL)
    own.process.wait()
    until(lambda: not any(map(alive, below)))
    assert set(answers(connections)) == {None}
    assert not listens(own.address)


# -- reload -------------------------------------------------------------------------------------------


def test_reloads_under_load_lose_and_tear_nothing(door):
    stop, seen, wrong = threading.Event(), set(), []

    def client():
        connection = http.client.HTTPConnection(door.address, timeout=PATIENCE)
        while not stop.is_set():
            connection.request("GET", "/mock")
            response = connection.getresponse()
            seen.add(response.read())
            if response.status != 200:
                wrong.append(response.status)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(6)]
    for each in clients:
        each.start()
    try:
        for number in range(1, 6):
            path = door.folder / "frontdesk.yaml"
            path.write_text(path.read_text().replace(f"v{number - 1}", f"v{number}"))
            door.process.signal(signal.SIGHUP)
            door.process.wait_for('"message": "reloaded', times=number)
            assert bodies(door, "/mock") == {b"v%d" % number}
    finally:
        stop.set()
        for each in clients:
            each.join(PATIENCE)
    assert not wrong
    assert seen <= {b"v%d" % number for number in range(6)}


def test_a_file_that_is_wrong_changes_nothing_in_any_worker(door):
    path = door.folder / "frontdesk.yaml"
    text, before = path.read_text(), bodies(door, "/mock")
    path.write_text(re.sub("body: v.", "bdy: new", text))
    door.process.signal(signal.SIGHUP)
    door.process.wait_for("not reloaded")
    path.write_text(text)
    assert bodies(door, "/mock") == before


# -- what an operator sees ------------------------------------------------------------------------------


def test_all_workers_write_whole_lines_to_one_log_and_reopen_it(door):
    log, old = door.folder / "access.log", door.folder / "access.log.1"
    statuses(door, 60, "/before")
    until(lambda: log.read_text().count("/before\n") == 60)
    log.rename(old)
    door.process.signal(signal.SIGUSR1)
    until(log.exists)
    statuses(door, 60, "/after")
    until(lambda: (log.read_text() + old.read_text()).count("/after\n") == 60)
    statuses(door, 60, "/last")
    until(lambda: log.read_text().count("/last\n") == 60)
    assert all(re.fullmatch(r"/\w+", line) for line in log.read_text().splitlines())


def test_numbers_are_those_of_all_workers_also_of_those_that_have_ended(door):
    def counted():
        headers = {"Authorization": f"Bearer {SECRET}"}
        text = call(door.admin, "GET", "/metrics", headers=headers).body.decode()
        [line] = [
            line
            for line in text.splitlines()
            if line.startswith("http_server_request_duration_seconds_count") and "/counted" in line
        ]
        return int(line.rpartition(" ")[2])

    statuses(door, 40, "/counted")
    assert counted() == 40
    ended = said(door, "was killed by SIGKILL")
    os.kill(workers(door)[0], signal.SIGKILL)
    until(lambda: said(door, "was killed by SIGKILL") == ended + 1)
    until(lambda: ready(door))
    assert counted() == 40
    statuses(door, 10, "/counted")
    assert counted() == 50


def test_a_secret_is_on_no_command_line_and_in_no_environment(door):
    for pid in (door.process.pid, *workers(door)):
        for what in ("cmdline", "environ"):
            assert SECRET not in Path(f"/proc/{pid}/{what}").read_text()


# -- stop -----------------------------------------------------------------------------------------------


def test_after_sigterm_requests_in_all_workers_finish(own):
    connections = held_in_both(own)
    own.process.signal(signal.SIGTERM)
    own.process.wait_for("stopping")
    until(lambda: not listens(own.address))
    (own.folder / "go").touch()
    assert answers(connections) == [b"held"] * AT_ONCE
    assert own.process.wait() == 0


def test_a_second_signal_ends_all_at_once(own):
    connections = held_in_both(own)
    below = descendants(own.process.pid) - {own.process.pid}
    own.process.signal(signal.SIGTERM)
    own.process.wait_for("stopping")
    own.process.signal(signal.SIGTERM)
    assert own.process.wait() == 0
    until(lambda: not any(map(alive, below)))
    assert set(answers(connections)) == {None}
    assert "Traceback" not in own.process.stderr

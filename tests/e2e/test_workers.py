"""Two workers behind one address: exact limits, and what is left when any process of them is killed."""

import contextlib
import http.client
import os
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

CONFIG = f"""
workers: 2
limits: {{throttle: {{rate: 100000/s, burst: 100000}}, concurrency: 60}}
functions:
  held: {{handler: code.held, timeout: 60s, reserved_concurrency: {AT_ONCE}}}
  two: {{handler: code.held, timeout: 60s, reserved_concurrency: 2}}
  who: {{handler: code.who}}
  parts: {{handler: code.parts}}
apis:
  a:
    routes:
      GET /mock: {{mock: {{body: old}}}}
      GET /limited: {{mock: {{}}, throttle: {{rate: 1/d, burst: {BURST}}}}}
      GET /held: {{function: held}}
      GET /two: {{function: two}}
      GET /who: {{function: who}}
      GET /parts: {{function: parts, invoke_mode: response_stream}}
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


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG, code=CODE)


@pytest.fixture
def door(path):
    with gateway(path) as running:
        yield running


def processes(door, name):
    """List the processes below the gateway that run a program."""
    found = []
    for pid in descendants(door.process.pid):
        with contextlib.suppress(OSError):
            if name in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return sorted(found)


def children(pid):
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def workers(door):
    return processes(door, "frontdesk.cli.worker")


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
    statuses = [each.status for each in call_at_once(door.address, 3 * BURST, "/limited")]
    assert (statuses.count(200), statuses.count(429)) == (BURST, 2 * BURST)


def test_reserved_concurrency_is_exact(door):
    connections = [ask(door.address, "/two") for _ in range(AT_ONCE)]
    began(door.folder, 2)
    (door.folder / "go").touch()
    bodies = answers(connections)
    assert bodies.count(b"held") == 2
    assert None not in bodies


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


# -- functions ----------------------------------------------------------------------------------------


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
    door.process.wait_for(r"worker \d was killed by SIGKILL; another one starts now")
    until(lambda: len(workers(door)) == 2)
    (door.folder / "go").touch()
    bodies = answers(connections)
    assert set(bodies) == {b"held", None}
    assert before[1] in workers(door)
    assert before[0] not in workers(door)
    # Nobody who comes now is turned away: the socket has stayed.
    assert {each.status for each in call_at_once(door.address, AT_ONCE, "/who")} == {200}
    until(lambda: len(set(workers(door)) & set(before)) == 1)


def test_limits_are_kept_when_a_worker_is_replaced(door):
    assert {each.status for each in call_at_once(door.address, BURST, "/limited")} == {200}
    for pid in workers(door):
        os.kill(pid, signal.SIGKILL)
    door.process.wait_for("was killed by SIGKILL", times=2)
    statuses = {each.status for each in call_at_once(door.address, BURST, "/limited")}
    assert statuses == {429}


def test_a_killed_supervisor_takes_everything_with_it(door):
    connections = held_in_both(door)
    below = descendants(door.process.pid) - {door.process.pid}
    assert len(below) > AT_ONCE
    door.process.signal(signal.SIGKILL)
    door.process.wait()
    until(lambda: not any(map(alive, below)))
    assert set(answers(connections)) == {None}
    assert not listens(door.address)


def test_a_killed_zygote_or_child_costs_its_calls_alone(door):
    [zygote] = set(processes(door, "zygote.py")) & children(door.process.pid)
    connections = [ask(door.address, "/held") for _ in range(4)]
    began(door.folder, 4)
    child = call(door.address, "GET", "/who").json["pid"]
    os.kill(child, signal.SIGKILL)
    assert call(door.address, "GET", "/who").status == 200
    pids = workers(door)
    os.kill(zygote, signal.SIGKILL)
    assert all(b"Internal Server Error" in body for body in answers(connections))
    until(lambda: call(door.address, "GET", "/who").status == 200)
    assert workers(door) == pids
    (door.folder / "go").touch()


# -- reload, logs, stop ---------------------------------------------------------------------------------


def test_reloads_under_load_lose_and_tear_nothing(path):
    with gateway(path) as door:
        stop, seen, wrong = threading.Event(), set(), []

        def client():
            connection = http.client.HTTPConnection(door.address, timeout=PATIENCE)
            while not stop.is_set():
                connection.request("GET", "/mock")
                response = connection.getresponse()
                body = response.read()
                seen.add(body)
                if response.status != 200:
                    wrong.append((response.status, body))
            connection.close()

        clients = [threading.Thread(target=client) for _ in range(6)]
        for each in clients:
            each.start()
        try:
            for number in range(1, 6):
                text = path.read_text()
                path.write_text(
                    text.replace("{body: old", "{body: old " if number == 1 else "{body: old")
                )
                path.write_text(
                    "\n".join(
                        f"      GET /mock: {{mock: {{body: v{number}}}}}"
                        if "GET /mock" in line
                        else line
                        for line in path.read_text().splitlines()
                    )
                    + "\n"
                )
                door.process.signal(signal.SIGHUP)
                door.process.wait_for('"message": "reloaded', times=number)
                now = {each.body for each in call_at_once(door.address, AT_ONCE, "/mock")}
                assert now == {b"v%d" % number}
        finally:
            stop.set()
            for each in clients:
                each.join(PATIENCE)
        assert not wrong
        assert seen <= {b"old", *(b"v%d" % number for number in range(1, 6))}


def test_a_file_that_is_wrong_changes_nothing_in_any_worker(path):
    with gateway(path) as door:
        path.write_text(path.read_text().replace("mock: {body: old}", "mock: {bdy: new}"))
        door.process.signal(signal.SIGHUP)
        door.process.wait_for("not reloaded")
        assert {each.body for each in call_at_once(door.address, AT_ONCE, "/mock")} == {b"old"}


def test_all_workers_write_whole_lines_to_one_log_and_reopen_it(tmp_path):
    path = project(
        tmp_path,
        "workers: 2\nlogs: {access: {path: access.log, format: $context.path}}\n"
        "apis: {a: {routes: {$default: {mock: {}}}}}\n",
    )
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    with gateway(path) as door:
        call_at_once(door.address, 60, "/before")
        until(lambda: log.read_text() == 60 * "/before\n")
        log.rename(old)
        door.process.signal(signal.SIGUSR1)
        until(log.exists)
        call_at_once(door.address, 60, "/after")
        until(lambda: (log.read_text() + old.read_text()).count("/after\n") == 60)
        call_at_once(door.address, 60, "/last")
        until(lambda: log.read_text().endswith(60 * "/last\n"))


def test_after_sigterm_requests_in_all_workers_finish(door):
    connections = held_in_both(door)
    door.process.signal(signal.SIGTERM)
    door.process.wait_for("stopping")
    until(lambda: not listens(door.address))
    (door.folder / "go").touch()
    assert answers(connections) == [b"held"] * AT_ONCE
    assert door.process.wait() == 0


def test_a_second_signal_ends_all_at_once(door):
    connections = held_in_both(door)
    below = descendants(door.process.pid) - {door.process.pid}
    door.process.signal(signal.SIGTERM)
    door.process.wait_for("stopping")
    door.process.signal(signal.SIGTERM)
    assert door.process.wait() == 0
    until(lambda: not any(map(alive, below)))
    assert set(answers(connections)) == {None}
    assert "Traceback" not in door.process.stderr


# -- what an operator sees ------------------------------------------------------------------------------


def test_numbers_are_those_of_all_workers(tmp_path):
    admin = free_port()
    path = project(
        tmp_path,
        f"workers: 2\nadmin: {{listen: 127.0.0.1:{admin}}}\n"
        "apis: {a: {routes: {GET /counted: {mock: {}}}}}\n",
    )
    with gateway(path) as door:
        call_at_once(door.address, 40, "/counted")
        text = call(f"127.0.0.1:{admin}", "GET", "/metrics").body.decode()
        counted = [
            line
            for line in text.splitlines()
            if line.startswith("http_server_request_duration_seconds_count") and "/counted" in line
        ]
        assert [line.rpartition(" ")[2] for line in counted] == ["40"]
        ready = call(f"127.0.0.1:{admin}", "GET", "/readyz")
        assert (ready.status, ready.json) == (200, {"status": "ready"})


def test_a_secret_is_on_no_command_line_and_in_no_environment_but_ours(tmp_path):
    secret = "do-not-show-this-2871"
    admin = free_port()
    path = project(
        tmp_path,
        f'workers: 2\nadmin: {{listen: 127.0.0.1:{admin}, token: "${{file:token}}"}}\n'
        "apis: {a: {routes: {GET /: {mock: {}}}}}\n",
    )
    (tmp_path / "token").write_text(secret)
    with gateway(path) as door:
        for pid in workers(door):
            for what in ("cmdline", "environ"):
                assert secret not in Path(f"/proc/{pid}/{what}").read_text()

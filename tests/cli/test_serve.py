"""`run` and `dev` as processes: what they say, how they reload, how they end."""

import io
import json
import re
import signal
import socket

import pytest

from frontdesk.cli import dev
from frontdesk.config.load import load
from frontdesk.config.models.door import Admin
from tests.live.calls import call, connect, free_port, later, listens, read_to_end
from tests.live.gateways import gateway, project
from tests.live.processes import alive, frontdesk, until

CONFIG = """
functions: {held: {handler: code.held, timeout: 60s}}
apis:
  a:
    routes:
      GET /held: {function: held}
"""

HELD = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def held(event, context):
    (HERE / "began").write_text(str(os.getpid()))
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return "held"
"""


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG, code=HELD)


def begun(folder):
    """Wait for the function; return its process id."""
    return int(until(lambda: (folder / "began").exists() and (folder / "began").read_text()))


def messages(process):
    return [json.loads(line) for line in process.stderr.splitlines()]


@pytest.mark.parametrize(
    ("tls", "url"), [(None, "http://127.0.0.1:8081"), (object(), "https://127.0.0.1:8081")]
)
def test_where_the_admin_listener_is(tls, url):
    assert Admin.model_construct(tls=tls).url == url


# -- run: how it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_after_a_signal_the_request_under_way_finishes(path, number):
    with gateway(path) as running:
        slow = later(running.call, "GET", "/held")
        begun(path.parent)
        running.process.signal(number)
        running.process.wait_for("stopping")
        until(lambda: not listens(running.address))
        (path.parent / "go").touch()
        assert slow.result(30).body == b"held"
        assert running.process.wait() == 0
    said = messages(running.process)
    assert {line["logger"] for line in said} == {"frontdesk"}
    assert [line["message"] for line in said] == [
        f"listening on {running.address}",
        f"console at http://{load([path], {}).config.admin.listen}/console",
        "stopping: requests under way may finish",
    ]
    assert running.process.stdout == ""


def test_who_waits_for_the_development_issuer_is_told_that_it_is_not_served(tmp_path):
    port = free_port()
    issued = f"""
admin: {{listen: 127.0.0.1:{port}}}
authorizers:
  people: {{type: jwt, issuer: "http://127.0.0.1:{port}/issuer", audience: a, allow_http: true}}
apis: {{a: {{routes: {{GET /: {{mock: {{}}, authorizer: people}}}}}}}}
"""
    with gateway(project(tmp_path, issued)) as running:
        running.process.wait_for("only `frontdesk dev` serves the issuer of authorizers.people")


def test_a_second_signal_ends_at_once_and_leaves_no_function(path):
    with gateway(path) as running:
        slow = later(running.call, "GET", "/held")
        pid = begun(path.parent)
        running.process.signal(signal.SIGTERM)
        running.process.wait_for("stopping")
        running.process.signal(signal.SIGTERM)
        assert running.process.wait() == 0
        with pytest.raises(ConnectionError):
            slow.result(30)
        until(lambda: not alive(pid))
    assert "Traceback" not in running.process.stderr


def test_requests_that_do_not_end_are_cut_off_after_the_drain_time(path):
    path.write_text(path.read_text() + "limits: {drain: 100ms}\n")
    with gateway(path) as running, connect(running.address) as connection:
        connection.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        pid = begun(path.parent)
        running.process.signal(signal.SIGTERM)
        assert running.process.wait() == 0
        assert read_to_end(connection) == b""
        until(lambda: not alive(pid))


# -- run: its logs ------------------------------------------------------------------------------------


def test_the_access_log_goes_to_standard_output_and_messages_to_standard_error(tmp_path):
    path = project(tmp_path, "logs: {level: info}\napis: {a: {routes: {GET /x: {mock: {}}}}}\n")
    with gateway(path) as running:
        running.call("GET", "/x")
        running.process.wait_for(r'"/x"')
        running.process.signal(signal.SIGTERM)
        assert running.process.wait() == 0
    [line] = running.process.stdout.splitlines()
    assert json.loads(line)["status"] in (200, "200")
    said = [each["message"].split(" ")[0] for each in messages(running.process)]
    assert said == ["listening", "console", "stopping:"]


def test_sigusr1_reopens_the_access_log(tmp_path):
    path = project(
        tmp_path,
        "logs: {access: {path: access.log, format: $context.path}}\n"
        "apis: {a: {routes: {$default: {mock: {}}}}}\n",
    )
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    with gateway(path) as running:
        running.call("GET", "/before")
        until(lambda: log.read_text() == "/before\n")
        log.rename(old)
        running.process.signal(signal.SIGUSR1)
        until(log.exists)
        running.call("GET", "/after")
        until(lambda: log.read_text() == "/after\n")
    assert old.read_text() == "/before\n"


# -- run: what keeps it from starting -----------------------------------------------------------------

BODY = "apis: {a: {routes: {GET /x: {mock: {}}}}}\n"
UNUSABLE = {
    "a typo": ("name: x\nlistn: 127.0.0.1:0\n" + BODY, r"frontdesk\.yaml:2:1: error: .*listn"),
    "not YAML": ("name: [\n", r"frontdesk\.yaml:2:1: error: "),
    "empty": ("", r"frontdesk\.yaml:1:1: error: .*name"),
    "a missing secret": (
        'name: x\nadmin: {token: "${env:NOT_SET}"}\n' + BODY,
        r"frontdesk\.yaml:2:\d+: error: .*environment variable not set: NOT_SET",
    ),
    "a missing secret file": (
        'name: x\nadmin: {token: "${file:gone.txt}"}\n' + BODY,
        r"frontdesk\.yaml:2:\d+: error: .*gone\.txt",
    ),
    "a taken port": (
        "name: x\nlisten: 127.0.0.1:{taken}\nadmin: {listen: 127.0.0.1:0}\n" + BODY,
        r"error: address already in use: 127\.0\.0\.1:{taken}",
    ),
    "no address of this machine": (
        "name: x\nlisten: 192.0.2.1:1\nadmin: {listen: 127.0.0.1:0}\n" + BODY,
        r"error: not an address of this machine: 192\.0\.2\.1:1",
    ),
    "an open admin listener": (
        "name: x\nlisten: 127.0.0.1:0\nadmin: {listen: 0.0.0.0:0}\n" + BODY,
        r"error: the admin listener is open to others without a token: 0\.0\.0\.0:0",
    ),
    "a data folder that is a file": (
        "name: x\nlisten: 127.0.0.1:0\ndata_dir: frontdesk.yaml\n" + BODY,
        r"error: cannot use the data folder: .*/frontdesk\.yaml",
    ),
    "an access log that cannot be written": (
        "name: x\nlisten: 127.0.0.1:0\nlogs: {access: {path: gone/a.log}}\n" + BODY,
        r"error: cannot write the access log: .*gone/a\.log",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_keeps_run_from_starting_is_one_clear_line(tmp_path, name):
    text, wanted = UNUSABLE[name]
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        (tmp_path / "frontdesk.yaml").write_text(text.replace("{taken}", taken))
        with frontdesk("run", cwd=tmp_path) as process:
            assert process.wait() == 1
    first, *rest = process.stderr.splitlines()
    assert re.search(wanted.replace("{taken}", taken), first)
    assert all(re.match(r"(  )?(hint|why): ", line) for line in rest), process.stderr
    assert process.stdout == ""


def test_without_a_file_run_names_the_one_that_it_looks_for(tmp_path):
    with frontdesk("run", cwd=tmp_path) as process:
        assert process.wait() == 1
    assert process.stderr.startswith("frontdesk.yaml:1:1: error: cannot read the file")


# -- dev ----------------------------------------------------------------------------------------------


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def development(tmp_path):
    """Run `dev` with one function and one mock; yields its address, process and file."""
    path = project(
        tmp_path,
        "logs: {level: info}\n"
        "functions: {f: {handler: code.f}}\n"
        "apis:\n  a:\n    routes:\n      GET /f: {function: f}\n      GET /x: {mock: {body: old}}\n",
        code="def f(event, context):\n    print('called')\n    return 'one'\n",
    )
    with frontdesk("dev", cwd=tmp_path) as process:
        address = process.wait_for(r"http://(\S+)  2 routes, 1 functions")[1]
        yield address, process, path


def test_dev_reloads_code_and_configuration_and_survives_what_is_broken(development):
    address, process, path = development
    code = path.with_name("code.py")
    assert call(address, "GET", "/f").body == b"one"

    change(code, "'one'", "'two'")
    process.wait_for(r"^reloaded: code\.py$")
    assert call(address, "GET", "/f").body == b"two"

    change(path, "body: old", "body: new")
    process.wait_for(r"^reloaded: frontdesk\.yaml$")
    assert call(address, "GET", "/x").body == b"new"

    change(path, "{mock: {body: new}}", "{mok: {body: newer}}")
    process.wait_for(r"^not reloaded: frontdesk\.yaml \(the former state serves on\)$")
    line = 1 + next(n for n, text in enumerate(path.read_text().splitlines()) if "mok" in text)
    process.wait_for(rf"^frontdesk\.yaml:{line}:\d+: error: .*mok")
    assert call(address, "GET", "/x").body == b"new"

    change(path, "mok", "mock")
    process.wait_for(r"^reloaded: frontdesk\.yaml$", times=2)
    assert call(address, "GET", "/x").body == b"newer"

    change(path, "code.f", "code.f, code: gone")
    process.wait_for(r"^not reloaded: function f: no such folder or zip: .*gone")
    assert call(address, "GET", "/f").body == b"two"


def test_dev_shows_why_a_function_cannot_be_imported_and_takes_the_mended_one(development):
    address, process, path = development
    code = path.with_name("code.py")
    change(code, "return 'one'", "return one two")
    process.wait_for(r"error: functions\.f\.handler: not readable as Python: code\.py, line 3")
    process.wait_for(r"^reloaded: code\.py$")
    assert call(address, "GET", "/f").status == 500
    process.wait_for(r"code\.py.*line 3|line 3.*code\.py")
    change(code, "return one two", "return 'mended'")
    process.wait_for(r"^reloaded: .*code\.py$", times=2)
    assert call(address, "GET", "/f").body == b"mended"
    change(code, "def f(", "def g(")
    process.wait_for(r"error: functions\.f\.handler: code\.py defines no f \[handler-not-found\]")


def test_dev_tells_the_keys_that_wait_for_a_restart(development):
    address, process, path = development
    change(path, "listen: 127.0.0.1:0", f"listen: 127.0.0.1:{free_port()}")
    process.wait_for(r"^restart to apply: listen$")
    assert call(address, "GET", "/x").status == 200


def test_a_console_that_has_gone_stops_no_function(monkeypatch):
    class Gone(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    dev._echo("f", "called")


def test_dev_shows_requests_and_what_functions_print(development):
    address, process, _ = development
    call(address, "GET", "/f")
    process.wait_for(r"^f called$")
    process.wait_for(r"^200 GET /f \d+ ms, route GET /f$")
    process.signal(signal.SIGINT)
    assert process.wait() == 0
    assert "Traceback" not in process.stderr

"""The configuration of a running gateway: reload by command, signal and file; diff, rollback, history."""

import gc
import signal
import sys
from types import SimpleNamespace

import pytest

from frontdesk.cli.main import main
from tests.live.calls import free_port
from tests.live.certificates import Authority
from tests.live.gateways import gateway, project
from tests.live.processes import alive, descendants, frontdesk, until

CONFIG = """
admin: {listen: "127.0.0.1:%d", token: "${env:ADMIN}"}
functions: {f: {handler: code.f, environment: {WHAT: "${env:WHAT:-one}"}}}
apis:
  a:
    routes:
      GET /x: {mock: {body: first}}
      GET /f: {function: f}
"""
CODE = "import os\ndef f(event, context):\n    return os.environ['WHAT']\n"
SECRET = {"ADMIN": "t0ken-of-the-operator"}


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG % free_port(), code=CODE)


@pytest.fixture
def running(path):
    with gateway(path, env=SECRET) as running:
        yield running


@pytest.fixture
def command(path, monkeypatch, capsys):
    """Call a command of Frontdesk in the folder, as in a terminal; gives code, stdout, stderr."""
    monkeypatch.chdir(path.parent)

    def call(*arguments, env=SECRET):
        monkeypatch.setattr(sys, "argv", ["frontdesk", *arguments])
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        gc.enable()  # which a command turns off, being over soon
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, stdout=said.out, stderr=said.err)

    return call


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_reload_tells_what_changed_and_what_waits_for_a_restart(path, running, command):
    change(path, "body: first", "body: second")
    change(path, "logs: {access: off}", "logs: {access: off, level: warning}")
    told = command("reload")
    assert told.code == 0, told.stderr
    assert told.stdout.splitlines() == [
        f'{path}:3:21: added: logs.level: "warning"',
        f'{path}:9:23: changed: apis.a.routes.GET /x.mock.body: "first" → "second"',
    ]
    assert told.stderr == "2 keys changed; restart to apply: logs (version 2)\n"
    assert running.call("GET", "/x").body == b"second"
    running.process.wait_for(r'"message": "reloaded: 2 keys changed; restart to apply: logs", "by"')


def test_a_bad_file_changes_nothing_and_says_why_with_its_places(path, running, command):
    change(path, "GET /x: {mock: {body: first}}", "GET /x: {mok: {body: second}}")
    for name in ("reload", "diff"):
        told = command(name)
        assert told.code == 1
        assert f"{path}:9:16: error: apis.a.routes.GET /x.mok: unknown key: mok" in told.stderr
        assert "hint: did you mean mock?" in told.stderr
        assert told.stderr.endswith("refused: the configuration is wrong\n")
    assert running.call("GET", "/x").body == b"first"


def test_a_file_that_is_no_yaml_is_refused_before_anybody_is_asked(path, running, command):
    path.write_text("name: [")
    told = command("reload")
    assert told.code == 1
    assert told.stderr.startswith("frontdesk.yaml:2:1: error:")


def test_what_cannot_be_started_is_refused_too(path, running, command):
    change(path, "code.f,", "code.f, code: gone,")
    told = command("reload")
    assert told.code == 1
    assert "refused: function f: no such folder" in told.stderr
    assert running.call("GET", "/f").body == b"one"


def test_diff_shows_what_a_reload_would_change_and_changes_nothing(path, running, command):
    assert command("diff").stderr == "0 keys changed\n"
    change(path, "${env:WHAT:-one}", "${env:WHAT:-two}")
    told = command("diff")
    assert told.code == 0
    assert '"${env:WHAT:-one}" → "${env:WHAT:-two}"' in told.stdout
    assert told.stderr == "1 key changed; functions with other settings: f\n"
    assert running.call("GET", "/f").body == b"one"
    command("reload")
    assert running.call("GET", "/f").body == b"two"


def test_rollback_puts_a_former_version_in_force_and_the_next_reload_takes_the_file(
    path, running, command
):
    original = path.read_text()
    for body in ("second", "third"):
        path.write_text(original.replace("first", body))
        assert command("reload").code == 0
    assert command("rollback").code == 0
    assert running.call("GET", "/x").body == b"second"
    told = command("rollback", "1")
    assert told.code == 0
    assert "frontdesk.yaml may differ from what is in force now" in told.stderr
    assert running.call("GET", "/x").body == b"first"

    listed = [line.split() for line in command("history").stdout.splitlines()]
    assert [(line[0], " ".join(line[5:])) for line in listed] == [
        ("5", "rollback to 1"),
        ("4", "rollback to 2"),
        ("3", "cli"),
        ("2", "cli"),
        ("1", "start"),
    ]
    assert command("history", "1").stdout == original
    assert SECRET["ADMIN"] not in command("history", "2").stdout

    assert command("reload").code == 0
    assert running.call("GET", "/x").body == b"third"
    assert "no such version of the configuration: 99" in command("rollback", "99").stderr


def test_history_is_there_when_the_gateway_is_not(path, command):
    assert command("history").stdout == ""
    with gateway(path, env=SECRET):
        pass
    assert command("history", "1").stdout == path.read_text()
    assert "no such version: 7" in command("history", "7").stderr


@pytest.mark.parametrize("name", ["reload", "diff", "rollback"])
def test_without_a_gateway_the_commands_say_so(path, command, name):
    told = command(name, *(["1"] if name == "rollback" else []))
    assert told.code == 1
    assert told.stderr.startswith("error: no gateway answers at its admin address 127.0.0.1:")
    assert "hint: is it running" in told.stderr


def test_without_the_token_nobody_reloads(path, running, command):
    told = command("reload", env={"ADMIN": "guessed"})
    assert told.code == 1
    assert "does not accept the admin.token" in told.stderr


def test_over_tls_the_commands_trust_the_certificate_of_the_file_alone(path, command, tmp_path):
    cert, key = Authority().issue("a.example").write(tmp_path, "admin")
    change(path, "admin: {", f"admin: {{tls: {{cert: {cert}, key: {key}}}, ")
    with gateway(path, env=SECRET) as running:
        change(path, "body: first", "body: second")
        told = command("reload")
        assert told.code == 0, told.stderr
        assert running.call("GET", "/x").body == b"second"
        other, _ = Authority("other").issue("a.example").write(tmp_path, "other")
        change(path, str(cert), str(other))
        told = command("reload")
        assert told.code == 1
        assert "certificate verify failed" in told.stderr


def test_sighup_reloads_and_says_why_it_did_not(path, running):
    change(path, "body: first", "body: second")
    running.process.signal(signal.SIGHUP)
    running.process.wait_for(r'"message": "reloaded: 1 key changed", "by": "SIGHUP", "version": 2')
    assert running.call("GET", "/x").body == b"second"
    change(path, "mock:", "mok:")
    running.process.signal(signal.SIGHUP)
    running.process.wait_for(r'"message": "not reloaded, the former state serves on: .*unknown key')
    assert running.call("GET", "/x").body == b"second"


def test_a_storm_of_signals_ends_with_what_the_file_said_last(path, running):
    text = path.read_text()
    for number in range(30):
        new = path.with_name("new.yaml")
        new.write_text(text.replace("first", f"number {number}"))
        new.replace(path)
        running.process.signal(signal.SIGHUP)
    until(lambda: running.call("GET", "/x").body == b"number 29")
    assert running.process.stderr.count('"reloaded: ') <= 30
    assert "not reloaded" not in running.process.stderr


def test_run_reloads_for_a_changed_file_only_when_asked_to_watch(path):
    with frontdesk("run", "--watch", cwd=path.parent, env=SECRET) as process:
        address = process.wait_for(r"listening on ([^\"\s,]+)")[1]
        change(path, "body: first", "body: second")
        process.wait_for(r'"message": "reloaded: 1 key changed", "by": "frontdesk.yaml"')
    assert address


def test_a_second_gateway_does_not_use_the_same_data_folder(path, running):
    port = path.read_text().partition('listen: "127.0.0.1:')[2][:5]
    other = path.with_name("other.yaml")
    other.write_text(path.read_text().replace(f"127.0.0.1:{port}", "127.0.0.1:0"))
    with frontdesk("run", "-c", other, cwd=path.parent, env=SECRET) as process:
        assert process.wait() == 1
    expected = f"another gateway, process {running.process.pid}, uses the data folder: "
    assert expected in process.stderr
    assert "hint: stop it, or set data_dir to another folder" in process.stderr


def test_a_killed_gateway_leaves_nothing_behind_that_the_next_one_minds(path):
    with gateway(path, env=SECRET) as first:
        assert first.call("GET", "/f").body == b"one"
        children = descendants(first.process.pid) - {first.process.pid}
        first.process.signal(signal.SIGKILL)
        first.process.wait()
    assert children
    until(lambda: not any(alive(child) for child in children))
    with gateway(path, env=SECRET) as second:
        assert second.call("GET", "/f").body == b"one"
        places = list((path.parent / ".frontdesk" / "tmp").iterdir())
        assert [place.name.partition("-")[0] for place in places] == [str(second.process.pid)]

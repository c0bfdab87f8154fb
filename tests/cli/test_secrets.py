"""`frontdesk secrets`, without a gateway and beside one, which goes on with what has changed."""

import json
import stat
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from frontdesk.base.errors import FrontdeskError
from frontdesk.cli.main import cli
from frontdesk.stores.vault.master_keys import FILE
from tests.live.calls import free_port
from tests.live.gateways import gateway, project
from tests.live.processes import until

VALUE = "hunter2-hunter2"
HEAD = "name: x\n"


@pytest.fixture
def secrets(run, tmp_path):
    """Call a command of the vault in a folder with a file."""
    (tmp_path / "frontdesk.yaml").write_text(HEAD)
    return lambda *arguments, **keywords: run("secrets", *arguments, **keywords)


@pytest.mark.parametrize(
    ("arguments", "piped"),
    [((), f"{VALUE}\n"), (("-",), VALUE), (("--from-file", "value.txt"), None)],
    ids=["pipe", "dash", "file"],
)
@pytest.mark.parametrize("name", ["vendor", "/clinic/vendor", "ssm:vendor"])
def test_a_value_is_kept_and_shown_on_demand_only(secrets, tmp_path, name, arguments, piped):
    (tmp_path / "value.txt").write_text(f"{VALUE}\n")
    made = secrets("set", name, *arguments, input=piped)
    assert (made.exit_code, made.stdout) == (0, "")
    assert secrets("show", name, "--reveal").stdout == f"{VALUE}\n"
    told = [secrets("show", name), secrets("list"), secrets("versions", name), made]
    assert all(answer.exit_code == 0 for answer in told)
    assert not any(VALUE in answer.output for answer in told)
    database = (tmp_path / ".frontdesk" / "frontdesk.db").read_bytes()
    assert VALUE.encode() not in database
    assert stat.S_IMODE((tmp_path / ".frontdesk" / FILE).stat().st_mode) == 0o600


def test_a_value_is_asked_for_at_a_terminal(secrets, monkeypatch):
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("frontdesk.cli.secrets.sys", terminal)
    made = secrets("set", "vendor", input=f"{VALUE}\n{VALUE}\n")
    assert VALUE not in made.output
    assert secrets("show", "vendor", "--reveal").stdout == f"{VALUE}\n"


@pytest.mark.parametrize(
    ("arguments", "keywords", "why"),
    [
        (("vendor", VALUE), {}, "others see a command line"),
        (("vendor", "-", "--from-file", "frontdesk.yaml"), {}, "either - or --from-file"),
        (("vendor",), {"input": ""}, "that is not empty"),
        (("vendor",), {"input": b"\xff"}, "a text in UTF-8"),
    ],
)
def test_a_value_that_cannot_be_taken_is_told_and_not_repeated(secrets, arguments, keywords, why):
    told = secrets("set", *arguments, **keywords)
    assert told.exit_code != 0
    assert why in told.output
    assert VALUE not in told.output


@pytest.mark.parametrize("action", ["show", "versions", "delete"])
@pytest.mark.parametrize("name", ["nope", "/nope"])
def test_what_is_not_there_is_told(secrets, action, name):
    told = secrets(action, name, input="y\n")
    assert isinstance(told.exception, FrontdeskError)
    assert str(told.exception).startswith(f"there is no such secret or parameter: {name}")
    assert "frontdesk secrets list" in told.exception.hint


def test_versions_and_deletion(secrets):
    for value in ("1", "2"):
        secrets("set", "vendor", input=value)
    _, newest, former = secrets("versions", "vendor").stdout.splitlines()
    assert newest.endswith("AWSCURRENT")
    assert former.endswith("AWSPREVIOUS")
    assert secrets("delete", "vendor", input="n\n").exit_code == 1
    assert "${secret:vendor}" in secrets("list").stdout
    assert secrets("delete", "vendor", "--yes").exit_code == 0
    assert "vendor" not in secrets("list").stdout


def test_another_master_key(secrets, tmp_path):
    secrets("set", "vendor", input=VALUE)
    former = (tmp_path / ".frontdesk" / FILE).read_text()
    assert "values encrypted anew: 1" in secrets("rotate-key").stderr
    assert (tmp_path / ".frontdesk" / FILE).read_text() != former
    assert secrets("show", "vendor", "--reveal").stdout == f"{VALUE}\n"


# -- beside a gateway ---------------------------------------------------------------------------

RUNNING = """
admin: {listen: "127.0.0.1:%d", token: "${secret:admin}"}
functions:
  f: {handler: code.f, environment: {KEY: "${secret:vendor}", OTHER: "${ssm:/other}"}}
apis: {a: {routes: {GET /f: {function: f}, GET /m: {mock: {body: one}}}}}
"""
CODE = """
import os
import boto3
def f(event, context):
    told = {name: os.environ[name] for name in ("KEY", "OTHER")}
    told["names"] = [name for name in os.environ if name.startswith("FRONTDESK_SECRET")]
    told["secret"] = boto3.client("secretsmanager").get_secret_value(SecretId="vendor")["SecretString"]
    parameter = boto3.client("ssm").get_parameter(Name="/other", WithDecryption=True)
    told["parameter"] = parameter["Parameter"]["Value"]
    return told
def rotate(event, context):
    boto3.client("secretsmanager").put_secret_value(SecretId="vendor", SecretString="by wire")
"""


@pytest.fixture
def running(tmp_path):
    path = project(tmp_path, RUNNING % free_port(), code=CODE)

    def command(*arguments, **keywords):
        arguments = [arguments[0], arguments[1], "-c", path, *arguments[2:]]
        done = CliRunner().invoke(cli, [str(each) for each in arguments], **keywords)
        assert done.exit_code == 0, done.output
        return done

    for name, value in (("admin", "t0ken"), ("vendor", "first"), ("/other", "o1")):
        command("secrets", "set", name, input=value)
    with gateway(path) as running:
        running.command = command
        yield running


def told(running, **expected):
    """Wait until the function is told this."""
    until(lambda: running.call("GET", "/f").json.items() >= expected.items())


def test_functions_see_what_has_changed_without_a_restart_and_the_log_says_so(running):
    told(running, KEY="first", OTHER="o1", secret="first", parameter="o1", names=[])
    running.command("secrets", "set", "vendor", input=VALUE)
    log = running.process.wait_for(r'secrets in use have changed: .*\n.*"reloaded: 1 key changed.*')
    assert "${secret:vendor}" in log[0]
    told(running, KEY=VALUE, secret=VALUE)
    running.command("secrets", "set", "/other", input="o2")
    told(running, OTHER="o2", parameter="o2")
    running.command("secrets", "rotate-key")
    told(running, secret=VALUE, parameter="o2")


def test_a_change_by_the_wire_api_is_followed_too(running):
    path = running.folder / "frontdesk.yaml"
    path.write_text(path.read_text().replace("GET /m:", "GET /r: {function: r}, GET /m:"))
    path.write_text(
        path.read_text().replace("functions:", "functions:\n  r: {handler: code.rotate}")
    )
    CliRunner().invoke(cli, ["reload", "-c", str(path)])
    assert running.call("GET", "/r").status == 200
    told(running, KEY="by wire", secret="by wire")


def test_a_change_puts_no_file_in_force_that_was_not_asked_for(running):
    path = running.folder / "frontdesk.yaml"
    path.write_text(path.read_text().replace("body: one", "body: two"))
    running.command("secrets", "set", "vendor", input="second")
    told(running, KEY="second")
    assert running.call("GET", "/m").body == b"one"


def test_a_secret_that_is_not_used_reloads_nothing(running):
    running.command("secrets", "set", "unused", input=VALUE)
    running.command("secrets", "set", "vendor", input="second")
    told(running, KEY="second")
    history = CliRunner().invoke(cli, ["history", "-c", str(running.folder / "frontdesk.yaml")])
    assert len(history.stdout.splitlines()) == 1
    assert "unused" not in running.process.stderr


def test_a_deleted_secret_in_use_is_warned_of_and_its_value_stays(running):
    running.command("secrets", "delete", "/other", "--yes")
    running.process.wait_for(r"cannot be read any more.*\$\{ssm:/other\}")
    reloaded = CliRunner().invoke(cli, ["diff", "-c", str(running.folder / "frontdesk.yaml")])
    assert "this secret is not in the vault: ${ssm:/other}" in reloaded.stderr


def test_without_the_token_the_gateway_changes_nothing(running):
    config = json.dumps({"name": "secret:vendor", "value": "x"})
    admin = (running.folder / "frontdesk.yaml").read_text().split('"')[1]
    from tests.live.calls import call

    assert call(admin, "POST", "/api/secrets/set", body=config).status == 401
    headers = {"Authorization": "Bearer t0ken"}
    for body in ("{}", "[", '{"name": "a"}', '{"name": 1, "value": "x"}'):
        answer = call(admin, "POST", "/api/secrets/set", body=body, headers=headers)
        assert answer.status == 422
        assert "expected" in answer.json["message"]
    assert call(admin, "GET", "/api/secrets/set", headers=headers).status == 405

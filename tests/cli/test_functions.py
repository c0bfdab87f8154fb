"""`invoke` and `logs`: one function by hand, and what functions have written."""

import json
import signal

import pytest

from tests.live.gateways import project
from tests.live.processes import frontdesk

CONFIG = """
name: x
functions:
  echo:
    handler: code.echo
    environment: {COLOUR: blue, KEY: "${env:KEY:-none}"}
    versions: {"1": {environment: {COLOUR: red, KEY: ""}}}
    aliases: {live: {version: "1"}}
  fail: {handler: code.fail}
  spin: {handler: code.spin, timeout: 200ms}
  leave: {handler: code.leave}
  missing: {handler: nowhere.f}
"""

CODE = """
import os

def echo(event, context):
    print("echoing for", context.function_name)
    return {"event": event, "colour": os.environ["COLOUR"], "key": os.environ["KEY"]}

def fail(event, context):
    raise LookupError("no slot")

def spin(event, context):
    while True:
        pass

def leave(event, context):
    os._exit(3)
"""


@pytest.fixture(autouse=True)
def _project(tmp_path):
    project(tmp_path, CONFIG, code=CODE)


def test_the_result_goes_to_standard_output_and_the_log_to_standard_error(run):
    result = run("invoke", "echo", "-e", '{"a": [1, "ü"]}')
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "event": {"a": [1, "ü"]},
        "colour": "blue",
        "key": "none",
    }
    kinds = [line.split()[0] for line in result.stderr.splitlines()]
    assert kinds == ["INIT_START", "START", "echoing", "END", "REPORT"]


@pytest.mark.parametrize(
    ("event", "keywords"), [("-", {"input": '{"from": "there"}'}), ("@event.json", {})]
)
def test_the_event_may_come_from_standard_input_or_a_file(run, tmp_path, event, keywords):
    (tmp_path / "event.json").write_text('{"from": "there"}')
    result = run("invoke", "echo", "--quiet", "-e", event, **keywords)
    assert json.loads(result.stdout)["event"] == {"from": "there"}
    assert result.stderr == ""


def test_without_an_event_it_is_empty_and_the_environment_is_that_of_the_file(run, monkeypatch):
    monkeypatch.setenv("KEY", "s3cret")
    answer = json.loads(run("invoke", "echo").stdout)
    assert (answer["event"], answer["key"]) == ({}, "s3cret")


@pytest.mark.parametrize(
    ("function", "colour"), [("echo:live", "red"), ("echo:1", "red"), ("echo:$LATEST", "blue")]
)
def test_a_version_or_alias_may_be_named(run, function, colour):
    assert json.loads(run("invoke", function).stdout)["colour"] == colour


@pytest.mark.parametrize(
    ("function", "error", "payload"),
    [
        ("fail", "Unhandled", {"errorType": "LookupError", "errorMessage": "no slot"}),
        ("spin", "Unhandled", {"errorType": "Sandbox.Timedout"}),
        ("leave", "Unhandled", {"errorType": "Runtime.ExitError"}),
        ("missing", "Unloadable", {"errorType": "Runtime.ImportModuleError"}),
    ],
)
def test_a_function_that_fails_exits_with_1_and_says_how(run, function, error, payload):
    result = run("invoke", function)
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert f"error: {error}: {said['errorType']}: {said['errorMessage']}\n" in result.stderr
    assert {key: said.get(key) for key in payload} == payload


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "no function 'nothing'; there is echo, fail, spin, leave, missing"),
        (("echo:life",), "no version or alias 'life' of echo; there is: live, 1, $LATEST"),
        (("echo", "-e", "{bad"), "not JSON: "),
        (("echo", "-e", "@gone.json"), "cannot read gone.json: No such file or directory"),
    ],
)
def test_a_wrong_use_is_told(run, arguments, message):
    result = run("invoke", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_missing_code_folder_is_one_clear_line(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(
        "name: x\nfunctions: {f: {handler: f.f, code: gone}}\n"
    )
    with frontdesk("invoke", "f", cwd=tmp_path) as process:
        assert process.wait() == 1
    assert process.stderr == f"error: function f: no such folder or zip: {tmp_path}/gone\n"


# -- logs ---------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    """Append lines to the log of a function."""
    folder = tmp_path / ".frontdesk" / "logs"
    folder.mkdir(parents=True)

    def write(function, text):
        with (folder / f"{function}.log").open("a") as file:
            file.write(text)

    return write


def test_logs_shows_the_last_lines_of_each_function_with_its_name(run, log):
    log("echo", "".join(f"line {number}\n" for number in range(30)))
    log("fail", "failed\n")
    lines = run("logs", "-n", "2").stdout.splitlines()
    assert lines == ["echo    line 28", "echo    line 29", "fail    failed"]


def test_logs_of_one_function_come_as_they_are(run, log):
    log("echo", "one\ntwo\n")
    log("fail", "failed\n")
    assert run("logs", "echo").stdout == "one\ntwo\n"
    assert run("logs", "echo", "-n", "0").stdout == ""


def test_logs_show_what_a_terminal_would_obey(run, log):
    log("echo", "a\tb\x1b[2Jc\x9b\x7fd\rü\n")
    assert run("logs", "echo").stdout == "a\tb\\x1b[2Jc\\x9b\\x7fd\\x0dü\n"


def test_logs_of_functions_that_have_written_none_are_empty(run):
    result = run("logs")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("options", [[], ["--follow"]], ids=["once", "follow"])
def test_logs_say_where_there_is_no_function(run, tmp_path, options):
    project(tmp_path, "apis: {}")
    result = run("logs", *options)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("there are no functions: none in the file, and no log in ")


def test_logs_of_functions_that_the_file_does_not_have_are_shown_too(run, log):
    log("made_through_the_api", "hello\n")
    assert run("logs", "made_through_the_api").stdout == "hello\n"


def test_logs_need_no_variable_of_the_file(run, log, tmp_path):
    project(tmp_path, CONFIG.replace("${env:KEY:-none}", "${env:NOT_SET_HERE}"), code=CODE)
    log("echo", "one\n")
    assert run("logs", "echo").stdout == "one\n"


def test_logs_of_an_unknown_function_are_a_wrong_use(run):
    result = run("logs", "nothing")
    assert result.exit_code == 2
    assert "no function 'nothing'" in result.stderr


def test_logs_that_cannot_be_read_are_told(run, tmp_path):
    (tmp_path / ".frontdesk").touch()
    result = run("logs")
    assert result.exit_code == 1
    assert "cannot read the log: " in str(result.exception)


def test_followed_logs_show_new_lines_whole_and_go_on_in_a_new_file(tmp_path, log):
    log("echo", "past\n")
    with frontdesk("logs", "echo", "--follow", cwd=tmp_path) as process:
        process.wait_for("^past$")
        log("echo", "half")
        log("echo", " and whole\n")
        process.wait_for("^half and whole$")
        (tmp_path / ".frontdesk" / "logs" / "echo.log").write_text("anew\n")
        process.wait_for("^anew$")
        process.signal(signal.SIGINT)
        assert process.wait() == 0
    assert process.stdout.splitlines() == ["past", "half and whole", "anew", ""]
    assert process.stderr == ""

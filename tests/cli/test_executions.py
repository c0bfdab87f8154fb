"""`frontdesk states` beside a running gateway: what it prints, where it exits with 1, and how it says no."""

import contextlib
import json
import re

import pytest

from tests.live.calls import free_port
from tests.live.gateways import gateway, project
from tests.live.processes import frontdesk

CONFIG = """
admin: {listen: "127.0.0.1:%d"}
state_machines:
  wait: {definition: wait.json}
  many: {definition: many.json}
  fail: {definition: {StartAt: F, States: {F: {Type: Fail, Error: Card.Declined, Cause: "no money"}}}}
  pass: {definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}}
  quick: {type: express, definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}}
"""
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}}
MANY = {
    "StartAt": "M",
    "States": {
        "M": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Each",
                "States": {"Each": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}
PLACE = "arn:aws:states:us-east-1:000000000000"


def folder_of(path):
    (path / "wait.json").write_text(json.dumps(WAIT))
    (path / "many.json").write_text(json.dumps(MANY))
    return project(path, CONFIG % free_port())


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with gateway(folder_of(tmp_path_factory.mktemp("executions"))) as running:
        yield running


@pytest.fixture
def states(run, running):
    def states(*arguments, **keywords):
        command, *rest = arguments
        return run("states", command, "-c", running.folder / "frontdesk.yaml", *rest, **keywords)

    return states


@pytest.mark.parametrize(
    ("given", "read"),
    [("2", 2), ("-", "told"), ("x.json", {"file": 1}), ("@x.json", {"file": 1})],
    ids=["json", "standard input", "file", "file with @"],
)
def test_the_input_comes_from_the_line_a_file_or_standard_input(states, tmp_path, given, read):
    (tmp_path / "x.json").write_text('{"file": 1}')
    started = states("start", "pass", "--input", given, "--wait", input='"told"')
    assert started.exit_code == 0, started.output
    arn = started.stdout.splitlines()[0]
    shown = json.loads(states("show", arn, "--json").stdout)
    assert shown["execution"]["input"] == shown["execution"]["output"] == read


def test_waiting_for_one_that_fails_exits_with_1_and_tells_why(states):
    done = states("start", "fail", "--name", "declined", "--wait")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-3:] == [
        "error: Card.Declined",
        "cause: no money",
        "hint: `frontdesk states redrive fail:declined` lets it go on there",
    ]
    assert states("show", "declined").exit_code == 0
    assert states("redrive", "declined", "--watch").exit_code == 1


def test_one_that_waits_tells_until_when_and_is_stopped_once(states):
    states("start", "wait", "--name", "long", "--input", '{"s": 200}')
    assert "then the end" in states("show", "wait:long").stdout.splitlines()[-1]
    stopped = states("stop", "long", "--error", "Enough", "--cause", "no more")
    assert (stopped.exit_code, stopped.stderr) == (0, f"stopped: {PLACE}:execution:wait:long\n")
    again = states("stop", "long")
    assert (again.exit_code, again.stdout) == (0, "")
    told = json.loads(states("show", "long", "--json").stdout)
    assert (told["execution"]["error"], told["execution"]["cause"]) == ("Enough", "no more")
    assert told["outlook"] == []


def test_lists_are_of_one_machine_or_of_all_newest_first(states):
    for name in ("list-1", "list-2"):
        states("start", "pass", "--name", name, "--wait")
    names = [one["name"] for one in json.loads(states("list", "pass", "--json").stdout)]
    assert names[:2] == ["list-2", "list-1"]
    (row,) = json.loads(states("list", "--status", "succeeded", "--most", "1", "--json").stdout)
    assert (row["machine"], row["name"]) == ("pass", "list-2")
    head, first = states("list", "pass", "--most", "1").stdout.splitlines()
    assert head.split() == ["MACHINE", "NAME", "STATUS", "STARTED", "TOOK"]
    assert first.split()[:3] == ["pass", "list-2", "SUCCEEDED"]
    machines = json.loads(states("machines", "--json").stdout)
    assert [(one["name"], one["type"]) for one in machines] == [
        ("fail", "STANDARD"),
        ("many", "STANDARD"),
        ("pass", "STANDARD"),
        ("quick", "EXPRESS"),
        ("wait", "STANDARD"),
    ]


def test_a_picture_is_the_same_from_the_gateway_and_from_its_history(
    states, run, running, tmp_path
):
    states("start", "wait", "--name", "drawn", "--input", '{"s": 0}', "--wait")
    states("show", "drawn", "--svg", "one.svg")
    history = states("history", "drawn", "--json").stdout
    (running.folder / "h.json").write_text(history)
    arguments = (running.folder / "wait.json", "--execution", running.folder / "h.json")
    drawn = run("states", "graph", *arguments, "-o", "other.svg")
    assert drawn.exit_code == 0, drawn.output
    one, other = (tmp_path / name for name in ("one.svg", "other.svg"))
    assert one.read_text().replace("wait:drawn", "wait") == other.read_text()


def test_replaying_finds_no_difference(states):
    states("start", "wait", "--name", "same", "--input", '{"s": 0}', "--wait")
    done = states("replay", "same")
    assert (done.exit_code, done.stdout) == (0, "1 step(s), 4 event(s): no difference\n")


def test_items_of_a_distributed_map_are_executions_of_their_own(states, tmp_path):
    started = states("start", "many", "--name", "items", "--input", "[7, 8]", "--wait")
    assert started.exit_code == 0, started.output
    about = [line for line in states("history", "items").stdout.splitlines() if "mapRun:" in line]
    map_run = about[0].split()[-1]
    listed = states("list", map_run, "--json")
    assert listed.exit_code == 0, listed.output
    children = json.loads(listed.stdout)
    assert [one["status"] for one in children] == ["SUCCEEDED"] * 2
    child = children[0]["arn"]
    assert "Each" in states("show", child, "--svg", "child.svg").stdout
    drawn = (tmp_path / "child.svg").read_text()
    assert "Each: succeeded" in drawn
    assert ">M<" not in drawn
    assert states("replay", child).stdout == "1 step(s), 4 event(s): no difference\n"
    assert states("replay", "items").exit_code == 0


def test_express_executions_are_started_and_not_followed(states):
    done = states("start", "quick", "--wait")
    assert done.exit_code == 0
    assert ":express:quick:" in done.stdout
    assert done.stderr == (
        "hint: nothing is kept of an express execution but its log: `log` of the machine\n"
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("start", "pas"), "hint: did you mean pass?"),
        (("list", "quick"), "hint: nothing is kept of an express execution but its log: `log` of the machine"),
        (("history", f"{PLACE}:express:quick:a:b"), "hint: nothing is kept of an express execution but its log: `log` of the machine"),
    ],
    ids=["machine", "express", "history"],
)  # fmt: skip
def test_a_refusal_says_what_helps(states, arguments, hint):
    assert states(*arguments).stderr.splitlines()[1:] == [hint]


@pytest.mark.parametrize(
    "command",
    ["start", "list", "machines", "show", "history", "stop", "redrive", "replay"],
)
def test_the_help_of_a_command_has_examples_of_it(run, command):
    told = run("states", command, "--help").stdout
    assert set(re.findall(r"frontdesk states (\w+)", told)) >= {command}


def test_the_help_of_the_group_tells_each_command_whole(run):
    assert "..." not in run("states", "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), "refused: no execution begins so: nobody"),
        (("start", "pas"), "refused: State Machine Does Not Exist: 'pas'"),
        (("start", "pass", "--name", "a b"), "refused: Invalid Name: 'a b'"),
        (("redrive", "pass:gone"), f"refused: Execution Does Not Exist: '{PLACE}:execution:pass:gone'"),
        (("list", "quick"), "refused: This operation is not supported by this type of state machine"),
        (("history", f"{PLACE}:express:quick:a:b"), "refused: Invalid Arn: 'Resource type not valid in this context: express'"),
        (("replay", "arn:aws:sqs:x"), "refused: Invalid Arn: 'Invalid ARN prefix: arn:aws:sqs:x'"),
    ],
    ids=["nobody", "machine", "name", "redrive", "express", "history", "arn"],
)  # fmt: skip
def test_a_refusal_is_one_line_and_an_exit_code(states, arguments, said):
    done = states(*arguments)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, said)


def test_what_is_no_json_is_refused_before_anything_is_asked(states):
    done = states("start", "pass", "--input", "{")
    assert done.exit_code == 2
    assert "expected JSON" in done.stderr


def test_a_file_that_is_not_there_is_told_as_such(states):
    done = states("start", "pass", "--input", "order.json")
    assert done.exit_code == 2
    assert "expected JSON, or a file that is there" in done.stderr


@pytest.mark.parametrize("text", ["{}", "[]", "nothing", '[{"id": 1}]'], ids=repr)
def test_a_history_that_is_none_is_refused(run, tmp_path, text):
    (tmp_path / "wait.json").write_text(json.dumps(WAIT))
    (tmp_path / "h.json").write_text(text)
    done = run("states", "graph", "wait.json", "--execution", "h.json")
    assert done.exit_code == 2
    assert "history" in done.stderr


def test_following_goes_on_across_a_restart_of_the_gateway(run, tmp_path):
    path = folder_of(tmp_path)
    with contextlib.ExitStack() as ends:
        with gateway(path):
            run("states", "start", "wait", "--name", "w", "--input", '{"s": 5}')
            watch = ends.enter_context(frontdesk("states", "show", "w", "--watch", cwd=tmp_path))
            watch.wait_for(r"W waits until .*, then the end")
        with gateway(path):
            assert watch.wait() == 0, watch.stderr
        assert watch.stdout.startswith("wait:w  SUCCEEDED after")


def test_machines_are_counted_where_that_is_asked(states):
    states("start", "fail", "--wait")
    shown = states("machines", "--counts").stdout
    assert shown.splitlines()[0].split() == ["NAME", "TYPE", "FROM", "RUNNING", "FAILED", "LAST", "START", "ARN"]  # fmt: skip
    fail = next(line.split() for line in shown.splitlines() if line.startswith("fail "))
    assert int(fail[4]) >= 1
    assert "never" in next(line for line in shown.splitlines() if line.startswith("quick "))


def test_a_machine_is_shown_with_its_definition(states):
    shown = states("machine", "wait").stdout
    assert shown.startswith("wait  STANDARD  of the file")
    assert '"SecondsPath": "$.s"' in shown
    told = json.loads(states("machine", "wait", "--json").stdout)
    assert json.loads(told["definition"]) == WAIT


def test_a_step_is_shown_with_its_input_output_and_time(states):
    states("start", "wait", "--input", '{"s": 0}', "--name", "for-a-step", "--wait")
    shown = states("step", "for-a-step", "W").stdout
    assert shown.startswith("W  succeeded after ")
    assert 'input: {"s": 0}\noutput: {"s": 0}\n' in shown
    told = json.loads(states("step", "for-a-step", "W", "--json").stdout)
    assert told["definition"]["Type"] == "Wait"
    assert "no such state: X" in states("step", "for-a-step", "X").stderr


def test_map_runs_and_names_that_begin_so_are_listed(states):
    states("start", "many", "--input", "[1, 2]", "--name", "mapped-1", "--wait")
    rows = states("map-runs", "mapped-1").stdout.splitlines()
    assert rows[1].split()[:4] == ["SUCCEEDED", "2", "2", "0"]
    listed = json.loads(states("list", "many", "--name", "mapped-", "--json").stdout)
    assert [one["name"] for one in listed] == ["mapped-1"]

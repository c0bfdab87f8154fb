"""The state machines of the fault simulation: what they are, their functions, and what is done to them."""

import contextlib
import json
from typing import Any, NamedTuple

from frontdesk.ports.executions import ExecutionError
from tests.docs.pages import ROOT

TAKEN_OVER = 20
"""Seconds until whatever was going on when a process crashed is done by the next one."""

LAMBDA = "arn:aws:states:::lambda:invoke"
SYNC = "arn:aws:states:::states:startExecution.sync:2"


class Scenario(NamedTuple):
    machines: dict[str, Any]
    functions: dict[str, Any]
    play: Any
    ends: str = "SUCCEEDED"


def machine(**states):
    """A machine whose states follow each other, unless they say otherwise."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = states[name]
        if state["Type"] in ("Choice", "Succeed", "Fail") or "Next" in state or "End" in state:
            continue
        state |= {"Next": following} if following else {"End": True}
    return {"StartAt": names[0], "States": states}


def task(function, **fields):
    return {
        "Type": "Task",
        "Resource": f"arn:aws:lambda:eu-west-1:1:function:{function}",
        **fields,
    }


def wait(seconds):
    return {"Type": "Wait", "Seconds": seconds}


def waiting_for_token(function, **fields):
    return {
        "Type": "Task",
        "Resource": f"{LAMBDA}.waitForTaskToken",
        "Parameters": {"FunctionName": function, "Payload": {"token.$": "$$.Task.Token"}},
        **fields,
    }


class BusyError(Exception):
    pass


def echo(given, _attempt):
    return given


def busy_twice(given, attempt):
    return given if attempt > 2 else BusyError("later")


def never(_given, _attempt):
    return None


@contextlib.contextmanager
def unless(code):
    try:
        yield
    except ExecutionError as error:
        if error.code != code:
            raise


async def run(world, ends="SUCCEEDED"):
    arn = await world.start("m", {"n": 1, "items": [1, 2, 3]})
    assert (await world.ended(arn)).status == ends


async def run_and_fail(world):
    await run(world, "FAILED")


async def answer_twice(world):
    arn = await world.start("m")
    token = await world.until(lambda: world.tokens.get("ask"))
    await world.pass_by(TAKEN_OVER)
    await tell(world, lambda all_: all_.beat(token))
    await tell(world, lambda all_: all_.succeed(token, '{"signed": true}'))
    await tell(world, lambda all_: all_.succeed(token, '{"signed": false}'))
    seen = await world.ended(arn)
    assert json.loads(seen.output) == {"signed": True}


async def tell(world, what):
    """Tell of a task. That it is over already, hears also who has told it and lost the answer."""
    with unless("TaskTimedOut"):
        await world.ask(what)


async def stop(world):
    arn = await world.start("m")
    await world.pass_by(TAKEN_OVER)
    await world.ask(lambda all_: all_.stop(arn, "Enough", "of it"))
    seen = await world.ended(arn)
    assert (seen.status, seen.error, seen.cause) == ("ABORTED", "Enough", "of it")


async def redrive(world):
    mended = []
    world.functions["pay"] = lambda given, _attempt: given if mended else BusyError("no")
    arn = await world.start("m")
    assert (await world.ended(arn)).status == "FAILED"
    mended.append(True)
    with unless("ExecutionNotRedrivable"):  # it was redriven, but the answer was lost
        await world.ask(lambda all_: all_.redrive(arn))
    seen = await world.ended(arn)
    assert (seen.status, seen.redrives) == ("SUCCEEDED", 1)


RETRY = [{"ErrorEquals": ["BusyError"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]
BRANCH = machine(A=task("a"), B=wait(2), C=task("c"))
SEED = json.loads((ROOT / "examples/vendor-retry/machine.asl.json").read_text())

SCENARIOS = {
    "seed-002": Scenario(
        {"m": SEED},
        {
            f"apiProxy{n}": lambda _given, _attempt, n=n: {"statusCode": 200 if n == 3 else 429}
            for n in (1, 2, 3)
        },
        run,
    ),
    "tasks": Scenario(
        {"m": machine(A=task("a"), B={"Type": "Pass"}, C=task("c"))}, {"a": echo, "c": echo}, run
    ),
    "parallel": Scenario(
        {"m": machine(P={"Type": "Parallel", "Branches": [BRANCH, BRANCH]}, D=task("a"))},
        {"a": echo, "c": echo},
        run,
    ),
    "map": Scenario(
        {
            "m": machine(
                M={
                    "Type": "Map",
                    "ItemsPath": "$.items",
                    "MaxConcurrency": 2,
                    "ItemProcessor": BRANCH,
                }
            )
        },
        {"a": echo, "c": echo},
        run,
    ),
    "distributed-map": Scenario(
        {
            "m": machine(
                M={
                    "Type": "Map",
                    "ItemsPath": "$.items",
                    "MaxConcurrency": 2,
                    "ItemProcessor": {
                        **BRANCH,
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    },
                }
            )
        },
        {"a": echo, "c": echo},
        run,
    ),
    "retry": Scenario({"m": machine(A=task("a", Retry=RETRY))}, {"a": busy_twice}, run),
    "catch": Scenario(
        {
            "m": machine(
                A=task("a", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
                B={"Type": "Fail", "Error": "Never"},
                C=task("c"),
            )
        },
        {"a": lambda *_: BusyError("no"), "c": echo},
        run,
    ),
    "fail": Scenario(
        {"m": machine(A=task("a"), B={"Type": "Fail", "Error": "Sold"})}, {"a": echo}, run_and_fail
    ),
    "wait": Scenario({"m": machine(A=wait(20), B=task("a"), C=wait(1))}, {"a": echo}, run),
    "token": Scenario(
        {"m": machine(A=waiting_for_token("ask", HeartbeatSeconds=60), B={"Type": "Pass"})},
        {},
        answer_twice,
    ),
    "child": Scenario(
        {
            "m": machine(
                A={
                    "Type": "Task",
                    "Resource": SYNC,
                    "Parameters": {"StateMachineArn": "child", "Input": {"n": 1}},
                    "ResultSelector": {"given.$": "$.Output"},
                },
                B=task("c"),
            ),
            "child": BRANCH,
        },
        {"a": echo, "c": echo},
        run,
    ),
    "timeout": Scenario(
        {
            "m": machine(
                A=task(
                    "never",
                    TimeoutSeconds=5,
                    Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "B"}],
                ),
                B=waiting_for_token(
                    "silent",
                    HeartbeatSeconds=40,
                    Catch=[{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}],
                ),
                C=task("c"),
            )
        },
        {"never": never, "c": echo},
        run,
    ),
    "redrive": Scenario({"m": machine(A=task("a"), B=task("pay"))}, {"a": echo}, redrive),
    "stop": Scenario({"m": machine(A=task("a"), B=wait(1000))}, {"a": echo}, stop),
}

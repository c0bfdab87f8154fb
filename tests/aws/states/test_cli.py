"""The AWS CLI asks the Step Functions API."""

import asyncio
import json
import os
import sys

import pytest

from tests.live.states import ROLE, definition, machine_arn


@pytest.fixture
def aws(api):
    """Run a command of `aws stepfunctions`; return what it prints."""

    async def aws(*arguments):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "awscli", "stepfunctions", *arguments),
            *("--endpoint-url", f"http://{api.address}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "AWS_ACCESS_KEY_ID": "any",
                "AWS_SECRET_ACCESS_KEY": "thing",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_MAX_ATTEMPTS": "1",
                "AWS_PAGER": "",
            },
        )
        out, err = await child.communicate()
        assert child.returncode == 0, err.decode()
        return json.loads(out) if out.strip() else {}

    return aws


async def test_a_machine_is_made_run_looked_at_and_stopped(api, aws):
    text = definition(hold={"Type": "Wait", "Seconds": 60})
    made = await aws(
        "create-state-machine", "--name", "slow", "--definition", text, "--role-arn", ROLE
    )
    assert made["stateMachineArn"] == machine_arn("slow")
    started = await aws(
        *("start-execution", "--state-machine-arn", made["stateMachineArn"]),
        *("--name", "one", "--input", '{"a": 1}'),
    )
    one = ("--execution-arn", started["executionArn"])
    described, history, _ = await asyncio.gather(
        aws("describe-execution", *one),
        aws("get-execution-history", *one),
        aws("list-executions", "--state-machine-arn", made["stateMachineArn"], "--max-items", "1"),
    )
    assert (described["status"], json.loads(described["input"])) == ("RUNNING", {"a": 1})
    assert [event["type"] for event in history["events"]] == [
        "ExecutionStarted",
        "WaitStateEntered",
    ]
    await aws("stop-execution", *one, "--cause", "enough")
    ended = await api.executions.describe(started["executionArn"])
    assert (ended.status, ended.cause) == ("ABORTED", "enough")

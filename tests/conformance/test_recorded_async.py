"""The recorded records and dead letters of asynchronous invocations, each in a whole Frontdesk, asked by boto3.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import asyncio
import contextlib
import json
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from frontdesk.base.clock import SystemClock
from frontdesk.functions.environment import RUNTIME
from tests.aws.conftest import zipped
from tests.conformance.cases.matching import differences
from tests.live.gateways import project, serving

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "lambda-async"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


class Clock(SystemClock):
    """Goes ahead of time as far as it is told."""

    ahead = 0.0

    def time(self):
        return super().time() + self.ahead

    def monotonic(self):
        return super().monotonic() + self.ahead


@pytest.mark.parametrize("name", CASES)
async def test_recorded_asynchronous_invocation(name, tmp_path):
    case, clock = CASES[name], Clock()
    async with serving(project(tmp_path, "limits: {concurrency: 10}"), clock=clock) as app:
        with contextlib.ExitStack() as stack:
            clients = [
                stack.enter_context(contextlib.closing(_client(service, app)))
                for service in ("lambda", "sqs")
            ]
            queue = await asyncio.to_thread(_invoke, *clients, case)
            function = app._works.part.durable.invocations.all
            message = None
            for _ in range(3):
                if message is None:
                    message = await asyncio.to_thread(_receive, clients[1], queue, 1)
                clock.ahead += 120
            assert await function.waiting() == {}
    assert list(_differences(case["expect"], message)) == []


def _client(service, app):
    return boto3.client(
        service,
        endpoint_url=f"http://{app.config.admin.listen}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _invoke(functions, queues, case):
    """Make the queue and the function, and invoke it; returns the URL of the queue."""
    url = queues.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:q"
    told = case["function"]
    body = f"raise Exception({told['raises']!r})" if told.get("raises") else "return event"
    letters = {"DeadLetterConfig": {"TargetArn": arn}} if "deadLetterTarget" in told else {}
    functions.create_function(
        FunctionName="f",
        Runtime=RUNTIME,
        Role="any",
        Handler="index.handler",
        Code={"ZipFile": zipped(index=f"def handler(event, context):\n    {body}\n")},
        **letters,
    )
    named = {"onSuccess": "OnSuccess", "onFailure": "OnFailure"}
    to = {theirs: {"Destination": arn} for ours, theirs in named.items() if ours in told}
    config = {
        theirs: told[ours]
        for ours, theirs in {
            "maximumRetryAttempts": "MaximumRetryAttempts",
            "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        }.items()
        if ours in told
    }
    if config or to:
        functions.put_function_event_invoke_config(FunctionName="f", **config, DestinationConfig=to)
    if "reservedConcurrency" in told:
        functions.put_function_concurrency(
            FunctionName="f", ReservedConcurrentExecutions=told["reservedConcurrency"]
        )
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=case["request"]["payload"])
    return url


def _receive(queues, url, wait):
    found = queues.receive_message(
        QueueUrl=url, WaitTimeSeconds=wait, MessageAttributeNames=["All"]
    )
    return found.get("Messages", [None])[0]


def _differences(expect, message):
    body = json.loads(message["Body"])
    if "destination" in expect:
        wanted = dict(expect["destination"])
        # The recording has hidden what was sent.
        sent = {"message": "m"} if "<test-msg-id>" in str(wanted) else wanted["requestPayload"]
        yield from differences({**wanted, "requestPayload": sent}, body, at="record")
    if "deadLetter" in expect:
        wanted = expect["deadLetter"]
        yield from differences(wanted["bodyJson"], body, at="body")
        attributes = message["MessageAttributes"]
        yield from differences(wanted["messageAttributes"], attributes, at="attributes")
    if "destinationKeysExactly" in expect and list(body) != expect["destinationKeysExactly"]:
        yield f"keys: {list(body)}"

"""REST APIs with Step Functions behind: templates in, documents of actions out."""

import asyncio
import json

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.router import Door
from frontdesk.ports.executions import ExecutionError
from tests.live.executions import ARN, PlayedExecutions

FILE = """
name: x
state_machines:
  charge: {{definition: {{StartAt: A, States: {{A: {{Type: Succeed}}}}}}}}
apis:
  shop:
    type: rest
    resources:
      /payments:
        POST:
          integration:
            type: aws
            state_machine: charge:live
            action: {action}
            request_templates:
              application/json: |
                {template}
            responses:
              default:
                status: 201
              "4\\\\d\\\\d": {{status: 422, templates: {{application/json: "$input.path('$.__type')"}}}}
              "503": {{status: 503}}
"""
WHOLE = '{"input": "$util.escapeJavaScript($input.json(\'$\'))", "name": "n1"}'
MACHINE = "arn:aws:states:eu-west-1:1:stateMachine"
RUN = f"{ARN}:execution:charge:n1"


@pytest.fixture
def executions():
    return PlayedExecutions()


@pytest.fixture
def ask(make_exchange, compile_text, executions):
    async def asked(action, template, body=b"{}"):
        text = FILE.format(action=action, template=template)
        ex = make_exchange(method="POST", path="/payments", raw_path="/payments", body=body)
        answered = asyncio.Event()
        ex.client.send = lambda ex, reply: (ex.client.replies.append(reply), answered.set())
        Door(compile_text(text, executions=executions)).enter(ex)
        await answered.wait()
        [reply] = ex.client.replies
        return reply.status, reply.body

    return asked


async def test_an_execution_is_started_by_the_template(ask, executions):
    status, body = await ask("StartExecution", WHOLE, b'{"a": 1}')
    assert (status, json.loads(body)) == (201, {"executionArn": RUN, "startDate": 10.0})
    assert executions.calls[0][:4] == ("start", "charge:live", {"a": 1}, "n1")


async def test_the_template_may_name_a_version(ask, executions):
    await ask("StartExecution", f'{{"stateMachineArn": "{MACHINE}:charge:3"}}')
    assert executions.calls[0][1] == f"{MACHINE}:charge:3"


async def test_a_synchronous_start_tells_what_came_of_it(ask, executions):
    executions.ends_as["charge"] = {"status": "FAILED", "error": "E", "cause": "C"}
    status, body = await ask("StartSyncExecution", WHOLE)
    told = json.loads(body)
    assert (status, told["status"], told["error"]) == (201, "FAILED", "E")
    assert (told["startDate"], told["stopDate"], "output" in told) == (10.0, 11.0, False)


async def test_an_execution_is_described_and_stopped(ask, executions):
    await executions.start("charge", "{}", name="n1")
    asked = f'{{"executionArn": "{RUN}"}}'
    assert json.loads((await ask("DescribeExecution", asked))[1])["status"] == "RUNNING"
    assert json.loads((await ask("StopExecution", asked))[1]) == {"stopDate": 11.0}
    assert json.loads((await ask("DescribeExecution", asked))[1])["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("action", "template", "answer"),
    [
        ("StartExecution", f'{{"stateMachineArn": "{MACHINE}:other"}}', "AccessDeniedException"),
        (
            "StopExecution",
            f'{{"executionArn": "{ARN}:execution:other:n1"}}',
            "AccessDeniedException",
        ),
        ("StartExecution", "{", "SerializationException"),
        ("StartExecution", '{"input": {}}', "SerializationException"),
        ("DescribeExecution", f'{{"executionArn": "{RUN}"}}', "ExecutionDoesNotExist"),
    ],
)
async def test_a_refusal_is_an_answer_of_400(ask, executions, action, template, answer):
    assert await ask(action, template) == (422, answer.encode())


@pytest.mark.parametrize(
    ("error", "status"),
    [(ExecutionError("InvalidName", "…"), 422), (StoreError("disk full"), 503)],
)
async def test_what_a_start_refuses_chooses_the_response(ask, executions, error, status):
    executions.error = error
    assert (await ask("StartExecution", WHOLE))[0] == status

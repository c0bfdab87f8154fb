"""Executions that requests start, in a gateway that is stopped, started and reloaded meanwhile."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from frontdesk.config.load import load
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
functions: {tell: {handler: telling.tell}}
state_machines:
  ask: {definition: machines/ask.json}
  quick: {type: express, definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}}
  forever: {type: express, definition: {StartAt: A, States: {A: {Type: Wait, Seconds: 250, End: true}}}}
apis:
  shop:
    base_path: /shop
    routes:
      POST /ask: {state_machine: ask, mode: async, input: {total: $request.body.total}}
      POST /quick: {state_machine: quick}
      POST /quick/later: {state_machine: quick, mode: async, name: $request.body.name}
      POST /forever: {state_machine: forever, timeout: 100ms}
      POST /callbacks/{token}: {task_token: $request.path.token}
"""
ASK = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "tell", "Payload": {"token.$": "$$.Task.Token"}},
            "ResultPath": "$.answer",
            "End": True,
        }
    },
}
TELLING = """
from pathlib import Path

def tell(event, context):
    Path(__file__).with_name("token").write_text(event["token"])
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "ask.json").write_text(json.dumps(ASK))
    return project(tmp_path, CONFIG, telling=TELLING)


async def ask(app, method, target, document=None):
    body = None if document is None else json.dumps(document)
    return await asyncio.to_thread(call, app.addresses[0], method, f"{target}", body=body)


async def until(condition):
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.02)


async def test_a_link_and_its_execution_outlive_a_restart(path):
    token = path.with_name("token")

    async def told():
        return token.exists() and token.read_text() != ""

    async with serving(path) as app:
        location = (await ask(app, "POST", "/shop/ask", {"total": 12.5})).headers["Location"]
        await until(told)
    async with serving(path) as app:
        assert (await ask(app, "GET", location)).json["status"] == "RUNNING"
        answered = await ask(app, "POST", f"/shop/callbacks/{token.read_text()}", {"by": "ann"})
        assert answered.status == 204

        async def over():
            return (await ask(app, "GET", location)).json["status"] == "SUCCEEDED"

        await until(over)
        result = await ask(app, "GET", f"{location}/result")
        assert result.json == {"total": 12.5, "answer": {"by": "ann"}}


async def test_express_machines_answer_now_and_later(path):
    async with serving(path) as app:
        assert (await ask(app, "POST", "/shop/quick", [1, None])).json == [1, None]
        assert (await ask(app, "POST", "/shop/forever", {})).status == 504
        begun = await ask(app, "POST", "/shop/quick/later", {"name": "n1"})
        assert (begun.status, begun.json["status"]) == (202, "RUNNING")
        assert begun.headers["Location"] is None
        assert (await ask(app, "GET", "/shop/quick/later/executions/n1")).status == 404


async def test_a_reload_takes_another_definition(path):
    async with serving(path) as app:
        path.write_text(path.read_text().replace("{Type: Pass,", "{Type: Pass, Result: new,"))
        await app.reload(load([path], {}))
        assert (await ask(app, "POST", "/shop/quick", {})).json == "new"


def test_routes_and_explain_show_what_comes_with_a_route(path):
    def said(*command):
        result = CliRunner().invoke(cli, [*command, "-c", str(path)])
        assert result.exit_code == 0, result.output
        return result.output

    shown = said("routes")
    assert "state machine ask, async" in shown
    assert "GET /ask/executions/{execution}/result" in shown
    assert "task token, success" in shown
    assert "status of an execution of ask" in said("explain", "GET", "/shop/ask/executions/x")
    explained = said("explain", "POST", "/shop/ask")
    assert "state machine ask, async, timeout 29s, status at /ask/executions/{execu" in explained


async def test_machines_start_each_other_as_often_as_the_file_says(tmp_path):
    config = """
limits: {nested_executions: 2}
state_machines:
  loop:
    definition:
      StartAt: Again
      States:
        Again:
          Type: Task
          Resource: arn:aws:states:::states:startExecution.sync
          Parameters: {StateMachineArn: loop}
          End: true
apis: {door: {routes: {POST /loop: {state_machine: loop}}}}
"""
    async with serving(project(tmp_path, config)) as app:
        answer = await ask(app, "POST", "/loop", {})
        assert answer.status == 502
        page = await app._works.part.durable.executions.list(machine="loop")
    assert len(page.executions) == 3

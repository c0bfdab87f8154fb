"""A task done by a function of a real process, which reads its idempotency key."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import TICK, Wheel
from frontdesk.durable.tasks.functions import LambdaTasks
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from tests.durable.tasks.asking import KEY, Answers, a_task

PYTHON = """
def handler(event, context):
    return {"key": context.idempotency_key, "event": event}
"""

SHELL = """#!/bin/sh
url=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while true; do
  curl -s -D headers -o event "$url/next" || exit 1
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^[:cntrl:]]*\\).*/\\1/Ip' headers)
  sed -n 's/^lambda-runtime-client-context: *\\([^[:cntrl:]]*\\).*/\\1/Ip' headers > context
  curl -s -X POST --data-binary @context "$url/$id/response" > /dev/null
done
"""


@asynccontextmanager
async def a_host(folder, **settings):
    clock, loop = SystemClock(), asyncio.get_running_loop()
    wheel = Wheel(clock.monotonic())
    ticker = None

    def turn():
        nonlocal ticker
        wheel.advance(clock.monotonic())
        ticker = loop.call_later(TICK, turn)

    turn()
    host = FunctionHost(clock, wheel, data_dir=folder / "data", log=lambda _name, _lines: None)
    latest = FunctionSettings(name="charge", code=folder / "code", timeout=30.0, **settings)
    await host.start([FunctionDefinition(name="charge", latest=latest)])
    try:
        yield host
    finally:
        await host.stop(0.0)
        ticker.cancel()


async def done(host, resource, arguments):
    answers = Answers()
    tasks = LambdaTasks(host.invoker, SystemClock(), None, None)
    tasks.do(a_task(resource, arguments), answers)
    return await answers.until()


async def test_python_function_finds_the_key_in_its_context(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(PYTHON)
    async with a_host(tmp_path, handler="app.handler") as host:
        arguments = {"FunctionName": "charge:$LATEST", "Payload": {"amount": 5}}
        how, result = await done(host, "arn:aws:states:::lambda:invoke", arguments)
    assert (how, result["Payload"]) == ("succeeded", {"key": KEY, "event": {"amount": 5}})
    assert result["ExecutedVersion"] == "$LATEST"


@pytest.mark.parametrize("state", ["Ask", "Prüfen ✓"])
async def test_function_of_any_language_finds_the_key_in_the_runtime_api(tmp_path, state):
    (tmp_path / "code").mkdir()
    bootstrap = tmp_path / "code" / "bootstrap"
    bootstrap.write_text(SHELL)
    bootstrap.chmod(0o755)
    async with a_host(tmp_path, command=(str(bootstrap),)) as host:
        answers = Answers()
        key = f"execution:{state}:1"
        task = a_task("arn:aws:states:::lambda:invoke", {"FunctionName": "charge"}, key=key)
        LambdaTasks(host.invoker, SystemClock(), None, None).do(task, answers)
        how, result = await answers.until()
    assert (how, result["Payload"]) == ("succeeded", {"custom": {"idempotency_key": key}})

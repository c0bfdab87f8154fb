"""The response cache of a whole gateway: one call for many requests, nobody's answer for somebody else."""

import asyncio
import json

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

PLANS = """
    import json
    from pathlib import Path

    def handler(event, context):
        with Path(__file__).with_suffix(".calls").open("a") as calls:
            calls.write(json.dumps(event) + "\\n")
        return {"plans": ["basic", "vision"]}
"""


def calls(folder):
    path = folder / "plans.calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def ask(app, target="/practices/p001/insurance-plans", method="GET", **keywords):
    return await asyncio.to_thread(call, app.addresses[0], method, target, **keywords)


CLINIC = """
    functions: {plans: {handler: plans.handler}}
    apis:
      clinic:
        routes:
          GET /practices/{id}/insurance-plans: {function: plans, cache: {ttl: 300s}}
"""


async def test_301_requests_are_one_invocation(tmp_path):
    path = project(tmp_path, CLINIC, plans=PLANS)
    async with serving(path) as app:
        answers = await asyncio.gather(*(ask(app) for _ in range(301)))
        assert {answer.status for answer in answers} == {200}
        assert {answer.body for answer in answers} == {b'{"plans":["basic","vision"]}'}
        assert len(calls(tmp_path)) == 1
        answer = await ask(app)
        assert answer.headers["Age"] is not None
        assert answer.headers["Cache-Status"].startswith("test; hit; ttl=")

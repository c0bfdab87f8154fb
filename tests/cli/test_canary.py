"""`frontdesk canary` beside a gateway that runs."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.gateways import project, serving

CONFIG = """
apis:
  desk:
    throttle: 100/s
    stages: {prod: {}, beta: {}}
    canary: {percent: 10, variables: {colour: green}}
    routes: {GET /: {mock: {}}}
"""


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG)


async def command(path, *arguments):
    return await asyncio.to_thread(CliRunner().invoke, cli, ["canary", *arguments, "-c", str(path)])


async def test_an_operator_sees_and_decides(path):
    async with serving(path):
        told = await command(path, "status")
        assert told.output.splitlines()[0].startswith("desk/prod: running since ")
        assert "(start, check 0 of 6)" in told.output
        assert "  share 0.1 of the requests" in told.output
        assert "  canary: 0 requests, 0 errors, p50 0 ms, p95 0 ms, p99 0 ms" in told.output

        promoted = await command(path, "promote", "desk", "--stage", "beta")
        assert promoted.output.startswith("desk/beta: promoted since ")
        assert "share 1 of the requests" in promoted.output
        told = await command(path, "status", "--json")
        assert [(each["stage"], each["state"]) for each in json.loads(told.output)] == [
            ("prod", "running"),
            ("beta", "promoted"),
        ]
        assert (await command(path, "rollback", "desk", "--stage", "beta")).exit_code == 0
        assert (await command(path, "start", "desk", "--stage", "beta")).exit_code == 0
        kept = (await command(path, "records", "desk", "--stage", "beta")).output.splitlines()
        states = [json.loads(line)["state"] for line in kept]
        assert states == ["running", "rolled_back", "promoted", "running"]


async def test_which_stage_is_meant_must_be_clear(path):
    async with serving(path):
        refused = await command(path, "promote", "desk")
        assert refused.exit_code == 1
        assert "refused: several stages have a canary: prod, beta" in refused.output
        assert "hint: say --stage" in refused.output


async def test_without_a_canary_it_says_so(tmp_path):
    path = project(tmp_path, CONFIG.replace("canary", "# canary"))
    async with serving(path):
        told = await command(path, "status")
    assert (told.stdout, told.exit_code) == ("", 0)
    assert told.stderr.startswith("no stage has a canary")

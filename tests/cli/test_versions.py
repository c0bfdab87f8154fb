"""`frontdesk versions` beside a gateway that runs."""

import asyncio

from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.calls import call
from tests.live.gateways import project, serving

PLAIN = """
apis:
  desk:
    throttle: 100/s
    routes: {GET /v1/visits: {mock: {}}}
"""
VERSIONED = PLAIN + "    versioning: {by: path, versions: {v1: {deprecated: 2026-04-01}}}\n"


async def command(path, *arguments):
    return await asyncio.to_thread(
        CliRunner().invoke, cli, ["versions", *arguments, "-c", str(path)]
    )


async def test_callers_stand_in_a_table(tmp_path):
    path = project(tmp_path, VERSIONED)
    async with serving(path) as app:
        before = await command(path, "calls", "v1")
        await asyncio.to_thread(call, app.addresses[0], "GET", "/v1/visits")
        listed = (await command(path, "list")).output.splitlines()
    assert before.stdout == ""
    assert before.stderr.startswith("nobody has called v1 in the last 30 days")
    assert listed == [
        "API   VERSION  STATE       DEPRECATED  SUNSET  GUIDE",
        "desk  v1       deprecated  2026-04-01",
    ]


async def test_without_versions_it_says_so(tmp_path):
    path = project(tmp_path, PLAIN)
    async with serving(path):
        told = await command(path, "list")
    assert (told.stdout, told.exit_code) == ("", 0)
    assert told.stderr.startswith("no API has versions")

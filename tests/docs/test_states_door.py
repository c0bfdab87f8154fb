"""docs/states-door.md: its routes answer as its tables say, alone and with workers."""

import asyncio
import json
import re

import pytest

from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import call, free_port
from tests.live.gateways import serving

PAGE = ROOT / "docs" / "states-door.md"
NOW, _, _, _ = tables(PAGE.read_text())
TELLING = """
from pathlib import Path

def ask(event, context):
    Path(__file__).with_name("token").write_text(event["token"])
"""


ALONE_AND_WITH_WORKERS = pytest.mark.parametrize(
    "shop", [1, 2], ids=["alone", "workers"], indirect=True
)


@pytest.fixture
async def shop(request, tmp_path):
    """The page's gateway: calls it."""
    whole, part = examples(PAGE)
    content = spliced(whole.content, part)
    content["listen"] = "127.0.0.1:0"
    content["admin"] = {"listen": f"127.0.0.1:{free_port()}"}
    content["logs"] = {"access": {"path": str(tmp_path / "access.log")}}
    (tmp_path / "approvals.py").write_text(TELLING)
    (tmp_path / "frontdesk.yaml").write_text(json.dumps(content))
    async with serving(tmp_path / "frontdesk.yaml", workers=getattr(request, "param", 1)) as app:

        async def asked(method, target, body=None):
            headers = {"Content-Type": "application/json"}
            return await asyncio.to_thread(
                call, app.addresses[0], method, target, body=body, headers=headers
            )

        yield asked


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.02)


async def ended(shop, location):
    """The status of an execution that has ended."""
    async with asyncio.timeout(30):
        while "stopDate" not in (answer := await shop("GET", location)).json:  # noqa: ASYNC110 - as clients do
            await asyncio.sleep(0.02)
    return answer.json


async def test_the_answer_is_what_the_table_says(shop):
    for request, body, status, told in NOW.rows:
        answer = await shop(*codes(request)[0].split(), body=codes(body)[0])
        assert (request, answer.status) == (request, int(status))
        assert codes(told)[0] in answer.body.decode()


@ALONE_AND_WITH_WORKERS
async def test_an_answer_comes_later(shop):
    begun = await shop("POST", "/payments", '{"amount": 7}')
    location = begun.headers["Location"]
    assert (begun.status, begun.json["location"]) == (202, location)
    assert re.fullmatch(r"/payments/executions/[0-9a-f-]{36}\.[\w-]{22}", location)
    told = await ended(shop, location)
    assert told["output"] == {"statusCode": 201, "body": {"charged": 7}}
    result = await shop("GET", f"{location}/result")
    assert (result.status, result.json) == (201, {"charged": 7})
    assert (await shop("DELETE", location)).status == 409


@ALONE_AND_WITH_WORKERS
async def test_a_callback_answers_the_task(shop, tmp_path):
    begun = await shop("POST", "/orders/17/approval", '{"total": 12.5}')
    again = await shop("POST", "/orders/17/approval", '{"total": 12.5}')
    location = begun.headers["Location"]
    assert (again.status, again.headers["Location"]) == (202, location)
    assert (await shop("POST", "/orders/17/approval", '{"total": 13}')).status == 409
    written = tmp_path / "token"
    await until(lambda: written.exists() and written.read_text())
    token = written.read_text()
    assert (await shop("POST", f"/approve/{token}", "{")).status == 400
    assert (await shop("POST", f"/approve/{token}", '{"by": "ann"}')).status == 204
    assert (await ended(shop, location))["output"] == {"by": "ann"}
    assert (await shop("POST", f"/refuse/{token}", "{}")).status == 410
    assert (await shop("POST", "/approve/none", "{}")).status == 404
    log = tmp_path / "access.log"
    await until(lambda: log.exists() and "/refuse/{token}" in log.read_text())
    assert token not in log.read_text()


async def test_one_that_waits_can_be_stopped(shop):
    location = (await shop("POST", "/orders/18/approval", "{}")).headers["Location"]
    assert (await shop("DELETE", location)).json["status"] == "ABORTED"
    assert (await shop("GET", f"{location}/result")).status == 502


async def test_a_rest_api_starts_executions(shop):
    answer = await shop("POST", "/ledger/payments", '{"amount": 9}')
    assert answer.status == 202
    assert ":execution:charge:" in answer.json["executionArn"]

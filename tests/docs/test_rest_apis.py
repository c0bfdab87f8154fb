"""docs/rest-apis.md: its answers are those of a running door, its table of types is that of the rules."""

import asyncio
import json
import re
from typing import NamedTuple

import pytest

from frontdesk.rules.rest.gateway_responses import TYPES
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import call
from tests.live.gateways import project, serving

FILE = ROOT / "docs" / "rest-apis.md"
PAGE = FILE.read_text()
_, RESOURCES, RETURNS, RESPONSES, TOKENS, _ = tables(PAGE)
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WHOLE, *FRAGMENTS = examples(FILE)
NOTHING = "\N{EN DASH}"

RETURNING = """
    import json

    def handle(event, context):
        return json.loads(event["body"])
"""


class Shown(NamedTuple):
    """A request and its answer as the page shows them."""

    method: str
    target: str
    status: int
    fields: dict
    body: str


def shown(block):
    request, answer = block.strip().split("\n\n")
    status, *lines, body = answer.split("\n")
    return Shown(*request.split(" "), int(status), dict(line.split(": ") for line in lines), body)


EXCHANGES = [shown(block) for block in re.findall(r"```http\n(.*?)```", PAGE, re.DOTALL)]


async def ask(app, method, target, **more):
    return await asyncio.to_thread(call, app.addresses[0], method, target, **more)


async def test_the_tables_of_requests_are_what_is_answered(tmp_path):
    config = json.dumps(WHOLE.content)
    async with serving(project(tmp_path, _lines(config), bookings=CODE)) as app:
        for request, answer in RESOURCES.rows:
            found = await ask(
                app, *codes(request)[0].split(" "), headers={"Authorization": "prt-a"}
            )
            assert found.body.decode() == codes(answer)[0]
        for token, answer in TOKENS.rows:
            headers = {"Authorization": codes(token)[0]} if codes(token) else {}
            found = await ask(app, "GET", "/prod/bookings/7", headers=headers)
            assert str(found.status) == answer.split(" ")[0]
            assert found.status == 200 or found.body.decode() == codes(answer)[0]


async def test_the_table_of_results_is_what_clients_get(tmp_path):
    whole = json.loads(json.dumps(WHOLE.content))
    del whole["apis"]["partners"]["authorizer"]
    async with serving(
        project(tmp_path, _lines(json.dumps(whole)), bookings=RETURNING + "    check = handle\n")
    ) as app:
        for result, answer in RETURNS.rows:
            body = codes(result)[0].encode()
            found = await ask(app, "POST", "/prod/bookings", body=body)
            assert str(found.status) == answer[:3]
            assert found.body.decode() == (codes(answer) or [""])[0]
        (decoded,) = [codes(answer)[1] for _, answer in RETURNS.rows if "Accept" in answer]
        body = b'{"isBase64Encoded": true, "body": "b2s="}'
        found = await ask(app, "POST", "/prod/bookings", body=body, headers={"Accept": "image/png"})
        assert found.body.decode() == decoded


@pytest.mark.parametrize(
    ("example", "exchange"),
    list(zip(FRAGMENTS, EXCHANGES, strict=True)),
    ids=[example.name for example in FRAGMENTS],
)
async def test_an_example_answers_as_shown(tmp_path, example, exchange):
    whole = spliced(json.loads(json.dumps(WHOLE.content)), example)
    async with serving(project(tmp_path, _lines(json.dumps(whole)), bookings=CODE)) as app:
        found = await ask(app, exchange.method, exchange.target)
    assert (found.status, found.body.decode()) == (exchange.status, exchange.body)
    assert {name: found.headers[name] for name in exchange.fields} == exchange.fields


def _lines(config):
    """Write each key of a configuration into a line of its own, as `project` reads them."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in json.loads(config).items())


def test_the_types_are_those_there_are():
    written = {
        codes(name)[0]: (
            None if status == NOTHING else int(status),
            None if message in ("null", NOTHING) else codes(message)[0],
        )
        for name, status, message in RESPONSES.rows
    }
    assert written == {name: (each.status, each.message) for name, each in TYPES.items()}

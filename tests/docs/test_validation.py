"""docs/validation.md: its requests get the answers that it shows, its bounds are those of the code."""

import asyncio
import json
import re

from frontdesk.gateway.pipeline.stages.validate import MAX_AT_ONCE
from frontdesk.rules.lang import jsonschema, schema_work
from tests.docs.pages import ROOT, codes, tables
from tests.live.calls import call, free_port
from tests.live.gateways import serving

PAGE = (ROOT / "docs" / "validation.md").read_text()
REQUESTS, BOUNDS = tables(PAGE)
CONFIG = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
LISTED = json.loads(re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1])
BODY = re.search(r"with the body `([^`]+)`", PAGE)[1]


async def test_requests_get_the_answers_of_the_page(tmp_path):
    admin = f"admin: {{listen: 127.0.0.1:{free_port()}}}\nlogs: {{access: off}}\n"
    (tmp_path / "frontdesk.yaml").write_text(CONFIG.replace("8080", "0") + admin)
    async with serving(tmp_path / "frontdesk.yaml") as app:

        async def ask(method, target, headers, body):
            told = {"Content-Type": "application/json", **headers}
            return await asyncio.to_thread(
                call, app.addresses[0], method, target, headers=told, body=body
            )

        answer = await ask("PUT", "/v2/bookings/7", {}, BODY)
        assert answer.headers["Content-Type"] == "application/problem+json"
        found = answer.json
        found["errors"].sort(key=LISTED["errors"].index)
        assert found == LISTED
        for request, shown in REQUESTS.rows:
            line, *more = codes(request)
            headers = dict(each.split(": ") for each in more if not each.startswith("{"))
            body = next((each for each in more if each.startswith("{")), None)
            answer = await ask(*line.split(" "), headers, body)
            assert (request, answer.status, answer.body.decode()) == (request, 400, *codes(shown))


def test_the_bounds_are_those_of_the_code():
    numbers = {
        row[0]: [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", row[1])]
        for row in BOUNDS.rows
    }
    assert numbers["a schema"] == [jsonschema.MAX_SCHEMA // 1024, schema_work.MAX_DEPTH]
    assert numbers["references"] == [schema_work.MAX_DEPTH, schema_work.MAX_WORK]
    assert numbers["a document"] == [schema_work.MAX_DEPTH]
    assert numbers["faults that are told"] == [jsonschema.MAX_FAULTS, jsonschema.MAX_COMMAS]
    assert f"above {MAX_AT_ONCE // 1024}KB" in PAGE

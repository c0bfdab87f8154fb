"""The recorded cases of function URLs, against one Frontdesk that serves a function for each.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import json
from pathlib import Path

import pytest

from tests.conformance.cases.matching import answer_differences, event_differences
from tests.conformance.cases.surroundings import send
from tests.live.gateways import project, serving

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "lambda-function-url"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

HANDLERS = """
import json
from pathlib import Path


def answering(name, result):
    def handler(event, context):
        Path(__file__).with_name(name + ".event").write_text(json.dumps(event))
        return result

    return handler
"""


def module(name):
    return name.replace("-", "_")


async def test_recorded_cases(tmp_path):
    lines = [
        f"  {name}: {{handler: recorded.{module(name)}, url: {{auth: none}}}}" for name in CASES
    ]
    handlers = [
        f"{module(name)} = answering({name!r}, {case['function'].get('returns')!r})"
        for name, case in CASES.items()
    ]
    path = project(
        tmp_path,
        "\n".join(["limits: {concurrency: 4}", "functions:", *lines]),
        recorded=HANDLERS + "\n".join(handlers),
    )
    found = {}
    async with serving(path) as app:
        for name, case in CASES.items():
            request = case["request"]
            target = f"/fn/{name}{request['target']}"
            answer = await send(str(app.addresses[0]), request | {"target": target})
            found[name] = [*answer_differences(case["expect"], answer)]
            event = json.loads((tmp_path / f"{name}.event").read_text())
            if "functionEvent" in case["expect"]:
                found[name] += event_differences(case["expect"], event)
            if event["rawPath"] != request["target"].partition("?")[0]:
                found[name].append(f"rawPath: {event['rawPath']}")
    assert found == {name: [] for name in CASES}

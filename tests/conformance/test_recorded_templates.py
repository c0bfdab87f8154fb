"""The recorded renderings of mapping templates, each by the engine alone.

The cases lie beside the repository, in `shared/cases`, and are no part of it. Those that need a whole
gateway run elsewhere.
"""

import json
from pathlib import Path

import pytest

from frontdesk.rules.lang.vtl import Input, compile_template, variables

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway"
RENDERINGS = {
    path.relative_to(FOLDER).as_posix(): case
    for path in sorted(FOLDER.glob("rest-vtl*/*.json"))
    if (case := json.loads(path.read_text()))["kind"] == "template_render"
}
EXCHANGES = {
    path.relative_to(FOLDER).as_posix(): case
    for path in sorted(FOLDER.glob("rest-vtl-render/*.json"))
    if (case := json.loads(path.read_text()))["kind"] == "http_exchange"
}

if not RENDERINGS:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


def rendered(template, body, params):
    params = {"path": {}, "querystring": {}, "header": {}} | params
    return compile_template(template).render(variables(Input(body.encode(), params), {}, {}))


@pytest.mark.parametrize("name", RENDERINGS)
def test_recorded_rendering(name):
    case = RENDERINGS[name]
    given = case["input"]
    found = rendered(case["template"], given["body"], given.get("params", {}))
    assert found == case["expect"]["text"]


@pytest.mark.parametrize("name", EXCHANGES)
def test_recorded_chain_of_request_and_response_template(name):
    """The backend of these cases answers with exactly the body that it got."""
    case = EXCHANGES[name]
    integration = case["api"]["routes"][0]["integration"]
    sent = rendered(
        integration["requestTemplates"]["application/json"], case["request"].get("body", ""), {}
    )
    answer = integration["responses"][0]["responseTemplates"]["application/json"]
    assert rendered(answer, sent, {}) == case["expect"]["text"]

"""The recorded cases of REST APIs, each against a whole Frontdesk of its own.

The cases lie beside the repository, in `shared/cases`, and are no part of it. A family that another suite
runs is not in `FAMILIES`.
"""

import json
from pathlib import Path

import pytest

from frontdesk.app import Frontdesk
from frontdesk.app.method_tests import try_alone
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.compile import api_id
from frontdesk.gateway.pipeline.method_test import MethodRequest
from frontdesk.rules.auth.policy import Decision
from frontdesk.rules.auth.resource_policy import both
from frontdesk.rules.rest.gateway_responses import Response, responses
from frontdesk.rules.rest.media import media_type, passes_without, request_template
from tests.conformance.cases import project, rest_project
from tests.conformance.cases.matching import (
    answer_differences,
    backend_differences,
    differences,
    event_differences,
)
from tests.conformance.cases.surroundings import Backend, send

FAMILIES = (
    "rest-authorizer",
    "rest-binary-request",
    "rest-binary-response",
    "rest-gateway-response",
    "rest-header-mapping",
    "rest-mock",
    "rest-passthrough",
    "rest-proxy-binary",
    "rest-proxy-event",
    "rest-proxy-response",
    "rest-request-validation",
    "rest-resource-policy",
    "rest-routing",
    "rest-selection-pattern",
    "rest-test-invoke",
    "rest-trace",
    "rest-vtl",
    "rest-vtl-override",
    "rest-vtl-render",
)
DIFFERENT = {
    "rest-header-mapping/http_proxy-no-mapping.json": [
        "headersPresent: x-amzn-Remapped-Connection"
    ],
}
"""What differs knowingly; each has its entry in docs/differences.md."""
FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway"
CASES = {
    path.relative_to(FOLDER).as_posix(): path
    for family in FAMILIES
    for path in sorted((FOLDER / family).glob("*.json"))
    if json.loads(path.read_text())["kind"] != "template_render"  # see test_recorded_templates
}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
async def test_recorded_case(name, tmp_path):
    case = json.loads(CASES[name].read_text())
    assert await KINDS[case["kind"]](case, tmp_path) == DIFFERENT.get(name, [])


# -- cases that a whole Frontdesk answers -----------------------------------------------------------


class Bench:
    """A running Frontdesk and what is around it."""

    def __init__(self, app, backend, folder):
        self.address = str(app.addresses[0])
        self.backend = backend
        self.folder = folder

    async def differences(self, request, expect):
        """Send a request and compare what came of it: the answer, the event, what the backend got."""
        answer = await send(self.address, request)
        events = project.events(self.folder)
        found = [*answer_differences(expect, answer)]
        found += event_differences(expect, events[-1] if events else None)
        if "backendRequest" in expect:
            found += backend_differences(expect["backendRequest"], self.backend.last)
        return found


def _live(check):
    async def run(case, folder):
        async with Backend(case.get("backend", {})) as backend:
            case = project.fill(
                case,
                {
                    "account": project.ACCOUNT,
                    "apiId": api_id("recorded"),
                    "region": project.REGION,
                    "backend": f"http://{backend.address}",
                    "backendHost": backend.address,
                },
            )
            app = Frontdesk(load([rest_project.write(folder, case)], {}))
            await app.start()
            try:
                found = await check(case, Bench(app, backend, folder))
            finally:
                await app.stop()
        return [*found, *_authorizer_differences(case["expect"], folder)]

    return run


async def http_exchange(case, bench):
    return await bench.differences(case["request"], case["expect"])


async def http_sequence(case, bench):
    steps = zip(case["requests"], case["expect"]["steps"], strict=True)
    return [found for step in steps for found in await bench.differences(*step)]


def _authorizer_differences(expect, folder):
    events = rest_project.authorizer_events(folder)
    if "authorizerCalls" in expect:
        yield from differences(expect["authorizerCalls"], len(events), at="authorizerCalls")
    if "authorizerEventExact" in expect:
        yield from differences([expect["authorizerEventExact"]], events, at="authorizerEvents")


async def invocation_by_hand(case, folder):
    async def silent(_function, _lines):
        """No case calls a function."""

    loaded = load(
        [rest_project.write(folder, {**case, "api": {**case["api"], "stage": {"name": "test"}}})],
        {},
    )
    request, expect = case["request"], case["expect"]
    path, _, query = request.get("pathWithQueryString", "").partition("?")
    asked = MethodRequest("recorded", request["method"], path, query, request["resource"])
    answer = (await try_alone(loaded, asked, silent)).document()
    found = [*differences(expect["status"], answer["status"], at="status")]
    found += differences(expect["json"], json.loads(answer["body"]), at="json")
    for kind in ("headers", "multiValueHeaders"):
        known = {name.lower(): value for name, value in answer[kind].items()}
        for name, value in expect.get(kind, {}).items():
            found += differences(value, known.get(name.lower()), at=f"{kind}.{name}")
    return [*found, *(line for line in expect.get("logContains", ()) if line not in answer["log"])]


# -- cases that a table answers ---------------------------------------------------------------------


async def decision_table(case, _folder):
    decisions = {
        "Allow": Decision.ALLOW,
        "Deny": Decision.DENY,
        "None": Decision.NONE,
    }
    results = {
        Decision.ALLOW: "Allow",
        Decision.DENY: "Explicit Deny",
        Decision.NONE: "Implicit Deny",
    }
    return [
        found
        for row in case["expect"]["rows"]
        for found in differences(
            row["result"],
            results[both(decisions[row["callerPolicy"]], decisions[row["resourcePolicy"]])],
            at=str(row),
        )
    ]


async def template_selection(case, _folder):
    integration = case["integration"]
    templates = integration["requestTemplates"]
    headers = {name.lower(): value for name, value in case["request"]["headers"].items()}
    key = request_template(media_type(headers.get("content-type", "")), templates)
    passes = passes_without(integration["passthroughBehavior"].lower(), templates)
    result = "template" if key else "passthrough" if passes else "error"
    return [*differences(case["expect"]["result"], result, at="result")]


async def effective_gateway_responses(case, _folder):
    given = {
        name: Response(
            int(each["statusCode"]) if "statusCode" in each else None,
            {
                key.removeprefix("gatewayresponse.header."): value
                for key, value in each.get("responseParameters", {}).items()
            },
            each.get("responseTemplates", {}),
            is_default=False,
        )
        for name, each in case["gatewayResponses"].items()
    }
    items = [_item(name, response) for name, response in responses(given).items()]
    expect = case["expect"]
    if expect.get("match") == "contains":
        names = {item["responseType"] for item in expect["items"]}
        items = [item for item in items if item["responseType"] in names]
    in_order = [
        sorted(each, key=lambda item: item["responseType"]) for each in (expect["items"], items)
    ]
    return [*differences(*in_order, at="items")]


def _item(name, response):
    headers = response.headers.items()
    item = {
        "defaultResponse": response.is_default,
        "responseParameters": {f"gatewayresponse.header.{key}": value for key, value in headers},
        "responseTemplates": dict(response.templates),
        "responseType": name,
    }
    return item | ({} if response.status is None else {"statusCode": str(response.status)})


KINDS = {
    "decision_table": decision_table,
    "effective_gateway_responses": effective_gateway_responses,
    "http_exchange": _live(http_exchange),
    "http_sequence": _live(http_sequence),
    "template_selection": template_selection,
    "test_invoke": invocation_by_hand,
}
"""Kind of a case → (case, folder) → what differs, as texts."""

"""The recorded cases of HTTP APIs and their domains, each against a whole Frontdesk of its own.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import json
from pathlib import Path

import pytest

from frontdesk.app import Frontdesk
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.compile import api_id
from tests.conformance.cases import project
from tests.conformance.cases.matching import (
    answer_differences,
    backend_differences,
    differences,
    event_differences,
)
from tests.conformance.cases.surroundings import Backend, Issuer, send

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway"
CASES = {
    path.relative_to(FOLDER).as_posix(): path
    for pattern in ("http-*/*.json", "custom-domain/*.json")
    for path in sorted(FOLDER.glob(pattern))
}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
async def test_recorded_case(name, tmp_path):
    case = json.loads(CASES[name].read_text())
    if case["kind"] not in KINDS:
        pytest.skip(f"no adapter for cases of kind {case['kind']}")
    write, check = KINDS[case["kind"]]
    async with Issuer() as issuer, Backend(case.get("backend", {})) as backend:
        case = project.fill(
            case,
            {
                "account": project.ACCOUNT,
                "apiId": api_id("recorded"),
                "region": project.REGION,
                "issuer": issuer.url,
                "backend": f"http://{backend.address}",
                "backendHost": backend.address,
            },
        )
        app = Frontdesk(load([write(tmp_path, case)], {}))
        await app.start()
        try:
            found = await check(case, Bench(app, issuer, backend, tmp_path))
        finally:
            await app.stop()
    assert found == []


class Bench:
    """A running Frontdesk and what is around it."""

    def __init__(self, app, issuer, backend, folder):
        self.address = str(app.addresses[0])
        self.issuer = issuer
        self.backend = backend
        self.folder = folder

    async def send(self, request):
        headers = {
            name: self.issuer.with_tokens(value)
            for name, value in request.get("headers", {}).items()
        }
        return await send(self.address, request | {"headers": headers})

    def last_event(self):
        events = project.events(self.folder)
        return events[-1] if events else None


async def http_exchange(case, bench):
    return await _exchange(case["request"], case["expect"], bench)


async def http_sequence(case, bench):
    steps = zip(case["requests"], case["expect"]["steps"], strict=True)
    return [found for step in steps for found in await _exchange(*step, bench)]


async def _exchange(request, expect, bench):
    answer = await bench.send(request)
    found = [*answer_differences(expect, answer), *event_differences(expect, bench.last_event())]
    if "backendRequest" in expect:
        found += backend_differences(expect["backendRequest"], bench.backend.last)
    return found


async def route_selection(case, bench):
    return await _chosen("routeKey", case, bench)


async def domain_mapping(case, bench):
    request = case["request"] | {"headers": {"Host": project.DOMAIN}}
    return await _chosen("api", case | {"request": request}, bench)


async def _chosen(what, case, bench):
    """Compare what was chosen, which the mocks tell."""
    answer = await bench.send({"method": "GET"} | case["request"])
    seen = None if answer.status == 404 else json.loads(answer.body).get(what)
    return [*differences(case["expect"][what], seen, at=what)]


KINDS = {
    "domain_mapping": (project.write_domain, domain_mapping),
    "http_exchange": (project.write, http_exchange),
    "http_sequence": (project.write, http_sequence),
    "route_selection": (project.write, route_selection),
}

"""The cases of WebSocket APIs that AWS's documentation states: how messages find their routes.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import json
from pathlib import Path

import pytest

from frontdesk.config.models.websocket_api import SocketLimits
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.sockets import SocketMount, SocketRoutes, SocketSettings
from frontdesk.rules.events.websocket import compile_selection

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway"
CASES = {
    path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.glob("websocket-*/*.json"))
}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
def test_recorded_case(name):
    case = json.loads(CASES[name].read_text())
    KINDS[case["kind"]](case)


def expression(case):
    select = compile_selection(case["expression"])
    assert select(case["message"].encode()) == case["expect"]["value"]


def route(case):
    settings = SocketSettings(
        SocketLimits(), False, compile_selection(case["api"]["routeSelectionExpression"])
    )
    keys = ["$connect", *(route["routeKey"] for route in case["api"]["routes"])]
    mount = SocketMount("", SocketRoutes(settings, map(plan, keys)), plan(""), None)
    found = mount.plan_of(case["message"].encode(), 0.0)
    assert found.route_key == case["expect"]["routeKey"]


def plan(key):
    facts = ApiFacts("-", "live", "websocket", "$default", "-", "-", "localhost")
    return RoutePlan(key, facts, (), (), -1, 0, 0.0, 504, lambda _ex: None, ())


KINDS = {"route_selection": route, "selection_expression": expression}

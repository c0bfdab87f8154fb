"""Which authorizer a route gets, and what is shared between routes."""

from types import SimpleNamespace
from typing import get_args

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import Authorizer, FunctionAuthorizer, JwtAuthorizer
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.plan import ApiFacts
from frontdesk.gateway.pipeline.stages.authorize import AUTHORIZERS, authorize

JWT = JwtAuthorizer.model_validate(
    {"type": "jwt", "issuer": "https://idp.example", "audience": "clinic-app"}
)
FUNCTION = FunctionAuthorizer.model_validate({"type": "function", "function": "check"})
FACTS = ApiFacts("id", "a", "http", "$default", "123456789012", "us-east-1", "localhost")


@pytest.fixture
def build():
    """Make the RouteBuild of a route; routes of one test belong to one compilation."""
    clock, shared = SimpleNamespace(monotonic=lambda: 0.0, time=lambda: 0.0), {}
    wheel = Wheel(0.0)
    parts = SimpleNamespace(
        clock=clock,
        wheel=wheel,
        keys=KeyRing(clock, wheel, None),
        invokers={"check": None},
        traces=None,
    )
    config = SimpleNamespace(authorizers={"patients": JWT, "subscription": FUNCTION})

    def make(api=None, route=None):
        return RouteBuild(
            "GET /pets",
            "scheduling",
            HttpApi.model_validate({"authorizer": api}),
            FACTS,
            None if route is None else Route.model_validate({"mock": {}} | route),
            ("apis", "scheduling", "routes", "GET /pets"),
            config,
            parts,
            lambda *_keys: None,
            lambda value, *_path: str(value),
            shared=shared,
        )

    return make


@pytest.mark.parametrize(
    ("api", "route", "name"),
    [
        (None, {}, None),
        ("patients", {}, "patients"),
        ("patients", {"authorizer": "none"}, None),
        ("patients", {"authorizer": "subscription"}, "subscription"),
        (None, {"authorizer": "patients"}, "patients"),
        ("none", {}, None),
        ("patients", None, None),
    ],
)
def test_a_route_takes_its_own_authorizer_or_its_apis(build, api, route, name):
    step = authorize(build(api, route))
    assert (step.detail.partition(":")[0] if step else None) == name


def test_explain_names_what_is_asked(build):
    step = authorize(build("patients", {"scopes": ["book", "admin"]}))
    assert step.detail == "patients: token of https://idp.example, one scope of book admin"
    step = authorize(build("subscription", {}))
    assert step.detail == "subscription: function check, form simple, kept 300 s"


def test_the_place_is_where_the_authorizer_was_said(build):
    on_route = ("apis", "scheduling", "routes", "GET /pets", "authorizer")
    on_api = ("apis", "scheduling", "authorizer")
    assert authorize(build("subscription", {"authorizer": "patients"})).at == on_route
    assert authorize(build("patients", {})).at == on_api


def test_routes_of_one_compilation_share_an_authorizers_memory(build):
    routes = [build("patients", {"scopes": [scope]}) for scope in ("a", "b")]
    for route in routes:
        authorize(route)
    shared = routes[0].shared
    assert [key for key in shared if key[0] == "authorizer"] == [("authorizer", "patients")]


def test_routes_that_demand_the_same_share_one_stage(build):
    first, same, other = (authorize(build("patients", {"scopes": [s]})).run for s in "aab")
    assert first is same
    assert first is not other


def test_every_type_of_the_configuration_has_a_builder():
    models = get_args(get_args(Authorizer)[0])
    assert set(AUTHORIZERS) == {
        get_args(model.model_fields["type"].annotation)[0] for model in models
    }

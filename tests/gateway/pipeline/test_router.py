"""Route selection with AWS's precedence, hosts, base paths and stages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.router import GatewayPlan, RouteTable, StageMount

FACTS = ApiFacts("abcdefghij", "pets", "http", "$default", "000000000000", "us-east-1", "localhost")


def plan(key):
    return RoutePlan(
        route_key=key,
        api=FACTS,
        head=(),
        tail=(),
        body_at=-1,
        max_body=0,
        timeout=29.0,
        timeout_status=504,
        log=lambda ex: None,
        steps=(),
    )


def table(*keys):
    return RouteTable([plan(key) for key in keys])


PETS = table(
    "GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"
)


@pytest.mark.parametrize(
    ("method", "path", "route", "params"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/", "$default", {}),
        ("GET", "/pets", "ANY /{proxy+}", {"proxy": "pets"}),
        ("GET", "/pets/", "ANY /{proxy+}", {"proxy": "pets/"}),
        ("GET", "/pets/a%20b", "GET /pets/{proxy+}", {"proxy": "a b"}),
        ("GET", "/pets/dog/a%2Fb", "GET /pets/dog/{id}", {"id": "a/b"}),
    ],
)
def test_precedence_of_the_documented_example(method, path, route, params):
    found, values = PETS.match(method, path)
    assert found is not None
    assert found.route_key == route
    assert dict(values) == params


@pytest.mark.parametrize(
    ("keys", "method", "path", "route"),
    [
        (["ANY /a", "GET /a"], "GET", "/a", "GET /a"),
        (["ANY /a", "GET /a"], "PUT", "/a", "ANY /a"),
        (["ANY /a/b", "GET /a/{x}"], "GET", "/a/b", "ANY /a/b"),
        (["POST /a/b", "GET /a/{x}"], "GET", "/a/b", "GET /a/{x}"),
        (["GET /a/{x}/c", "GET /a/b/{y}"], "GET", "/a/b/c", "GET /a/b/{y}"),
        (["GET /a/{x}/c", "GET /a/b/d"], "GET", "/a/b/c", "GET /a/{x}/c"),
        (["GET /{x}/{p+}", "GET /a/{p+}"], "GET", "/a/b", "GET /a/{p+}"),
        (["POST /a/b/{p+}", "GET /a/{p+}"], "GET", "/a/b/c", "GET /a/{p+}"),
        (["GET /{a}/{b}", "GET /x/{p+}"], "GET", "/x/y", "GET /{a}/{b}"),
        (["GET /a"], "GET", "/a/", None),
        (["GET /a"], "GET", "/A", None),
        (["GET /a"], "POST", "/a", None),
        (["GET /a/{x}"], "GET", "/a/", None),
        (["GET /a/{p+}"], "GET", "/a/", None),
        (["GET /a/{p+}"], "GET", "/a", None),
        (["GET /"], "GET", "/", "GET /"),
        ([], "GET", "/", None),
    ],
)
def test_more_specific_route_wins_and_a_missing_method_is_no_match(keys, method, path, route):
    found, _ = table(*keys).match(method, path)
    assert (found.route_key if found else None) == route


segment = st.sampled_from(["a", "b", "{x}", "{y}"])
template = st.builds(
    lambda parts, rest: "/" + "/".join([*parts, *rest]),
    st.lists(segment, min_size=1, max_size=3),
    st.sampled_from([[], ["{p+}"]]),
).filter(lambda t: t.count("{x}") < 2 and t.count("{y}") < 2)
key = st.builds("{} {}".format, st.sampled_from(["ANY", "GET", "POST"]), template)
path = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


def precedence(key, target):
    """Rank a route among those that match a GET, or None where it does not: a model to test against."""
    method, template = key.split(" ")
    want, got = template[1:].split("/"), target[1:].split("/")
    if want[-1] == "{p+}":
        got[len(want) - 1 :] = ["/".join(got[len(want) - 1 :])]
    fits = len(want) == len(got) and all(
        g != "" if w.startswith("{") else w == g for w, g in zip(want, got, strict=True)
    )
    if method == "POST" or not fits:
        return None
    ranks = [w.startswith("{") + w.endswith("+}") for w in want]
    return want[-1] == "{p+}", ranks, method == "ANY"


@given(
    st.lists(key, max_size=8, unique_by=lambda k: k.replace("{y}", "{x}")),
    path,
)
def test_the_route_of_highest_precedence_is_found_among_those_that_match(keys, target):
    found, params = table(*keys).match("GET", target)
    ranked = {key: precedence(key, target) for key in keys}
    candidates = [key for key in keys if ranked[key] is not None]
    assert (found.route_key if found else None) == min(candidates, key=ranked.get, default=None)
    assert len(params) == (found.route_key.count("{") if found else 0)


def mount(prefix, *keys, preflight=False):
    return StageMount(
        prefix, table(*keys), plan(f"{prefix} miss"), plan("preflight") if preflight else None
    )


def enter(gateway, path, host="", method="GET", headers=None):
    ex = Exchange()
    ex.method, ex.path, ex.host, ex.headers = method, path, host, headers or {}
    gateway.route(ex)
    return ex


def test_apis_share_a_listener_by_host_and_by_the_longest_base_path():
    gateway = GatewayPlan(
        {
            "api.example": [mount("/v1", "GET /a"), mount("", "GET /v1/b")],
            "": [mount("/v1/deep", "GET /c"), mount("/v1", "GET /d")],
        },
        plan("nowhere"),
    )
    assert enter(gateway, "/v1/a", "api.example").plan.route_key == "GET /a"
    assert enter(gateway, "/v1/b", "api.example").plan.route_key == "/v1 miss"
    assert enter(gateway, "/v1", "api.example").stage_path == "/"
    assert enter(gateway, "/v1x", "api.example").plan.route_key == " miss"
    assert enter(gateway, "/v1/deep/c", "other").plan.route_key == "GET /c"
    assert enter(gateway, "/v1/d", "other").plan.route_key == "GET /d"
    assert enter(gateway, "/v2", "other").plan.route_key == "nowhere"


def test_preflight_is_taken_only_for_a_real_preflight():
    gateway = GatewayPlan({"": [mount("", "OPTIONS /a", preflight=True)]}, plan("nowhere"))
    real = {b"origin": b"https://x", b"access-control-request-method": b"POST"}
    assert enter(gateway, "/any", method="OPTIONS", headers=real).plan.route_key == "preflight"
    half = {b"origin": b"https://x"}
    assert enter(gateway, "/a", method="OPTIONS", headers=half).plan.route_key == "OPTIONS /a"
    assert enter(gateway, "/a", method="GET", headers=real).plan.route_key == " miss"

"""Resources of REST APIs: precedence, fallback to what has the method, slashes, variables."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.resource_tree import ResourceTree, RestMount
from frontdesk.rules.http.path import normalise

FACTS = ApiFacts("abcdefghij", "pets", "rest", "dev", "000000000000", "us-east-1", "localhost")


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


def tree(*keys):
    return ResourceTree([plan(key) for key in keys])


@pytest.mark.parametrize(
    ("keys", "method", "path", "key", "params"),
    [
        (["GET /"], "GET", "/", "GET /", {}),
        (["GET /a", "GET /{v}", "ANY /{v}/b"], "GET", "/a", "GET /a", {}),
        (["GET /a", "GET /{v}"], "GET", "/b", "GET /{v}", {"v": "b"}),
        (["POST /test", "OPTIONS /{p+}"], "OPTIONS", "/test", "OPTIONS /{p+}", {"p": "test"}),
        (["ANY /test/any", "OPTIONS /{p+}"], "OPTIONS", "/test/any", "ANY /test/any", {}),
        (["GET /a", "GET /{p+}"], "GET", "/a/x", "GET /{p+}", {"p": "a/x"}),
        (["GET /a/{p+}", "GET /{v}/b"], "GET", "/a/b", "GET /a/{p+}", {"p": "b"}),
        (["POST /a/b", "GET /{v}/b"], "GET", "/a/b", "GET /{v}/b", {"v": "a"}),
        (["GET /{v}/c", "GET /{v}/{w}"], "GET", "/a/b", "GET /{v}/{w}", {"v": "a", "w": "b"}),
        (["ANY /a", "GET /a"], "GET", "/a", "GET /a", {}),
        (["ANY /a", "GET /a"], "PATCH", "/a", "ANY /a", {}),
        (["GET /a/{v}"], "GET", "/a/b/", "GET /a/{v}", {"v": "b"}),
        (["GET /{p+}"], "GET", "/a/b/", "GET /{p+}", {"p": "a/b"}),
        (["GET /{v}"], "GET", "/a%2Bb", "GET /{v}", {"v": "a%2Bb"}),
        (["GET /a"], "POST", "/a", None, {}),
        (["GET /a"], "GET", "/A", None, {}),
        (["GET /{p+}"], "GET", "/", None, {}),
        (["GET /a/{v}"], "GET", "/a", None, {}),
    ],
)
def test_the_most_specific_resource_with_the_method_takes_the_request(
    keys, method, path, key, params
):
    found, values = tree(*keys).match(method, path)
    assert (found and found.route_key) == key
    assert dict(values) == params


SEGMENTS = st.sampled_from(["a", "b", "{v}"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)


@given(
    st.sets(PATHS, max_size=6),
    st.sets(st.lists(SEGMENTS, max_size=2).map("/".join), max_size=2),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4),
)
def test_the_tree_agrees_with_trying_all_resources_in_order(full, greedy, segments):
    keys = [f"GET /{path}" for path in full]
    keys += [f"GET /{path}/{{p+}}".replace("//", "/") for path in greedy]
    fitting = [key for key in keys if _fits(key[5:].split("/"), segments)]
    expected = min(fitting, key=lambda key: _ranks(key[5:].split("/")), default=None)
    found, _ = tree(*keys).match("GET", "/" + "/".join(segments))
    assert (found and found.route_key) == expected


def _fits(template, segments):
    if template[-1] == "{p+}":
        head = template[:-1]
        return len(segments) > len(head) and _fits([*head, "{v}"], segments[: len(head) + 1])
    pairs = zip(template, segments, strict=False)
    return len(template) == len(segments) and all(t in (s, "{v}") for t, s in pairs)


def _ranks(template):
    return [2 if each.endswith("+}") else each.startswith("{") for each in template]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("/dev/a//b", "a//b"),
        ("/dev/a/b", "a/b"),
        ("//dev///a//b/", "a//b"),
        ("/dev//a/b", "a/b"),
        ("/dev/x/../a//b", "a//b"),
        ("/dev/%41//b", "A//b"),
    ],
)
def test_a_greedy_variable_keeps_the_slashes_inside_of_it(raw, value):
    ex = taken("ANY /{proxy+}", raw)
    assert ex.params == {"proxy": value}
    assert ex.stage_path.strip("/") == "/".join(filter(None, value.split("/")))


def test_slashes_before_a_greedy_variable_are_not_part_of_it():
    assert taken("GET /a/{v}/{p+}", "/dev//a//x//b//c/").params == {"v": "x", "p": "b//c"}


def taken(key, raw):
    ex = Exchange()
    ex.method, ex.raw_path, ex.path, ex.headers = "GET", raw, normalise(raw), {}
    ex.request_id = "JKJaXmPLvHcESHA="
    ex.stage_path = ex.path.removeprefix("/dev")
    RestMount("/dev", tree(key), plan(""), None).take(ex, ex.stage_path)
    return ex


def test_a_request_has_both_ids_of_rest_apis():
    ex, again = taken("GET /a", "/dev/a"), taken("GET /a", "/dev/a")
    assert ex.extended_request_id == "JKJaXmPLvHcESHA="
    assert UUID(ex.request_id).version == 8
    assert ex.request_id == again.request_id


def test_a_miss_has_the_plan_for_misses():
    assert taken("POST /a", "/dev/a").plan.route_key == ""

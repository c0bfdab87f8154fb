"""Where a request goes: variables, appended paths, queries, and nothing that breaks out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.integrations.http_target import (
    compile_target,
    path_variables,
    takes_rest,
)
from frontdesk.rules.lang.urls import split_upstream, split_url


def exchange(path, query="", params=None, forward=""):
    ex = Exchange()
    ex.stage_path, ex.query, ex.params, ex.forward_path = path, query, params or {}, forward
    return ex


@pytest.mark.parametrize(
    ("key", "url", "path", "query", "target"),
    [
        ("GET /a", "http://h", "/a", "", "/"),
        ("GET /a", "http://h/b", "/a", "", "/b"),
        ("GET /a", "http://h/b", "/a", "x=1&x=2", "/b?x=1&x=2"),
        ("GET /a", "http://h/b?y=0", "/a", "x=1", "/b?y=0&x=1"),
        ("GET /a", "http://h/b?y=0", "/a", "", "/b?y=0"),
        ("GET /p/{id}", "http://h/q/{id}/r", "/p/a%2Cb", "", "/q/a%2Cb/r"),
        ("GET /{a}/{b}", "http://h/{b}/{a}", "/1/2", "", "/2/1"),
        ("ANY /l/{proxy+}", "http://h/{proxy}", "/l/a/b", "", "/a/b"),
        ("ANY /l/{proxy+}", "http://h/x/{proxy}", "/l/a/b/", "", "/x/a/b/"),
        ("ANY /l/{proxy+}", "http://h", "/l/a/b", "", "/l/a/b"),
        ("ANY /l/{proxy+}", "http://h/base/", "/l/a", "", "/base/l/a"),
        ("$default", "http://h", "/any/path", "q", "/any/path?q"),
        ("$default", "http://h/base", "/", "", "/base/"),
    ],
)
def test_the_target_of_a_url(key, url, path, query, target):
    variables = path_variables(key)
    compiled = compile_target(split_url(url, {}), variables, append=takes_rest(variables))
    assert compiled(exchange(path, query)) == target


def test_a_variable_in_the_query_stays_one_value():
    compiled = compile_target(
        split_url("http://h/s?id={id}&a=b", {}), path_variables("GET /p/{id}"), append=False
    )
    ex = exchange("/p/1&admin=1", "c=d", {"id": "1&admin=1"})
    assert compiled(ex) == "/s?id=1%26admin%3D1&a=b&c=d"


@pytest.mark.parametrize(
    ("url", "path", "requested", "target"),
    [
        ("http://h", None, "/a/b", "/a/b"),
        ("http://h/base/", None, "/a/b", "/base/a/b"),
        ("http://h", "/plans", "/a", "/plans"),
        ("http://h/base", "/plans/{id}", "/a/7", "/base/plans/7"),
    ],
)
def test_the_target_at_a_named_upstream(url, path, requested, target):
    split = split_upstream(url, path, {})
    compiled = compile_target(split, path_variables("GET /a/{id}"), append=path is None)
    assert compiled(exchange(requested)) == target


def test_a_mapped_path_goes_before_all():
    compiled = compile_target(split_url("http://h/b", {}), path_variables("GET /a"), append=False)
    assert compiled(exchange("/a", "x=1", forward="/mapped")) == "/mapped?x=1"
    compiled = compile_target(
        split_upstream("http://h/base", None, {}), path_variables("GET /a"), append=True
    )
    assert compiled(exchange("/a", forward="/mapped")) == "/base/mapped"


SEGMENT = st.text("abcXYZ019-._~!$&'()*+,;=:@%", min_size=1, max_size=12)


@given(SEGMENT, st.lists(SEGMENT, min_size=1, max_size=4))
def test_segments_arrive_as_they_were_matched(one, rest):
    tail = "/".join(rest)
    compiled = compile_target(
        split_url("http://h/x/{a}/y/{b}", {}), path_variables("GET /p/{a}/{b+}"), append=False
    )
    assert compiled(exchange(f"/p/{one}/{tail}")) == f"/x/{one}/y/{tail}"

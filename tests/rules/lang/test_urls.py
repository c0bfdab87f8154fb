"""URLs of backends, as the file writes them."""

import pytest

from frontdesk.rules.lang.urls import Url, split_upstream, split_url


def test_stage_variables_are_filled_in_and_unset_ones_are_empty():
    url = split_url("http://${stage.host}/${stage.unset}x?s=${stage.name}", {"host": "h:1"})
    assert url == Url("http://h:1", "", "/x", "s=")
    assert split_upstream("http://h/b/", "/${stage.v}", {"v": "1"}) == Url(
        "http://h", "/b", "/1", ""
    )


def test_variables_are_listed_as_the_route_names_them():
    assert split_url("http://h/{a}/{rest+}?x={a:b}", {}).variables == ["a", "rest", "a:b"]


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("http://{host}/", {}),
        ("http://${stage.none}/", {}),
        ("http://${stage.none", {}),
        ("${stage.url}", {"url": "ftp://h/"}),
        ("ftp://h/", {}),
        ("h", {}),
        ("http://h/ü", {}),
        ("http://h/${stage.x}", {"x": "a b"}),
        ("http://h/?x=${stage.x}", {"x": "\r\nHost: other"}),
        ("http://h/${stage.x}", {"x": "#"}),
    ],
)
def test_what_no_request_could_be_sent_to_is_refused(url, variables):
    with pytest.raises(ValueError, match="expected a"):
        split_url(url, variables)


@pytest.mark.parametrize("path", ["/ü", "/a b", "/${stage.x}", "/#"])
def test_a_path_at_an_upstream_is_ascii(path):
    with pytest.raises(ValueError, match="expected a"):
        split_upstream("http://h", path, {"x": "\n"})

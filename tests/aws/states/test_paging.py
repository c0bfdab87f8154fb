"""Pages of lists: put together they are the list, and a token leads on in its own list alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.aws.states.paging import Item, page
from frontdesk.ports.executions import ExecutionError


def items(keys):
    return [Item((key,), {"key": key}) for key in keys]


@given(st.sets(st.text() | st.from_regex("[a-c]+")), st.integers(1, 5))
def test_pages_together_are_the_list(keys, size):
    found, members = [], {"maxResults": size}
    while True:
        answer = page("list", "items", items(keys), members)
        assert len(answer["items"]) <= size
        found += answer["items"]
        if "nextToken" not in answer:
            break
        members = {**members, "nextToken": answer["nextToken"]}
    assert [item["key"] for item in found] == sorted(keys)


def test_a_list_goes_on_where_it_was_though_items_come_and_go():
    first = page("list", "items", items("bdf"), {"maxResults": 2})
    rest = page("list", "items", items("acef"), {"nextToken": first["nextToken"]})
    assert [item["key"] for item in rest["items"]] == ["e", "f"]


def test_a_token_is_for_one_list():
    answer = page("list", "items", items("abc"), {"maxResults": 1})
    with pytest.raises(ExecutionError, match="Invalid token"):
        page("another", "items", items("abc"), {"nextToken": answer["nextToken"]})


def test_a_hundred_items_are_a_page():
    answer = page("list", "items", items(range(101)), {"maxResults": 0})
    assert len(answer["items"]) == 100

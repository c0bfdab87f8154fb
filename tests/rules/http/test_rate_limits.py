"""Limits that servers announce: the draft's lists, the triple, and X-RateLimit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.rate_limits import Announced, announced

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"Content-Type": "text/plain"}, []),
        (
            {"RateLimit-Policy": '"burst";q=100;w=60', "RateLimit": '"burst";r=20;t=12'},
            [Announced("burst", 20, 12, 100)],
        ),
        (
            {"RateLimit": '"a";r=0;t=5, "b";r=7;t=60', "RateLimit-Policy": '"b";q=9'},
            [Announced("a", 0, 5), Announced("b", 7, 60, 9)],
        ),
        ({"RateLimit": '"a";r=1'}, []),
        ({"RateLimit": "limit=10, remaining=1, reset=5"}, []),
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": "3", "RateLimit-Reset": "50"},
            [Announced("ratelimit", 3, 50, 100)],
        ),
        (
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"},
            [Announced("x-ratelimit", 0, 30, 60)],
        ),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 90)},
            [Announced("x-ratelimit", 0, 90)],
        ),
        (
            {"x-ratelimit-remaining": "4", "x-ratelimit-reset": str(int(NOW) - 90)},
            [Announced("x-ratelimit", 4, 0)],
        ),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "30"}, []),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "soon"}, []),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "9" * 40}, []),
    ],
    ids=str,
)
def test_announcements(fields, found):
    assert announced([(n.encode(), v.encode()) for n, v in fields.items()], NOW) == found


@given(st.binary(max_size=60), st.sampled_from([b"RateLimit", b"X-RateLimit-Reset"]))
def test_whatever_a_server_says_is_read_or_passed_over(value, name):
    fields = [(name, value), (b"X-RateLimit-Remaining", value), (b"RateLimit-Policy", value)]
    for limit in announced(fields, NOW):
        assert limit.remaining >= 0
        assert limit.reset >= 0

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base.recent import Recent


def test_what_was_put_is_found():
    recent = Recent(10)
    recent.put("a", 1)
    assert recent.get("a") == 1
    assert recent.get("b") is None


def test_what_is_used_survives_what_is_not():
    recent = Recent(10)
    recent.put("used", 1)
    recent.put("unused", 1)
    for n in range(20):
        recent.put(n, n)
        assert recent.get("used") == 1
    assert recent.get("unused") is None


@given(st.integers(2, 20), st.lists(st.integers(0, 40)))
def test_never_more_than_the_limit_and_never_a_wrong_value(limit, keys):
    recent = Recent(limit)
    for key in keys:
        recent.put(key, -key)
        assert len(recent) <= limit
        assert recent.get(key) == -key
    assert all(recent.get(key) in (None, -key) for key in keys)

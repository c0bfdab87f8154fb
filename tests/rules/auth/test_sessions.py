"""Sessions in a cookie: ours, not over, not changed; and the token of their forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.sessions import LASTS, Session

KEY = b"k" * 32
ADA = Session("ada", 1000.0, "n0nce", "stamp")


def test_what_was_written_is_read():
    assert Session.read(ADA.written(KEY), KEY, 1000.0) == ADA


@pytest.mark.parametrize("now", [999.0, 1000.0 + LASTS])
def test_a_session_begins_once_and_is_over_once(now):
    assert Session.read(ADA.written(KEY), KEY, now) is None


def test_another_key_reads_nothing():
    assert Session.read(ADA.written(KEY), b"o" * 32, 1000.0) is None


@given(at=st.integers(0, 200), to=st.characters(codec="latin-1"))
def test_whatever_is_changed_is_no_session(at, to):
    cookie = ADA.written(KEY)
    at %= len(cookie)
    changed = cookie[:at] + to + cookie[at + 1 :]
    assert Session.read(changed, KEY, 1000.0) in ((ADA,) if changed == cookie else (None,))


@given(st.text())
def test_no_text_is_a_session_by_chance(text):
    assert Session.read(text, KEY, 1000.0) is None


def test_a_form_belongs_to_its_session():
    assert ADA.fits(ADA.form_token(KEY), KEY)
    assert not ADA.fits(ADA._replace(nonce="other").form_token(KEY), KEY)
    assert not ADA.fits("ä", KEY)

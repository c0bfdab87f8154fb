"""API keys: long enough, written as themselves or as their digest, found by the digest alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.api_keys import KeyList, digest_of

KEY = "fd_live_0123456789abcdef"
OTHER = "another-key-of-some-length"
DIGEST = hashlib.sha256(OTHER.encode()).hexdigest()


@pytest.mark.parametrize(
    ("sent", "owner"),
    [(KEY, "a"), (OTHER, "b"), (KEY.upper(), None), (KEY[:-1], None), ("", None), (DIGEST, None)],
)
def test_a_key_has_its_owner(sent, owner):
    assert KeyList({"a": KEY, "b": f"sha256:{DIGEST.upper()}"}).owner(sent) == owner


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 129, "with blanks in it is no key", "sha256:abc", "ä" * 30]
)
def test_what_is_no_key_is_refused_without_showing_it(text):
    with pytest.raises(ValueError, match="expected a key") as caught:
        digest_of(text)
    assert not text or text not in str(caught.value)


@given(st.text(max_size=40))
def test_no_other_text_is_a_key(text):
    assert KeyList({"a": KEY}).owner(text) == ("a" if text == KEY else None)

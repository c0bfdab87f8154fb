"""API keys: long enough, written as themselves or as their digest, found by the digest alone."""

import hashlib
import re
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.api_keys import RANDOM, KeyList, digest_of, generate, prefix_of

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


@given(st.binary(min_size=RANDOM, max_size=RANDOM))
def test_a_new_key_is_one_with_a_public_id_and_a_checksum(random):
    made = generate("prod", random)
    assert re.fullmatch(r"fd_prod_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}", made.value)
    assert len(digest_of(made.value)) == 32
    assert prefix_of(made.value) == f"fd_prod_{made.id}"
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    checksum = sum(letters.index(digit) * 62**at for at, digit in enumerate(made.value[-6:]))
    assert checksum == crc32(made.value[:-6].encode())


@given(st.integers(0, RANDOM * 8 - 8))
def test_all_random_bits_count(bit):
    random = (1 << bit).to_bytes(RANDOM)
    assert generate("dev", random) != generate("dev", bytes(RANDOM))


def test_little_is_shown_of_a_key_that_was_made_elsewhere():
    assert prefix_of("abcdefghijklmnopqrstuvwxyz") == "abcd"
    assert prefix_of(f"sha256:{DIGEST}") == ""

"""Sealed names: only what was sealed for a purpose with this key is opened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.sealed_names import SealedNames

NAMES = SealedNames(b"k" * 32)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_what_was_sealed_is_opened(purpose, name):
    assert NAMES.open(purpose, NAMES.seal(purpose, name)) == name


@given(TEXT, TEXT, TEXT)
def test_nothing_else_is(purpose, name, other):
    sealed = NAMES.seal(purpose, name)
    assert NAMES.open(purpose, other) is None or other == NAMES.seal(
        purpose, other.rpartition(".")[0]
    )
    assert NAMES.open(f"{purpose}x", sealed) is None
    assert SealedNames(b"l" * 32).open(purpose, sealed) is None


@pytest.mark.parametrize("text", ["", ".", "a", "a.", ".a", "a.ü"])
def test_what_is_no_sealed_name_is_not_opened(text):
    assert NAMES.open("p", text) is None

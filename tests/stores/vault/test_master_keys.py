"""Master keys: where they come from, what opens what, and how a bad one is told."""

import stat
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.stores.vault.master_keys import FILE, VARIABLE, KeyRing, MasterKeys, Sealed
from frontdesk.stores.vault.refusals import LockedError

OLD, NEW = bytes(32), bytes(range(32))
WRITTEN = {key: b64encode(key).decode() for key in (OLD, NEW)}


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_with_the_same_name_and_version_only(value, name, version):
    ring = KeyRing([OLD])
    sealed = ring.seal(value, "secret", name, version)
    assert ring.open(sealed, "secret", name, version) == value
    for other in (("secret", name + "x", version), ("parameter", name, version)):
        with pytest.raises(LockedError, match="changed or damaged"):
            ring.open(sealed, *other)


def test_the_same_value_never_looks_the_same():
    ring = KeyRing([OLD])
    assert ring.seal(b"v", "secret", "n", "1") != ring.seal(b"v", "secret", "n", "1")


def test_the_first_key_seals_and_all_open():
    sealed = KeyRing([OLD]).seal(b"v", "secret", "n", "1")
    both = KeyRing([NEW, OLD])
    assert both.open(sealed, "secret", "n", "1") == b"v"
    assert both.seal(b"v", "secret", "n", "1").key == KeyRing([NEW]).first
    with pytest.raises(LockedError, match="under another master key") as caught:
        KeyRing([NEW]).open(sealed, "secret", "n", "1")
    assert VARIABLE in caught.value.hint


def test_a_damaged_value_is_told_with_its_name_and_not_shown():
    sealed = KeyRing([OLD]).seal(b"v", "secret", "vendor", "1")
    damaged = Sealed(
        sealed.key, "A" + sealed.text[1:] if sealed.text[0] != "A" else "B" + sealed.text[1:]
    )
    with pytest.raises(LockedError, match="what is kept of vendor"):
        KeyRing([OLD]).open(damaged, "secret", "vendor", "1")


def test_the_file_is_made_at_the_first_use_for_its_owner_alone(tmp_path):
    keys = MasterKeys({}, tmp_path / "data")
    first = keys.ring_or_new().first
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600
    assert keys.ring().first == keys.ring_or_new().first == first
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]


def test_who_makes_the_file_second_takes_the_first_key(tmp_path, monkeypatch):
    (tmp_path / FILE).write_text(WRITTEN[OLD])
    (tmp_path / FILE).chmod(0o600)
    keys = MasterKeys({}, tmp_path)
    monkeypatch.setattr(type(tmp_path), "exists", lambda _path: False)  # as it was a moment ago
    assert keys.ring_or_new().first == KeyRing([OLD]).first


def test_the_variable_comes_first_and_no_file_is_made(tmp_path):
    keys = MasterKeys({VARIABLE: f"{WRITTEN[NEW]}, {WRITTEN[OLD]}"}, tmp_path)
    assert keys.ring_or_new().first == KeyRing([NEW]).first
    assert not list(tmp_path.iterdir())


def test_a_new_key_takes_the_place_of_the_former_one_in_two_steps(tmp_path):
    keys = MasterKeys({}, tmp_path)
    sealed = keys.ring_or_new().seal(b"v", "secret", "n", "1")
    keys.add()
    assert keys.ring().first != sealed.key
    assert keys.ring().open(sealed, "secret", "n", "1") == b"v"
    keys.leave_first()
    with pytest.raises(LockedError):
        keys.ring().open(sealed, "secret", "n", "1")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (None, 0, "there is no master key"),
        ("", 0o600, "expected master keys of 32 bytes"),
        ("c2hvcnQ=", 0o600, "expected master keys of 32 bytes"),
        ("not base64", 0o600, "expected master keys of 32 bytes"),
        ("\N{SNOWMAN}", 0o600, "cannot read the master key"),
        (WRITTEN[OLD], 0o640, "others than its owner"),
    ],
    ids=["missing", "empty", "short", "no base64", "no text", "open to others"],
)
def test_a_file_that_is_none_is_told(tmp_path, content, mode, why):
    if content is not None:
        (tmp_path / FILE).write_text(content)
        (tmp_path / FILE).chmod(mode)
    with pytest.raises(LockedError, match=why) as caught:
        MasterKeys({}, tmp_path).ring()
    assert caught.value.hint
    assert not content or content not in caught.value.message


def test_a_bad_variable_is_told_and_not_shown(tmp_path):
    with pytest.raises(LockedError, match=f"in base64: {VARIABLE}") as caught:
        MasterKeys({VARIABLE: "hunter2"}, tmp_path).ring_or_new()
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(LockedError, match="cannot write the master key"):
        MasterKeys({}, tmp_path / "data").ring_or_new()

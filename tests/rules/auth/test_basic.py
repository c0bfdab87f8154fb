"""Basic authentication: what clients send (RFC 7617) and how passwords are kept."""

from base64 import b64encode

import pytest

from frontdesk.rules.auth.basic import Sent, hash_password, read_basic, read_hash

HASH = hash_password("correct horse", bytes(range(16)))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"Basic " + b64encode(b"desk:secret"), Sent("desk", b"secret")),
        (b"basic " + b64encode(b"desk:a:b"), Sent("desk", b"a:b")),
        (b"BASIC  " + b64encode(b"desk:"), Sent("desk", b"")),
        (b"Basic " + b64encode("jürgen:ä".encode()), Sent("jürgen", "ä".encode())),
        (b"Basic " + b64encode(b"nocolon"), None),
        (b"Basic " + b64encode(b"\xff:x"), None),
        (b"Basic ***", None),
        (b"Basic", None),
        (b"Bearer abc", None),
        (b"", None),
    ],
)
def test_the_field_is_read(value, sent):
    assert read_basic(value) == sent


def test_a_hash_knows_its_password():
    kept = read_hash(str(HASH))
    assert kept == HASH
    assert kept.verifies(b"correct horse")
    assert not kept.verifies(b"correct horsE")


def test_a_hash_is_written_in_the_form_of_phc():
    assert str(HASH).startswith("$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$")


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "",
        str(HASH)[:-1],
        str(HASH).replace("ln=14", "ln=10"),
        str(HASH).replace("ln=14", "ln=30"),
        str(HASH).replace("p=1", "p=9"),
        "$2b$12$abcdefghijklmnopqrstuv",
    ],
)
def test_what_is_no_hash_is_refused_without_showing_it(text):
    with pytest.raises(ValueError, match="hash-password") as caught:
        read_hash(text)
    assert not text or text not in str(caught.value)

"""Secrets: every form of them, good and bad, and that none shows."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from frontdesk.rules.webhooks.keys import (
    ED25519_HEX,
    HTTP_MESSAGE,
    P256_DER,
    RSA_SIGNING,
    STANDARD,
    TEXT,
    WebhookSecret,
    read_keys,
)
from frontdesk.webhooks import SCHEMES
from tests.rules.webhooks.senders import pem, public_pem, rsa_key

P384 = ec.generate_private_key(ec.SECP384R1())
P256 = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
DSA = dsa.generate_private_key(1024)


def der(key):
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def spki(key):
    kind = PublicFormat.SubjectPublicKeyInfo
    return b64encode(key.public_key().public_bytes(Encoding.DER, kind)).decode()


def read(form, text, **options):
    return read_keys(form, [WebhookSecret(text)], **options).keys[0].material


@pytest.mark.parametrize(
    ("form", "text", "signing"),
    [
        (P256_DER, spki(P384), False),
        (P256_DER, spki(ED), False),
        (P256_DER, spki(P256) + "\n", False),
        (P256_DER, der(P384), True),
        (P256_DER, der(ED), True),
        (HTTP_MESSAGE, public_pem(P384), False),
        (HTTP_MESSAGE, public_pem(DSA), False),
        (HTTP_MESSAGE, pem(P384), True),
        (RSA_SIGNING, pem(P256), True),
        (ED25519_HEX, "00" * 31, False),
        (STANDARD, "whsec_" + b64encode(bytes(23)).decode(), False),
        (STANDARD, "whsec_" + b64encode(bytes(65)).decode(), False),
        (STANDARD, "whsk_" + b64encode(bytes(33)).decode(), True),
        (TEXT, "\n", False),
    ],
    ids=[
        "another curve",
        "another algorithm",
        "something after it",
        "another curve's private key",
        "another algorithm's private key",
        "PEM of another curve",
        "PEM of another algorithm",
        "private PEM of another curve",
        "no RSA",
        "a byte short",
        "too short a secret",
        "too long a secret",
        "too long a private key",
        "nothing",
    ],
)
def test_bad_secrets_are_refused_and_never_repeated(form, text, signing):
    with pytest.raises(ValueError, match=r"^secret 1 is ") as caught:
        read(form, text, signing=signing)
    assert text.strip() == "" or text not in str(caught.value)


def test_private_keys_verify_too_where_their_form_tells_them_apart():
    assert read(HTTP_MESSAGE, pem(rsa_key())) == rsa_key().public_key()
    seed = "whsk_" + b64encode(ED.private_bytes_raw()).decode()
    assert read(STANDARD, seed) == ED.public_key()


@pytest.mark.parametrize("row", SCHEMES.values(), ids=SCHEMES)
def test_every_form_says_what_it_expects(row):
    with pytest.raises(ValueError, match="no secret given"):
        read_keys(row.key, [])
    assert row.key.about


def test_secrets_do_not_show():
    secret = WebhookSecret("verysecret", "k1")
    assert "verysecret" not in repr(secret)
    assert "verysecret" not in repr(read_keys(TEXT, [secret]))


def test_small_keys_of_rsa_are_refused():
    small = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ValueError, match="secret 1 is not"):
        read(HTTP_MESSAGE, public_pem(small))
    with pytest.raises(ValueError, match="secret 1 is not"):
        read(RSA_SIGNING, pem(small), signing=True)

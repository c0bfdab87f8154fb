import base64
import hashlib
import hmac
import json
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.keys import Keys, read_key, read_key_set

SIGNED = b"header.payload"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {
    "ES256": (ec.SECP256R1(), "P-256", 32),
    "ES384": (ec.SECP384R1(), "P-384", 48),
    "ES512": (ec.SECP521R1(), "P-521", 66),
}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


@cache
def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(alg):
    return ec.generate_private_key(CURVES[alg][0])


@cache
def ed_key():
    return ed25519.Ed25519PrivateKey.generate()


def rsa_jwk(**more):
    numbers = rsa_key().public_key().public_numbers()
    return {"kty": "RSA", "kid": "rsa", "n": number(numbers.n), "e": number(numbers.e)} | more


def ec_jwk(alg="ES256", /, **more):
    _, name, size = CURVES[alg]
    point = ec_key(alg).public_key().public_numbers()
    return {
        "kty": "EC",
        "kid": alg,
        "crv": name,
        "x": number(point.x, size),
        "y": number(point.y, size),
    } | more


def ed_jwk(**more):
    raw = ed_key().public_key().public_bytes_raw()
    return {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": b64(raw)} | more


def sign(alg, salt=None):
    hash_ = HASHES.get(alg[2:])
    if alg.startswith("RS"):
        return rsa_key().sign(SIGNED, padding.PKCS1v15(), hash_)
    if alg.startswith("PS"):
        pss = padding.PSS(padding.MGF1(hash_), hash_.digest_size if salt is None else salt)
        return rsa_key().sign(SIGNED, pss, hash_)
    if alg.startswith("ES"):
        size = CURVES[alg][2]
        r, s = decode_dss_signature(ec_key(alg).sign(SIGNED, ec.ECDSA(hash_)))
        return r.to_bytes(size) + s.to_bytes(size)
    return ed_key().sign(SIGNED)


def jwk_for(alg, /, **more):
    if alg.startswith("ES"):
        return ec_jwk(alg, **more)
    return ed_jwk(**more) if alg.startswith("Ed") else rsa_jwk(**more)


ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
]


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("says_alg", [True, False])
def test_each_algorithm_verifies_its_own_signatures(alg, says_alg):
    key = read_key(jwk_for(alg, use="sig", **({"alg": alg} if says_alg else {})))
    signature = sign(alg)
    assert key.verifies(alg, signature, SIGNED)
    assert not key.verifies(alg, signature, SIGNED + b"x")
    assert not key.verifies(alg, signature[:-1] + bytes([signature[-1] ^ 1]), SIGNED)
    assert not key.verifies(alg, signature + b"\0", SIGNED)
    assert not key.verifies(alg, b"", SIGNED)


CROSSED = [(a, b) for a in ALGORITHMS for b in ALGORITHMS if a != b and a[0] == b[0] != "E"]


@pytest.mark.parametrize(("made", "claimed"), CROSSED)
def test_a_signature_of_another_algorithm_of_the_same_key_is_refused(made, claimed):
    assert not read_key(jwk_for(made)).verifies(claimed, sign(made), SIGNED)


@pytest.mark.parametrize("salt", [0, 20, 64])
def test_pss_demands_a_salt_as_long_as_the_hash(salt):
    assert not read_key(rsa_jwk()).verifies("PS256", sign("PS256", salt), SIGNED)


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # order of P-256


def ecdsa_variants():
    signature = sign("ES256")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    return {
        "DER": ec_key("ES256").sign(SIGNED, ec.ECDSA(hashes.SHA256())),
        "r zero": bytes(32) + signature[32:],
        "s zero": signature[:32] + bytes(32),
        "both zero": bytes(64),
        "r is N": N.to_bytes(32) + signature[32:],
        "s is N": signature[:32] + N.to_bytes(32),
        "s beyond N": signature[:32] + min(s + N, 2**256 - 1).to_bytes(32),
        "swapped": s.to_bytes(32) + r.to_bytes(32),
        "one byte short": signature[:-1],
        "leading zeros": b"\0" + signature[:32] + b"\0" + signature[32:],
        "all ones": b"\xff" * 64,
    }


@pytest.mark.parametrize("name", ecdsa_variants())
def test_ecdsa_signatures_must_be_raw_and_in_range(name):
    assert not read_key(ec_jwk()).verifies("ES256", ecdsa_variants()[name], SIGNED)


def test_a_public_key_is_no_hmac_secret():
    pem = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert hmac.new(pem, SIGNED, hashlib.sha256).digest()
    assert Keys([read_key(rsa_jwk())]).find("rsa", "HS256") == []


BIG = (1 << 8200) + 1

UNUSABLE = {
    "symmetric": {"kty": "oct", "kid": "x", "k": b64(b"0" * 32)},
    "kty unknown": {"kty": "AKP", "kid": "x"},
    "kty absent": {key: value for key, value in rsa_jwk().items() if key != "kty"},
    "kty a number": rsa_jwk(kty=1),
    "kty an array": rsa_jwk(kty=["RSA"]),
    "kty in lower case": rsa_jwk(kty="rsa"),
    "use enc": rsa_jwk(use="enc"),
    "use empty": rsa_jwk(use=""),
    "use null": rsa_jwk(use=None),
    "key_ops sign": rsa_jwk(key_ops=["sign"]),
    "key_ops empty": rsa_jwk(key_ops=[]),
    "key_ops a text": rsa_jwk(key_ops="verify"),
    "alg unknown": ec_jwk("ES512", alg="ES521"),
    "alg of another type": rsa_jwk(alg="ES256"),
    "alg of another curve": ec_jwk("ES256", alg="ES384"),
    "alg HS256": rsa_jwk(alg="HS256"),
    "alg null": rsa_jwk(alg=None),
    "alg an object": rsa_jwk(alg={}),
    "kid a number": rsa_jwk(kid=1),
    "n absent": {"kty": "RSA", "e": "AQAB"},
    "n empty": rsa_jwk(n=""),
    "n not base64url": rsa_jwk(n="+/+/"),
    "n padded": rsa_jwk(n=rsa_jwk()["n"] + "="),
    "n not ASCII": rsa_jwk(n="é"),
    "n of 1024 bits": rsa_jwk(n=number((1 << 1023) + 1)),
    "n of 2047 bits": rsa_jwk(n=number((1 << 2046) + 1)),
    "n too long": rsa_jwk(n=number(BIG)),
    "n even": rsa_jwk(n=number(1 << 2047)),
    "e one": rsa_jwk(e=number(1)),
    "e even": rsa_jwk(e=number(4)),
    "e huge": rsa_jwk(e=number((1 << 32) + 1)),
    "curve unknown": ec_jwk(crv="secp256k1"),
    "curve absent": {key: value for key, value in ec_jwk().items() if key != "crv"},
    "curve a list": ec_jwk(crv=[]),
    "point off the curve": ec_jwk(y=ec_jwk()["x"]),
    "point at zero": ec_jwk(x=b64(bytes(32)), y=b64(bytes(32))),
    "coordinate short": ec_jwk(x=b64(b"1" * 31)),
    "coordinate of another curve": ec_jwk(crv="P-384"),
    "Ed448": ed_jwk(crv="Ed448"),
    "X25519": ed_jwk(crv="X25519"),
    "Ed25519 of 31 bytes": ed_jwk(x=b64(b"1" * 31)),
}


@pytest.mark.parametrize("jwk", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_keys_are_passed_over_alone(jwk):
    assert read_key(jwk) is None
    assert len(read_key_set(json.dumps({"keys": [jwk, rsa_jwk()]}).encode())) == 1


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"<html></html>",
        b'{"keys":{}}',
        b'{"keys":null}',
        b"{}",
        b"\xff",
        b"[" * 5000,
    ],
)
def test_other_documents_are_no_key_sets(document):
    assert read_key_set(document) is None


def test_strange_entries_of_a_set_are_passed_over():
    document = {"keys": [1, None, [], "x", {}, ed_jwk()]}
    assert len(read_key_set(json.dumps(document).encode())) == 1


def test_no_more_than_a_hundred_entries_are_looked_at():
    document = {"keys": [ed_jwk(kid=str(n)) for n in range(101)]}
    keys = read_key_set(json.dumps(document).encode())
    assert len(keys) == 100
    assert "100" not in keys


FOUND = {
    "by kid": (["rsa", "ES256"], "rsa", "RS256", 1),
    "kid unknown": (["rsa"], "other", "RS256", 0),
    "kid of a key that does not fit": (["rsa", "ES256"], "rsa", "ES256", 0),
    "no kid, one fits": (["rsa", "ES256"], None, "ES256", 1),
    "no kid, none fits": (["rsa"], None, "EdDSA", 0),
    "no kid, two fit": (["rsa", "rsa"], None, "RS256", 0),
    "kid twice": (["rsa", "rsa"], "rsa", "RS256", 2),
    "kid four times": (["rsa"] * 4, "rsa", "RS256", 3),
}


@pytest.mark.parametrize(("held", "kid", "alg", "count"), FOUND.values(), ids=FOUND)
def test_keys_are_found(held, kid, alg, count):
    made = {"rsa": rsa_jwk(), "ES256": ec_jwk()}
    assert len(Keys([read_key(made[name]) for name in held]).find(kid, alg)) == count


def test_a_key_without_id_is_found_only_without_id():
    jwk = {name: value for name, value in ed_jwk().items() if name != "kid"}
    keys = Keys([read_key(jwk)])
    assert len(keys.find(None, "EdDSA")) == 1
    assert keys.find("ed", "EdDSA") == []


def test_an_alg_in_the_key_narrows_it():
    keys = Keys([read_key(rsa_jwk(alg="RS256"))])
    assert len(keys.find("rsa", "RS256")) == 1
    assert keys.find("rsa", "PS256") == []


@given(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "use", "alg", "key_ops", "n", "e", "crv", "x", "y"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=3))),
    )
)
def test_no_jwk_makes_the_reader_fail(jwk):
    read_key({"kty": "EC"} | jwk)

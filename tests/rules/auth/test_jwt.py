import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.jwt import (
    Demands,
    Fault,
    Token,
    bearer,
    check_claims,
    claim_texts,
    decode_base64url,
    encode_base64url,
    read,
    scopes,
)

NOW = 1_790_000_000.0
DEMANDS = Demands(
    issuer="https://idp.example/t1",
    audience=frozenset({"clinic-app", "api://orders"}),
    algorithms=frozenset({"RS256", "ES256", "EdDSA"}),
)
CLAIMS = {"iss": DEMANDS.issuer, "aud": "clinic-app", "exp": NOW + 60, "sub": "p1"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def part(value):
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def compact(header=None, claims=None, signature=b"sig"):
    return b".".join(
        (
            part(header or {"alg": "RS256"}),
            part(CLAIMS if claims is None else claims),
            b64(signature),
        )
    )


def nested(depth):
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


GOOD = compact()

ACCEPTED = {
    "plain": GOOD,
    "typ JWT": compact({"alg": "RS256", "typ": "JWT"}),
    "typ at+jwt": compact({"alg": "RS256", "typ": "at+jwt"}),
    "typ application/at+JWT": compact({"alg": "RS256", "typ": "application/at+JWT"}),
    "kid": compact({"alg": "RS256", "kid": "k"}),
    "kid of 256 bytes": compact({"alg": "RS256", "kid": "k" * 256}),
    "empty kid": compact({"alg": "RS256", "kid": ""}),
    "jku is ignored": compact({"alg": "RS256", "jku": "https://evil.example/keys"}),
    "jwk is ignored": compact({"alg": "RS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
    "x5c is ignored": compact({"alg": "RS256", "x5c": ["MIIB"]}),
    "x5u is ignored": compact({"alg": "RS256", "x5u": "http://169.254.169.254/"}),
    "unknown header member": compact({"alg": "RS256", "foo": 1}),
    "blanks in the JSON": compact({"alg": "RS256"}, b' { "exp" : 1 } '),
    "depth 32": compact(claims=nested(32)),
    "escaped surrogate pair": compact(claims=b'{"sub":"\\ud83d\\ude00"}'),
    "empty objects": compact(claims=b"{}"),
    "same name at two levels": compact(claims=b'{"a":{"a":1}}'),
}

MALFORMED = {
    "empty": b"",
    "one part": b"abc",
    "two parts": b"abc.def",
    "four parts": GOOD + b".abc",
    "five parts (JWE)": b"a.b.c.d.e",
    "empty header": b".".join((b"", *GOOD.split(b".")[1:])),
    "empty payload": b"..".join((GOOD.split(b".")[0], b"c2ln")),
    "empty signature": GOOD.rsplit(b".", 1)[0] + b".",
    "padding": GOOD + b"=",
    "plus": GOOD + b"+AAA",
    "slash": GOOD + b"/AAA",
    "blank before": b" " + GOOD,
    "blank after": GOOD + b" ",
    "newline after": GOOD + b"\n",
    "NUL after": GOOD + b"\0",
    "non-ASCII": GOOD + "é".encode(),
    "too long": compact(claims={"a": "x" * 16384}),
    "length 1 mod 4": GOOD + b"A" if len(GOOD.rsplit(b".", 1)[1]) % 4 == 0 else GOOD + b"AA",
    "unused bits set": compact(signature=b"s")[:-1] + b"x",
    "header not JSON": b64(b"nope") + b"." + GOOD.split(b".", 1)[1],
    "header an array": compact([1]),
    "header a string": compact("alg"),
    "header null": b64(b"null") + b"." + GOOD.split(b".", 1)[1],
    "header with BOM": b64(b'\xef\xbb\xbf{"alg":"RS256"}') + b"." + GOOD.split(b".", 1)[1],
    "header in UTF-16": b64('{"alg":"RS256"}'.encode("utf-16-le")) + b"." + GOOD.split(b".", 1)[1],
    "header repeats alg": compact(b'{"alg":"none","alg":"RS256"}'),
    "header repeats alg by escape": compact(b'{"alg":"none","\\u0061lg":"RS256"}'),
    "header repeats an unknown name": compact(b'{"alg":"RS256","x":1,"x":2}'),
    "payload an array": compact(claims=b"[]"),
    "payload empty text": compact(claims=b'""'),
    "payload cut": compact(claims=b'{"exp":1'),
    "payload and more": compact(claims=b"{}{}"),
    "payload repeats exp": compact(claims=b'{"exp":1,"exp":9999999999}'),
    "payload repeats a name inside": compact(claims=b'{"x":{"a":1,"a":2}}'),
    "payload NaN": compact(claims=b'{"exp":NaN}'),
    "payload Infinity": compact(claims=b'{"exp":Infinity}'),
    "payload 1e400": compact(claims=b'{"exp":1e400}'),
    "payload trailing comma": compact(claims=b'{"exp":1,}'),
    "payload comment": compact(claims=b'{"exp":1/**/}'),
    "payload bad UTF-8": compact(claims=b'{"sub":"\xff"}'),
    "payload overlong UTF-8": compact(claims=b'{"sub":"\xc0\xaf"}'),
    "payload lone surrogate": compact(claims=b'{"sub":"\\ud800"}'),
    "payload control character": compact(claims=b'{"sub":"\n"}'),
    "payload depth 33": compact(claims=nested(33)),
    "payload depth 600": compact(claims=nested(600)),
    "payload depth 5000": compact(claims=nested(5000)),
    "kid a number": compact({"alg": "RS256", "kid": 1}),
    "kid null": compact({"alg": "RS256", "kid": None}),
    "kid an array": compact({"alg": "RS256", "kid": ["k"]}),
    "kid of 257 bytes": compact({"alg": "RS256", "kid": "é" * 129}),
}

REFUSED_HEADERS = {
    "alg absent": ({"typ": "JWT"}, Fault.ALGORITHM),
    "alg none": ({"alg": "none"}, Fault.ALGORITHM),
    "alg None": ({"alg": "None"}, Fault.ALGORITHM),
    "alg NONE": ({"alg": "NONE"}, Fault.ALGORITHM),
    "alg empty": ({"alg": ""}, Fault.ALGORITHM),
    "alg null": ({"alg": None}, Fault.ALGORITHM),
    "alg a number": ({"alg": 256}, Fault.ALGORITHM),
    "alg an array": ({"alg": ["RS256"]}, Fault.ALGORITHM),
    "alg in lower case": ({"alg": "rs256"}, Fault.ALGORITHM),
    "alg with a blank": ({"alg": "RS256 "}, Fault.ALGORITHM),
    "HS256": ({"alg": "HS256"}, Fault.ALGORITHM),
    "known but not allowed": ({"alg": "PS256"}, Fault.ALGORITHM),
    "crit b64": ({"alg": "RS256", "crit": ["b64"], "b64": False}, Fault.CRITICAL),
    "crit empty": ({"alg": "RS256", "crit": []}, Fault.CRITICAL),
    "crit null": ({"alg": "RS256", "crit": None}, Fault.CRITICAL),
    "zip": ({"alg": "RS256", "zip": "DEF"}, Fault.CRITICAL),
    "typ logout+jwt": ({"alg": "RS256", "typ": "logout+jwt"}, Fault.TYPE),
    "typ dpop+jwt": ({"alg": "RS256", "typ": "dpop+jwt"}, Fault.TYPE),
    "typ secevent+jwt": ({"alg": "RS256", "typ": "application/secevent+jwt"}, Fault.TYPE),
    "typ JWE": ({"alg": "RS256", "typ": "JWE"}, Fault.TYPE),
    "typ null": ({"alg": "RS256", "typ": None}, Fault.TYPE),
    "typ a number": ({"alg": "RS256", "typ": 1}, Fault.TYPE),
}


@pytest.mark.parametrize("token", ACCEPTED.values(), ids=ACCEPTED)
def test_well_formed_tokens_are_read(token):
    assert isinstance(read(token, DEMANDS), Token)


@pytest.mark.parametrize("token", MALFORMED.values(), ids=MALFORMED)
def test_malformed_tokens_are_refused(token):
    assert read(token, DEMANDS) is Fault.MALFORMED


@pytest.mark.parametrize(("header", "fault"), REFUSED_HEADERS.values(), ids=REFUSED_HEADERS)
def test_headers_are_refused(header, fault):
    assert read(compact(header), DEMANDS) is fault


def test_a_read_token_gives_its_parts():
    header, payload, _ = GOOD.split(b".")
    token = read(compact({"alg": "RS256", "kid": "k1"}, signature=b"\1\2"), DEMANDS)
    assert (token.alg, token.kid, token.signature) == ("RS256", "k1", b"\1\2")
    assert token.claims == CLAIMS
    assert read(GOOD, DEMANDS).signed == header + b"." + payload
    assert read(GOOD, DEMANDS).kid is None


@pytest.mark.parametrize(
    ("typ", "accepted"),
    [("at+jwt", True), ("application/AT+JWT", True), ("JWT", False), ("", False), (None, False)],
)
def test_a_demanded_type_is_the_only_one(typ, accepted):
    demands = Demands(DEMANDS.issuer, None, DEMANDS.algorithms, require_typ="at+jwt")
    header = {"alg": "RS256"} if typ is None else {"alg": "RS256", "typ": typ}
    assert (read(compact(header), demands) is not Fault.TYPE) is accepted


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(data):
    assert isinstance(read(data, DEMANDS), Token | Fault)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_json_bytes_make_the_reader_fail(header, payload):
    assert isinstance(read(compact(header or b"x", payload or b"x"), DEMANDS), Token | Fault)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abc", b"abc"),
        (b"bearer abc", b"abc"),
        (b"BEARER abc", b"abc"),
        (b"abc", b"abc"),
        (b"Bearer  abc", b" abc"),
        (b"Basic abc", b"Basic abc"),
        (b"Bearer", b"Bearer"),
        (b"Bearer\tabc", b"Bearer\tabc"),
        (b"Bearer ", b""),
    ],
)
def test_the_scheme_is_bearer_and_one_blank_or_nothing(value, token):
    assert bearer(value) == token


def without(name):
    return {key: value for key, value in CLAIMS.items() if key != name}


CLAIM_CASES = {
    "good": (CLAIMS, None),
    "aud an array": (CLAIMS | {"aud": ["x", "clinic-app"]}, None),
    "fractional dates": (CLAIMS | {"exp": NOW + 0.5, "iat": NOW - 0.5, "nbf": NOW - 0.25}, None),
    "nbf now": (CLAIMS | {"nbf": NOW}, None),
    "client_id instead of aud": (without("aud") | {"client_id": "clinic-app"}, None),
    "exp absent": (without("exp"), Fault.DATES),
    "exp a text": (CLAIMS | {"exp": str(NOW + 60)}, Fault.DATES),
    "exp true": (CLAIMS | {"exp": True}, Fault.DATES),
    "exp null": (CLAIMS | {"exp": None}, Fault.DATES),
    "exp an array": (CLAIMS | {"exp": [NOW + 60]}, Fault.DATES),
    "exp now": (CLAIMS | {"exp": NOW}, Fault.EXPIRED),
    "exp past": (CLAIMS | {"exp": NOW - 1}, Fault.EXPIRED),
    "exp zero": (CLAIMS | {"exp": 0}, Fault.EXPIRED),
    "exp negative": (CLAIMS | {"exp": -1e300}, Fault.EXPIRED),
    "nbf to come": (CLAIMS | {"nbf": NOW + 1}, Fault.NOT_YET_VALID),
    "nbf a text": (CLAIMS | {"nbf": "0"}, Fault.DATES),
    "nbf null": (CLAIMS | {"nbf": None}, Fault.DATES),
    "iat to come": (CLAIMS | {"iat": NOW + 1}, Fault.NOT_YET_VALID),
    "iat false": (CLAIMS | {"iat": False}, Fault.DATES),
    "iss absent": (without("iss"), Fault.ISSUER),
    "iss with a slash more": (CLAIMS | {"iss": DEMANDS.issuer + "/"}, Fault.ISSUER),
    "iss in another case": (CLAIMS | {"iss": DEMANDS.issuer.upper()}, Fault.ISSUER),
    "iss a prefix": (CLAIMS | {"iss": DEMANDS.issuer[:-1]}, Fault.ISSUER),
    "iss an array": (CLAIMS | {"iss": [DEMANDS.issuer]}, Fault.ISSUER),
    "iss null": (CLAIMS | {"iss": None}, Fault.ISSUER),
    "aud absent": (without("aud"), Fault.AUDIENCE),
    "aud another": (CLAIMS | {"aud": "other"}, Fault.AUDIENCE),
    "aud a prefix": (CLAIMS | {"aud": "clinic"}, Fault.AUDIENCE),
    "aud longer": (CLAIMS | {"aud": "clinic-app2"}, Fault.AUDIENCE),
    "aud in another case": (CLAIMS | {"aud": "CLINIC-APP"}, Fault.AUDIENCE),
    "aud of two words": (CLAIMS | {"aud": "clinic-app other"}, Fault.AUDIENCE),
    "aud empty": (CLAIMS | {"aud": ""}, Fault.AUDIENCE),
    "aud empty array": (CLAIMS | {"aud": []}, Fault.AUDIENCE),
    "aud null": (CLAIMS | {"aud": None, "client_id": "clinic-app"}, Fault.AUDIENCE),
    "aud a number": (CLAIMS | {"aud": 1}, Fault.AUDIENCE),
    "aud an object": (CLAIMS | {"aud": {"clinic-app": 1}}, Fault.AUDIENCE),
    "aud array with a number": (CLAIMS | {"aud": ["clinic-app", 1]}, Fault.AUDIENCE),
    "aud array in an array": (CLAIMS | {"aud": [["clinic-app"]]}, Fault.AUDIENCE),
    "client_id beside a wrong aud": (
        CLAIMS | {"aud": "other", "client_id": "clinic-app"},
        Fault.AUDIENCE,
    ),
    "client_id an array": (without("aud") | {"client_id": ["clinic-app"]}, Fault.AUDIENCE),
    "client_id another": (without("aud") | {"client_id": "other"}, Fault.AUDIENCE),
}


@pytest.mark.parametrize(("claims", "fault"), CLAIM_CASES.values(), ids=CLAIM_CASES)
def test_claims_are_judged(claims, fault):
    assert check_claims(claims, DEMANDS, NOW) is fault


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"exp": NOW - 29}, None),
        ({"exp": NOW - 30}, Fault.EXPIRED),
        ({"nbf": NOW + 30}, None),
        ({"nbf": NOW + 31}, Fault.NOT_YET_VALID),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, Fault.NOT_YET_VALID),
    ],
)
def test_leeway_is_granted_on_every_date(claims, fault):
    demands = Demands(DEMANDS.issuer, DEMANDS.audience, DEMANDS.algorithms, leeway=30.0)
    assert check_claims(CLAIMS | claims, demands, NOW) is fault


def test_without_the_fallback_client_id_is_no_audience():
    demands = Demands(
        DEMANDS.issuer, DEMANDS.audience, DEMANDS.algorithms, client_id_fallback=False
    )
    claims = without("aud") | {"client_id": "clinic-app"}
    assert check_claims(claims, demands, NOW) is Fault.AUDIENCE


def test_audience_none_is_not_looked_at():
    demands = Demands(DEMANDS.issuer, None, DEMANDS.algorithms)
    assert check_claims(without("aud"), demands, NOW) is None


@pytest.mark.parametrize(
    ("claims", "name", "granted"),
    [
        ({"scope": "a b"}, "", ["a", "b"]),
        ({"scp": "a b"}, "", ["a", "b"]),
        ({"scp": ["a", "b", 1]}, "", ["a", "b"]),
        ({"scope": "a", "scp": ["b"]}, "", ["a"]),
        ({"scope": ["a"]}, "", ["a"]),
        ({"scope": 1}, "", []),
        ({}, "", []),
        ({"roles": "a", "scope": "b"}, "roles", ["a"]),
        ({"scope": "b"}, "roles", []),
    ],
)
def test_scopes_are_text_or_array(claims, name, granted):
    assert scopes(claims, name) == granted


def test_every_claim_becomes_text():
    claims = {
        "s": "x",
        "n": 1790000000,
        "f": 1.5,
        "t": True,
        "none": None,
        "list": ["a", 1, False],
        "object": {"a": 1},
    }
    assert claim_texts(claims) == {
        "s": "x",
        "n": "1790000000",
        "f": "1.5",
        "t": "true",
        "none": "null",
        "list": "[a 1 false]",
        "object": '{"a":1}',
    }


@given(st.binary(max_size=100))
def test_base64url_round_trips(data):
    assert decode_base64url(encode_base64url(data)) == data


@given(st.text(alphabet="AQgwxyz019-_=+/ ", max_size=12))
def test_only_the_canonical_base64url_form_is_read(text):
    data = decode_base64url(text.encode())
    assert data is None or encode_base64url(data) == text.encode()

"""Values of the vectors: AWS, "Signature Version 4 test suite" and "Signing AWS API requests"."""

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.auth.sigv4 import Credentials, Request, Scope, sign
from frontdesk.rules.auth.sigv4_verify import Refusal, Signed, verify

KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
HOST = {b"host": b"example.amazonaws.com"}


def find(*known):
    return {credentials.access_key_id: credentials for credentials in known}.get


def request(method="GET", path="/", query="", headers=(), body=b""):
    return Request(method, path, query, {**HOST, **dict(headers)}, body)


def authorization(fields):
    return dict(fields)[b"authorization"].decode()


def with_fields(of, fields):
    return of._replace(headers={**of.headers, **dict(fields)})


VECTORS = {
    "get-vanilla": (
        request(),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        request("POST"),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-vanilla-query-order-key-case": (
        request(query="Param2=value2&Param1=value1"),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-empty-query-key": (
        request(query="Param1=value1"),
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    "get-unreserved": (
        request(path="/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-header-value-trim": (
        request(headers={b"my-header1": b" value1", b"my-header2": b' "a   b   c"'}),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-slashes-and-dots": (
        request(path="//a/.././"),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-x-www-form-urlencoded": (
        request(
            "POST",
            headers={b"content-type": b"application/x-www-form-urlencoded"},
            body=b"Param1=value1",
        ),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize(("unsigned", "signature"), VECTORS.values(), ids=VECTORS)
def test_a_published_vector_is_signed_as_published_and_verified(unsigned, signature):
    fields = sign(unsigned, KEY, "us-east-1", "service", AT)
    assert authorization(fields).endswith(f"Signature={signature}")
    assert verify(with_fields(unsigned, fields), find(KEY), service="service", now=AT) == Signed(
        "AKIDEXAMPLE", Scope("20150830", "us-east-1", "service")
    )


def test_the_documented_example_of_iam_is_signed_as_documented():
    listing = Request(
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        {
            b"host": b"iam.amazonaws.com",
            b"content-type": b"application/x-www-form-urlencoded; charset=utf-8",
        },
        b"",
    )
    assert authorization(sign(listing, KEY, "us-east-1", "iam", AT)) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


# -- botocore signs, we verify ----------------------------------------------------------------------

NAME = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=6)
PATHS = st.lists(
    st.one_of(
        st.sampled_from(["", ".", "..", "a%2Fb", "arn%3Aaws%3Alambda", "{x}"]), NAME.map(quote)
    ),
    max_size=5,
).map(lambda segments: "/" + "/".join(segments))
QUERIES = st.lists(st.tuples(NAME, st.one_of(st.just(""), NAME)), max_size=4).map(
    lambda pairs: "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs
    )
)


def signed_by_botocore(auth, of):
    url = f"https://example.amazonaws.com{of.path}{'?' + of.query if of.query else ''}"
    headers = {
        name.decode(): value.decode("latin-1")
        for name, value in of.headers.items()
        if name != b"host"
    }
    prepared = AWSRequest(of.method, url, data=of.body, headers=headers)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(AT, UTC)):
        auth.add_auth(prepared)
    path, _, query = prepared.url.removeprefix("https://example.amazonaws.com").partition("?")
    sent = {name.lower().encode(): value.encode() for name, value in prepared.headers.items()}
    return Request(of.method, path, query, {**HOST, **sent}, of.body)


def boto(credentials):
    return BotoCredentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None
    )


TEMPORARY = Credentials("ASIAEXAMPLE", "secret", "token/with+signs=")


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    PATHS,
    QUERIES,
    st.binary(max_size=20),
    st.sampled_from([KEY, TEMPORARY]),
    st.sampled_from([SigV4Auth, SigV4QueryAuth]),
)
def test_what_botocore_signs_is_good(method, path, query, body, credentials, form):
    if form is SigV4QueryAuth:
        body = b""  # botocore would put it into the query
    unsigned = request(method, path, query, {b"x-custom": b" a  b "}, body)
    signed = signed_by_botocore(form(boto(credentials), "lambda", "eu-west-1"), unsigned)
    found = verify(signed, find(KEY, TEMPORARY), service="lambda", region="eu-west-1", now=AT)
    assert found == Signed(credentials.access_key_id, Scope("20150830", "eu-west-1", "lambda"))


@settings(deadline=None)
@given(PATHS, QUERIES, st.binary(max_size=20))
def test_what_we_sign_is_what_botocore_signs(path, query, body):
    unsigned = request("PUT", path, query, {b"content-type": b"application/json"}, body)
    theirs = signed_by_botocore(SigV4Auth(boto(TEMPORARY), "lambda", "us-east-1"), unsigned)
    ours = authorization(sign(unsigned, TEMPORARY, "us-east-1", "lambda", AT))
    assert ours.encode() == theirs.headers[b"authorization"]


@settings(deadline=None)
@given(st.sampled_from(["method", "path", "query", "host", "date", "token", "body", "secret"]))
def test_whatever_is_changed_after_signing_is_found(part):
    signed = with_fields(
        request("POST", "/f", "a=1", body=b"{}"),
        sign(request("POST", "/f", "a=1", body=b"{}"), TEMPORARY, "us-east-1", "lambda", AT),
    )
    headers = signed.headers
    changed = {
        "method": signed._replace(method="PUT"),
        "path": signed._replace(path="/g"),
        "query": signed._replace(query="a=2"),
        "host": signed._replace(headers={**headers, b"host": b"evil.example"}),
        "date": signed._replace(headers={**headers, b"x-amz-date": b"20150830T123601Z"}),
        "token": signed._replace(headers={**headers, b"x-amz-security-token": b"other"}),
        "body": signed._replace(body=b"[]"),
        "secret": signed,
    }[part]
    known = TEMPORARY._replace(secret_access_key="other") if part == "secret" else TEMPORARY
    assert isinstance(verify(changed, find(known), service="lambda", now=AT), Refusal)


@pytest.mark.parametrize(
    ("signed", "altered"),
    [
        pytest.param("q=a%2Bb", "q=a+b", id="plus-for-encoded-plus"),
        pytest.param("q=%FE", "q=%FF", id="bytes-that-are-not-utf-8"),
        pytest.param("a=1&b=2", "a=1%26b=2", id="encoded-separator"),
    ],
)
def test_queries_that_read_differently_are_signed_differently(signed, altered):
    fields = sign(request(query=signed), KEY, "us-east-1", "s", AT)
    found = verify(with_fields(request(query=altered), fields), find(KEY), service="s", now=AT)
    assert isinstance(found, Refusal)


# -- refusals -----------------------------------------------------------------------------------------

SIGNED = with_fields(request(), sign(request(), KEY, "us-east-1", "lambda", AT))
GOOD = SIGNED.headers[b"authorization"].decode()


def altered(old, new):
    return with_fields(SIGNED, {b"authorization": GOOD.replace(old, new).encode()})


REFUSALS = {
    "unsigned": (request(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "bearer": (
        request(headers={b"authorization": b"Bearer abc"}),
        "IncompleteSignatureException",
        "Unsupported AWS 'algorithm': 'Bearer'.",
    ),
    "no-equal-sign": (
        request(headers={b"authorization": b"AWS4-HMAC-SHA256 abc"}),
        "IncompleteSignatureException",
        "in Authorization header (hashed with SHA-256 and encoded with Base64): 'lG16lHCW13VwWhdUYyTnGvdXPJnZ1pK+2ibHcoxYd1o='.",
    ),
    "no-signature": (
        altered("Signature=", "Signed="),
        "IncompleteSignatureException",
        "Authorization header requires 'Signature' parameter. (Hashed",
    ),
    "no-date": (
        with_fields(SIGNED, {b"x-amz-date": b""}),
        "IncompleteSignatureException",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ),
    "bad-date": (
        with_fields(SIGNED, {b"x-amz-date": b"20151330T123600Z"}),
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got '20151330T123600Z'.",
    ),
    "short-credential": (
        altered("/us-east-1/lambda", "/lambda"),
        "IncompleteSignatureException",
        "Credential must have exactly 5 slash-delimited elements",
    ),
    "terminator": (
        altered("aws4_request", "aws5_request"),
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    ),
    "unknown-key": (
        altered("AKIDEXAMPLE", "AKIDOTHER"),
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    "session-token-of-nobody": (
        with_fields(SIGNED, {b"x-amz-security-token": b"t"}),
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    "region": (
        altered("us-east-1", "eu-west-1"),
        "InvalidSignatureException",
        "Credential should be scoped to a valid region, not 'eu-west-1'.",
    ),
    "service": (
        altered("/lambda/", "/s3/"),
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'lambda'.",
    ),
    "another-day": (
        altered("/20150830/", "/20150831/"),
        "InvalidSignatureException",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', from '20150830T123600Z'.",
    ),
    "host-not-signed": (
        altered("SignedHeaders=host;", "SignedHeaders="),
        "InvalidSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    "x-amz-header-not-signed": (
        with_fields(SIGNED, {b"x-amz-target": b"X.Delete"}),
        "InvalidSignatureException",
        "There were headers present in the request which were not signed: x-amz-target",
    ),
    "other-signature": (
        with_fields(SIGNED, {b"authorization": GOOD[:-64].encode() + b"0" * 64}),
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
    ),
    "signature-not-ascii": (
        with_fields(SIGNED, {b"authorization": GOOD[:-1].encode() + b"\xe9"}),
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
    ),
}


@pytest.mark.parametrize(("refused", "code", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_not_signed_well_is_refused_in_aws_words(refused, code, message):
    found = verify(refused, find(KEY), service="lambda", region="us-east-1", now=AT)
    assert isinstance(found, Refusal)
    assert found.code == code
    assert message in found.message
    assert KEY.secret_access_key not in found.message


@pytest.mark.parametrize(
    ("now", "message"),
    [
        pytest.param(AT + 300, "", id="five-minutes-later"),
        pytest.param(AT - 300, "", id="five-minutes-earlier"),
        pytest.param(
            AT + 301,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
            "(20150830T124101Z - 5 min.)",
            id="expired",
        ),
        pytest.param(
            AT - 301,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
            "(20150830T123059Z + 5 min.)",
            id="not-yet",
        ),
    ],
)
def test_a_signature_is_good_for_five_minutes_each_way(now, message):
    found = verify(SIGNED, find(KEY), service="lambda", now=now)
    assert getattr(found, "message", "") == message


@pytest.mark.parametrize(
    ("expires", "later", "good"),
    [(600, 600, True), (600, 601, False), (1, 2, False), (604_800, 604_800, True)],
)
def test_a_presigned_url_is_good_until_it_expires(expires, later, good):
    auth = SigV4QueryAuth(boto(KEY), "lambda", "us-east-1", expires=expires)
    presigned = signed_by_botocore(auth, request())
    found = verify(presigned, find(KEY), service="lambda", now=AT + later)
    assert isinstance(found, Signed) is good


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("X-Amz-Expires=600", "X-Amz-Expires=604801", "X-Amz-Expires must be"),
        ("X-Amz-Expires=600", "X-Amz-Expires=x", "X-Amz-Expires must be"),
        ("X-Amz-Date=", "X-Amz-Day=", "AWS query-string parameters must include 'X-Amz-Date'."),
        ("X-Amz-Algorithm=AWS4", "X-Amz-Algorithm=AWS5", "Unsupported AWS 'algorithm'"),
    ],
)
def test_a_presigned_url_that_lacks_something_is_incomplete(old, new, message):
    auth = SigV4QueryAuth(boto(KEY), "lambda", "us-east-1", expires=600)
    presigned = signed_by_botocore(auth, request())
    assert old in presigned.query
    spoilt = presigned._replace(query=presigned.query.replace(old, new))
    found = verify(spoilt, find(KEY), service="lambda", now=AT)
    assert found.code == "IncompleteSignatureException"
    assert message in found.message


def test_a_body_may_be_left_out_by_its_signer_only():
    unsigned = request("POST", headers={b"x-amz-content-sha256": b"UNSIGNED-PAYLOAD"}, body=b"a")
    signed = with_fields(unsigned, sign(unsigned, KEY, "us-east-1", "lambda", AT))
    changed = signed._replace(body=b"b")
    assert isinstance(verify(changed, find(KEY), service="lambda", now=AT), Signed)
    added = with_fields(SIGNED, {b"x-amz-content-sha256": b"UNSIGNED-PAYLOAD"})
    assert isinstance(verify(added, find(KEY), service="lambda", now=AT), Refusal)


def test_a_body_signed_in_chunks_is_refused():
    streaming = {b"x-amz-content-sha256": b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    unsigned = request("PUT", headers=streaming)
    signed = with_fields(unsigned, sign(unsigned, KEY, "us-east-1", "lambda", AT))
    found = verify(signed, find(KEY), service="lambda", now=AT)
    assert found == Refusal(
        "InvalidSignatureException", "A payload that is signed in chunks is not supported."
    )


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([b"authorization", b"x-amz-date", b"x-amz-security-token"]),
        st.binary(max_size=40),
    ),
    st.text(st.sampled_from("XAmz-Signature=&%+;/4é2"), max_size=40),
)
def test_any_request_gets_an_answer(headers, query):
    assert isinstance(
        verify(request(query=query, headers=headers), find(KEY), service="s", now=AT), Refusal
    )

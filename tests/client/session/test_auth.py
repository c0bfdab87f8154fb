"""Who we are: what each kind of auth sends, by the receiver's own reckoning."""

import asyncio
import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from frontdesk.client import (
    ApiKey,
    Basic,
    Bearer,
    CallError,
    Hmac,
    OAuth2,
    SecretError,
    SigV4,
    UnauthorizedError,
)
from tests.live.vendors import vendor


async def sent(client, auth, **options):
    async with vendor(lambda _: {}) as api:
        await client(api.url, auth=auth).post("/v1/x?a=b c", **options)
    return api.seen[0]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (Bearer("abc"), "authorization", "Bearer abc"),
        (Bearer("${env:TOKEN}"), "authorization", "Bearer from-env"),
        (Bearer(lambda: "asked"), "authorization", "Bearer asked"),
        (Basic("ada", "s3c:ret"), "authorization", "Basic YWRhOnMzYzpyZXQ="),
        (ApiKey("k-1"), "x-api-key", "k-1"),
        (ApiKey("k-1", header="X-Key"), "x-key", "k-1"),
    ],
    ids=repr,
)
async def test_plain_ones(client, monkeypatch, auth, header, value):
    monkeypatch.setenv("TOKEN", "from-env")
    assert (await sent(client, auth)).headers[header] == value


async def test_a_secret_in_a_file(client, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    asked = await sent(client, Bearer(f"${{file:{tmp_path}/key}}"))
    assert asked.headers["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("reference", ["${env:NOT_THERE}", "${file:/not/there}"])
async def test_a_reference_without_a_secret(client, reference):
    with pytest.raises(SecretError, match="no secret there"):
        await client("http://127.0.0.1:1", auth=Bearer(reference)).get("/")


async def test_a_secret_that_is_rotated(client):
    secrets = iter(["one", "two"])
    async with vendor(lambda _: {}) as api:
        one = client(api.url, auth=Bearer(lambda: next(secrets)))
        await one.get("/")
        await one.get("/")
    assert [seen.headers["authorization"] for seen in api.seen] == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize(
    ("settings", "digest", "message", "shown"),
    [
        ({}, "sha256", "1000.{}", lambda digest: digest.hex()),
        (
            {"message": "{method}\n{target}\n{body}\n{timestamp}", "prefix": "v1="},
            "sha256",
            "POST\n/v1/x?a=b%20c\n{}\n1000",
            lambda digest: "v1=" + digest.hex(),
        ),
        (
            {"algorithm": "sha512", "encoding": "base64", "message": "{body}"},
            "sha512",
            "{}",
            lambda digest: base64.b64encode(digest).decode(),
        ),
    ],
    ids=["the guide's", "of everything", "of the body"],
)
async def test_hmac(client, settings, digest, message, shown):
    asked = await sent(client, Hmac("k", **settings), content=b"x{y}")
    made = hmac.new(b"k", message.replace("{}", "x{y}").encode(), getattr(hashlib, digest))
    assert asked.headers["x-signature"] == shown(made.digest())
    assert asked.headers["x-timestamp"] == "1000"


async def test_what_comes_in_parts_cannot_be_signed(client):
    async def parts():
        yield b"x"

    with pytest.raises(ValueError, match="cannot be signed"):
        await sent(client, Hmac("k"), content=parts())


async def test_sigv4_is_what_amazon_s_own_library_makes(client, monkeypatch):
    asked = await sent(
        client, SigV4("AKID", "s3cret", "eu-west-1", "execute-api", "session"), json={"a": 1}
    )
    request = AWSRequest(
        "POST",
        f"http://{asked.headers['host']}/v1/x?a=b%20c",
        data=asked.body,
        headers={"Host": asked.headers["host"]},
    )
    signer = SigV4Auth(Credentials("AKID", "s3cret", "session"), "execute-api", "eu-west-1")
    request.context["timestamp"] = "19700101T001640Z"
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["X-Amz-Security-Token"] = "session"
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert asked.headers["authorization"].endswith(signer.signature(text, request))
    assert asked.headers["x-amz-security-token"] == "session"


# -- OAuth 2 -----------------------------------------------------------------------------------------


class Login:
    """A token endpoint and an API that takes its latest token."""

    def __init__(self):
        self.asked = []
        self.orders = []
        self.valid = ""

    def answer(self, asked):
        if asked.target == "/token":
            self.asked.append(asked)
            if self.orders:
                return self.orders.pop(0)
            self.valid = f"token-{len(self.asked)}"
            return {"access_token": self.valid, "expires_in": 100}
        right = asked.headers.get("authorization") == f"Bearer {self.valid}"
        return (200 if right else 401, {}, {})


@pytest.fixture
async def login():
    login = Login()
    async with vendor(login.answer) as api:
        login.url = api.url
        yield login


def oauth(login, **more):
    return OAuth2(f"{login.url}/token", "clinic", "s3:cret", **more)


async def test_one_token_serves_many_calls(client, login, clock):
    one = client(login.url, auth=oauth(login, scope="read"))
    answers = await asyncio.gather(*[one.get("/") for _ in range(5)])
    assert {answer.status for answer in answers} == {200}
    [asked] = login.asked
    form = parse_qs(asked.body.decode())
    assert form == {"grant_type": ["client_credentials"], "scope": ["read"]}
    assert (
        base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
        == b"clinic:s3%3Acret"
    )
    clock.pass_time(95)
    assert (await one.get("/")).status == 200
    assert len(login.asked) == 2


async def test_the_secret_in_the_body(client, login):
    one = client(login.url, auth=oauth(login, post=True, more={"audience": "x"}))
    await one.get("/")
    form = parse_qs(login.asked[0].body.decode())
    assert form["client_secret"] == ["s3:cret"]
    assert form["audience"] == ["x"]
    assert "authorization" not in login.asked[0].headers


async def test_a_token_that_is_refused_is_fetched_anew_once(client, login):
    one = client(login.url, auth=oauth(login))
    await one.get("/")
    login.valid = "revoked meanwhile"
    answer = await one.get("/")
    assert (answer.status, len(answer.attempts), len(login.asked)) == (200, 1, 2)


async def test_whoever_is_refused_with_a_new_token_is_refused(client, login):
    one = client(login.url, auth=oauth(login))
    login.orders = [{"access_token": f"wrong-{at}"} for at in range(5)]
    assert (await one.get("/")).status == 401
    assert len(login.asked) == 2


@pytest.mark.parametrize(
    "order",
    [(400, {}, {"error": "invalid_client"}), (200, {}, b"garbage"), {"access_token": "a\nb"}],
)
async def test_without_a_token_there_is_no_call(client, login, order):
    login.orders = [order]
    with pytest.raises(UnauthorizedError, match="token endpoint answered") as caught:
        await client(login.url, auth=oauth(login)).get("/")
    assert "s3:cret" not in json.dumps([str(caught.value), repr(oauth(login))])
    assert not caught.value.retryable


async def test_a_token_endpoint_that_fails_is_asked_again(client, login, after_retries):
    login.orders = [(503, {}, {})]
    answer = await after_retries(client(login.url, auth=oauth(login)).get("/"), 1)
    assert answer.status == 200


async def test_closing_stops_a_fetch(client, backend):
    auth = OAuth2(f"http://127.0.0.1:{backend.port}/token", "clinic", "s3cret")
    one = client("http://127.0.0.1:1", auth=auth)
    asking = asyncio.create_task(one.get("/"))
    await (await backend.peer()).head()
    await one.close()
    with pytest.raises(CallError, match="closed"):
        await asking

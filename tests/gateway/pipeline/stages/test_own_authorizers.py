"""Authorizers that the door decides alone: API keys, passwords, certificates, signatures."""

import asyncio
import concurrent.futures
from base64 import b64encode
from types import SimpleNamespace

import pytest

from frontdesk.config.models.authorizer import (
    ApiKeyAuthorizer,
    BasicAuthorizer,
    IamAuthorizer,
    MtlsAuthorizer,
)
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.stages.api_key_authorizer import api_key_stage
from frontdesk.gateway.pipeline.stages.basic_authorizer import (
    MAX_WAITING,
    REJECTED_FOR,
    PasswordJudge,
    basic_stage,
)
from frontdesk.gateway.pipeline.stages.iam_authorizer import iam_stage
from frontdesk.gateway.pipeline.stages.mtls_authorizer import mtls_stage
from frontdesk.rules.auth.basic import hash_password
from frontdesk.rules.auth.sigv4 import Credentials, Request, sign
from frontdesk.rules.tls.reading import read_client_certificate
from tests.live.certificates import Authority

KEY = "fd_live_0123456789abcdef"


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now

    def time(self):
        return 1583348638.39


def refused(reply):
    return (reply.status, reply.body, reply.cause)


# -- API keys -----------------------------------------------------------------------------------


def api_keys(**more):
    return api_key_stage(
        ApiKeyAuthorizer.model_validate({"type": "api_key", "keys": {"practice_a": KEY}, **more})
    )


def test_a_key_lets_its_owner_in(make_exchange):
    ex = make_exchange([(b"X-API-Key", KEY.encode())])
    assert api_keys()(ex) is None
    assert (ex.principal, ex.authorizer) == ("practice_a", {"principalId": "practice_a"})
    assert ex.authorizer_event == {"lambda": {"principalId": "practice_a"}}


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ([], "api_key:missing"),
        ([(b"X-API-Key", b"")], "api_key:missing"),
        ([(b"X-API-Key", KEY[:-1].encode())], "api_key:unknown"),
        ([(b"X-API-Key", b"\xff" * 30)], "api_key:unknown"),
    ],
)
def test_without_a_good_key_it_is_403(make_exchange, fields, cause):
    ex = make_exchange(fields)
    assert refused(api_keys()(ex)) == (403, b'{"message":"Forbidden"}', cause)
    assert ex.authorizer is None


def test_a_key_in_the_query_goes_no_further(make_exchange):
    stage = api_keys(identity=["$request.header.X-Key", "$request.querystring.api_key"])
    ex = make_exchange(query=f"a=1&api_key={KEY}&b=2&api%5Fkey=x")
    assert refused(stage(ex))[2] == "api_key:unknown", "two values are none"
    ex = make_exchange(query=f"a=1&api%5Fkey={KEY}&b=2")
    assert stage(ex) is None
    assert ex.query == "a=1&b=2"


# -- certificates -------------------------------------------------------------------------------

CLIENT = read_client_certificate(Authority().issue("desk.example", common="desk", serial=7).der)


@pytest.mark.parametrize(
    ("allow", "client", "cause"),
    [
        ({}, CLIENT, None),
        ({}, None, "mtls:missing"),
        ({"san_dns": "desk.example"}, CLIENT, None),
        ({"subject": ["CN=other", "C=DE,O=Clinic,CN=desk"]}, CLIENT, None),
        ({"san_dns": "other.example"}, CLIENT, "mtls:not_allowed"),
        ({"sha256": CLIENT.sha256}, CLIENT, None),
    ],
)
def test_a_certificate_lets_its_client_in(make_exchange, allow, client, cause):
    stage = mtls_stage(MtlsAuthorizer.model_validate({"type": "mtls", "allow": allow}))
    ex = make_exchange(client_cert=client)
    reply = stage(ex)
    if cause:
        assert refused(reply) == (403, b'{"message":"Forbidden"}', cause)
    else:
        assert reply is None
        assert ex.principal == "C=DE,O=Clinic,CN=desk"
        assert ex.authorizer["serialNumber"] == "07"
        assert ex.authorizer_event == {"lambda": ex.authorizer}


# -- signatures ---------------------------------------------------------------------------------


def signed(make_exchange, *, secret="s3cret", key="AKIDEXAMPLE", at=0.0, body=b"", more=None):
    path, headers = "/pets/6", {b"host": b"api.clinic.example", **(more or {})}
    request = Request("POST", path, "b=2&a=1", headers, body)
    added = sign(request, Credentials(key, secret), "us-east-1", "execute-api", Clock().time() + at)
    fields = [*headers.items(), *added]
    return make_exchange(fields, method="POST", raw_path=path, query="b=2&a=1", body=body)


@pytest.fixture
def iam():
    config = {
        "type": "iam",
        "credentials": {"AKIDEXAMPLE": {"secret": "s3cret", "principal": "desk"}},
    }
    return iam_stage(IamAuthorizer.model_validate(config), "us-east-1", "1" * 12, Clock())


def test_a_signature_lets_its_caller_in(make_exchange, iam):
    ex = signed(make_exchange, body=b'{"a":1}')
    assert iam(ex) is None
    assert ex.principal == "desk"
    assert ex.authorizer_event["iam"]["userArn"] == f"arn:aws:iam::{'1' * 12}:user/desk"
    assert ex.authorizer is ex.authorizer_event["iam"]


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"secret": "other"}, "iam:InvalidSignatureException"),
        ({"key": "AKIDOTHER"}, "iam:UnrecognizedClientException"),
        ({"at": -3600.0}, "iam:InvalidSignatureException"),
    ],
)
def test_a_bad_signature_is_403(make_exchange, iam, wrong, cause):
    assert refused(iam(signed(make_exchange, **wrong))) == (
        403,
        b'{"message":"Forbidden"}',
        cause,
    )


@pytest.mark.parametrize("part", ["body", "query", "raw_path", "method"])
def test_what_was_signed_cannot_be_changed(make_exchange, iam, part):
    ex = signed(make_exchange, body=b"x")
    setattr(ex, part, {"body": b"y", "query": "b=2", "raw_path": "/pets/7", "method": "PUT"}[part])
    assert refused(iam(ex))[0] == 403


def test_a_body_that_is_not_signed_is_403(make_exchange, iam):
    ex = signed(make_exchange, body=b"x", more={b"x-amz-content-sha256": b"UNSIGNED-PAYLOAD"})
    assert refused(iam(ex))[2] == "iam:unsigned_payload"


def test_an_unsigned_request_is_403(make_exchange, iam):
    assert refused(iam(make_exchange()))[2] == "iam:MissingAuthenticationTokenException"


# -- passwords ----------------------------------------------------------------------------------


class Passwords:
    """A basic authorizer whose answers a test waits for."""

    def __init__(self, make_exchange, **more) -> None:
        config = BasicAuthorizer.model_validate(
            {
                "type": "basic",
                "users": {"desk": str(hash_password("right", bytes(16)))},
                "realm": "Clinic",
                **more,
            }
        )
        self.clock = Clock()
        self.judge = PasswordJudge(config, self.clock)
        self.hashed = 0
        for name, kept in self.judge._users.items():
            self.judge._users[name] = self._counting(kept)
        self.judge._nobody = self._counting(self.judge._nobody)
        self.stage = basic_stage(self.judge, config)
        self._make = make_exchange

    def _counting(self, kept):
        outer = self

        class Counting:
            def verifies(self, password):
                outer.hashed += 1
                return kept.verifies(password)

        return Counting()

    def exchange(self, user="desk", password="right"):
        value = b"Basic " + b64encode(f"{user}:{password}".encode())

        def passed(_ex):
            return Reply(200, [], b"in")

        return self._make(
            [(b"Authorization", value)], head=(self.stage, passed), started=self.clock.now
        )

    async def ask(self, *credentials):
        """Send a request through the stage; returns its reply."""
        ex = self.exchange(*credentials)
        run.begin(ex)
        while not ex.client.replies:
            await asyncio.wait_for(asyncio.to_thread(int), 20)
        return ex, ex.client.replies[0]


@pytest.fixture
def passwords(make_exchange):
    return lambda **more: Passwords(make_exchange, **more)


async def test_the_right_password_lets_in_and_is_hashed_once(passwords):
    door = passwords()
    ex, reply = await door.ask()
    assert (reply.status, ex.principal, ex.authorizer) == (200, "desk", {"principalId": "desk"})
    assert (ex.authorizer_started, ex.authorizer_latency) == (100.0, 0.0)
    ex, reply = await door.ask()
    assert (reply.status, ex.principal, door.hashed) == (200, "desk", 1)
    door.clock.now += 301
    await door.ask()
    assert door.hashed == 2


@pytest.mark.parametrize("credentials", [("desk", "wrong"), ("nobody", "right"), ("nobody", "")])
async def test_wrong_credentials_are_401_and_cost_the_same(passwords, credentials):
    door = passwords()
    ex, reply = await door.ask(*credentials)
    assert (reply.status, reply.body, ex.authorizer) == (401, b'{"message":"Unauthorized"}', None)
    assert (b"www-authenticate", b'Basic realm="Clinic", charset="UTF-8"') in reply.fields
    assert door.hashed == 1
    await door.ask(*credentials)
    assert door.hashed == 1, "remembered"
    door.clock.now += REJECTED_FOR + 1
    await door.ask(*credentials)
    assert door.hashed == 2


def test_without_credentials_it_is_401_with_a_challenge(passwords, make_exchange):
    reply = passwords().stage(make_exchange([(b"Authorization", b"Bearer x")]))
    assert (reply.status, reply.cause) == (401, "basic:missing")
    assert reply.fields[-1][0] == b"www-authenticate"


async def test_requests_of_one_user_share_one_hash(passwords):
    door = passwords()
    replies = await asyncio.gather(*[door.ask() for _ in range(5)])
    assert [reply.status for _, reply in replies] == [200] * 5
    assert door.hashed == 1


async def test_a_client_that_guesses_gets_429(passwords):
    door = passwords(auth_failures_per_minute=2)
    for guess in ("a", "b"):
        assert (await door.ask("desk", guess))[1].status == 401
    _, reply = await door.ask("desk", "c")
    assert (reply.status, reply.cause) == (429, "basic:too_many_failures")
    assert door.hashed == 2


async def test_too_many_passwords_at_once_are_429(passwords):
    door = passwords()
    exchanges = [door.exchange("desk", str(number)) for number in range(MAX_WAITING + 1)]
    door.judge._hashing = SimpleNamespace(submit=lambda *_: concurrent.futures.Future())
    answers = [door.stage(ex) for ex in exchanges]
    assert answers[:-1] == [PARKED] * MAX_WAITING
    assert answers[-1].status == 429

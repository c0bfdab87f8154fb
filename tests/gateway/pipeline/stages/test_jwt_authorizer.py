"""The JWT stage over a real key ring whose network is a function of the test."""

import asyncio
import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.gateway.identity.fetch import Fetched
from frontdesk.gateway.identity.issuer import DevIssuer
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages.jwt_authorizer import TokenJudge, jwt_stage

ISSUER = "https://idp.example"
EPOCH = 1_790_000_000.0
DESCRIBED = 'Bearer scope="" error="invalid_token" error_description="{}"'


class Time:
    def __init__(self):
        self.passed = 100.0

    def monotonic(self):
        return self.passed

    def time(self):
        return EPOCH + self.passed


@pytest.fixture(scope="module")
def keys():
    return [rsa.generate_private_key(65537, 2048) for _ in range(2)]


class Door:
    """One authorizer and its issuer; `ask` sends a request through it."""

    def __init__(self, make_exchange, keys):
        self.make_exchange = make_exchange
        self.time = Time()
        self.wheel = Wheel(self.time.passed)
        self.issuer, self.other = (DevIssuer(key, ISSUER, self.time) for key in keys)
        self.published = self.issuer.jwks()
        self.fetches = 0
        self.held = False
        self.ring = KeyRing(self.time, self.wheel, self.fetch, lambda: 0.0)
        self.configure()

    def configure(self, *, scopes=(), **more):
        settings = {"type": "jwt", "issuer": ISSUER, "audience": ["clinic-app"]}
        settings |= {"jwks_uri": ISSUER + "/jwks"} | more
        config = JwtAuthorizer.model_validate(settings)
        self.keys = self.ring.key_set(config)
        self.judge = TokenJudge(config, self.keys)
        self.stage = jwt_stage(self.judge, config.identity, tuple(scopes), self.time.monotonic)
        return self

    def route(self, *scopes):
        self.stage = jwt_stage(
            self.judge, ("$request.header.Authorization",), scopes, self.time.monotonic
        )
        return self

    async def fetch(self, url, seconds, public):
        self.fetches += 1
        if self.held:
            await asyncio.Event().wait()
        if isinstance(self.published, Exception):
            raise self.published
        return Fetched(200, {}, json.dumps(self.published).encode())

    async def ready(self):
        self.ring.start()
        await self.settle()
        return self

    async def settle(self):
        for _ in range(5):
            await asyncio.sleep(0)

    async def wait(self, seconds):
        self.time.passed += seconds
        self.wheel.advance(self.time.passed)
        await self.settle()

    def ask(self, authorization=None, *fields, **attributes):
        if authorization is not None:
            fields = ((b"Authorization", authorization.encode()), *fields)
        passed = lambda ex: Reply(204, [])  # noqa: E731
        ex = self.make_exchange(fields, head=[self.stage, passed], **attributes)
        ex.started, ex.time = self.time.monotonic(), self.time.time()
        run.begin(ex)
        return ex

    def token(self, claims=None, issuer=None, **more):
        return (issuer or self.issuer).token(claims or {}, **({"audience": "clinic-app"} | more))


@pytest.fixture
async def door(make_exchange, keys):
    door = Door(make_exchange, keys)
    yield door
    door.ring.stop()
    await door.settle()


def answer(ex):
    [reply] = ex.client.replies
    challenge = dict(reply.fields).get(b"www-authenticate", b"").decode()
    return reply.status, challenge, reply.body.decode()


UNAUTHORIZED = '{"message":"Unauthorized"}'


async def test_a_good_token_passes_and_tells_who_calls(door):
    await door.ready()
    token = door.token({"practice_id": "p001", "level": 3, "roles": ["a", "b"]}, scopes=["book"])
    for _ in range(2):  # verified, then remembered
        ex = door.ask("Bearer " + token)
        assert answer(ex)[0] == 204
        assert ex.authorizer["level"] == 3
        assert ex.principal == "developer"
        shown = ex.authorizer_event["jwt"]
        assert shown["scopes"] is None
        assert shown["claims"]["level"] == "3"
        assert shown["claims"]["roles"] == "[a b]"


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "{}"])
async def test_the_scheme_may_be_in_any_case_or_absent(door, form):
    await door.ready()
    assert answer(door.ask(form.format(door.token())))[0] == 204


@pytest.mark.parametrize("value", [None, ""])
async def test_no_token_is_a_bare_challenge(door, value):
    await door.ready()
    ex = door.ask(value)
    assert answer(ex) == (401, "Bearer", UNAUTHORIZED)
    assert ex.error == "jwt:missing"


REFUSED = {
    "audience": (
        {"aud": "other-aud"},
        "the token does not have a valid audience",
        "jwt:audience",
    ),
    "issuer": (
        {"iss": ISSUER + "/"},
        "the token does not have a valid issuer",
        "jwt:issuer",
    ),
    "expired": ({"exp": EPOCH + 100}, "the token has expired", "jwt:expired"),
    "exp missing type": ({"exp": "never"}, "malformed token", "jwt:dates"),
    "not yet valid": ({"nbf": EPOCH + 200}, "malformed token", "jwt:not_yet_valid"),
}


@pytest.mark.parametrize(("claims", "description", "cause"), REFUSED.values(), ids=REFUSED)
async def test_refusals_are_in_fixed_words(door, claims, description, cause):
    await door.ready()
    ex = door.ask("Bearer " + door.token(claims))
    assert answer(ex) == (401, DESCRIBED.format(description), UNAUTHORIZED)
    assert ex.error == cause
    assert ex.authorizer is None


@pytest.mark.parametrize("value", ["Bearer x", "Basic dTpw", "Bearer  a.b.c", "a.b.c.d.e"])
async def test_malformed_tokens(door, value):
    await door.ready()
    assert answer(door.ask(value)) == (401, DESCRIBED.format("malformed token"), UNAUTHORIZED)


def resigned(token, header, sign):
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()  # noqa: E731
    signed = f"{encode(json.dumps(header).encode())}.{token.split('.')[1]}"
    return f"{signed}.{encode(sign(signed.encode()))}"


async def test_algorithm_confusion_is_refused(door, keys):
    await door.ready()
    kid = door.published["keys"][0]["kid"]
    secret = (
        keys[0]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    forged = resigned(
        door.token(),
        {"alg": "HS256", "kid": kid},
        lambda signed: hmac.new(secret, signed, hashlib.sha256).digest(),
    )
    assert door.ask(forged).error == "jwt:algorithm"


async def test_none_is_refused(door):
    await door.ready()
    assert (
        door.ask(resigned(door.token(), {"alg": "none"}, lambda _: b"x")).error == "jwt:algorithm"
    )
    assert door.ask(door.token().rsplit(".", 1)[0] + ".").error == "jwt:malformed"


async def test_a_wrong_signature_is_remembered_for_a_while(door):
    await door.ready()
    head, payload, _ = door.token().split(".")
    forged = f"{head}.{payload}.{door.token({'a': 1}).split('.')[2]}"
    for _ in range(2):
        assert answer(door.ask(forged))[1] == DESCRIBED.format("invalid signature")
    await door.wait(11)
    assert door.ask(forged).error == "jwt:signature"


async def test_without_keys_the_answer_is_503(door):
    ex = door.ask(door.token())
    await door.wait(3.1)
    assert answer(ex) == (503, "", '{"message":"Service Unavailable"}')
    assert ex.error == "jwt:keys_unavailable"
    assert door.ask(None).error == "jwt:missing"


async def test_a_request_waits_for_the_first_fetch(door):
    door.ring.start()
    good, bad = door.ask(door.token()), door.ask(door.token(issuer=door.other))
    assert good.client.replies == bad.client.replies == []
    await door.settle()
    assert answer(good)[0] == 204
    assert answer(bad) == (401, DESCRIBED.format("unknown key"), UNAUTHORIZED)


async def test_a_first_fetch_that_takes_too_long_is_503(door):
    door.held = True
    door.configure(refresh={"timeout": "2s"})
    door.ring.start()
    ex = door.ask(door.token())
    await door.wait(1.9)
    assert ex.client.replies == []
    await door.wait(0.2)
    assert answer(ex)[0] == 503


async def test_a_client_that_leaves_during_the_first_fetch_is_forgotten(door):
    door.ring.start()
    ex = door.ask(door.token())
    run.client_gone(ex)
    await door.settle()
    assert ex.client.replies == []
    assert ex.authorizer is None


async def test_an_unreachable_issuer_is_503_and_nobody_waits_again(door):
    door.published = OSError("down")
    door.ring.start()
    first = door.ask(door.token())
    await door.settle()
    assert answer(first)[0] == 503
    door.held = True
    await door.wait(3)  # the second fetch runs
    assert door.fetches == 2
    assert answer(door.ask(door.token()))[0] == 503


async def test_scopes_one_of_several_is_enough(door):
    await door.ready()
    door.route("book", "admin")
    ex = door.ask(door.token(scopes=["book", "read"]))
    assert answer(ex)[0] == 204
    assert ex.authorizer_event["jwt"]["scopes"] == ["book", "read"]


@pytest.mark.parametrize("granted", [[], ["read"], ["booking"], ["BOOK"]])
async def test_a_missing_scope_is_403(door, granted):
    await door.ready()
    door.route("book", "admin")
    ex = door.ask(door.token(scopes=granted))
    challenge = 'Bearer scope="book admin" error="insufficient_scope"'
    assert answer(ex) == (403, challenge, '{"message":"Forbidden"}')
    assert ex.error == "jwt:insufficient_scope"


async def test_who_lacks_a_scope_is_known_to_the_log(door):
    await door.ready()
    ex = door.route("admin").ask(door.token({"sub": "anna"}))
    assert (answer(ex)[0], ex.principal, ex.authorizer["sub"]) == (403, "anna", "anna")
    assert ex.authorizer_event is None


async def test_routes_share_what_was_verified_but_not_their_scopes(door):
    await door.ready()
    token = door.token(scopes=["read"])
    assert answer(door.ask(token))[0] == 204
    assert answer(door.route("book").ask(token))[0] == 403
    assert answer(door.route("read").ask(token))[0] == 204


async def test_a_remembered_token_still_expires(door):
    await door.ready()
    token = door.token(ttl=30)
    assert answer(door.ask(token))[0] == 204
    await door.wait(29)
    assert answer(door.ask(token))[0] == 204
    await door.wait(1)
    assert door.ask(token).error == "jwt:expired"


@pytest.mark.parametrize(("cache", "checks"), [("300s", 1), ("0s", 3)])
async def test_a_token_is_verified_once_unless_the_cache_is_off(door, cache, checks, monkeypatch):
    door.configure(cache=cache)
    await door.ready()
    verified = []
    find = door.keys.find
    monkeypatch.setattr(door.keys, "find", lambda *args: verified.append(args) or find(*args))
    token = door.token()
    for _ in range(3):
        assert answer(door.ask(token))[0] == 204
    assert len(verified) == checks


async def test_a_removed_key_takes_its_remembered_tokens_along(door):
    await door.ready()
    token = door.token()
    assert answer(door.ask(token))[0] == 204
    door.published = door.other.jwks()
    await door.wait(3601)
    assert answer(door.ask(door.token(issuer=door.other)))[0] == 204
    assert door.ask(door.token()).error == "jwt:unknown_key"
    assert answer(door.ask(token))[0] == 401


async def test_a_new_key_is_fetched_while_the_request_waits(door):
    await door.ready()
    await door.wait(60)
    door.published = door.other.jwks()
    ex = door.ask(door.token(issuer=door.other))
    assert ex.client.replies == []
    await door.settle()
    assert answer(ex)[0] == 204
    assert door.fetches == 2


async def test_a_key_that_stays_unknown_is_401(door):
    await door.ready()
    await door.wait(60)
    ex = door.ask(door.token(issuer=door.other))
    await door.settle()
    assert answer(ex) == (401, DESCRIBED.format("unknown key"), UNAUTHORIZED)


async def test_a_client_that_leaves_while_waiting_is_forgotten(door):
    await door.ready()
    await door.wait(60)
    door.published = door.other.jwks()
    ex = door.ask(door.token(issuer=door.other))
    run.client_gone(ex)
    await door.settle()
    assert ex.client.replies == []
    assert ex.authorizer is None


async def test_a_storm_of_unknown_keys_costs_one_fetch(door):
    await door.ready()
    await door.wait(60)
    head, payload, signature = door.token(issuer=door.other).split(".")
    for number in range(500):
        header = {"alg": "RS256", "kid": f"k{number}"}
        door.ask(resigned(f"{head}.{payload}.{signature}", header, lambda _: b"x"))
    await door.settle()
    assert door.fetches == 2


async def test_too_many_failures_are_429_for_that_client_alone(door):
    door.configure(auth_failures_per_minute=3)
    await door.ready()
    good = door.token()
    assert answer(door.ask(good))[0] == 204
    fresh = [door.token({"n": n, "aud": "other"}) for n in range(3)]
    assert [answer(door.ask(token))[0] for token in fresh] == [401] * 3
    ex = door.ask(door.token({"n": 4}))
    assert answer(ex)[0] == 429
    assert 0 < int(dict(ex.client.replies[0].fields)[b"retry-after"]) <= 60
    assert answer(door.ask(good))[0] == 204, "a remembered token costs nothing"
    assert answer(door.ask(door.token({"n": 5}), client_ip="192.0.2.2"))[0] == 204
    await door.wait(61)
    assert answer(door.ask(door.token({"n": 6})))[0] == 204


async def test_addresses_of_one_ipv6_network_are_one_client(door):
    door.configure(auth_failures_per_minute=1)
    await door.ready()
    bad, good = door.token({"aud": "other"}), door.token()
    assert answer(door.ask(bad, client_ip="2001:db8::1"))[0] == 401
    assert answer(door.ask(good, client_ip="2001:db8::ffff:2"))[0] == 429
    assert answer(door.ask(good, client_ip="2001:db8:0:1::1"))[0] == 204


@pytest.mark.parametrize(
    ("identity", "fields", "query"),
    [
        ("$request.header.X-Token", [(b"X-Token", b"{}")], ""),
        ("$request.querystring.access_token", [], "access_token={}"),
        ("$request.cookie.session", [(b"Cookie", b"a=b; session={}")], ""),
        (
            ["$request.header.Authorization", "$request.cookie.session"],
            [(b"Cookie", b"session={}")],
            "",
        ),
        (
            ["$request.cookie.session", "$request.header.Authorization"],
            [(b"Authorization", b"{}")],
            "",
        ),
    ],
)
async def test_a_token_is_found_where_the_operator_says(door, identity, fields, query):
    door.configure(identity=identity)
    await door.ready()
    token = door.token()
    sent = [(name, value.replace(b"{}", token.encode())) for name, value in fields]
    assert answer(door.ask(None, *sent, query=query.replace("{}", token)))[0] == 204
    assert door.ask(None).error == "jwt:missing"


async def test_a_token_longer_than_allowed_is_not_read(door):
    door.configure(max_token_bytes=256)
    await door.ready()
    assert door.ask(door.token()).error == "jwt:malformed"


async def test_no_token_is_repeated_to_the_client(door):
    await door.ready()
    ex = door.ask("Bearer " + door.token({"aud": "secret-audience"}))
    [reply] = ex.client.replies
    assert "secret" not in repr(reply.fields) + repr(reply.body)

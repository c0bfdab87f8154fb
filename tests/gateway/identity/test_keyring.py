import asyncio
import json
import logging

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.gateway.identity.fetch import Fetched
from frontdesk.gateway.identity.keyring import MAX_WAITING, KeyRing

ISSUER = "https://idp.example"
CONFIG_URL = ISSUER + "/.well-known/openid-configuration"
JWKS_URL = "https://keys.example/jwks"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


class Time:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


class Issuer:
    """Answers as an issuer does; `documents` may hold an exception, and `gate` holds answers back."""

    def __init__(self):
        self.documents = {CONFIG_URL: {"issuer": ISSUER, "jwks_uri": JWKS_URL}}
        self.publish("a")
        self.fetched = []
        self.gate = asyncio.Event()
        self.gate.set()

    def publish(self, *kids):
        entries = [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": X} for kid in kids]
        self.documents[JWKS_URL] = {"keys": entries}

    async def fetch(self, url, seconds, public):
        self.fetched.append((url, public))
        await self.gate.wait()
        document = self.documents[url]
        if isinstance(document, Exception):
            raise document
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Fetched(200, {}, body)


class World:
    def __init__(self):
        self.time = Time()
        self.wheel = Wheel(self.time.now)
        self.issuer = Issuer()
        self.ring = KeyRing(self.time, self.wheel, self.issuer.fetch, lambda: 0.0)

    def key_set(self, **more):
        authorizer = JwtAuthorizer(type="jwt", issuer=ISSUER, audience="x", **more)
        return self.ring.key_set(authorizer)

    async def settle(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def pass_(self, seconds):
        self.time.now += seconds
        self.wheel.advance(self.time.now)
        await self.settle()

    def jwks_fetches(self):
        return [url for url, _ in self.issuer.fetched].count(JWKS_URL)


@pytest.fixture
async def world():
    world = World()
    yield world
    world.ring.stop()
    await world.settle()


async def started(world, **more):
    key_set = world.key_set(**more)
    world.ring.start()
    await world.settle()
    return key_set


async def test_keys_are_found_through_discovery(world):
    key_set = world.key_set()
    assert not key_set.ready
    world.ring.start()
    assert not key_set.ready
    await world.settle()
    assert key_set.ready
    assert key_set.generation == 1
    assert len(key_set.find("a", "EdDSA")) == 1
    # The operator chose the issuer; the document chose the other host, which must be public.
    assert world.issuer.fetched == [(CONFIG_URL, False), (JWKS_URL, True)]


async def test_a_configured_jwks_uri_needs_no_discovery(world):
    await started(world, jwks_uri=JWKS_URL)
    assert world.issuer.fetched == [(JWKS_URL, False)]


async def test_the_same_settings_share_a_key_set_over_reloads(world):
    key_set = await started(world)
    assert world.key_set(leeway="5s") is key_set
    assert world.key_set(jwks_uri=JWKS_URL) is not key_set


async def test_an_issuer_that_comes_with_a_reload_is_fetched_at_once(world):
    world.ring.start()
    world.ring = world.ring.successor()
    key_set = world.key_set()
    await world.settle()
    assert not key_set.ready, "a plan that is being compiled fetches nothing"
    world.ring.start()
    await world.settle()
    assert key_set.ready


BROKEN = {
    "down": {CONFIG_URL: UpstreamError("connect", "refused")},
    "HTML": {CONFIG_URL: b"<html>login</html>"},
    "other issuer": {CONFIG_URL: {"issuer": "https://evil.example", "jwks_uri": JWKS_URL}},
    "http key set": {CONFIG_URL: {"issuer": ISSUER, "jwks_uri": "http://keys.example/"}},
    "key set down": {JWKS_URL: UpstreamError("timeout", "slow")},
    "key set is HTML": {JWKS_URL: b"<html>"},
    "unforeseen": {JWKS_URL: RuntimeError("bug")},
}


@pytest.mark.parametrize("documents", BROKEN.values(), ids=BROKEN)
async def test_a_broken_start_is_tried_again_and_heals(world, documents):
    good = dict(world.issuer.documents)
    world.issuer.documents |= documents
    key_set = await started(world)
    assert not key_set.ready
    await world.pass_(1.1)
    assert not key_set.ready
    world.issuer.documents = good
    await world.pass_(1.0)
    assert not key_set.ready, "the second pause is two seconds"
    await world.pass_(1.1)
    assert key_set.ready


async def test_keys_survive_an_outage_and_are_given_up_at_last(world):
    key_set = await started(world, refresh={"stale_if_error": "10m"})
    world.issuer.documents[JWKS_URL] = UpstreamError("connect", "refused")
    await world.pass_(3601)
    assert key_set.ready
    for _ in range(9):
        await world.pass_(61)
    assert key_set.ready
    await world.pass_(61)
    assert not key_set.ready
    assert key_set.generation == 2


async def test_an_outage_is_logged_once(world, caplog):
    caplog.set_level(logging.INFO, "frontdesk.identity")
    world.issuer.documents[JWKS_URL] = UpstreamError("connect", "refused")
    await started(world)
    for _ in range(5):
        await world.pass_(61)
    world.issuer.publish("a")
    await world.pass_(61)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_rotation_old_and_new_key_are_valid_while_published(world):
    key_set = await started(world)
    world.issuer.publish("a", "b")
    await world.pass_(3601)
    assert key_set.find("a", "EdDSA")
    assert key_set.find("b", "EdDSA")
    world.issuer.publish("b")
    await world.pass_(3601)
    assert not key_set.find("a", "EdDSA")
    assert key_set.generation == 3


async def test_an_unknown_key_waits_for_one_fetch(world):
    key_set = await started(world)
    await world.pass_(60)
    world.issuer.publish("a", "b")
    called = []
    assert key_set.wait_for_keys(lambda: called.append(bool(key_set.find("b", "EdDSA"))))
    assert key_set.wait_for_keys(lambda: called.append(True))
    assert called == []
    await world.settle()
    assert called == [True, True]
    assert world.jwks_fetches() == 2


async def test_a_storm_of_unknown_keys_is_one_fetch_per_interval(world):
    key_set = await started(world)
    for _ in range(10):
        await world.pass_(30)
        for _ in range(1000):
            key_set.wait_for_keys(lambda: None)
        await world.settle()
    assert world.jwks_fetches() == 1 + 5


async def test_within_the_interval_nobody_waits(world):
    key_set = await started(world)
    assert not key_set.wait_for_keys(lambda: pytest.fail("called"))


async def test_waiting_ends_after_half_a_second(world):
    key_set = await started(world)
    await world.pass_(60)
    world.issuer.gate.clear()
    called = []
    assert key_set.wait_for_keys(lambda: called.append(1))
    await world.pass_(0.4)
    assert called == []
    await world.pass_(0.2)
    assert called == [1]
    world.issuer.gate.set()
    await world.settle()
    assert called == [1]


async def test_not_everybody_may_wait(world):
    key_set = await started(world)
    await world.pass_(60)
    world.issuer.gate.clear()
    waits = [key_set.wait_for_keys(lambda: None) for _ in range(MAX_WAITING + 1)]
    assert waits.count(True) == MAX_WAITING
    world.issuer.gate.set()


async def test_the_first_keys_can_be_waited_for_until_they_are_fetched(world):
    key_set = world.key_set()
    called = []
    assert key_set.wait_for_keys(lambda: called.append(1))
    world.ring.start()
    waits = [key_set.wait_for_keys(lambda: called.append(1)) for _ in range(MAX_WAITING)]
    assert waits.count(True) == MAX_WAITING - 1
    assert called == []
    await world.settle()
    assert key_set.ready
    assert len(called) == MAX_WAITING


async def test_waiting_for_the_first_keys_ends_with_the_time_of_a_fetch(world):
    world.issuer.gate.clear()
    key_set = world.key_set(refresh={"timeout": "2s"})
    world.ring.start()
    called = []
    assert key_set.wait_for_keys(lambda: called.append(1))
    await world.pass_(1.9)
    assert called == []
    await world.pass_(0.2)
    assert called == [1]


async def test_an_issuer_that_a_reload_removed_is_fetched_no_more(world):
    removed, kept = world.key_set(), world.key_set(max_token_bytes="1KB", refresh={"timeout": "1s"})
    world.ring.start()
    await world.settle()
    await world.pass_(3601)
    assert world.jwks_fetches() == 4
    world.ring = world.ring.successor()
    assert world.key_set(refresh={"timeout": "1s"}) is kept
    world.ring.start()
    await world.pass_(3601)
    assert world.jwks_fetches() == 5
    assert removed.find("a", "EdDSA")  # requests of the former plan are still judged
    assert world.key_set() is not removed


async def test_waiting_requests_go_on_when_their_issuer_is_removed(world):
    world.issuer.gate.clear()
    key_set = world.key_set()
    world.ring.start()
    called = []
    assert key_set.wait_for_keys(lambda: called.append(1))
    world.ring.successor()
    assert called == []
    world.ring.successor().start()
    assert called == [1]


async def test_fetching_again_does_not_help_where_the_key_is_published(world):
    key_set = await started(world)
    assert key_set.knows("a")
    assert key_set.knows(None)
    assert not key_set.knows("b")


async def test_stopping_lets_waiting_requests_go(world):
    key_set = await started(world)
    await world.pass_(60)
    world.issuer.gate.clear()
    called = []
    assert key_set.wait_for_keys(lambda: called.append(1))
    world.ring.stop()
    assert called == [1]
    await world.pass_(7200)
    assert world.jwks_fetches() == 1

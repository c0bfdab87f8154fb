"""The response cache of mode rfc9111: as long as the backend says, and what happens then."""

from dataclasses import make_dataclass, replace
from types import SimpleNamespace

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.config.models.http_api import HttpApi
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.cache import cache_discard, cache_lookup, cache_store
from frontdesk.stores.memory.cache import MemoryCache
from tests.gateway.pipeline.stages.test_cache import Body, Clock, answer_of, field


class Door:
    """Two routes of one path, of which GET has a cache."""

    def __init__(self, make_exchange, **settings):
        self.clock = Clock()
        self.wheel = Wheel(0.0)
        self.cache = MemoryCache(100_000, 50_000)
        self.seen = []
        self.answer = lambda _ex: self.fresh()
        self._make_exchange = make_exchange
        backend = {"http": "http://127.0.0.1:1/", "timeout": "10s"}
        routes = {
            "GET /plans": backend | {"cache": {"mode": "rfc9111", **settings}},
            "PUT /plans": backend,
        }
        self._api = HttpApi.model_validate({"routes": routes})
        get = self._build("GET /plans")
        self._lookup, self._store = cache_lookup(get), cache_store(get)
        self.discard = cache_discard(self._build("PUT /plans"))
        assert cache_discard(get) is None
        assert cache_lookup(self._build("PUT /plans")) is None

    def _build(self, key):
        return build(
            key=key,
            api_name="clinic",
            api=self._api,
            version="",
            facts=SimpleNamespace(stage="$default", variables={}),
            operation=self._api.routes[key],
            authorizer=None,
            at=("apis", "clinic", "routes", key),
            config=SimpleNamespace(name="desk", authorizers={}),
            parts=SimpleNamespace(
                cache=self.cache, clock=self.clock, wheel=self.wheel, metrics=None
            ),
        )

    def fresh(self, body=b"made", control=b"max-age=60", status=200, **fields):
        made = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
        return Reply(status, [(b"Cache-Control", control), *made], body)

    def _integrate(self, ex):
        self.seen.append(ex)
        return self.answer(ex)

    def send(self, fields=(), *, method="GET", path="/plans", **attributes):
        ex = self._make_exchange(
            fields,
            head=(self._lookup.run, self._integrate),
            tail=(self._store.run,),
            method=method,
            path=path,
            scheme="https",
            time=self.clock.now,
            **attributes,
        )
        ex.plan = replace(ex.plan, steps=(self._lookup,))
        run.begin(ex)
        return ex

    def reply(self, *args, **keywords):
        return answer_of(self.send(*args, **keywords))

    def change(self, reply, **attributes):
        """Send a PUT that is answered so."""
        usual = {"method": "PUT", "path": "/plans", "scheme": "https"}
        self.discard.run(self._make_exchange(**{**usual, **attributes}), reply)


def build(**attributes):
    """Make what `dataclasses.replace` can replace."""
    fields = [*attributes, "place", "once"]
    return make_dataclass("Build", fields)(
        **attributes, place=lambda *_path: None, once=lambda _key, make: make()
    )


@pytest.fixture
def door(make_exchange):
    return Door(make_exchange)


def status_of(reply):
    return field(reply, b"cache-status").decode()


# -- fresh ----------------------------------------------------------------------------------------------


def test_an_answer_is_given_as_long_as_the_backend_says(door):
    assert status_of(door.reply()) == "desk; fwd=uri-miss; fwd-status=200; stored"
    door.clock.now += 59
    reply = door.reply()
    assert (reply.made, field(reply, b"age")) == ("cache", b"59")
    assert status_of(reply) == "desk; hit; ttl=1"
    door.clock.now += 1
    door.reply()
    assert len(door.seen) == 2


@pytest.mark.parametrize(
    "other",
    [{"query": "page=2"}, {"path": "/plans/2"}, {"host": "other.example"}, {"scheme": "http"}],
)
def test_every_uri_has_an_answer_of_its_own(door, other):
    door.reply()
    if "scheme" in other:
        door.answer = lambda _ex: door.fresh()
        ex = door._make_exchange(
            head=(door._lookup.run, door._integrate),
            tail=(),
            path="/plans",
            time=door.clock.now,
            **other,
        )
        run.begin(ex)
    else:
        door.reply(**other)
    assert len(door.seen) == 2


def test_nothing_is_kept_that_says_nothing(door):
    door.answer = lambda _ex: Reply(200, [], b"made")
    assert status_of(door.reply()) == "desk; fwd=uri-miss; fwd-status=200"
    door.reply()
    assert len(door.seen) == 2


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ([], 1),
        ([(b"Cache-Control", b"no-cache")], 2),
        ([(b"Pragma", b"no-cache")], 2),
        ([(b"Cache-Control", b"max-age=5")], 2),
        ([(b"Cache-Control", b"min-fresh=60")], 2),
        ([(b"Cache-Control", b"no-store")], 2),
        ([(b"Cache-Control", b"max-age=5"), (b"Pragma", b"no-cache")], 2),
    ],
)
def test_what_requests_ask_for_counts(door, make_exchange, fields, seen):
    deaf = Door(make_exchange, client_control=False)
    for each, expected in ((door, seen), (deaf, 1)):
        each.reply()
        each.clock.now += 10
        each.reply(fields)
        assert len(each.seen) == expected


def test_what_only_a_cache_may_answer(door):
    only = [(b"Cache-Control", b"only-if-cached")]
    assert door.reply(only).status == 504
    door.reply()
    assert door.reply(only).body == b"made"


def test_an_answer_to_credentials_needs_leave_to_be_kept(door):
    secret = [(b"Authorization", b"a")]
    door.reply(secret)
    door.reply(secret)
    assert len(door.seen) == 2
    door.answer = lambda _ex: door.fresh(control=b"public, max-age=60")
    door.reply(secret)
    door.reply()
    assert len(door.seen) == 3


# -- variants -----------------------------------------------------------------------------------------------


def vary(door):
    def answer(ex):
        language = ex.headers.get(b"accept-language", b"en")
        return door.fresh(language, Vary=b"Accept-Language")

    door.answer = answer


def in_(language):
    return [(b"Accept-Language", language)]


def test_answers_are_told_apart_by_the_fields_that_they_vary_by(door):
    vary(door)
    for language in (b"de", b"fr", b"de", b"fr"):
        assert door.reply(in_(language)).body == language
    assert door.reply().body == b"en"
    assert len(door.seen) == 3
    assert status_of(door.reply(in_(b"it"))).startswith("desk; fwd=vary-miss;")


def test_a_change_drops_all_variants(door):
    vary(door)
    for language in (b"de", b"fr"):
        door.reply(in_(language))
    door.change(Reply(204, []))
    for language in (b"de", b"fr", b"fr"):
        door.reply(in_(language))
    assert len(door.seen) == 4


def test_answers_that_begin_to_vary_otherwise_are_found_by_that(door):
    vary(door)
    door.reply(in_(b"de"))
    door.answer = lambda _ex: door.fresh(b"by agent", Vary=b"User-Agent")
    door.reply(in_(b"fr"))
    assert door.reply(in_(b"it")).body == b"by agent"
    assert len(door.seen) == 2


def test_those_who_wait_for_what_turns_out_to_vary_get_their_own(door):
    door.answer = lambda _ex: PARKED
    german, french, other = [door.send(in_(x)) for x in (b"de", b"fr", b"de")]
    assert door.seen == [german]
    run.resume(german, door.fresh(b"de", Vary=b"Accept-Language"))
    assert answer_of(other).body == b"de"
    assert door.seen == [german, french]
    run.resume(french, door.fresh(b"fr", Vary=b"Accept-Language"))
    assert answer_of(french).body == b"fr"
    assert door.reply(in_(b"fr")).body == b"fr"


# -- stale: asked about ---------------------------------------------------------------------------------------


def tagged(door, control=b"max-age=60"):
    door.answer = lambda _ex: door.fresh(control=control, ETag=b'"1"', X_Version=b"1")
    door.reply()
    door.clock.now += 100


def test_a_stale_answer_is_asked_about_and_goes_on(door):
    tagged(door)
    door.answer = lambda _ex: door.fresh(b"", status=304, ETag=b'"1"', X_Version=b"2")
    reply = door.reply([(b"If-None-Match", b'"0"'), (b"Accept", b"a")])
    asked = door.seen[1]
    assert asked.headers[b"if-none-match"] == b'"1"'
    assert (b"If-None-Match", b'"0"') not in asked.fields
    assert (reply.status, reply.body) == (200, b"made")
    assert field(reply, b"x-version") == b"2"
    assert status_of(reply) == "desk; fwd=stale; fwd-status=304; ttl=60"
    assert door.reply().body == b"made"
    assert len(door.seen) == 2


def test_a_client_that_has_the_answer_is_told_so_after_the_question(door):
    tagged(door)
    door.answer = lambda _ex: door.fresh(b"", status=304, ETag=b'"1"')
    assert door.reply([(b"If-None-Match", b'"1"')]).status == 304


def test_another_answer_takes_the_place_of_the_stale_one(door):
    tagged(door)
    door.answer = lambda _ex: door.fresh(b"new", ETag=b'"2"')
    assert door.reply().body == b"new"
    assert door.reply().body == b"new"
    assert len(door.seen) == 2


def test_an_answer_that_may_no_longer_be_kept_is_forgotten(door):
    tagged(door)
    door.answer = lambda _ex: door.fresh(b"mine", control=b"private")
    door.reply()
    assert door.cache.stats().entries == 0


# -- stale: given ------------------------------------------------------------------------------------------------


def test_a_stale_answer_is_given_while_it_is_fetched_anew(door):
    door.answer = lambda _ex: door.fresh(control=b"max-age=60, stale-while-revalidate=60")
    door.reply()
    door.clock.now += 100
    door.answer = lambda _ex: PARKED
    first, second = door.reply(), door.reply()
    assert [reply.body for reply in (first, second)] == [b"made", b"made"]
    assert status_of(first) == "desk; hit; ttl=-40"
    assert len(door.seen) == 2  # one behind both
    run.resume(door.seen[1], door.fresh(b"new"))
    assert door.reply().body == b"new"


def test_what_is_fetched_behind_may_come_bit_by_bit_or_never(door):
    door.answer = lambda _ex: door.fresh(control=b"max-age=60, stale-while-revalidate=600")
    door.reply()
    door.clock.now += 100
    door.answer = lambda _ex: refusal(503, "upstream:connect")
    door.reply()
    body = Body()
    door.answer = lambda _ex: door.fresh(body)
    assert door.reply().body == b"made"
    body.sink.write(b"new")
    body.sink.end()
    assert door.reply().body == b"new"
    assert len(door.seen) == 3


def test_what_is_fetched_behind_has_a_deadline(door):
    door.answer = lambda _ex: door.fresh(control=b"max-age=60, stale-while-revalidate=600")
    door.reply()
    door.clock.now += 100
    stopped = []

    def slow(ex):
        ex.cancel_work = stopped.append
        ex.client.set_deadline(ex, 10.0)
        return PARKED

    door.answer = slow
    door.reply()
    door.wheel.advance(10.1)
    assert stopped == ["timeout"]
    door.answer = lambda _ex: door.fresh(b"new")
    door.reply()
    assert door.reply().body == b"new"


@pytest.mark.parametrize(
    "failure", [lambda: refusal(503, "upstream:connect"), lambda: Reply(502, [], b"")]
)
def test_a_stale_answer_stands_in_for_a_failure(door, failure):
    door.answer = lambda _ex: door.fresh(control=b"max-age=60, stale-if-error=60")
    door.reply()
    door.clock.now += 100
    door.answer = lambda _ex: failure()
    reply = door.reply()
    assert (reply.status, reply.body) == (200, b"made")
    assert status_of(reply).startswith("desk; fwd=stale; fwd-status=50")
    door.clock.now += 20
    assert door.reply().status in (502, 503)


def test_those_who_wait_get_the_stale_answer_too(door):
    door.answer = lambda _ex: door.fresh(control=b"max-age=60, stale-if-error=600")
    door.reply()
    door.clock.now += 100
    door.answer = lambda _ex: PARKED
    first, second = door.send(), door.send()
    run.resume(first, refusal(503, "upstream:connect"))
    assert answer_of(second).body == b"made"
    assert len(door.seen) == 2


def test_what_must_be_asked_about_never_stands_in(door):
    tagged(door, b"max-age=60, stale-if-error=600, must-revalidate")
    door.answer = lambda _ex: refusal(503, "upstream:connect")
    assert door.reply().status == 503


# -- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "attributes", "forgotten"),
    [
        (Reply(204, []), {}, True),
        (Reply(303, []), {}, True),
        (Reply(404, []), {}, False),
        (refusal(403, "jwt:scope"), {}, False),
        (Reply(204, []), {"query": "page=2"}, False),
        (Reply(204, []), {"method": "OPTIONS"}, False),
    ],
)
def test_a_change_that_has_worked_drops_the_answer(door, reply, attributes, forgotten):
    door.reply()
    door.change(reply, **attributes)
    door.reply()
    assert (len(door.seen) == 2) is forgotten

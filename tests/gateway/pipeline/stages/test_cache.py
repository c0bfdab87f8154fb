"""The response cache of mode ttl: what is kept, who gets it, and who fetches it."""

from copy import copy
from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.cache import (
    cache_discard,
    cache_lookup,
    cache_store,
    settled,
)
from frontdesk.stores.memory.cache import MemoryCache

TEXT = (b"content-type", b"text/plain")


class Clock:
    now = 1_700_000_000.0

    def time(self):
        return self.now


class Body:
    """A body that comes when the test says so."""

    def __init__(self, length=None):
        self.length = length
        self.sink = None
        self.paused = self.cancelled = False

    def attach(self, sink):
        self.sink = sink

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.cancelled = True


class Taker:
    """A client that takes a body. ended: called as the server does when the exchange is over."""

    def __init__(self, ended):
        self.data, self.state = b"", "coming"
        self._ended = ended

    def write(self, data):
        self.data += data

    def end(self, trailers=None):
        self.state = "ended"
        self._ended()

    def abort(self, reason):
        self.state = "broken"
        self._ended()


class Door:
    """One route with a cache: requests go in, its integration answers as the test says."""

    def __init__(self, make_exchange, settings, *, routes=None, authorizers=None):
        self.clock = Clock()
        self.cache = MemoryCache(100_000, 50_000)
        self.registry = Registry()
        self.seen = []  # exchanges that reached the integration
        self.shown = None  # the last of them, as it was then
        self.parked = []
        self.answer = lambda _ex: Reply(200, [TEXT], b"made")
        self._make_exchange = make_exchange
        key = "GET /plans"
        route = {"http": "http://127.0.0.1:1/", "timeout": "10s", "cache": settings}
        api = HttpApi.model_validate({"routes": {key: route, **(routes or {})}})
        self.build = SimpleNamespace(
            key=key,
            api_name="clinic",
            api=api,
            version="",
            facts=SimpleNamespace(stage="$default", variables={}),
            operation=api.routes[key],
            authorizer=next(iter(authorizers), None) if authorizers else None,
            at=("apis", "clinic", "routes", key),
            config=SimpleNamespace(name="desk", authorizers=authorizers or {}),
            parts=SimpleNamespace(
                cache=self.cache, clock=self.clock, wheel=Wheel(0.0), metrics=self.registry
            ),
            place=lambda *_path: None,
            once=lambda _key, make: make(),
        )
        self.lookup, self.store = cache_lookup(self.build), cache_store(self.build)
        self.ended = settled(lambda _ex: None)

    def _integrate(self, ex):
        self.seen.append(ex)
        self.shown = copy(ex)
        found = self.answer(ex)
        if found is PARKED:
            ex.cancel_work = lambda _why: None
            self.parked.append(ex)
        return found

    def send(self, fields=(), *, method="GET", path="/plans", **attributes):
        """Send a request; returns its exchange."""
        ex = self._make_exchange(
            fields,
            head=(self.lookup.run, self._integrate),
            tail=(self.store.run,),
            method=method,
            path=path,
            time=self.clock.now,
            **attributes,
        )
        ex.plan = replace(ex.plan, steps=(self.lookup,))
        run.begin(ex)
        return ex

    def reply(self, *args, **keywords):
        """Send a request; returns its answer."""
        return answer_of(self.send(*args, **keywords))

    def gone(self, ex):
        run.client_gone(ex)
        self.ended(ex)

    def counted(self):
        return {
            sample.labels[1]: sample.value
            for sample in self.registry.snapshot()
            if sample.name == "frontdesk_cache_total" and sample.value
        }


def answer_of(ex):
    (reply,) = ex.client.replies
    return reply


def field(reply, name):
    found = [value for key, value in reply.fields if key.lower() == name]
    return found[0] if found else None


@pytest.fixture
def open_door(make_exchange):
    return lambda settings=None, **more: Door(make_exchange, settings or {}, **more)


@pytest.fixture
def door(open_door):
    return open_door({"ttl": "300s", "key": ["path", "query.region", "header.X-Practice"]})


# -- hits ----------------------------------------------------------------------------------------------


def test_a_second_request_is_answered_by_the_first_ones_answer(door):
    first = door.reply()
    door.clock.now += 42.5
    second = door.reply()
    assert len(door.seen) == 1
    assert (second.status, second.body, second.made) == (200, b"made", "cache")
    assert field(second, b"content-type") == b"text/plain"
    assert field(first, b"cache-status") == b"desk; fwd=uri-miss; fwd-status=200; stored; ttl=300"
    assert field(first, b"age") is None
    assert field(second, b"cache-status") == b"desk; hit; ttl=257"
    assert field(second, b"age") == b"42"
    assert door.counted() == {"hit": 1, "miss": 1}


def test_an_answer_is_given_until_its_time_is_over(door):
    door.reply()
    door.clock.now += 299.9
    door.reply()
    assert len(door.seen) == 1
    door.clock.now += 0.1
    door.reply()
    assert len(door.seen) == 2


def test_the_tail_of_one_answer_changes_no_other(door):
    door.reply()
    door.reply().fields.append((b"x-request-id", b"mine"))
    assert field(door.reply(), b"x-request-id") is None


def test_a_head_request_is_answered_by_the_answer_to_get(door):
    door.reply()
    assert door.reply(method="HEAD").body == b"made"
    assert len(door.seen) == 1


def test_a_head_request_without_a_kept_answer_is_passed_on_and_not_kept(door):
    reply = door.reply(method="HEAD")
    assert field(reply, b"cache-status") == b"desk; fwd=method"
    door.reply()
    assert len(door.seen) == 2


def test_an_answer_that_came_with_an_age_is_that_much_older(door):
    door.answer = lambda _ex: Reply(200, [(b"Age", b"100")], b"made")
    door.reply()
    assert field(door.reply(), b"age") == b"100"


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ([(b"If-None-Match", b"*")], 304, b""),
        ([(b"If-None-Match", b'"other"')], 200, b"made"),
        ([(b"Range", b"bytes=1-2")], 206, b"ad"),
        ([(b"Range", b"bytes=9-")], 416, b""),
        ([(b"If-Match", b'"other"')], 412, b""),
    ],
)
def test_conditions_and_ranges_are_answered_from_the_kept_answer(door, fields, status, body):
    door.reply()
    reply = door.reply(fields)
    assert (reply.status, reply.body) == (status, body)
    assert len(door.seen) == 1


def test_a_kept_answer_has_an_entity_tag(door):
    door.reply()
    tag = field(door.reply(), b"etag")
    assert door.reply([(b"If-None-Match", tag)]).status == 304


def test_a_range_of_what_is_not_kept_passes_by(door):
    door.reply([(b"Range", b"bytes=0-0")])
    assert door.seen[0].headers[b"range"] == b"bytes=0-0"
    door.reply()
    assert len(door.seen) == 2


# -- keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({}, True),
        ({"query": "region=west"}, False),
        ({"query": "page=2"}, True),
        ({"query": "region=&page=2"}, False),
        ({"fields": [(b"X-Practice", b"p1")]}, False),
        ({"fields": [(b"X-Other", b"p1")]}, True),
        ({"path": "/plans/"}, False),
        ({"host": "evil.example"}, False),
    ],
)
def test_what_the_key_names_tells_answers_apart_and_nothing_else_does(door, other, is_same):
    door.reply()
    door.reply(**other)
    assert (len(door.seen) == 1) is is_same


@pytest.mark.parametrize(
    "query",
    ["region=west&region=east", "region=east&region=west", "region=west%2Ceast", "region=west%00"],
)
def test_a_parameter_counts_with_all_its_values(door, query):
    door.reply(query="region=west")
    door.reply(query=query)
    assert len(door.seen) == 2


def test_values_cannot_slip_from_one_part_of_a_key_into_another(open_door):
    door = open_door({"key": ["query.a", "query.b"]})
    door.reply(query="a=x%00y&b=z")
    door.reply(query="a=x&b=y%00z")
    door.reply(query='a=x","y&b=z')
    assert len(door.seen) == 3


def test_without_path_in_the_key_all_paths_share_an_answer_as_at_aws(open_door):
    door = open_door({"key": ["query.region"]})
    door.reply(path="/plans/1")
    door.reply(path="/plans/2")
    assert len(door.seen) == 1


def test_a_value_of_the_authorizer_is_part_of_a_key(open_door):
    door = open_door({"key": ["path", "authorizer.practice_id"]})
    for practice in ("p1", "p2", "p1"):
        door.reply(authorizer={"practice_id": practice})
    assert len(door.seen) == 2


@pytest.mark.parametrize("settings", [{}, {"mode": "rfc9111"}], ids=["ttl", "rfc9111"])
def test_callers_of_whom_nothing_is_known_share_no_answer(open_door, settings):
    key = ["path", "authorizer.practice_id"]
    door = open_door({"key": key, **settings}, authorizers={"desk": None})
    door.answer = lambda _ex: Reply(200, [(b"Cache-Control", b"max-age=9")], b"made")
    for _ in range(2):
        door.reply(authorizer={"sub": "somebody"})
    assert len(door.seen) == 2
    for _ in range(2):
        door.reply(authorizer={"practice_id": "p1"})
    assert len(door.seen) == 3


def test_post_is_kept_by_its_body(open_door):
    door = open_door({"methods": ["POST"], "key": ["path", "body"]})
    assert door.lookup.needs_body
    for body in (b"1", b"2", b"1"):
        door.reply(method="POST", body=body)
    assert [ex.body for ex in door.seen] == [b"1", b"2"]


# -- poisoning ---------------------------------------------------------------------------------------------------


def test_the_integration_sees_nothing_that_the_key_does_not_name(door):
    sent = [
        (b"X-Practice", b"p1"),
        (b"X-Forwarded-Host", b"evil.example"),
        (b"X-HTTP-Method-Override", b"DELETE"),
        (b"Accept-Encoding", b"gzip"),
        (b"If-None-Match", b'"1"'),
        (b"Origin", b"https://evil.example"),
        (b"traceparent", b"00-1-2-00"),
    ]
    door.send(sent, query="callback=evil&region=west&r%65gion=east&x")
    ex = door.shown
    assert ex.fields == [(b"X-Practice", b"p1"), (b"traceparent", b"00-1-2-00")]
    assert set(ex.headers) == {b"x-practice", b"traceparent"}
    assert ex.query == "region=west&r%65gion=east"


def test_the_integration_sees_no_other_spelling_of_the_path(door):
    door.send(path="/plans", raw_path="/evil/../plans")
    assert door.shown.raw_path == "/plans"


def test_slashes_that_a_variable_keeps_tell_answers_apart(door):
    door.reply(path="/plans/a/b", raw_path="/plans/a//b", params={"proxy": "a//b"})
    door.reply(path="/plans/a/b", raw_path="/plans/a/b", params={"proxy": "a/b"})
    assert len(door.seen) == 2


@pytest.mark.parametrize(
    "other",
    [{"fields": [(b"Host", b"api.clinic.example:1337")]}, {"scheme": "https"}],
    ids=["port", "scheme"],
)
def test_what_absolute_urls_are_made_of_tells_answers_apart(door, other):
    door.reply([(b"Host", b"api.clinic.example")])
    door.reply(**other)
    assert len(door.seen) == 2


def test_the_type_of_a_body_tells_answers_apart(open_door):
    door = open_door({"methods": ["POST"], "key": ["path", "body"]})
    for media_type in (b"text/plain", b"application/json"):
        door.reply([(b"Content-Type", media_type)], method="POST", body=b"1")
    assert len(door.seen) == 2


def test_bytes_that_are_no_text_tell_answers_apart(door):
    for city in ("Z%FCrich", "Z%E9rich"):
        door.reply(query=f"region={city}")
    assert len(door.seen) == 2


def test_a_request_that_goes_round_in_circles_can_be_told(door):
    door.send([(b"Via", b"1.1 frontdesk")])
    assert door.shown.headers[b"via"] == b"1.1 frontdesk"


def test_stages_behind_the_integration_see_the_clients_own_header_fields(door):
    ex = door.send([(b"Origin", b"https://app.example"), (b"Accept-Encoding", b"gzip")])
    assert set(ex.headers) == {b"origin", b"accept-encoding"}


@pytest.mark.parametrize("name", [b"Authorization", b"Cookie"])
def test_credentials_that_the_key_does_not_hold_pass_the_cache_by(door, name):
    door.reply()
    reply = door.reply([(name, b"secret")])
    assert field(reply, b"cache-status") == b"desk; fwd=bypass"
    assert door.seen[1].headers[name.lower()] == b"secret"
    door.reply()
    assert len(door.seen) == 2
    assert door.counted()["bypass"] == 1


@pytest.mark.parametrize(
    "settings",
    [{"shared": True}, {"key": ["path", "header.Authorization"]}],
    ids=["shared", "keyed"],
)
def test_credentials_are_shown_where_the_file_says_what_they_mean(open_door, settings):
    door = open_door(settings)
    door.reply([(b"Authorization", b"a")])
    assert door.seen[0].headers[b"authorization"] == b"a"
    door.reply([(b"Authorization", b"a")])
    assert len(door.seen) == 1


@pytest.mark.parametrize(
    "odd",
    [{"body": b"x"}, {"source": object()}, {"upgrade": True}],
    ids=["body", "stream", "upgrade"],
)
def test_a_get_that_is_more_than_that_passes_by(door, odd, monkeypatch):
    monkeypatch.setattr(run, "begin", lambda ex: run._advance(ex, 0))
    assert field(door.reply(**odd), b"cache-status") == b"desk; fwd=bypass"
    assert door.cache.stats().entries == 0


# -- what is not kept ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (404, []),
        (206, []),
        (301, []),
        (200, [(b"Set-Cookie", b"session=1")]),
        (200, [(b"Cache-Control", b"no-store")]),
        (200, [(b"Cache-Control", b"max-age=60, private")]),
        (200, [(b"Vary", b"*")]),
        (200, [(b"Content-Encoding", b"gzip")]),
    ],
)
def test_answers_that_are_not_kept(door, status, fields):
    door.answer = lambda _ex: Reply(status, list(fields), b"made")
    reply = door.reply()
    assert field(reply, b"cache-status") == b"desk; fwd=uri-miss; fwd-status=%d" % status
    door.reply()
    assert len(door.seen) == 2
    assert door.cache.stats().entries == 0


def test_statuses_that_the_file_names_are_kept(open_door):
    door = open_door({"status": [200, 404]})
    door.answer = lambda _ex: Reply(404, [], b"none")
    door.reply()
    assert door.reply().status == 404
    assert len(door.seen) == 1


@pytest.mark.parametrize(
    "reply", [lambda: refusal(503, "upstream:connect"), lambda: Reply(500, [], b"")]
)
def test_failures_are_not_kept(door, reply):
    door.answer = lambda _ex: reply()
    door.reply()
    door.answer = lambda _ex: Reply(200, [], b"well")
    assert door.reply().body == b"well"


def test_what_is_too_large_is_not_kept(open_door):
    door = open_door({"max_entry": "1KB"})
    door.answer = lambda _ex: Reply(200, [], bytes(1025))
    door.reply()
    door.reply()
    assert len(door.seen) == 2


# -- one for many ---------------------------------------------------------------------------------------------------


def park(door):
    door.answer = lambda _ex: PARKED


def test_requests_for_one_key_wait_for_one_fetch(door):
    park(door)
    exchanges = [door.send() for _ in range(300)]
    assert len(door.seen) == 1
    run.resume(exchanges[0], Reply(200, [TEXT], b"made"))
    replies = [answer_of(ex) for ex in exchanges]
    assert {reply.body for reply in replies} == {b"made"}
    assert field(replies[1], b"cache-status") == b"desk; fwd=uri-miss; collapsed; ttl=300"
    assert door.counted() == {"miss": 1, "collapsed": 299}


def test_whoever_waits_waits_no_longer_than_the_route_may_take(door):
    park(door)
    door.send()
    assert door.send().client.deadlines == [110.0]


@pytest.mark.parametrize("how", ["client gone", "time over", "failed", "refused body"])
def test_when_a_fetch_comes_to_nothing_the_next_takes_over(door, how):
    park(door)
    first, second, third = [door.send() for _ in range(3)]
    if how == "client gone":
        door.gone(first)
    elif how == "time over":
        run.expire(first)
    elif how == "failed":
        run.resume(first, refusal(503, "upstream:connect"))
    else:
        run.refuse(first, 413, "body_size")
    assert door.seen == [first, second]
    run.resume(second, Reply(200, [], b"made"))
    assert answer_of(third).body == b"made"


def test_whoever_left_while_waiting_takes_nothing_over(door):
    park(door)
    first, second, third = [door.send() for _ in range(3)]
    door.gone(second)
    run.resume(first, refusal(503, "upstream:connect"))
    assert door.seen == [first, third]


def test_when_an_answer_may_not_be_shared_each_asks_for_itself(door):
    park(door)
    exchanges = [door.send() for _ in range(3)]
    run.resume(exchanges[0], Reply(200, [(b"Set-Cookie", b"a=b")], b"mine"))
    assert door.seen == exchanges
    for ex in exchanges[1:]:
        assert not ex.client.replies
        run.resume(ex, Reply(200, [(b"Set-Cookie", b"c=d")], b"other"))
        assert answer_of(ex).body == b"other"


def test_a_thousand_failures_in_a_row_are_no_recursion(door):
    park(door)
    first, *others = [door.send() for _ in range(900)]
    door.answer = lambda _ex: refusal(503, "upstream:connect")
    run.resume(first, refusal(503, "upstream:connect"))
    assert {answer_of(ex).status for ex in others} == {503}


# -- bodies that come bit by bit ---------------------------------------------------------------------------------------


def streaming(door, body):
    door.answer = lambda _ex: Reply(200, [], body)
    ex = door.send()
    taker = Taker(lambda: door.ended(ex))
    reply = answer_of(ex)
    reply.fields.append((b"x-later", b"1"))  # as the tails behind do
    reply.body.attach(taker)
    return ex, reply, taker


def test_a_streamed_body_is_passed_on_and_kept(door):
    body = Body()
    _, _, taker = streaming(door, body)
    waiting = door.send()
    for piece in (b"ma", b"de"):
        body.sink.write(piece)
    assert taker.data == b"made"
    assert not waiting.client.replies
    body.sink.end()
    assert taker.state == "ended"
    assert answer_of(waiting).body == b"made"
    assert field(answer_of(waiting), b"x-later") is None


def test_a_body_that_breaks_off_is_not_kept(door):
    body = Body(10)
    _, _, taker = streaming(door, body)
    park(door)
    waiting = door.send()
    body.sink.write(b"ma")
    body.sink.abort("closed")
    assert taker.state == "broken"
    assert door.seen[-1] is waiting
    assert door.cache.stats().entries == 0


def test_a_client_that_leaves_in_the_middle_leaves_the_fetch_to_the_next(door):
    body = Body()
    _, reply, _ = streaming(door, body)
    park(door)
    waiting = door.send()
    reply.body.cancel()
    assert body.cancelled
    assert door.seen[-1] is waiting


def test_a_slow_reader_makes_nobody_wait_while_the_body_is_gathered(open_door):
    door = open_door({"max_entry": "1KB"})
    body = Body()
    _, reply, _ = streaming(door, body)
    reply.body.pause()
    assert not body.paused
    body.sink.write(bytes(1025))  # too large: from here on at the client's pace
    assert body.paused
    reply.body.resume()
    assert not body.paused


def test_a_body_that_turns_out_too_large_is_each_ones_own(open_door):
    door = open_door({"max_entry": "1KB"})
    body = Body()
    _, _, taker = streaming(door, body)
    park(door)
    waiting = door.send()
    body.sink.write(bytes(2000))
    assert door.seen[-1] is waiting
    body.sink.end()
    assert (len(taker.data), taker.state) == (2000, "ended")
    assert door.cache.stats().entries == 0


def test_a_body_that_is_known_to_be_too_large_is_not_gathered(door):
    body = Body(60_000)
    door.answer = lambda _ex: Reply(200, [], body)
    assert door.reply().body is body


# -- fetched anew -------------------------------------------------------------------------------------------------------

ANEW = [(b"Cache-Control", b"max-age=0")]


def test_whoever_may_has_an_answer_fetched_anew(open_door):
    door = open_door({"invalidation": {"authorization": "none"}})
    door.reply()
    door.answer = lambda _ex: Reply(200, [], b"anew")
    reply = door.reply(ANEW)
    assert reply.body == b"anew"
    assert field(reply, b"cache-status").startswith(b"desk; fwd=request;")
    assert door.reply().body == b"anew"


@pytest.mark.parametrize(
    ("strategy", "status", "warns"),
    [
        ("fail_with_403", 403, False),
        ("succeed_with_response_header", 200, True),
        ("succeed_without_response_header", 200, False),
    ],
)
def test_others_get_what_the_file_says(open_door, strategy, status, warns):
    door = open_door({"invalidation": {"unauthorized": strategy}})
    door.reply()
    reply = door.reply(ANEW)
    assert reply.status == status
    assert (field(reply, b"warning") is not None) is warns
    assert len(door.seen) == 1
    assert field(door.reply(), b"warning") is None


@pytest.mark.parametrize(
    ("scope", "may"), [("plans cache:flush", True), ("plans", False), (None, False)]
)
def test_a_scope_makes_somebody_authorized(open_door, scope, may):
    settings = {"shared": True, "invalidation": {"scopes": "cache:flush"}}
    door = open_door(settings)
    claims = {} if scope is None else {"scope": scope}
    door.reply(authorizer=claims)
    door.reply(ANEW, authorizer=claims)
    assert (len(door.seen) == 2) is may


@pytest.mark.parametrize("control", [b"no-cache", b"max-age=10", b"no-store"])
def test_no_other_directive_of_a_request_counts(door, control):
    door.reply()
    door.reply([(b"Cache-Control", control)])
    assert len(door.seen) == 1


# -- flushed, changed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "drops"),
    [
        ("", True),
        ("clinic\0$default\0GET /plans\0", True),
        ("clinic\0beta\0", False),
        ("other\0", False),
    ],
)
async def test_answers_are_flushed_by_api_stage_and_route(door, prefix, drops):
    door.reply()
    await door.cache.flush(prefix)
    door.reply()
    assert (len(door.seen) == 2) is drops


def test_a_route_that_changes_begins_with_no_answers(door, make_exchange):
    door.reply()
    changed = Door(make_exchange, {"ttl": "60s", "key": ["path"]})
    changed.cache = changed.build.parts.cache = door.cache
    changed.lookup = cache_lookup(changed.build)
    changed.reply()
    assert len(changed.seen) == 1


def test_routes_without_a_cache_have_no_stage():
    operation = Route.model_validate({"mock": {}})
    build = SimpleNamespace(
        operation=operation,
        api=HttpApi(),
        api_name="a",
        key="GET /",
        at=(),
        once=lambda _key, make: make(),
    )
    assert cache_lookup(build) is cache_store(build) is cache_discard(build) is None


def test_a_route_takes_the_apis_cache_or_none():
    routes = {"GET /a": {"mock": {}}, "GET /b": {"mock": {}, "cache": "none"}}
    api = HttpApi.model_validate({"cache": {"ttl": "60s"}, "routes": routes})
    assert api.cache_of(api.routes["GET /a"]).ttl == 60.0
    assert api.cache_of(api.routes["GET /b"]) is None


def test_the_key_says_what_it_is_made_of(door):
    door.reply(query="region=west")
    (key,) = door.cache._entries
    route, made_of = key.rsplit("\0", 1)
    assert route.startswith("clinic\0$default\0GET /plans\0")
    assert orjson.loads(made_of) == ["/plans", ["west"], None]

"""The attempts of a call: what is sent again, when, and what its caller learns."""

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.client.attempts import Persistent
from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.breaker import Breaker, BreakerSettings
from frontdesk.rules.resilience.budget import PURSE, RetryBudget
from frontdesk.rules.resilience.retry import RetryPolicy

POLICY = RetryPolicy(attempts=3, backoff=Backoff(1.0, 8.0, jitter="none"))


class Told:
    """An observer that keeps what it is told."""

    def __init__(self):
        self.attempts = []
        self.moves = []

    def attempted(self, method, status, error, seconds):
        self.attempts.append((method, status, error, seconds))

    def circuit_moved(self, state):
        self.moves.append(state)


class Scripted:
    """A backend that keeps the attempts it is sent until the test answers them."""

    name = "billing"

    def __init__(self, breaker=None):
        self.observer = Told()
        self.breaker = Breaker(
            breaker or BreakerSettings(failures=1000), self.observer.circuit_moved
        )
        self.budget = RetryBudget(1.0)
        self.sent = []
        self.heads = []
        self.dropped = []

    def send(self, call):
        call.carrier = self
        call.address = "10.0.0.5:9000"
        self.sent.append(call)
        self.heads.append(call.head)

    def drop(self, call, *, too_slow):
        self.dropped.append((call, too_slow))

    def answer(self, status=200, fields=(), body=b"ok"):
        call = self.sent[-1]
        call.carrier = None
        call.respond(status, list(fields), body, None)

    def fail(self, reason, *, sent=True):
        call = self.sent[-1]
        call.carrier = None
        call.fail(UpstreamError(reason, "it failed", sent=sent))


class Body:
    """A body that is still coming."""

    length = 5

    def __init__(self):
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def scripted():
    return Scripted()


@pytest.fixture
def send(ask, clock, scripted):
    def send(*call, policy=POLICY, timeout=30.0, backend=scripted, head=b"", **more):
        rules = Persistent(
            backend, policy, timeout, clock=clock, wheel=clock.wheel, chance=lambda: 0.5
        )
        asked = ask(*call, **more)
        asked.head += head
        rules.send(asked)
        return asked

    return send


async def test_a_good_answer_is_passed_on(send, scripted):
    call = send()
    scripted.answer(201, [(b"A", b"b")], b"made")
    assert (call.status, call.fields, call.body_came) == (201, [(b"A", b"b")], b"made")
    assert (call.address, call.carrier) == ("10.0.0.5:9000", None)
    assert scripted.heads == [call.head]


async def test_after_a_failure_there_is_another_attempt_in_a_while(send, scripted, clock):
    call = send()
    scripted.answer(503)
    clock.pass_time(0.9)
    assert len(scripted.sent) == 1
    clock.pass_time(0.2)
    scripted.fail("closed")
    clock.pass_time(2.1)
    scripted.answer(200)
    assert (call.status, len(scripted.sent)) == (200, 3)


async def test_later_attempts_say_their_number(send, scripted, clock):
    written = send(head=b"C: d\r\n").head
    for _ in range(2):
        scripted.answer(503)
        clock.pass_time(3)
    assert [head.removeprefix(written) for head in scripted.heads] == [
        b"",
        b"X-Retry-Attempt: 1\r\n",
        b"X-Retry-Attempt: 2\r\n",
    ]


async def test_who_is_retried_in_front_of_us_is_not_retried_again(send, scripted):
    call = send(head=b"x-retry-attempt: 1\r\n")
    scripted.answer(503)
    assert call.status == 503


async def test_the_last_answer_is_passed_on(send, scripted, clock):
    call = send()
    for body in (b"one", b"two", b"three"):
        scripted.answer(503, [], body)
        clock.pass_time(5)
    assert (call.status, call.body_came) == (503, b"three")


async def test_the_last_failure_is_told(send, scripted, clock):
    call = send()
    for _ in range(3):
        scripted.fail("connect", sent=False)
        clock.pass_time(5)
    assert await call.failed() == "connect"


@pytest.mark.parametrize(
    ("status", "fields", "attempts"),
    [(503, [], 1), (500, [], 1), (503, [(b"Retry-After", b"1")], 2)],
    ids=["503", "500", "refused"],
)
async def test_a_post_is_repeated_only_if_nothing_was_done(
    send, scripted, clock, status, fields, attempts
):
    send("POST", b"x")
    scripted.answer(status, fields)
    clock.pass_time(5)
    assert len(scripted.sent) == attempts


async def test_a_post_that_was_not_sent_is_repeated_with_its_body(send, scripted, clock):
    send("POST", b"x")
    scripted.fail("connect", sent=False)
    clock.pass_time(1.1)
    assert scripted.sent[-1].body == b"x"
    assert len(scripted.sent) == 2


async def test_a_post_with_a_key_is_repeated(ask, clock, scripted):
    rules = Persistent(scripted, POLICY, 30.0, clock=clock, wheel=clock.wheel)
    call = ask("POST", b"x")
    call.repeatable = True
    rules.send(call)
    scripted.fail("closed")
    clock.pass_time(2)
    assert len(scripted.sent) == 2


async def test_a_body_that_was_streamed_is_not_repeated(send, scripted, upload):
    call = send("PUT", upload(5))
    scripted.fail("closed")
    assert await call.failed() == "closed"


async def test_a_body_that_nobody_has_read_yet_is(send, scripted, clock, upload):
    body = upload(5)
    send("PUT", body)
    scripted.fail("connect", sent=False)
    clock.pass_time(1.1)
    assert scripted.sent[-1].body is body
    assert len(scripted.sent) == 2


async def test_the_rest_of_an_answer_that_is_not_passed_on_is_not_wanted(send, scripted):
    send()
    body = Body()
    scripted.answer(503, [], body)
    assert body.cancelled


async def test_retry_after_is_honoured(send, scripted, clock):
    send()
    scripted.answer(429, [(b"retry-after", b"5")])
    clock.pass_time(5.0)
    assert len(scripted.sent) == 1
    clock.pass_time(0.5)
    assert len(scripted.sent) == 2


async def test_what_would_come_too_late_is_not_begun(send, scripted):
    call = send(timeout=4.0)
    scripted.answer(503, [(b"Retry-After", b"4")])
    assert (call.status, len(scripted.sent)) == (503, 1)


async def test_an_open_breaker_refuses_and_tells_how_long(send, clock):
    backend = Scripted(BreakerSettings(failures=2, reset=30.0))
    for _ in range(2):
        call = send("POST", b"x", backend=backend)
        backend.answer(500)
    refused = send(backend=backend)
    assert await refused.failed() == "circuit_open"
    assert (str(refused.error), refused.error.retry_after) == ("Circuit breaker is open", 30.0)
    assert len(backend.sent) == 2
    clock.pass_time(30)
    call = send(backend=backend)
    backend.answer(200)
    assert call.status == 200
    assert backend.observer.moves == ["open", "half_open", "closed"]


async def test_an_open_breaker_ends_the_retries(send, clock):
    backend = Scripted(BreakerSettings(failures=1))
    call = send(backend=backend)
    backend.fail("closed")
    clock.pass_time(2)
    assert await call.failed() == "circuit_open"
    assert len(backend.sent) == 1


@pytest.mark.parametrize("reason", ["cancelled", "unavailable", "bulkhead_full"])
async def test_what_is_not_the_backends_fault_does_not_count(send, reason):
    backend = Scripted(BreakerSettings(failures=1))
    send(backend=backend)
    backend.fail(reason, sent=False)
    assert backend.breaker.state == "closed"


@pytest.mark.parametrize(
    ("status", "state"),
    [(500, "open"), (503, "open"), (501, "closed"), (429, "closed"), (404, "closed")],
)
async def test_which_answers_count_as_failures(send, status, state):
    backend = Scripted(BreakerSettings(failures=1))
    send("POST", b"x", backend=backend)
    backend.answer(status)
    assert backend.breaker.state == state


async def test_whoever_had_to_wait_too_long_counts(send):
    backend = Scripted(BreakerSettings(failures=1))
    send(backend=backend).cancel(too_slow=True)
    assert backend.breaker.state == "open"
    assert backend.dropped == [(backend.sent[0], True)]


async def test_a_cancelled_probe_makes_room_for_another(send, clock):
    backend = Scripted(BreakerSettings(failures=1, reset=30.0))
    send(backend=backend).cancel(too_slow=True)
    clock.pass_time(30)
    send(backend=backend).cancel()
    send(backend=backend)
    assert len(backend.sent) == 3


async def test_a_call_cancelled_between_attempts_is_not_sent_again(send, scripted, clock):
    call = send()
    scripted.answer(503)
    call.cancel()
    clock.pass_time(5)
    assert len(scripted.sent) == 1
    assert not call.done.is_set()


async def test_without_a_budget_there_is_no_retry(ask, scripted, clock, caplog):
    scripted.budget = RetryBudget(0.0)
    rules = Persistent(scripted, POLICY, 30.0, clock=clock, wheel=clock.wheel)
    calls = [ask() for _ in range(5)]
    for call in calls:
        rules.send(call)
    for sent in tuple(scripted.sent):
        sent.carrier = None
        sent.respond(503, [], b"", None)
    assert [call.done.is_set() for call in calls] == [False] * 3 + [True] * 2
    assert [record.message for record in caplog.records] == ["retry budget is used up"]


async def test_the_budget_is_settled_whatever_happens(send, scripted, clock):
    send()
    scripted.answer(503)
    clock.pass_time(1.1)
    scripted.answer(200)
    send().cancel()
    send(policy=RetryPolicy(attempts=1))
    scripted.answer(503)
    assert scripted.budget.purse == PURSE
    assert scripted.budget.under_way == scripted.budget._retrying == 0


async def test_each_attempt_is_observed(send, scripted, clock):
    send()
    clock.now += 0.5
    scripted.answer(503)
    clock.pass_time(1.1)
    clock.now += 0.5
    scripted.fail("closed")
    told = [(*each[:3], round(each[3])) for each in scripted.observer.attempts]
    assert told == [("GET", 503, "", 0), ("GET", 0, "closed", 1)]


async def test_a_real_backend_that_comes_back(upstreams, upstream, backend, ask, clock, until):
    """On connections: the first attempt is reset, the second answered."""
    call = ask()
    upstream.sender(POLICY, 30.0).send(call)
    first = await backend.peer()
    await first.head()
    first.reset()
    await until(lambda: not any(pool.load for pool in upstream.pools))
    clock.pass_time(1.1)
    second = await backend.peer()
    assert b"X-Retry-Attempt: 1" in await second.head()
    await second.answer(b"back")
    assert (await call.answered()).body_came == b"back"

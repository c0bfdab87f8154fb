"""What every store of outgoing webhooks must do."""

import asyncio
from dataclasses import replace
from math import inf

import pytest

from frontdesk.base.durations import Rate
from frontdesk.ports.deliveries import (
    Application,
    Attempt,
    Counts,
    Delivery,
    Endpoint,
    Held,
    Message,
    Published,
    Settled,
    Settlement,
)
from frontdesk.rules.webhooks.keys import WebhookSecret
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from tests.live.deliveries import ADAPTERS

NOW = 1_700_000_000.25
DAY = 86_400.0


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def opened(request):
    async with request.param() as opened:
        await opened.store.put_application(Application("acme", "Acme", NOW))
        yield opened


@pytest.fixture
def store(opened):
    return opened.store


def endpoint(id_="ep_1", app="acme", **other):
    secrets = (WebhookSecret("whsec_new"), WebhookSecret("whsec_old", "old", NOW + 5))
    url = f"https://{id_}.example/hook"
    return Endpoint(id=id_, app=app, url=url, secrets=secrets, created=NOW, **other)


async def test_an_endpoint_that_is_sealed_is_kept_as_it_is(store):
    await store.put_application(Application("acme", "", NOW))
    sealed = replace(endpoint(), secrets=(), sealed=("key", "text"))
    put = await store.put_endpoint(sealed)
    assert put.sealed == ("key", "text")
    assert (await store.endpoint("acme", "ep_1")).endpoint == put


def message(number, type_="order.paid", at=NOW, **other):
    return Message(f"msg_{number}", "acme", type_, b'{"n": %d}' % number, at, **other)


def attempt(number, error="status 500", **other):
    return Attempt(number, NOW + number, 0.5, 500 if error else 204, error, **other)


DELIVERED = Settlement(attempt(1, ""), "delivered")
EXHAUSTED = Settlement(attempt(1), "exhausted")


async def take(store, id_="ep_1", most=10, now=NOW, until=None):
    return await store.lease({id_: most}, now=now, until=now + 60 if until is None else until)


async def ids(store, id_="ep_1", most=10, now=NOW):
    return [turn.message.id for turn in await take(store, id_, most, now)]


async def states(store, **which):
    page = await store.deliveries("acme", most=99, **which)
    return [(each.message, each.endpoint, each.state) for each in page.entries]


# -- applications and endpoints -------------------------------------------------------------------


async def test_an_application_keeps_its_beginning_and_takes_another_name(store):
    again = await store.put_application(Application("acme", "Acme Ltd", NOW + 9))
    assert again == Application("acme", "Acme Ltd", NOW)
    await store.put_application(Application("zeta", "", NOW))
    assert await store.applications(most=9) == [again, Application("zeta", "", NOW)]
    assert await store.applications(after="acme", most=9) == [Application("zeta", "", NOW)]
    assert (await store.application("zeta"), await store.application("none")) == (
        Application("zeta", "", NOW),
        None,
    )


async def test_an_endpoint_comes_back_as_it_was_put(store):
    whole = endpoint(
        types=("order.*", "test"),
        channels=("eu",),
        headers=(("X-A", "b"),),
        description="d",
        rate=Rate(5, 60.0),
        concurrency=3,
    )
    put = await store.put_endpoint(whole)
    assert put == replace(whole, version=1)
    kept = await store.endpoint("acme", "ep_1")
    assert kept.endpoint == put
    assert kept.health.values == ("", None, None, 0.0, 0)
    assert await store.endpoint("other", "ep_1") is None
    assert await store.endpoints("acme", most=9) == [kept]
    assert await store.endpoints("acme", after="ep_1", most=9) == []


async def test_of_two_who_change_a_version_one_is_told(store):
    first = await store.put_endpoint(endpoint())
    assert await store.put_endpoint(endpoint()) is None
    second = await store.put_endpoint(replace(first, url="https://b.example"))
    assert (second.version, second.url) == (2, "https://b.example")
    assert await store.put_endpoint(replace(first, url="https://c.example")) is None
    assert await store.put_endpoint(endpoint("ep_2", app="nobody")) is None


async def test_an_endpoint_goes_with_its_deliveries(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    assert await store.drop_endpoint("other", "ep_1") is False
    assert await store.drop_endpoint("acme", "ep_1") is True
    assert await store.drop_endpoint("acme", "ep_1") is False
    assert await store.ready(now=NOW) == []
    assert (await store.message("acme", "msg_1")).id == "msg_1"


async def test_an_application_goes_with_all_that_it_has(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1, event="e"))
    (turn,) = await take(store)
    await store.settle(turn.held, DELIVERED, now=NOW)
    assert await store.drop_application("acme") is True
    assert await store.drop_application("acme") is False
    assert await store.publish(message(2, event="e")) is None
    await store.put_application(Application("acme", "", NOW))
    assert await store.endpoints("acme", most=9) == []
    assert (await store.messages("acme", most=9)).entries == []
    assert (await store.publish(message(3, event="e"))).outcome == "fresh"


# -- publishing -----------------------------------------------------------------------------------


async def test_a_message_waits_for_each_endpoint_that_wants_it(store):
    await store.put_endpoint(endpoint("ep_1"))
    await store.put_endpoint(endpoint("ep_2", types=("order.*",)))
    await store.put_endpoint(endpoint("ep_3", types=("order.sent",)))
    await store.put_endpoint(endpoint("ep_4", channels=("eu", "us")))
    await store.put_endpoint(endpoint("ep_5", channels=("asia",)))
    published = await store.publish(message(1, channels=("eu",)))
    assert published == Published("msg_1", "fresh", 3, 3)
    assert await store.ready(now=NOW) == ["ep_1", "ep_2", "ep_4"]
    assert await store.ready(now=NOW - 1) == []


async def test_a_message_for_one_endpoint_goes_there_whatever_that_wants(store):
    await store.put_endpoint(endpoint("ep_1"))
    await store.put_endpoint(endpoint("ep_2", types=("order.sent",)))
    assert await store.publish(message(1), only="ep_2") == Published("msg_1", "fresh", 1, 1)
    assert await store.ready(now=NOW) == ["ep_2"]


async def test_an_event_is_published_once_in_a_day(store):
    await store.put_endpoint(endpoint())
    first = replace_payload(message(1, event="e"), b"{}")
    assert (await store.publish(first)).outcome == "fresh"
    again = replace_payload(message(2, event="e", at=NOW + DAY - 1), b"{}")
    assert await store.publish(again) == Published("msg_1", "again")
    other = replace_payload(message(3, event="e", at=NOW + DAY - 1), b"[]")
    assert await store.publish(other) == Published("msg_1", "collision")
    assert (await store.publish(other._replace(id="msg_4", event="f"))).outcome == "fresh"
    late = replace_payload(message(5, event="e", at=NOW + DAY), b"[]")
    assert (await store.publish(late)).outcome == "fresh"
    assert await ids(store, now=NOW + DAY) == ["msg_1", "msg_4", "msg_5"]


def replace_payload(one, payload):
    return one._replace(payload=payload)


async def test_of_many_who_publish_an_event_at_once_one_does(store):
    await store.put_endpoint(endpoint())
    told = await asyncio.gather(
        *(store.publish(message(number, event="e")._replace(payload=b"{}")) for number in range(10))
    )
    assert sorted(each.outcome for each in told) == ["again"] * 9 + ["fresh"]
    assert len({each.id for each in told}) == 1
    assert len(await ids(store)) == 1


async def test_events_can_be_forgotten(store):
    await store.publish(message(1, event="e"))
    await store.forget_events(NOW - 1)
    assert (await store.publish(message(2, event="e"))).outcome == "collision"
    await store.forget_events(NOW)
    assert (await store.publish(message(3, event="e"))).outcome == "fresh"


async def test_messages_are_read_as_they_were_published(store):
    sent = message(1, event="e", channels=("b", "a"))._replace(payload=b'{"\x00\xff": 1.0}')
    await store.publish(sent)
    assert await store.message("acme", "msg_1") == sent
    assert await store.message("other", "msg_1") is None
    assert await store.message("acme", "msg_2") is None


async def test_lists_come_in_pages_newest_first(store):
    await store.put_endpoint(endpoint())
    for number in range(5):
        await store.publish(message(number))
    first = await store.messages("acme", most=3)
    assert [each.id for each in first.entries] == ["msg_4", "msg_3", "msg_2"]
    second = await store.messages("acme", most=3, token=first.token)
    assert ([each.id for each in second.entries], second.token) == (["msg_1", "msg_0"], 0)
    page = await store.deliveries("acme", endpoint="ep_1", most=4)
    assert [each.message for each in page.entries] == ["msg_4", "msg_3", "msg_2", "msg_1"]
    rest = await store.deliveries("acme", endpoint="ep_1", most=4, token=page.token)
    assert rest.entries == [Delivery("msg_0", "order.paid", "ep_1", "waiting", 0, NOW, NOW)]


# -- sending --------------------------------------------------------------------------------------


async def test_a_turn_has_all_that_sending_needs(store):
    kept = await store.put_endpoint(endpoint())
    sent = message(1, channels=("x",))
    await store.publish(sent)
    (turn,) = await take(store)
    assert turn[1:] == (kept, sent, 0, 1)
    assert await states(store) == [("msg_1", "ep_1", "sending")]


async def test_what_is_leased_is_nobody_elses_until_the_lease_is_over(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    (first,) = await take(store)
    assert await ids(store, now=NOW + 59) == []
    (second,) = await take(store, now=NOW + 60)
    assert second.number == 1
    assert await store.settle(first.held, DELIVERED, now=NOW + 61) == Settled(kept=False)
    assert await store.put_back(first.held, due=NOW) is False
    assert await store.settle(second.held, DELIVERED, now=NOW + 61) == Settled(kept=True)
    assert await store.settle(second.held, DELIVERED, now=NOW + 61) == Settled(kept=False)
    assert await store.settle(Held(10**9, 1), DELIVERED, now=NOW) == Settled(kept=False)


async def test_a_lease_can_be_made_longer_unless_it_is_lost(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    (first,) = await take(store)
    assert await store.renew([first.held, Held(10**9, 1)], until=NOW + 90) == [True, False]
    assert await ids(store, now=NOW + 89) == []
    (second,) = await take(store, now=NOW + 90)
    assert await store.renew([first.held], until=NOW + 999) == [False]
    await store.settle(second.held, DELIVERED, now=NOW + 91)
    assert await store.renew([second.held], until=NOW + 999) == [False]
    assert await store.renew([], until=NOW) == []


async def test_of_many_who_lease_at_once_each_gets_others(store):
    await store.put_endpoint(endpoint(concurrency=100))
    for number in range(20):
        await store.publish(message(number))
    taken = await asyncio.gather(*(take(store, most=2) for _ in range(15)))
    found = [turn.message.id for turns in taken for turn in turns]
    assert sorted(found) == sorted({f"msg_{number}" for number in range(20)})


async def test_those_due_longest_come_first_and_of_several_endpoints_each_its_own(store):
    for id_ in ("ep_1", "ep_2"):
        await store.put_endpoint(endpoint(id_))
    await store.publish(message(2, at=NOW + 2))
    await store.publish(message(1, at=NOW + 1))
    turns = await store.lease({"ep_2": 9, "ep_1": 1, "gone": 3}, now=NOW + 3, until=NOW + 9)
    assert [(turn.endpoint.id, turn.message.id) for turn in turns] == [
        ("ep_1", "msg_1"),
        ("ep_2", "msg_1"),
        ("ep_2", "msg_2"),
    ]


async def test_no_more_are_sent_at_once_than_the_endpoint_lets(store):
    await store.put_endpoint(endpoint(concurrency=2))
    for number in range(4):
        await store.publish(message(number))
    first, _ = await take(store)
    assert await store.ready(now=NOW) == []
    assert await ids(store) == []
    await store.settle(first.held, DELIVERED, now=NOW)
    assert await store.ready(now=NOW) == ["ep_1"]
    assert await ids(store) == ["msg_2"]
    assert await ids(store, now=NOW + 60) == ["msg_3", "msg_1"]  # the leases are over


async def test_no_more_are_sent_in_a_time_than_the_endpoint_lets(store):
    await store.put_endpoint(endpoint(rate=Rate(2, 1.0)))
    for number in range(6):
        await store.publish(message(number))
    assert await ids(store) == ["msg_0", "msg_1"]
    assert await store.ready(now=NOW + 0.25) == []
    assert await ids(store, now=NOW + 0.25) == []
    assert await ids(store, now=NOW + 0.5) == ["msg_2"]
    assert await ids(store, now=NOW + 10) == ["msg_3", "msg_4"]


async def test_a_failure_is_tried_again_when_it_is_due_and_all_is_logged(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    (turn,) = await take(store)
    failed = attempt(1, address="1.2.3.4:443", head="a: \xe9\0", body=b"\x00\xff")
    await store.settle(turn.held, Settlement(failed, "waiting", due=NOW + 5), now=NOW)
    assert await ids(store, now=NOW + 4) == []
    (turn,) = await take(store, now=NOW + 5)
    assert (turn.tries, turn.number) == (1, 2)
    done = attempt(2, "")
    await store.settle(turn.held, Settlement(done, "delivered"), now=NOW + 6)
    assert await store.attempts("acme", "msg_1") == [("ep_1", failed), ("ep_1", done)]
    assert await store.attempts("other", "msg_1") == []
    assert (await store.deliveries("acme", message="msg_1", most=9)).entries == [
        Delivery("msg_1", "order.paid", "ep_1", "delivered", 2, None, NOW)
    ]


async def test_what_is_put_back_is_no_attempt(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    (turn,) = await take(store)
    assert await store.put_back(turn.held, due=NOW + 3, paused=NOW + 7) is True
    assert await ids(store, now=NOW + 6.9) == []
    (turn,) = await take(store, now=NOW + 7)
    assert (turn.tries, turn.number) == (0, 1)


async def test_a_pause_is_of_the_endpoint_and_the_longer_one_counts(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    await store.publish(message(2))
    first, second = await take(store)
    wait = Settlement(attempt(1), "waiting", due=NOW + 1, paused=NOW + 30)
    await store.settle(first.held, wait, now=NOW)
    await store.settle(second.held, wait._replace(paused=NOW + 10), now=NOW)
    await store.publish(message(3, at=NOW + 2))
    assert await store.ready(now=NOW + 29) == []
    assert await ids(store, now=NOW + 29) == []
    assert await ids(store, now=NOW + 30) == ["msg_1", "msg_2", "msg_3"]


# -- health ---------------------------------------------------------------------------------------


async def settle(store, now, settlement, id_="ep_1"):
    (turn, *_) = await store.lease({id_: 1}, now=now, until=now + 1)
    return await store.settle(turn.held, settlement, now=now)


async def test_an_endpoint_that_fails_for_days_is_disabled_and_what_waits_is_skipped(store):
    await store.put_endpoint(endpoint())
    for number in range(3):
        await store.publish(message(number))
    failing = EXHAUSTED._replace(patience=5 * DAY)
    assert await settle(store, NOW, failing) == Settled(kept=True)
    assert await settle(store, NOW + 5 * DAY, failing) == Settled(kept=True, disabled="failing")
    assert await store.ready(now=inf) == []
    assert await states(store) == [
        ("msg_2", "ep_1", "skipped"),
        ("msg_1", "ep_1", "exhausted"),
        ("msg_0", "ep_1", "exhausted"),
    ]
    assert (await store.endpoint("acme", "ep_1")).health.failing == NOW


@pytest.mark.parametrize("between", ["a success", "a long silence"])
async def test_an_endpoint_is_not_disabled_for_failures_apart(store, between):
    await store.put_endpoint(endpoint())
    for number in range(3):
        await store.publish(message(number))
    failing = EXHAUSTED._replace(patience=5 * DAY)
    await settle(store, NOW, failing)
    later = 11 * DAY
    if between == "a success":
        await settle(store, NOW + 1, DELIVERED)
        later = 6 * DAY
    assert await settle(store, NOW + later, failing) == Settled(kept=True)


async def test_an_endpoint_that_is_gone_is_disabled_at_once_and_what_is_being_sent_is_too(store):
    await store.put_endpoint(endpoint())
    for number in range(3):
        await store.publish(message(number))
    first, second = await take(store, most=2)
    gone = EXHAUSTED._replace(gone=True)
    assert await store.settle(first.held, gone, now=NOW) == Settled(kept=True, disabled="gone")
    retry = Settlement(attempt(1), "waiting", due=NOW + 5)
    assert await store.settle(second.held, retry, now=NOW) == Settled(kept=True)
    assert [state for *_, state in await states(store)] == ["skipped", "skipped", "exhausted"]


async def test_an_operator_disables_and_enables(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    kept = await store.disable("acme", "ep_1")
    assert kept.health.disabled == "operator"
    assert await store.disable("other", "ep_1") is None
    published = await store.publish(message(2))
    assert published == Published("msg_2", "fresh", 1, 0)
    assert await ids(store) == []
    assert (await store.enable("acme", "ep_1")).health.values == ("", None, None, 0.0, 0)
    assert await store.enable("acme", "ep_9") is None
    await store.publish(message(3))
    assert await ids(store) == ["msg_3"]


# -- once more ------------------------------------------------------------------------------------


async def test_a_message_is_sent_again_from_the_first_attempt_on(store):
    await store.put_endpoint(endpoint())
    await store.publish(message(1))
    await settle(store, NOW, EXHAUSTED)
    assert await store.resend("acme", "msg_1", "ep_1", now=NOW + 5) is True
    (turn,) = await take(store, now=NOW + 5)
    assert (turn.tries, turn.number) == (0, 2)
    assert await store.resend("acme", "msg_1", "ep_1", now=NOW + 5) is False
    await store.settle(turn.held, Settlement(attempt(2, ""), "delivered"), now=NOW + 5)
    assert await store.resend("acme", "msg_1", "ep_1", now=NOW + 6) is True


async def test_a_message_is_sent_to_an_endpoint_that_came_after_it(store):
    await store.publish(message(1))
    await store.put_endpoint(endpoint())
    assert await store.resend("acme", "msg_9", "ep_1", now=NOW) is False
    assert await store.resend("acme", "msg_1", "ep_9", now=NOW) is False
    assert await store.resend("other", "msg_1", "ep_1", now=NOW) is False
    assert await store.resend("acme", "msg_1", "ep_1", now=NOW) is True
    assert await ids(store) == ["msg_1"]
    await store.disable("acme", "ep_1")
    assert await store.resend("acme", "msg_1", "ep_1", now=NOW) is False


async def test_what_has_failed_in_a_time_is_recovered_in_slices(store):
    await store.put_endpoint(endpoint())
    for number in range(5):
        await store.publish(message(number, at=NOW + number))
    for number in range(5):
        await settle(store, NOW + 10, DELIVERED if number == 3 else EXHAUSTED)

    async def recover(most, after=0):
        return await store.recover(
            "acme", "ep_1", since=NOW + 1, until=NOW + 5, now=NOW + 20, most=most, after=after
        )

    count, last = await recover(2)
    assert count == 2
    await settle(
        store, NOW + 20, EXHAUSTED._replace(attempt=attempt(2))
    )  # it is not its turn again
    assert (await recover(2, after=last)).number == 1
    assert (await recover(2)).number == 1
    assert await recover(2) == (0, 0)
    assert await ids(store, now=NOW + 20) == ["msg_1", "msg_2", "msg_4"]
    await store.disable("acme", "ep_1")
    assert await recover(2) == (0, 0)


async def test_old_messages_at_rest_are_forgotten_with_their_attempts(store):
    await store.put_endpoint(endpoint())
    for number in range(4):
        await store.publish(message(number, at=NOW + number))
    await settle(store, NOW + 9, DELIVERED)
    await settle(store, NOW + 9, EXHAUSTED)
    assert await store.forget(NOW + 2, most=1) == 1
    assert await store.forget(NOW + 2, most=9) == 1
    assert await store.forget(NOW + 2, most=9) == 0
    assert [each.id for each in (await store.messages("acme", most=9)).entries] == [
        "msg_3",
        "msg_2",
    ]
    assert await store.attempts("acme", "msg_0") == []


async def test_what_there_is_to_do_is_counted(store):
    assert await store.counts() == Counts()
    await store.put_endpoint(endpoint())
    await store.put_endpoint(endpoint("ep_2"))
    await store.publish(message(1))
    await store.publish(message(2, at=NOW + 1))
    await store.disable("acme", "ep_2")
    assert await store.counts() == Counts(2, NOW, 1)


async def test_what_has_returned_survives_a_crash(opened):
    if isinstance(opened.store, MemoryDeliveries):
        pytest.skip("gone with the process")
    await opened.store.put_endpoint(endpoint())
    await opened.store.publish(message(1, event="e"))
    await opened.store.publish(message(2))
    first, _ = await take(opened.store)
    await opened.crash()
    assert await opened.store.settle(first.held, DELIVERED, now=NOW) == Settled(kept=True)
    await opened.crash()
    assert (await opened.store.publish(message(9, event="e"))).outcome == "collision"
    assert await ids(opened.store, now=NOW + 60) == ["msg_2"]

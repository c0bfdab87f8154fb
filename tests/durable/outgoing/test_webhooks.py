"""What operators and programs may say, and what is made of it."""

import pytest

from frontdesk.durable.outgoing.refusals import WebhooksError
from frontdesk.durable.outgoing.webhooks import LARGEST
from frontdesk.stores.vault.refusals import LockedError
from tests.durable.outgoing.playing import NOW, world

URL = "https://hooks.example.com/"
DAY = 86_400.0


@pytest.fixture
async def play():
    async with world() as made:
        yield made


async def refusal(awaitable):
    with pytest.raises(WebhooksError) as refused:
        await awaitable
    return refused.value.status, refused.value.message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "expected a URL with http:// or https://: "),
        ({"url": 5}, "expected a text"),
        ({"url": "https://127.1/"}, "expected a host name or an IP address: https://127.1/"),
        ({"url": URL, "typs": []}, "unknown key: typs"),
        ({"url": URL, "types": "a"}, "expected a list of at most 100 texts: types"),
        ({"url": URL, "types": ["a b"]}, "expected a type such as order.paid: 'a b'"),
        ({"url": URL, "types": ["*"]}, "expected a type such as order.paid: '*'"),
        ({"url": URL, "channels": ["a b"]}, "expected channels such as project:42: 'a b'"),
        ({"url": URL, "channels": [5]}, "expected a list of texts: channels"),
        ({"url": URL, "headers": {"Webhook-Id": "x"}}, "this header is ours: Webhook-Id"),
        ({"url": URL, "headers": {"X": "a\r\nb"}}, "expected a header that can be sent: 'X'"),
        ({"url": URL, "headers": {"X Y": "a"}}, "expected a header that can be sent: 'X Y'"),
        ({"url": URL, "headers": {"X": "\u20ac"}}, "expected a header that can be sent: 'X'"),
        ({"url": URL, "headers": {"X": 5}}, "expected a text as value of the header: X"),
        ({"url": URL, "rate": "fast"}, "expected a rate such as"),
        ({"url": URL, "concurrency": 0}, "expected a concurrency from 1 to 1000"),
        ({"url": URL, "secret": "whsec_c2hvcnQ="}, "expected a secret"),
    ],
)
async def test_what_is_no_endpoint_is_refused(play, document, message):
    await play.webhooks.put_application("acme", {})
    status, told = await refusal(play.webhooks.add_endpoint("acme", document))
    assert (status, told[: len(message)]) == (422, message)
    assert "c2hvcnQ" not in told


async def test_an_endpoint_without_its_own_limits_has_those_of_the_file(play):
    _, _ = await play.add(URL)
    (kept,) = await play.store.endpoints("acme", most=9)
    assert (kept.endpoint.rate, kept.endpoint.concurrency) == (None, 10)


async def test_a_secret_may_be_brought_along(play):
    secret = "whsec_" + "YWJj" * 10
    endpoint, secrets = await play.add(URL, secret=secret)
    assert secrets == [secret]
    assert play.endpoints.opened(endpoint).secrets[0].text == secret
    assert secret not in repr(endpoint)
    assert secret not in str((await play.webhooks.endpoint("acme", endpoint.id)).endpoint.document)


async def test_secrets_are_rotated_by_kind_and_gone_after_a_day(play):
    endpoint, first = await play.add(URL, ed25519=True)
    kept, second = await play.webhooks.rotate("acme", endpoint.id, {})
    assert [each[:5] for each in second] == ["whsec", "whpk_"]
    assert set(first).isdisjoint(second)
    opened = play.endpoints.opened(kept.endpoint)
    assert [each.not_after for each in opened.secrets] == [None, None, NOW + DAY, NOW + DAY]
    await play.pass_time(DAY)
    own = "whsec_" + "YWJj" * 10
    kept, third = await play.webhooks.rotate("acme", endpoint.id, {"secret": own})
    assert third == [own]
    secrets = play.endpoints.opened(kept.endpoint).secrets
    left = [(each.text[:6], each.not_after) for each in secrets]
    assert left == [
        ("whsec_", None),
        ("whsec_", NOW + 2 * DAY),
        (secrets[2].text[:6], None),
    ]


async def test_without_the_master_key_an_endpoint_is_shown_and_not_changed(play):
    endpoint, _ = await play.add(URL, headers={"X-Key": "k"})
    told = play.webhooks.told(await play.webhooks.endpoint("acme", endpoint.id))
    assert (told["secrets"], told["headers"], told["locked"]) == (1, ["X-Key"], "")
    play.lose_key()
    with pytest.raises(LockedError):
        await play.webhooks.change_endpoint("acme", endpoint.id, {"rate": "5/m"})
    told = play.webhooks.told(await play.webhooks.switch("acme", endpoint.id, on=False))
    assert (told["url"], told["disabled"]) == (URL, "operator")
    assert "another master key" in told["locked"]


async def test_an_endpoint_is_changed_in_what_is_said(play):
    endpoint, _ = await play.add(URL, types=["a"])
    kept = await play.webhooks.change_endpoint("acme", endpoint.id, {"rate": "5/m"})
    assert (kept.endpoint.types, str(kept.endpoint.rate)) == (("a",), "5/m")
    status, _ = await refusal(play.webhooks.change_endpoint("acme", endpoint.id, {"url": "x"}))
    assert status == 422


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "expected a type such as order.paid: None"),
        ({"type": "a"}, "expected one of payload, text"),
        ({"type": "a", "payload": 1, "text": "1"}, "expected one of payload, text"),
        ({"type": "a", "text": "{"}, "expected JSON as the payload"),
        ({"type": "a", "text": 5}, "expected a text with JSON: text"),
        ({"type": "a..b", "payload": 1}, "expected a type such as order.paid: 'a..b'"),
        ({"type": "a", "payload": 1, "id": "a b"}, "expected an id of at most 256 visible"),
        ({"type": "a", "payload": "x" * LARGEST}, "the payload is larger than 262144 bytes"),
        ({"type": "a", "payload": 1, "chanels": []}, "unknown key: chanels"),
    ],
)
async def test_what_is_no_message_is_refused(play, document, message):
    await play.add(URL)
    status, told = await refusal(play.webhooks.publish("acme", document))
    assert (status, told[: len(message)]) == (422, message)


async def test_an_id_with_something_else_is_a_conflict(play):
    await play.add(URL)
    document = {"type": "a", "payload": 1, "id": "e"}
    first = await play.webhooks.publish("acme", document)
    again = await play.webhooks.publish("acme", document)
    assert (again.id, again.outcome) == (first.id, "again")
    status, _ = await refusal(play.webhooks.publish("acme", {**document, "payload": 2}))
    assert status == 409


async def test_what_is_not_there_is_not_found(play):
    webhooks = play.webhooks
    document = {"type": "a", "payload": 1}
    assert (await refusal(webhooks.publish("acme", document)))[0] == 404
    assert (await refusal(webhooks.add_endpoint("acme", {"url": URL})))[0] == 404
    assert (await refusal(webhooks.drop_application("acme")))[0] == 404
    endpoint, _ = await play.add(URL)
    for awaitable in (
        webhooks.endpoint("acme", "ep_9"),
        webhooks.endpoint("other", endpoint.id),
        webhooks.rotate("acme", "ep_9", {}),
        webhooks.switch("acme", "ep_9", on=True),
        webhooks.drop_endpoint("acme", "ep_9"),
        webhooks.test("acme", "ep_9"),
        webhooks.message("acme", "msg_9"),
        webhooks.resend("acme", "msg_9", endpoint.id),
        webhooks.recover("acme", "ep_9", {"since": 0}),
    ):
        assert (await refusal(awaitable))[0] == 404


async def test_nothing_is_sent_again_to_a_disabled_endpoint(play):
    endpoint, _ = await play.add(URL)
    message = await play.publish()
    await play.webhooks.switch("acme", endpoint.id, on=False)
    for awaitable in (
        play.webhooks.test("acme", endpoint.id),
        play.webhooks.resend("acme", message, endpoint.id),
        play.webhooks.recover("acme", endpoint.id, {"since": 0}),
    ):
        assert (await refusal(awaitable))[0] == 409


async def test_what_was_missed_is_recovered_over_many_slices(play, monkeypatch):
    monkeypatch.setattr("frontdesk.durable.outgoing.webhooks.SLICE", 2)
    endpoint, _ = await play.add(URL)
    await play.webhooks.switch("acme", endpoint.id, on=False)
    for n in range(5):
        await play.publish({"n": n})
    await play.webhooks.switch("acme", endpoint.id, on=True)
    play.clock.now += 1
    assert await play.webhooks.recover("acme", endpoint.id, {"since": NOW}) == 5
    assert await play.states() == ["waiting"] * 5
    status, _ = await refusal(play.webhooks.recover("acme", endpoint.id, {"since": True}))
    assert status == 422

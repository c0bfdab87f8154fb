"""What is forgotten and counted in the background."""

from frontdesk.base.wheel import Wheel
from frontdesk.durable.outgoing.keeping import Keeping
from frontdesk.ports.deliveries import Endpoint
from frontdesk.rules.webhooks.keys import WebhookSecret
from tests.durable.outgoing.playing import NOW, world

URL = "https://hooks.example.com/"


async def test_old_messages_at_rest_are_forgotten_and_others_counted(monkeypatch):
    monkeypatch.setattr("frontdesk.durable.outgoing.keeping.SLICE", 2)
    async with world(retention=100.0) as play:
        keeping = Keeping(play.store, play.endpoints, lambda: play.settings, play.clock, Wheel(NOW))
        await play.webhooks.put_application("acme", {})
        for n in range(5):
            await play.publish({"n": n})
        play.clock.now += 100
        endpoint, _ = await play.add(URL)
        other, _ = await play.add(URL)
        await play.publish({"n": 6})
        await play.webhooks.switch("acme", other.id, on=False)
        play.clock.now += 3
        await keeping.go_round()
        assert len((await play.store.messages("acme", most=9)).entries) == 1
        told = {
            name.removeprefix("frontdesk_outgoing_webhook_"): value
            for name, _, value in keeping.samples()
        }
        assert told == {"waiting": 1, "lag_seconds": 3.0, "endpoints_disabled": 1}
        assert endpoint.id in await play.store.ready(now=play.clock.now)


async def test_nothing_is_done_where_the_file_says_nothing():
    async with world() as play:
        keeping = Keeping(play.store, play.endpoints, lambda: None, play.clock, Wheel(NOW))
        await keeping.go_round()
        assert list(keeping.samples()) == []


async def test_endpoints_in_plain_text_are_sealed_at_the_first_round(caplog):
    async with world() as play:
        keeping = Keeping(play.store, play.endpoints, lambda: play.settings, play.clock, Wheel(NOW))
        await play.webhooks.put_application("acme", {})
        secrets = (WebhookSecret("whsec_one"), WebhookSecret("whsec_two", "old", NOW + 9))
        plain = Endpoint(
            id="ep_1", app="acme", url=URL, secrets=secrets, created=NOW, headers=(("x-key", "k"),)
        )
        await play.store.put_endpoint(plain)
        await keeping.go_round()
        kept = (await play.store.endpoint("acme", "ep_1")).endpoint
        assert "whsec" not in str(kept.document)
        assert (kept.secrets, kept.headers) == ((), ())
        opened = play.endpoints.opened(kept)
        assert (opened.secrets, opened.headers) == (secrets, plain.headers)
        await keeping.go_round()
        assert (await play.store.endpoint("acme", "ep_1")).endpoint == kept
        assert caplog.records == []


async def test_a_start_without_the_master_key_says_so(caplog):
    async with world() as play:
        await play.add(URL)
        play.lose_key()
        keeping = Keeping(play.store, play.endpoints, lambda: play.settings, play.clock, Wheel(NOW))
        await keeping.go_round()
        (record,) = caplog.records
        assert record.endpoints == 1
        assert "another master key" in record.error
        assert "FRONTDESK_SECRET_KEY" in record.hint

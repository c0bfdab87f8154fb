"""What is forgotten and counted in the background."""

from frontdesk.base.wheel import Wheel
from frontdesk.durable.outgoing.keeping import Keeping
from tests.durable.outgoing.playing import NOW, world

URL = "https://hooks.example.com/"


async def test_old_messages_at_rest_are_forgotten_and_others_counted(monkeypatch):
    monkeypatch.setattr("frontdesk.durable.outgoing.keeping.SLICE", 2)
    async with world(retention=100.0) as play:
        keeping = Keeping(play.store, lambda: play.settings, play.clock, Wheel(NOW))
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
        keeping = Keeping(play.store, lambda: None, play.clock, Wheel(NOW))
        await keeping.go_round()
        assert list(keeping.samples()) == []

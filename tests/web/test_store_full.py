"""The admin API and the console while the store takes nothing: a full file, a server that stands still."""

import asyncio
import json

from tests.live.calls import call
from tests.live.servers import postgres_server
from tests.web.test_store_down import ALL_WELL, CONFIG, MENU, MODULES, statuses, stream

LONG = "y" * 200_000
KEYS = [{"name": f"k{at}", "value": f"value-of-{at:020}", "plans": ["small"]} for at in range(900)]
CHANGES = {
    "keys": ("POST", "/api/keys/import", {"keys": KEYS}),
    "secret": ("POST", "/api/secrets/set", {"name": "s", "value": LONG[:60_000]}),
    "message": ("POST", "/queues/calls/send", {"MessageBody": LONG}),
    "execution": ("POST", "/api/state-machines/quick/executions", {"name": "n", "input": LONG}),
    "webhook": ("POST", "/webhooks/apps/acme/messages", {"type": "a.b", "payload": {"x": LONG}}),
    "invocation": ("POST", "/invocations/greet", {"event": LONG}),
}
LISTS = (
    *("/api/keys", "/api/secrets", "/queues/calls/messages", "/webhooks/apps/acme/messages"),
    "/api/state-machines/quick/executions",
)
"""Where what was changed shows."""


async def lists(browser):
    """Return what there is, without what moves by itself."""
    found = [await browser.ask("GET", path) for path in LISTS]
    assert [each.status for each in found] == [200] * len(LISTS)
    return [
        len(next(part for part in each.json.values() if isinstance(part, list))) for each in found
    ]


async def change(browser):
    """Ask for every change; return what each is answered."""
    asked = [
        browser.ask(method, path, json.dumps(given)) for method, path, given in CHANGES.values()
    ]
    return dict(zip(CHANGES, await asyncio.gather(*asked), strict=True))


async def door(browser):
    return (await asyncio.to_thread(call, browser.app.addresses[0], "GET", "/x")).status


def refused(answers):
    """Return those that were not refused in words with 503."""
    return {
        name: (answer.status, answer.body[:200])
        for name, answer in answers.items()
        if answer.status != 503 or not answer.json["message"]
    }


async def prepare(browser):
    assert await statuses(browser) == ALL_WELL
    made = await browser.ask("PUT", "/webhooks/apps/acme", "{}")
    assert made.status == 200, made.body
    return await lists(browser)


async def resumed(browser):
    """Wait until everything is as ever, and see that all changes are made then."""
    async with asyncio.timeout(30):
        while await statuses(browser) != ALL_WELL:
            pass
    answers = await change(browser)
    assert {name: answer.status // 100 for name, answer in answers.items()} == dict.fromkeys(
        CHANGES, 2
    )


async def test_a_full_file_refuses_what_has_no_room_and_shows_the_rest(console):
    async with console(config=CONFIG, modules=MODULES) as browser:
        before = await prepare(browser)
        database = browser.app._stores.usage._database

        async def pages(most):
            await database.read(lambda it: it.execute(f"PRAGMA max_page_count = {most}").fetchone())

        async with stream(browser) as heard:
            await pages(1)
            answers = await change(browser)
            assert refused(answers) == {}
            assert {b"full" in answer.body for answer in answers.values()} == {True}
            assert await statuses(browser) == ALL_WELL
            assert (await lists(browser), await door(browser)) == (before, 200)
            assert await heard("while it is full")
            await pages(2**30)
            await resumed(browser)


async def test_a_server_that_stands_still_is_waited_for_and_not_for_ever(console, monkeypatch):
    monkeypatch.setattr("frontdesk.stores.postgres.database._WORKING", 1.0)
    monkeypatch.setattr("frontdesk.stores.postgres.database._CONNECTING", 1.0)
    with postgres_server() as server:
        config = f'store: "{server.url}"\n{CONFIG}'
        async with console(config=config, modules=MODULES) as browser:
            before = await prepare(browser)
            async with stream(browser) as heard:
                server.pause()
                try:
                    seen = await asyncio.gather(*(statuses(browser, [path]) for path in MENU))
                    found = {path: status for each in seen for path, status in each.items()}
                    assert set(found.values()) == {200, 503}
                    assert (found["/queues"], found["/overview"]) == (503, 200)
                    assert refused(await change(browser)) == {}
                    assert (await door(browser), await heard("while it stands")) == (200, True)
                finally:
                    server.go_on()
                async with asyncio.timeout(30):
                    while await statuses(browser) != ALL_WELL:
                        pass
                assert await lists(browser) == before
                await resumed(browser)

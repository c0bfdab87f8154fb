"""Changes of others: looked at once at a time, and none is overlooked."""

import asyncio

from frontdesk.stores.following import Following


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_changes_during_a_look_is_looked_at_once_more_however_much_it_is():
    looks, over = [], asyncio.Event()

    async def look():
        looks.append(len(looks))
        await over.wait()

    following = Following(look)
    following.changed()
    await settle()
    following.changed()
    following.changed()
    await settle()
    assert looks == [0]
    over.set()
    await settle()
    assert looks == [0, 1]
    following.changed()
    await settle()
    assert looks == [0, 1, 2]


async def test_after_a_stop_nothing_more_comes_of_a_look():
    done = []

    async def look():
        await asyncio.sleep(0)
        done.append(True)

    following = Following(look)
    following.changed()
    following.stop()
    await settle()
    assert not done

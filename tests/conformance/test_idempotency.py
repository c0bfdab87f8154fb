"""What every Idempotency must do. An adapter joins by a row in ADAPTERS."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.ports.idempotency import Answer, Key
from frontdesk.stores.memory.idempotency import MemoryIdempotency
from frontdesk.stores.postgres.idempotency import PostgresIdempotency
from frontdesk.stores.sqlite.idempotency import SqliteIdempotency
from tests.live.servers import emptied, postgres_url

KEY = Key("orders POST alice", "k-1")
NOW = 1_700_000_000.25
ANSWER = Answer(201, [(b"Location", b"/orders/7"), (b"X-Name", b"J\xf6rg")], b'{"id": 7}\x00\xff')


@contextlib.asynccontextmanager
async def memory():
    yield MemoryIdempotency()


@contextlib.asynccontextmanager
async def sqlite():
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteIdempotency(Path(folder) / "frontdesk.db")
        yield store
        store.close()


@contextlib.asynccontextmanager
async def postgres():
    async with emptied(postgres_url()) as database:
        yield PostgresIdempotency(database)


ADAPTERS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
def opened(request):
    return request.param


@pytest.fixture
async def store(opened):
    async with opened() as store:
        yield store


async def claim(store, *, key=KEY, print_=b"f", now=NOW, lease=30.0, expires=86400.0):
    return await store.claim(key, print_, now=now, lease=now + lease, expires=now + expires)


async def test_the_first_claims_and_the_second_is_told_to_wait(store):
    assert (await claim(store)).state == "claimed"
    assert (await claim(store)).state == "in_progress"


async def test_a_finished_claim_has_its_answer(store):
    epoch = (await claim(store)).epoch
    await store.finish(KEY, epoch, ANSWER)
    found = await claim(store, now=NOW + 3600)
    assert (found.state, found.answer) == ("completed", ANSWER)


async def test_an_answer_without_fields_and_body_is_one(store):
    await store.finish(KEY, (await claim(store)).epoch, Answer(204, [], b""))
    assert (await claim(store)).answer == Answer(204, [], b"")


async def test_an_answer_that_was_not_kept_is_told(store):
    await store.finish(KEY, (await claim(store)).epoch, None)
    assert (await claim(store)).state == "unkept"


async def test_a_released_claim_leaves_nothing(store):
    await store.release(KEY, (await claim(store)).epoch)
    assert (await claim(store)).state == "claimed"


@pytest.mark.parametrize("done", [False, True])
async def test_another_request_with_the_key_is_told(store, done):
    epoch = (await claim(store)).epoch
    if done:
        await store.finish(KEY, epoch, ANSWER)
    assert (await claim(store, print_=b"g")).state == "mismatch"
    assert (await claim(store, print_=b"g", now=NOW + 31)).state == "mismatch"


async def test_the_same_text_in_another_scope_is_another_key(store):
    await claim(store)
    assert (await claim(store, key=Key("orders POST bob", "k-1"))).state == "claimed"
    assert (await claim(store, key=Key(KEY.scope, "k-2"))).state == "claimed"


async def test_a_lease_that_is_over_is_taken_over_once(store):
    first = await claim(store)
    late = [await claim(store, now=NOW + 30.0) for _ in range(2)]
    assert [each.state for each in late] == ["claimed", "in_progress"]
    assert late[0].epoch > first.epoch


async def test_who_lost_its_claim_changes_nothing(store):
    first = await claim(store)
    second = await claim(store, now=NOW + 31.0)
    await store.finish(KEY, first.epoch, Answer(500, [], b"late"))
    await store.release(KEY, first.epoch)
    assert (await claim(store, now=NOW + 32.0)).state == "in_progress"
    await store.finish(KEY, second.epoch, ANSWER)
    await store.release(KEY, second.epoch)
    assert (await claim(store, now=NOW + 33.0)).answer == ANSWER


async def test_a_claim_of_before_a_release_cannot_finish_the_next_one(store):
    first = await claim(store)
    second = await claim(store, now=NOW + 31.0)
    await store.release(KEY, second.epoch)
    await claim(store, now=NOW + 32.0)
    await store.finish(KEY, first.epoch, ANSWER)
    assert (await claim(store, now=NOW + 33.0)).state == "in_progress"


async def test_keys_expire(store):
    await store.finish(KEY, (await claim(store)).epoch, ANSWER)
    assert (await claim(store, now=NOW + 86399.0, print_=b"g")).state == "mismatch"
    assert (await claim(store, now=NOW + 86400.0, print_=b"g")).state == "claimed"


async def test_of_many_at_once_one_claims(store):
    claims = await asyncio.gather(*(claim(store) for _ in range(50)))
    assert sorted(each.state for each in claims) == ["claimed"] + ["in_progress"] * 49


class Model:
    """The rules in a dict: what the port says, one key after the other."""

    def __init__(self):
        self.records = {}

    def claim(self, key, print_, now, lease, expires):
        record = self.records.get(key)
        if record is None or record["expires"] <= now:
            self.records[key] = {
                "print": print_,
                "lease": lease,
                "expires": expires,
                "answer": ...,
                "holder": object(),
            }
            return "claimed"
        if record["print"] != print_:
            return "mismatch"
        if record["answer"] is not ...:
            return "completed" if record["answer"] else "unkept"
        if record["lease"] > now:
            return "in_progress"
        record["lease"], record["holder"] = lease, object()
        return "claimed"


steps = st.lists(
    st.tuples(
        st.sampled_from(["claim", "finish", "forget", "release"]),
        st.sampled_from("ab"),
        st.sampled_from([b"f", b"g"]),
        st.integers(0, 20),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps=steps)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_follows_the_rules(adapter, steps):
    async def follow():
        async with ADAPTERS[adapter]() as store:
            model, now, held = Model(), NOW, []
            for step, text, print_, pause in steps:
                now += pause
                key = Key("s", text)
                if step == "claim":
                    expected = model.claim(key, print_, now, now + 15, now + 60)
                    found = await store.claim(
                        key, print_, now=now, lease=now + 15, expires=now + 60
                    )
                    assert found.state == expected
                    if found.state == "claimed":
                        held.append((key, found.epoch, model.records[key]["holder"]))
                elif held:
                    key, epoch, holder = held.pop(0)
                    record = model.records.get(key)
                    mine = record and record["holder"] is holder and record["answer"] is ...
                    if step == "release":
                        await store.release(key, epoch)
                        if mine:
                            del model.records[key]
                    else:
                        answer = ANSWER if step == "finish" else None
                        await store.finish(key, epoch, answer)
                        if mine:
                            record["answer"] = answer

    asyncio.run(follow())

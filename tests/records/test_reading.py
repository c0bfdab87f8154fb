"""What `DataService`, `HistoryService` and `SequencesService` give, and to whom."""

import asyncio
from datetime import UTC, datetime

import pytest

from frontdesk.records import ForbiddenRecordError, InvalidRecordError, Repository, UserContext
from tests.records.conftest import ADA, EACH_STORE

EVE = UserContext("eve", "", "other")
PK = "ORDER#acme"


@pytest.fixture
async def days(opened, orders):
    for day in ("2026-03-01", "2026-03-02", "2026-03-03", "2026-04-01"):
        await orders.publish_async({"pk": PK, "sk": day}, ADA)
    return opened.data("orders")


@pytest.mark.parametrize(
    ("sk", "order", "expected"),
    [
        (None, "asc", ["03-01", "03-02", "03-03", "04-01"]),
        (None, "desc", ["04-01", "03-03", "03-02", "03-01"]),
        (("begins_with(sk, :a)", "2026-03"), "desc", ["03-03", "03-02", "03-01"]),
        (("sk > :a", "2026-03-02"), "asc", ["03-03", "04-01"]),
        (("sk <= :a", "2026-03-02"), "desc", ["03-02", "03-01"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 10])
async def test_pages_go_through_all_and_end(days, sk, order, expected, limit):
    condition = None if sk is None else {"expression": sk[0], "values": {":a": sk[1]}}
    found, last = [], None
    while True:
        page = await days.list_items_by_pk(
            PK, ADA, sk=condition, start_from_sk=last, limit=limit, order=order
        )
        assert len(page.items) <= limit
        found += [item.sk.removeprefix("2026-") for item in page.items]
        last = page.last_sk
        if last is None:
            break
        assert last == page.items[-1].sk
    assert found == expected


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 1001}, {"order": "up"}, {"sk": {"expression": "x"}}]
)
async def test_what_is_no_page(days, wrong):
    with pytest.raises(InvalidRecordError):
        await days.list_items_by_pk(PK, ADA, **wrong)


async def test_nobody_lists_what_belongs_to_another(days):
    for call in (
        days.list_items_by_pk(PK, EVE),
        days.get_item((PK, "2026-03-01"), EVE),
    ):
        with pytest.raises(ForbiddenRecordError):
            await call


@EACH_STORE
async def test_whoever_has_written_reads_it_at_once(opened, orders):
    repository = opened.data("orders")
    assert isinstance(repository, Repository)
    for number in range(5):
        await orders.publish_async({"pk": PK, "sk": "1", "version": -1, "seq": number}, ADA)
        assert (await repository.get_item((PK, "1"), ADA)).seq == number
        (listed,) = (await repository.list_items_by_pk(PK, ADA)).items
        assert listed.seq == number


@EACH_STORE
async def test_the_history_keeps_what_was(opened, orders):
    history = opened.history("orders")
    await orders.publish_async({"pk": PK, "sk": "1", "name": "a"}, ADA)
    assert await history.get_item((PK, "1@1"), ADA) is None
    kept = await history.publish((PK, "1"), ADA)
    assert (kept.version, kept.name) == (1, "a")
    await orders.publish_async({"pk": PK, "sk": "1", "version": 1, "name": "b"}, ADA)
    assert await history.get_item((PK, "1@1"), ADA) == kept
    assert await history.publish((PK, "2"), ADA) is None


async def test_the_history_wants_a_version_and_a_tenant(opened):
    history = opened.history("orders")
    with pytest.raises(InvalidRecordError, match="@version"):
        await history.get_item((PK, "1"), ADA)
    for call in (history.get_item((PK, "1@1"), EVE), history.publish((PK, "1"), EVE)):
        with pytest.raises(ForbiddenRecordError):
            await call


@EACH_STORE
async def test_each_number_of_a_sequence_is_given_once(opened):
    sequences = opened.sequences()
    items = await asyncio.gather(
        *(sequences.generate_sequence_item("inv", ADA, format="%%no#:0>3%%") for _ in range(10))
    )
    assert sorted(item.no for item in items) == list(range(1, 11))
    assert {item.formatted_no for item in items} == {f"{no:03}" for no in range(1, 11)}
    assert items[0].to_json().keys() == {"id", "no", "formattedNo", "issuedAt"}


async def test_a_sequence_begins_again_with_its_period(opened, clock):
    give = opened.sequences().generateSequenceItem
    days = [datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), None]
    numbers = [(await give("inv", ADA, rotate_by="yearly", date=day)).no for day in days]
    assert numbers == [1, 1, 2]


async def test_numbers_belong_to_a_tenant_and_a_wrong_format_takes_none(opened):
    sequences = opened.sequences()
    with pytest.raises(ForbiddenRecordError):
        await sequences.generate_sequence_item("inv", ADA, tenant="other")
    with pytest.raises(InvalidRecordError):
        await sequences.generate_sequence_item("inv", ADA, format="%%nothing%%")
    assert (await sequences.generate_sequence_item("inv", ADA)).no == 1
    assert (await sequences.generate_sequence_item("inv", EVE)).no == 1

"""Opening by URL or by the gateway's variable; large attributes; the face without `await`."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontdesk import records
from frontdesk.base.errors import StartError, StoreError
from frontdesk.records.blobs import LARGEST
from tests.records.conftest import ADA

ORDER = {"pk": "ORDER#acme", "sk": "1"}


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://", "sqlite://host/path", "", "memoryless"])
def test_what_cannot_be_opened_is_told_at_once(url, monkeypatch):
    monkeypatch.delenv(records.URL, raising=False)
    for opening in (records.open, records.open_sync):
        with pytest.raises(StartError):
            opening(url)


def test_a_url_that_is_not_known_is_not_shown():
    with pytest.raises(StartError) as raised:
        records.open("mysql://user:hunter2@host/db")
    assert "hunter2" not in str(raised.value) + raised.value.hint


@pytest.mark.parametrize("module", ["", "a b", "a/b", "a;b"])
def test_what_is_no_module(module):
    with pytest.raises(records.InvalidRecordError, match="module"):
        records.open("memory").commands(module)


def test_a_function_finds_the_store_that_the_gateway_names(tmp_path, monkeypatch):
    monkeypatch.setenv(records.URL, f"sqlite://{tmp_path}/r.db")
    with records.open_sync() as opened:
        assert opened.commands("orders").publish_async(ORDER, ADA).version == 1
    with records.open_sync(f"sqlite://{tmp_path}/r.db") as opened:
        assert opened.data("orders").get_item(ORDER, ADA).version == 1


async def test_a_file_that_cannot_be_opened_is_an_error_of_the_store(tmp_path):
    async with records.open(f"sqlite://{tmp_path}/r.db") as opened:
        (tmp_path / "r.db").mkdir()
        with pytest.raises(StoreError):
            await opened.data("orders").get_item(ORDER, ADA)
        (tmp_path / "r.db").rmdir()
        assert await opened.data("orders").get_item(ORDER, ADA) is None


async def test_a_file_that_was_closed_is_opened_again(tmp_path):
    opened = records.open(f"sqlite://{tmp_path}/r.db")
    await opened.commands("orders").publish_async(ORDER, ADA)
    await opened.close()
    assert (await opened.data("orders").get_item(ORDER, ADA)).version == 1
    await opened.close()


# -- large attributes -------------------------------------------------------------------------------


async def test_large_attributes_are_files_of_their_own(tmp_path):
    folder = tmp_path / "r.db.blobs"
    large = {"text": "å" * LARGEST}
    async with records.open(f"sqlite://{tmp_path}/r.db") as opened:
        orders, data = opened.commands("orders"), opened.data("orders")
        await orders.publish_async({**ORDER, "attributes": {"text": "small"}}, ADA)
        assert not folder.exists()
        await orders.publish_async({**ORDER, "version": 1, "attributes": large}, ADA)
        again = {**ORDER, "version": 2, "attributes": large}
        assert await orders.publish_async(again, ADA) is None
        (file,) = folder.iterdir()
        assert json.loads(file.read_text()) == large
        assert (await data.get_item(ORDER, ADA)).attributes == large
        partial = {**ORDER, "version": 2, "attributes": {"note": "x"}}
        written = await orders.publish_partial_update_async(partial, ADA)
        assert written.attributes == {**large, "note": "x"}
        file.unlink()
        with pytest.raises(StoreError, match="lost"):
            await orders.get_item({**ORDER, "sk": "1@2"}, ADA)


# -- without await ------------------------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path):
    with records.open_sync(f"sqlite://{tmp_path}/r.db") as opened:
        yield opened


def test_every_call_has_a_face_without_await(opened):
    orders, data, history = (
        opened.commands("orders", handlers={"none": lambda _record: None}),
        opened.data("orders"),
        opened.history("orders"),
    )
    assert orders.publish_async(ORDER, ADA).version == 1
    assert orders.publishSync({**ORDER, "version": 1, "name": "a"}, ADA).version == 2
    merge = {**ORDER, "version": 2, "name": "b"}
    assert orders.publish_partial_update_async(merge, ADA).version == 3
    merge = {**ORDER, "version": 3, "name": "c"}
    assert orders.publish_partial_update_sync(merge, ADA).version == 4
    assert orders.duplicate(ORDER, ADA).version == 5
    assert orders.re_sync_data(ADA) == 1
    assert orders.get_item(ORDER, ADA) == orders.get_latest_item(ORDER, ADA)
    assert orders.get_next_command(("ORDER#acme", "1@4"), ADA).version == 5
    assert orders.update_status(ORDER, "x", ADA, notify_id="n")
    assert orders.update_ttl(ORDER, None, ADA)
    assert orders.record_payment_result({"orderId": "7"}, {"status": "failed"}, ADA).version == 1
    paid = {"status": "succeeded"}
    assert orders.process_payment({"orderId": "7"}, lambda: paid, ADA) == paid
    assert data.get_item(ORDER, ADA).version == 5
    assert [each.sk for each in data.list_items_by_pk("ORDER#acme", ADA).items] == ["1"]
    assert history.get_item(("ORDER#acme", "1@4"), ADA).version == 4
    assert history.publish(ORDER, ADA).version == 5
    assert opened.sequences().generate_sequence_item("inv", ADA).no == 1


@pytest.mark.parametrize(
    ("kind", "sync"),
    [
        (records.CommandService, records.SyncCommandService),
        (records.DataService, records.SyncDataService),
        (records.HistoryService, records.SyncHistoryService),
        (records.SequencesService, records.SyncSequencesService),
    ],
)
def test_both_faces_have_the_same_calls(kind, sync):
    def public(service):
        return {name for name in vars(service) if not name.startswith("_")}

    assert public(kind) == public(sync)


def test_threads_share_one_store(opened):
    orders = opened.commands("orders")

    def write(_number):
        try:
            return orders.publish_async(ORDER, ADA)
        except records.ConflictRecordError:
            return None

    with ThreadPoolExecutor(8) as pool:
        written = [each for each in pool.map(write, range(16)) if each]
    assert len(written) == 1


def _write_in_child(orders, answers):
    answers.put(orders.publish_async({**ORDER, "version": 1, "name": "child"}, ADA).version)


def test_a_forked_process_opens_the_store_anew(opened):
    orders = opened.commands("orders")
    orders.publish_async(ORDER, ADA)
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    child = forking.Process(target=_write_in_child, args=(orders, answers))
    child.start()
    child.join(30)
    assert (child.exitcode, answers.get()) == (0, 2)
    assert orders.get_item(ORDER, ADA).name == "child"

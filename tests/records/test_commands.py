"""What `CommandService` writes, refuses and leaves alone."""

import asyncio
import itertools

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.records import (
    CommandInput,
    ConflictRecordError,
    ForbiddenRecordError,
    InvalidRecordError,
    Options,
    UserContext,
)
from frontdesk.rules.records.changes import WRONG_VERSION
from tests.records.conftest import ADA, EACH_STORE

KEY = {"pk": "ORDER#acme", "sk": "1"}
AT = "2026-03-12T19:03:58.125Z"
BOTH = pytest.mark.parametrize("publish", ["publish_async", "publish_sync"])


def order(version=0, **values):
    return {**KEY, "version": version, **values}


async def shown(opened, opts=ADA):
    return await opened.data("orders").get_item(KEY, opts)


@EACH_STORE
@BOTH
async def test_a_first_version_is_written_down_with_who_and_when(opened, orders, publish):
    opts = Options(ADA, source="POST /orders")
    written = await getattr(orders, publish)(order(name="tea", attributes={"sum": 1}), opts)
    assert (written.version, written.status) == (1, "finish:FINISHED")
    assert written.sync_mode == publish.removeprefix("publish_").upper()
    assert (written.source, written.request_id) == ("POST /orders", "request-1")
    assert (written.created_at, written.created_by, written.created_ip) == (AT, "ada", "192.0.2.1")
    assert (written.updated_at, written.updated_by, written.updated_ip) == (AT, "ada", "192.0.2.1")
    assert await orders.get_item(KEY, ADA) == written
    data = await shown(opened)
    assert (data.cpk, data.csk, data.version) == ("ORDER#acme", "1@1", 1)
    assert (data.id, data.tenant_code, data.name) == ("ORDER#acme#1", "acme", "tea")
    assert (data.attributes, data.status, data.sync_mode) == ({"sum": 1}, None, None)


@EACH_STORE
@BOTH
async def test_later_versions_keep_who_began(opened, orders, clock, publish):
    write = getattr(orders, publish)
    await write(order(), ADA)
    clock.now += 1
    bob = UserContext("bob", "", "acme")
    await write(order(1, name="milk"), bob)
    data = await shown(opened)
    assert (data.version, data.created_by, data.created_at) == (2, "ada", AT)
    assert (data.updated_by, data.updated_at) == ("bob", "2026-03-12T19:03:59.125Z")
    former = await opened.history("orders").get_item({**KEY, "sk": "1@1"}, ADA)
    assert (former.version, former.name, former.updated_by) == (1, "", "ada")


@BOTH
async def test_where_nothing_would_change_nothing_is_written(opened, orders, publish):
    write = getattr(orders, publish)
    await write(order(attributes={"a": 1}), ADA)
    for version in (1, -1):
        assert await write(order(version, attributes={"a": 1, "b": None}), ADA) is None
    assert (await shown(opened)).version == 1


@pytest.mark.parametrize(
    ("publish", "version", "error"),
    [
        ("publish_async", 0, ConflictRecordError),
        ("publish_async", 1, ConflictRecordError),
        ("publish_async", 3, InvalidRecordError),
        ("publish_async", -2, InvalidRecordError),
        ("publish_sync", 0, InvalidRecordError),
        ("publish_sync", 1, InvalidRecordError),
        ("publish_sync", 3, InvalidRecordError),
        ("publish_sync", -2, InvalidRecordError),
    ],
)
async def test_a_version_that_is_not_the_last_one_is_refused(
    opened, orders, publish, version, error
):
    await orders.publish_async(order(), ADA)
    await orders.publish_async(order(1, name="a"), ADA)
    with pytest.raises(error) as raised:
        await getattr(orders, publish)(order(version, name="b"), ADA)
    assert raised.value.status == (409 if error is ConflictRecordError else 400)
    if error is InvalidRecordError:
        assert raised.value.message == WRONG_VERSION
    assert (await shown(opened)).name == "a"


@BOTH
async def test_any_version_will_do_where_the_input_says_so(orders, publish):
    write = getattr(orders, publish)
    versions = [(await write(order(-1, seq=number), ADA)).version for number in range(3)]
    assert versions == [1, 2, 3]


@EACH_STORE
@BOTH
async def test_of_fifty_writers_one_wins_each_version(orders, publish):
    async def write(version, number):
        try:
            return await getattr(orders, publish)(order(version, seq=number), ADA)
        except (ConflictRecordError, InvalidRecordError):
            return None

    for version in range(3):
        written = await asyncio.gather(*(write(version, number) for number in range(50)))
        (won,) = [each for each in written if each is not None]
        assert won.version == version + 1
        assert await orders.get_latest_item(KEY, ADA) == won


async def test_a_command_is_found_by_version_last_or_next(orders):
    written = [await orders.publish_async(order(n, seq=n), ADA) for n in range(3)]
    assert await orders.get_item(("ORDER#acme", "1@2"), ADA) == written[1]
    assert await orders.get_item(("ORDER#acme", "1"), ADA) == written[2]
    assert await orders.get_latest_item(("ORDER#acme", "1@1"), ADA) == written[2]
    assert await orders.get_next_command(("ORDER#acme", "1@1"), ADA) == written[1]
    assert await orders.get_next_command(("ORDER#acme", "1@3"), ADA) is None


# -- partial updates ----------------------------------------------------------------------------------

KNOWN = {"name": "tea", "ttl": 2_000_000_000, "attributes": {"to": {"city": "Oslo"}, "lines": [1]}}


@pytest.mark.parametrize(
    ("publish", "version", "found"),
    [
        ("publish_partial_update_async", 2, True),
        ("publish_partial_update_async", 0, True),
        ("publish_partial_update_async", -1, True),
        ("publish_partial_update_async", 3, False),
        ("publish_partial_update_sync", 2, True),
        ("publish_partial_update_sync", 1, False),
        ("publish_partial_update_sync", 0, False),
        ("publish_partial_update_sync", -1, False),
    ],
)
async def test_a_partial_update_is_merged_into_the_version_it_names(
    opened, orders, publish, version, found
):
    await orders.publish_async(order(), ADA)
    await orders.publish_async(order(1, **KNOWN), ADA)
    partial = order(version, attributes={"to": {"zip": "1"}, "lines": [2]})
    if not found:
        with pytest.raises(InvalidRecordError, match="item not found"):
            await getattr(orders, publish)(partial, ADA)
        return
    written = await getattr(orders, publish)(partial, ADA)
    assert (written.version, written.name, written.ttl) == (3, "tea", None)
    assert written.attributes == {"to": {"city": "Oslo", "zip": "1"}, "lines": [2]}
    assert (await shown(opened)).attributes == written.attributes


async def test_a_partial_update_of_a_former_version_comes_too_late(orders):
    await orders.publish_async(order(), ADA)
    await orders.publish_async(order(1, name="a"), ADA)
    with pytest.raises(ConflictRecordError):
        await orders.publish_partial_update_async(order(1, name="b"), ADA)


@pytest.mark.parametrize("publish", ["publish_partial_update_async", "publish_partial_update_sync"])
async def test_a_partial_update_that_changes_nothing_writes_nothing(orders, publish):
    await orders.publish_async(order(name="tea"), ADA)
    assert await getattr(orders, publish)(order(1, name="tea"), ADA) is None
    with pytest.raises(InvalidRecordError, match="version"):
        await getattr(orders, publish)(KEY, ADA)


# -- status, ttl, duplicates --------------------------------------------------------------------------


async def test_a_duplicate_is_the_next_version_of_the_same(orders):
    await orders.publish_async(order(name="tea"), ADA)
    copy = await orders.duplicate(KEY, ADA)
    assert (copy.version, copy.name, copy.source) == (2, "tea", "duplicate")
    with pytest.raises(ConflictRecordError):
        await orders.duplicate(("ORDER#acme", "1@1"), ADA)
    with pytest.raises(InvalidRecordError, match="item not found"):
        await orders.duplicate(("ORDER#acme", "2"), ADA)


@EACH_STORE
async def test_a_status_is_written_to_a_version(orders):
    await orders.publish_async(order(), ADA)
    assert await orders.update_status(("ORDER#acme", "1@1"), "mail:STARTED", ADA)
    assert (await orders.get_item(KEY, ADA)).status == "mail:STARTED"
    assert not await orders.update_status(("ORDER#acme", "1@2"), "mail:STARTED", ADA)


@EACH_STORE
async def test_what_has_a_ttl_is_gone_then(opened, orders, clock):
    end = int(clock.now) + 10
    await orders.publish_async(order(ttl=end), ADA)
    assert (await shown(opened)).ttl == end
    assert await orders.update_ttl(KEY, end + 5, ADA)
    clock.now = end
    assert (await shown(opened)).version == 1
    clock.now = end + 5
    assert await shown(opened) is None
    assert not await orders.update_ttl(KEY, None, ADA)
    assert (await orders.publish_async(order(name="again"), ADA)).version == 1


@EACH_STORE
async def test_former_versions_get_the_ttl_that_the_settings_of_the_tenant_say(
    opened, orders, clock
):
    settings = opened.commands("master")
    for table, days in (("command", 1), ("history", 2)):
        key = {"pk": "MASTER#acme", "sk": f"TTL#orders-{table}"}
        await settings.publish_async({**key, "attributes": {"days": days}}, ADA)
    await orders.publish_async(order(), ADA)
    await orders.publish_async(order(1, name="a"), ADA)
    now = int(clock.now)
    assert (await orders.get_item(("ORDER#acme", "1@1"), ADA)).ttl == now + 86_400
    former = await opened.history("orders").get_item(("ORDER#acme", "1@1"), ADA)
    assert former.ttl == now + 2 * 86_400
    assert (await orders.get_item(KEY, ADA)).ttl is None


# -- tenants --------------------------------------------------------------------------------------------

EVE = UserContext("eve", "", "other")
OPERATOR = UserContext("op", "system_admin", "other")
CALLS = {
    "publish_async": lambda service, opts: service.publish_async(order(1, name="x"), opts),
    "publish_sync": lambda service, opts: service.publish_sync(order(1, name="x"), opts),
    "partial_async": lambda service, opts: service.publish_partial_update_async(
        order(1, name="x"), opts
    ),
    "partial_sync": lambda service, opts: service.publish_partial_update_sync(
        order(1, name="x"), opts
    ),
    "duplicate": lambda service, opts: service.duplicate(KEY, opts),
    "get_item": lambda service, opts: service.get_item(KEY, opts),
    "get_latest_item": lambda service, opts: service.get_latest_item(KEY, opts),
    "get_next_command": lambda service, opts: service.get_next_command(("ORDER#acme", "1@0"), opts),
    "update_status": lambda service, opts: service.update_status(KEY, "x", opts),
    "update_ttl": lambda service, opts: service.update_ttl(KEY, 2_000_000_000, opts),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_record_of_another_tenant_is_nobodys_business(opened, orders, call):
    await orders.publish_async(order(), ADA)
    for caller in (EVE, {"invokeContext": {"requestContext": {}}}):
        with pytest.raises(ForbiddenRecordError) as raised:
            await call(orders, caller)
        assert raised.value.status == 403
    assert (await shown(opened)).version == 1
    assert await call(orders, OPERATOR)


async def test_a_record_may_not_say_that_it_belongs_to_another(orders):
    with pytest.raises(InvalidRecordError, match="tenantCode"):
        await orders.publish_async(order(tenantCode="other"), OPERATOR)


@pytest.mark.parametrize("opts", [{}, "ada", None])
async def test_without_a_caller_nothing_is_done(orders, opts):
    with pytest.raises(InvalidRecordError, match=r"expected a UserContext.*invokeContext"):
        await orders.publish_async(order(), opts)


# -- payments -------------------------------------------------------------------------------------------

PAYMENT = {"orderId": "7", "amount": 5}


async def test_a_payment_is_recorded_whatever_was_known_of_it(opened):
    payments = opened.commands("payments")
    event = {
        "routeKey": "POST /payments/{order}",
        "requestContext": {
            "requestId": "r9",
            "authorizer": {"jwt": {"claims": {"sub": "ada", "custom:tenant": "acme"}}},
        },
    }
    opts = {"invokeContext": event}
    failed = await payments.record_payment_result(PAYMENT, {"status": "failed"}, opts)
    paid = await payments.record_payment_result(PAYMENT, {"status": "succeeded"}, opts)
    again = await payments.record_payment_result(PAYMENT, {"status": "success"}, opts)
    assert (failed.version, paid.version, again) == (1, 2, None)
    assert paid.attributes == {"status": "success", "amount": 5}
    assert (paid.source, paid.request_id) == ("POST /payments/{order}", "r9")


@EACH_STORE
async def test_payments_recorded_at_once_are_all_recorded(opened):
    payments = opened.commands("payments")
    calls = (
        payments.record_payment_result(PAYMENT, {"status": f"s{number}"}, ADA)
        for number in range(3)
    )
    written = await asyncio.gather(*calls)
    assert sorted(each.version for each in written) == [1, 2, 3]


async def test_a_conflict_that_does_not_end_is_raised(opened, monkeypatch):
    payments = opened.commands("payments")
    tries = itertools.count(1)

    async def taken(*_given, **_named):
        next(tries)
        return False

    monkeypatch.setattr(payments._shelf.store, "publish", taken)
    with pytest.raises(ConflictRecordError):
        await payments.record_payment_result(PAYMENT, {"status": "x"}, ADA)
    assert next(tries) == 4


async def test_the_error_of_a_payment_is_raised_after_it_is_recorded(opened):
    payments = opened.commands("payments")

    async def declined():
        raise RuntimeError("declined")

    with pytest.raises(RuntimeError, match="declined"):
        await payments.process_payment(PAYMENT, declined, ADA)
    written = await payments.get_item(("PAYMENT#acme", "7"), ADA)
    assert (written.attributes["status"], written.attributes["message"]) == ("failed", "declined")


async def test_a_failure_that_cannot_be_recorded_does_not_hide_that_of_the_payment(
    opened, caplog, monkeypatch
):
    payments = opened.commands("payments")

    async def full(*_given, **_named):
        raise StoreError("disk full")

    monkeypatch.setattr(payments._shelf.store, "publish", full)

    async def declined():
        raise RuntimeError("declined")

    with pytest.raises(RuntimeError, match="declined") as raised:
        await payments.process_payment(PAYMENT, declined, ADA)
    assert "disk full" in raised.value.__notes__[0]
    assert "not recorded" in caplog.text


@pytest.mark.parametrize(
    ("request_", "opts", "error"),
    [
        (PAYMENT, UserContext("x", "", ""), ForbiddenRecordError),
        ({"amount": 5}, ADA, InvalidRecordError),
    ],
    ids=["who", "what"],
)
async def test_who_could_not_record_it_does_not_pay(opened, request_, opts, error):
    paid = []

    async def pay():
        paid.append(1)
        return {}

    with pytest.raises(error):
        await opened.commands("payments").process_payment(request_, pay, opts)
    assert paid == []


async def test_the_names_of_the_framework_are_the_same_methods(orders):
    assert (await orders.publishAsync(CommandInput(**KEY), ADA)).version == 1
    assert (await orders.publishPartialUpdateSync(order(1, name="a"), ADA)).version == 2
    assert (await orders.getLatestItem(KEY, ADA)).version == 2

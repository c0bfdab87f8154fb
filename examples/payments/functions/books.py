"""The shop's books: what came of each payment, and which parcels have left. Several processes write them at once."""

import json
from contextlib import suppress

from frontdesk import records
from frontdesk.records import ConflictRecordError, Options, UserContext

SHOP = UserContext("shop", "", "shop")  # of several tenants: get_user_context(event)
opened = records.open_sync()  # the gateway's own store
payments, parcels = opened.commands("payments"), opened.commands("parcels")


def record(payment, result, source):
    """Record what came of a payment, success and failure alike. payment: {orderId, amount, currency, customerId}."""
    if result["status"] == "pending":
        first_word(payment, result, source)
    else:
        payments.record_payment_result(payment, result, Options(SHOP, source))


def first_word(payment, result, source):
    """Record that nobody knows yet, unless somebody does."""
    order = payment["orderId"]
    known = {"pk": "PAYMENT#shop", "sk": order, "code": order, "name": "payment", "type": "PAYMENT"}
    write_first(payments, {**known, "attributes": {**payment, **result}}, source)


def write_first(commands, given, source):
    """Write the first version of a record, where there is none: of many writers one is the first."""
    with suppress(ConflictRecordError):
        commands.publish_async({**given, "version": 0}, Options(SHOP, source))


def record_execution(event, _context):
    """Record what the state machine has come to, and answer with it."""
    payment = {name: event[name] for name in ("orderId", "amount", "currency", "customerId")}
    result = {name: event[name] for name in ("status", "transactionId", "message")}
    record(payment, result, "state machine charge")
    return result


def on_completed(event, _context):
    """The card has paid, whatever was known here: the parcel leaves, once."""
    paid = json.loads(event["body"])["data"]
    result = {"status": "succeeded", "transactionId": paid["paymentId"], "message": ""}
    record(paid, result, event["id"])
    parcel = {"pk": "PARCEL#shop", "sk": paid["orderId"], "attributes": {"for": event["id"]}}
    write_first(parcels, parcel, event["id"])  # also where this died behind it, and is called again


def on_refund(event, _context):
    """The card has its money back."""
    paid = json.loads(event["body"])["data"]
    result = {"status": "refunded", "transactionId": paid["paymentId"], "message": ""}
    record(paid, result, event["id"])


def ledger(_event, _context):
    """GET /ledger: what the shop believes, by order. Amounts are in cents."""
    sent = {parcel.sk: parcel.version for parcel in every(opened.data("parcels"), "PARCEL#shop")}
    return {
        payment.sk: {
            "status": payment.attributes["status"],
            "booked": payment.attributes["amount"] * (payment.attributes["status"] == "success"),
            "parcels": sent.get(payment.sk, 0),
        }
        for payment in every(opened.data("payments"), "PAYMENT#shop")
    }


def every(data, pk):
    """List all records of a partition."""
    return data.list_items_by_pk(pk, SHOP, limit=1000).items

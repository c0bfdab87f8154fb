"""How the result of a payment becomes a record."""

import pytest

from frontdesk.rules.records.payments import payment_input
from frontdesk.rules.records.refusals import InvalidRecordError


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (
            {"orderId": "7", "amount": 5, "customerId": "c"},
            {"transactionId": "t", "status": "succeeded"},
        ),
        (
            {"order_id": "7", "amount": 5, "customer_id": "c"},
            {"transaction_id": "t", "status": "success"},
        ),
    ],
    ids=["camelCase", "Python"],
)
def test_a_payment(request_, result):
    asked = payment_input(request_, result, "acme")
    assert (asked.pk, asked.sk, asked.code) == ("PAYMENT#acme", "7", "7")
    assert (asked.name, asked.type) == ("payment", "PAYMENT")
    assert asked.attributes == {
        "status": "success",
        "transactionId": "t",
        "amount": 5,
        "customerId": "c",
    }


@pytest.mark.parametrize("status", ["failed", "pending", "SUCCEEDED", None, 5])
def test_other_statuses_stay_as_they_are(status):
    attributes = payment_input({"orderId": "7"}, {"status": status}, "acme").attributes
    assert attributes.get("status") == status


@pytest.mark.parametrize("order", [None, "", 7])
def test_a_payment_without_an_order(order):
    with pytest.raises(InvalidRecordError, match="orderId"):
        payment_input({"orderId": order}, {}, "acme")

"""Owns how the result of a payment becomes a record: succeeded and failed alike."""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.rules.records.record import CommandInput
from frontdesk.rules.records.refusals import InvalidRecordError

PAYMENT: Final = "PAYMENT"

_STATUSES: Final = {"succeeded": "success"}


def payment_input(
    request: Mapping[str, Any], result: Mapping[str, Any], tenant: str
) -> CommandInput:
    """Return what is to be written of a payment. Raises: InvalidRecordError.

    request: {orderId, amount, currency, customerId}. result: {transactionId, status, message}. Both also in the
    names of Python.
    """
    order = _of(request, "orderId", "order_id")
    if not isinstance(order, str) or not order:
        raise InvalidRecordError(f"Invalid orderId: expected a text that is not empty: {order!r}")
    status = _of(result, "status")
    attributes = {
        "status": _STATUSES.get(status, status) if isinstance(status, str) else status,
        "transactionId": _of(result, "transactionId", "transaction_id"),
        "message": _of(result, "message"),
        "amount": _of(request, "amount"),
        "currency": _of(request, "currency"),
        "customerId": _of(request, "customerId", "customer_id"),
    }
    return CommandInput(
        pk=f"{PAYMENT}#{tenant}",
        sk=order,
        code=order,
        name="payment",
        type=PAYMENT,
        attributes={name: value for name, value in attributes.items() if value is not None},
    )


def _of(told: Mapping[str, Any], *names: str) -> Any:
    return next((told[name] for name in names if name in told), None)

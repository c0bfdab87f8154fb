"""The shop charges a card by the plain client: deadline, retries, key, breaker, fallback. Either way, it is recorded."""

import json
import os

import books

from frontdesk import Breaker, Retry, SyncClient
from frontdesk.client import Bearer, BrokenAnswerError, StatusError, Timeout


def log(call):
    """Print one line for each call; secrets are masked in it."""
    print(json.dumps({"message": "External API call", **call.fields()}))


provider = SyncClient(
    os.environ["PROVIDER"],
    auth=Bearer("${env:PROVIDER_KEY}"),
    timeout=Timeout(attempt=float(os.environ["ATTEMPT_TIMEOUT"]), total=25),
    retry=Retry(attempts=3, base=float(os.environ["RETRY_BASE"]), max=10),
    breaker=Breaker(failures=5, reset=float(os.environ["BREAKER_RESET"])),
    on_call=log,
)
STATUSES = {"success": 201, "failed": 402, "pending": 202}


def handler(event, context):
    """POST /charges {orderId, amount, currency, customerId}."""
    payment = json.loads(event["body"])
    result = charge(payment)
    books.record(payment, result, "POST /charges")
    return {"statusCode": STATUSES[result["status"]], "body": json.dumps(result)}


def charge(payment):
    """Ask the provider for the money. The key is the order's: however often it is asked, the card pays once."""
    answer = provider.post(
        "/v1/payments",
        json={
            "amount": payment["amount"],
            "currency": payment["currency"],
            "customer_id": payment["customerId"],
            "metadata": {"order_id": payment["orderId"]},
        },
        idempotency_key=f"{payment['orderId']}-charge",
        fallback=unknown,
    )
    if answer.fallback:
        return answer.json()
    try:
        paid = answer.raise_for_status().json()
    except StatusError:
        return {"status": "failed", "transactionId": "", "message": answer.json()["message"]}
    except BrokenAnswerError as error:
        return unknown(error, answer.request)
    return {"status": "success", "transactionId": paid["id"], "message": ""}


def unknown(error, _request):
    """Say that nobody knows yet whether the card has paid. It is not `failed`: the provider's webhook will tell."""
    return {"status": "pending", "transactionId": "", "message": error.code}

"""Schemes that keep their signature in the body: what of it is signed, and what its absence is called."""

import json

import pytest

from frontdesk.webhooks import Reason, WebhookError
from tests.rules.webhooks.senders import SENDERS

SNS = next(one for one in SENDERS if one.scheme == "aws-sns")
MAILGUN = next(one for one in SENDERS if one.scheme == "mailgun")
ADYEN = next(one for one in SENDERS if one.scheme == "adyen")


def changed(sender, **members):
    document = json.loads(sender.sign().body)
    document.update(members)
    return json.dumps({name: one for name, one in document.items() if one != "-"}).encode()


def refused(sender, body):
    with pytest.raises(WebhookError) as caught:
        sender.verify(sender.sign(), body=body)
    return caught.value.reason


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"Message": "x"}, Reason.BAD_SIGNATURE),
        ({"MessageId": "x"}, Reason.BAD_SIGNATURE),
        ({"Subject": "x"}, Reason.BAD_SIGNATURE),
        ({"Timestamp": "2026-11-18T11:06:40Z"}, Reason.BAD_SIGNATURE),
        ({"Timestamp": "2026-11-18T11:06:40"}, Reason.MALFORMED),
        ({"Timestamp": "9" * 400}, Reason.MALFORMED),
        ({"Timestamp": "now"}, Reason.MALFORMED),
        ({"Type": "UnsubscribeConfirmation"}, Reason.MALFORMED),
        ({"Type": "Other"}, Reason.MALFORMED),
        ({"Message": 1}, Reason.MALFORMED),
        ({"Signature": "-"}, Reason.MALFORMED),
        ({"Signature": "AA"}, Reason.MALFORMED),
        ({"SignatureVersion": "3"}, Reason.MALFORMED),
        ({"TopicArn": "-"}, Reason.MALFORMED),
    ],
)
def test_messages_of_sns(members, reason):
    assert refused(SNS, changed(SNS, **members)) is reason


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, Reason.MALFORMED),
        ({"timestamp": "1", "token": "t"}, Reason.MALFORMED),
        ({"timestamp": 1, "token": "t", "signature": "00"}, Reason.MALFORMED),
        ({"timestamp": "x", "token": "t", "signature": "00"}, Reason.MALFORMED),
        ({"timestamp": "1", "token": "", "signature": "00"}, Reason.MALFORMED),
        ({"timestamp": "1", "token": "t", "signature": "zz"}, Reason.MALFORMED),
        ({"timestamp": "1", "token": "t", "signature": "00" * 32}, Reason.BAD_SIGNATURE),
    ],
)
def test_signatures_of_mailgun(signature, reason):
    assert refused(MAILGUN, changed(MAILGUN, signature=signature)) is reason


def test_what_mailgun_leaves_unsigned_is_told():
    event = MAILGUN.verify(MAILGUN.sign(), body=changed(MAILGUN, **{"event-data": {"id": "other"}}))
    assert (event.id, event.signed_body) == ("other", False)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([], Reason.MALFORMED),
        ({}, Reason.MALFORMED),
        ([{}], Reason.MALFORMED),
        ([{"NotificationRequestItem": {"additionalData": {"hmacSignature": "?"}}}], Reason.MALFORMED),
        ([{"NotificationRequestItem": {"additionalData": {"hmacSignature": "AAAA"}}}], Reason.BAD_SIGNATURE),
        (None, Reason.MISSING_HEADER),
    ],
)  # fmt: skip
def test_items_of_adyen(items, reason):
    assert refused(ADYEN, changed(ADYEN, notificationItems=items)) is reason


def test_what_only_looks_like_basic_authentication():
    basic = next(one for one in SENDERS if one.scheme == "basic")
    for value in ("Bearer dTpw", "Basic dXA=", "Basic ?", "Basic"):
        with pytest.raises(WebhookError) as caught:
            basic.verify(basic.sign(), headers={"Authorization": value})
        assert caught.value.reason is Reason.MALFORMED

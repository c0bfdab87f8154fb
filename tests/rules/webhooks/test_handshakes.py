"""Handshakes: what each vendor asks, what it is answered, and what an attacker gets instead."""

import hmac
import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from frontdesk.webhooks import (
    HANDSHAKES,
    Answer,
    Confirm,
    Reason,
    WebhookError,
    WebhookSecret,
    handshake,
    sign,
)
from tests.rules.webhooks.senders import NOW, SENDERS, TOPIC, rsa_key

URL = "https://a.example/hooks"
SLACK = b'{"type":"url_verification","challenge":"3eZbrw1a"}'
ZOOM = b'{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}'
GRID = json.dumps(
    [
        {
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "data": {"validationCode": "512d38b6"},
        }
    ]
).encode()
PLAIN = ("Content-Type", "text/plain; charset=utf-8")
NOSNIFF = ("X-Content-Type-Options", "nosniff")


def asked(vendor, query="", *, method="GET", body=b"", headers=(), **options):
    return handshake(vendor, headers, body, method=method, url=f"{URL}?{query}", now=NOW, **options)


def signed(scheme, body, secret="s"):
    return handshake(
        scheme, sign(scheme, body, secret, now=NOW).headers, body, secret, method="POST", now=NOW
    )


def refused(call, *arguments, **options):
    with pytest.raises(WebhookError) as caught:
        call(*arguments, **options)
    return caught.value.reason


@pytest.mark.parametrize(
    ("vendor", "query"),
    [
        ("dropbox", "challenge=a%20%3Cb%3E"),
        ("meta", "hub.mode=subscribe&hub.verify_token=t&hub.challenge=a%20%3Cb%3E"),
        ("websub", "hub.mode=subscribe&hub.topic=https://t&hub.challenge=a%20%3Cb%3E"),
    ],
)
def test_echoes_are_plain_text_that_is_not_sniffed(vendor, query):
    answer = asked(vendor, query, verify_token="t", topics=["https://t"])
    assert answer == Answer(200, b"a <b>", (PLAIN, NOSNIFF))


def test_graph_asks_by_post():
    answer = asked("microsoft-graph", "validationToken=a%20b", method="POST")
    assert (answer.body, answer.headers) == (b"a b", (PLAIN, NOSNIFF))


@pytest.mark.parametrize(
    ("vendor", "query", "status"),
    [
        ("meta", "hub.mode=subscribe&hub.verify_token=x&hub.challenge=c", 403),
        ("meta", "hub.mode=subscribe&hub.challenge=c", 403),
        ("meta", "hub.mode=unsubscribe&hub.verify_token=t&hub.challenge=c", 403),
        ("meta", "hub.mode=subscribe&hub.verify_token=%C3%A9&hub.challenge=c", 403),
        ("websub", "hub.mode=subscribe&hub.topic=https://other&hub.challenge=c", 404),
        ("websub", "hub.mode=subscribe&hub.challenge=c", 404),
    ],
)
def test_what_was_not_agreed_is_refused(vendor, query, status):
    answer = asked(vendor, query, verify_token="t", topics=["https://t"])
    assert answer == Answer(status)


def test_meta_is_never_answered_without_a_token_of_ours():
    query = "hub.mode=subscribe&hub.verify_token=&hub.challenge=c"
    assert refused(asked, "meta", query) is Reason.CONFIG_ERROR


@pytest.mark.parametrize("length", [1024, 1025])
def test_echoes_are_bounded(length):
    query = f"challenge={'c' * length}"
    if length == 1024:
        assert len(asked("dropbox", query).body) == 1024
    else:
        assert refused(asked, "dropbox", query) is Reason.MALFORMED


def test_okta_asks_in_a_header():
    answer = asked("okta-header-secret", headers={"X-Okta-Verification-Challenge": "c"})
    assert answer.body == b'{"verification":"c"}'


def test_x_gets_a_proof_of_the_secret():
    answer = asked("x", "crc_token=challenge_string", secrets="consumer_secret")
    mac = hmac.digest(b"consumer_secret", b"challenge_string", "sha256")
    assert json.loads(answer.body) == {"response_token": f"sha256={b64encode(mac).decode()}"}


def test_the_proof_is_of_a_secret_that_still_counts():
    ended = WebhookSecret("old", not_after=NOW - 1)
    given = [ended, WebhookSecret("s")]
    assert asked("x", "crc_token=c", secrets=given) == asked("x", "crc_token=c", secrets="s")
    for none in ((), [ended]):
        assert refused(asked, "x", "crc_token=c", secrets=none) is Reason.CONFIG_ERROR


@pytest.mark.parametrize("text", ["%7B%22for_user_id%22:1%7D", "a b", "v0:1:x", "a" * 257])
def test_x_never_proves_what_could_be_a_delivery(text):
    assert refused(asked, "x", f"crc_token={text}", secrets="s") is Reason.MALFORMED


def test_zoom_gets_a_proof_only_when_it_signed():
    answer = signed("zoom", ZOOM)
    assert json.loads(answer.body) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": sign_text("qgg8vlvZRS6UYooatFL8Aw"),
    }
    stale = sign("zoom", ZOOM, "s", now=NOW - 301).headers
    assert refused(handshake, "zoom", stale, ZOOM, "s", method="POST", now=NOW) is Reason.STALE
    assert refused(handshake, "zoom", {}, ZOOM, "s", method="POST") is Reason.MISSING_HEADER
    forged = ZOOM.replace(b"qgg8vlvZRS6UYooatFL8Aw", b"v0:1795000000:{}")
    assert refused(signed, "zoom", forged) is Reason.MALFORMED


def sign_text(text):
    return sign("dropbox", text.encode(), "s").headers["X-Dropbox-Signature"]


@pytest.mark.parametrize(
    ("vendor", "body", "expected"),
    [
        ("slack", SLACK, Answer(200, b"3eZbrw1a", (PLAIN, NOSNIFF))),
        ("xero", b'{"events":[],"entropy":"S"}', Answer()),
    ],
)
def test_signed_handshakes_are_verified_first(vendor, body, expected):
    assert signed(vendor, body) == expected
    forged = sign(vendor, body, "another", now=NOW).headers
    reason = refused(handshake, vendor, forged, body, "s", method="POST", now=NOW)
    assert reason is Reason.BAD_SIGNATURE


def test_discord_is_ponged_and_told_401():
    sender = next(one for one in SENDERS if one.scheme == "discord")
    ping = b'{"type":1}'
    headers = sender.sign(ping).headers
    answer = handshake("discord", headers, ping, sender.verifying, method="POST", now=NOW)
    assert json.loads(answer.body) == {"type": 1}
    with pytest.raises(WebhookError) as caught:
        handshake("discord", headers, ping + b" ", sender.verifying, method="POST", now=NOW)
    assert (caught.value.status, caught.value.body) == (
        401,
        b'{"message":"Invalid webhook signature"}',
    )


def test_event_grid_gets_its_code():
    answer = asked("azure-event-grid", method="POST", body=GRID)
    assert answer.body == b'{"validationResponse":"512d38b6"}'


def test_cloudevents_are_granted_an_origin_and_a_rate():
    headers = {"WebHook-Request-Origin": "eventemitter.example.com"}
    granted = asked("cloudevents", method="OPTIONS", headers=headers, origins=["*"], rate="120")
    assert dict(granted.headers) == {
        "WebHook-Allowed-Origin": "eventemitter.example.com",
        "WebHook-Allowed-Rate": "120",
    }
    assert asked("cloudevents", method="OPTIONS", headers=headers).status == 403


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1", Confirm),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/?Action=x", Reason.MALFORMED),
        ("http://sns.eu-west-1.amazonaws.com/?Action=x", Reason.MALFORMED),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/?x", Reason.MALFORMED),
        ("https://sns.eu-west-1.amazonaws.com/?a\r\nHost: x", Reason.MALFORMED),
    ],
)
def test_sns_is_confirmed_at_its_own_address_only(url, expected):
    body, sender = subscription(url)

    def ask():
        return handshake(
            "aws-sns",
            {},
            body,
            TOPIC,
            method="POST",
            now=NOW,
            certificates=lambda _: sender.certificate,
        )

    if expected is Confirm:
        assert ask() == Confirm(url)
    else:
        assert refused(ask) is expected


def subscription(url):
    """Sign a confirmation as SNS does, with the lines that its page lists."""
    sender = next(one for one in SENDERS if one.scheme == "aws-sns")
    message = {
        "Message": "You have chosen to subscribe",
        "MessageId": "m1",
        "SubscribeURL": url,
        "Timestamp": "2026-11-18T11:06:20.123Z",
        "Token": "t",
        "TopicArn": TOPIC,
        "Type": "SubscriptionConfirmation",
    }
    text = "".join(f"{name}\n{value}\n" for name, value in message.items())
    signature = rsa_key().sign(text.encode(), PKCS1v15(), SHA256())
    message |= {
        "SignatureVersion": "2",
        "SigningCertURL": sender.says["certificate_url"],
        "Signature": b64encode(signature).decode(),
    }
    return json.dumps(message).encode(), sender


@pytest.mark.parametrize("vendor", [*HANDSHAKES, "stripe", "github"])
@pytest.mark.parametrize(
    ("method", "body", "query"),
    [
        ("POST", b'{"id":1}', ""),
        ("POST", b"", "challenge=c"),
        ("POST", b"[1]", ""),
        ("GET", b"", "a=b"),
    ],
)
def test_events_are_no_handshakes(vendor, method, body, query):
    assert asked(vendor, query, method=method, body=body) is None

"""The vendors' own libraries: what they sign verifies here, and they verify what is signed here."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qs

import gidgethub.sansio
import nacl.signing
import pytest
import requests
import slack_sdk.signature
import standardwebhooks
import stripe
import svix.webhooks
from Adyen.util import generate_notification_sig, generate_payload_sig, is_valid_hmac_notification
from discord_interactions import verify_key
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from sendgrid.helpers.eventwebhook import EventWebhook
from square.utils.webhooks_helper import verify_signature as square_verifies
from twilio.request_validator import RequestValidator

from frontdesk.webhooks import WebhookError, sign, verify
from tests.rules.webhooks.senders import BODY, NOW, SENDERS, URL, pem, public_pem, rsa_key

WHSEC = "whsec_" + b64encode(bytes(range(32))).decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_stripe():
    clock = {"now": int(datetime.now(UTC).timestamp())}
    ours = sign("stripe", BODY, "whsec_x", **clock).headers["Stripe-Signature"]
    assert stripe.Webhook.construct_event(BODY, ours, "whsec_x").id == "evt_1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(BODY + b" ", ours, "whsec_x")
    theirs = stripe.WebhookSignature._compute_signature(f"{NOW}.{BODY.decode()}", "whsec_x")
    headers = {"Stripe-Signature": f"t={NOW},v1={theirs},v0=abc"}
    assert verify("stripe", headers, BODY, "whsec_x", now=NOW).type == "payment.completed"


def test_standard_webhooks():
    now = datetime.now(UTC)
    theirs = standardwebhooks.Webhook(WHSEC)
    ours = sign("standard-webhooks", BODY, WHSEC, id="msg_1", now=now)
    assert theirs.verify(BODY, ours.headers) == json.loads(BODY)
    headers = {
        "webhook-id": "msg_2",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": theirs.sign("msg_2", now, BODY.decode()),
    }
    assert verify("standard-webhooks", headers, BODY, WHSEC, now=now).id == "msg_2"


def test_svix_with_either_prefix():
    now = datetime.now(UTC)
    theirs = svix.webhooks.Webhook(WHSEC)
    ours = sign("svix", BODY, WHSEC, id="msg_1", now=now)
    theirs.verify(BODY, ours.headers)
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        theirs.verify(BODY + b" ", ours.headers)
    for prefix in ("svix", "webhook"):
        headers = {
            f"{prefix}-id": "msg_2",
            f"{prefix}-timestamp": str(int(now.timestamp())),
            f"{prefix}-signature": theirs.sign("msg_2", now, BODY.decode()),
        }
        assert verify("svix", headers, BODY, WHSEC, now=now).id == "msg_2"


def test_libraries_take_one_of_two_signatures_as_in_a_rotation():
    now = datetime.now(UTC)
    other = "whsec_" + b64encode(bytes(32)).decode()
    ours = sign("standard-webhooks", BODY, [other, WHSEC], id="msg_1", now=now)
    assert standardwebhooks.Webhook(WHSEC).verify(BODY, ours.headers)
    assert standardwebhooks.Webhook(other).verify(BODY, ours.headers)


def test_slack():
    clock = slack_sdk.signature.Clock()
    now = int(clock.now())
    theirs = slack_sdk.signature.SignatureVerifier("s" * 32, clock)
    ours = sign("slack", BODY, "s" * 32, now=now).headers
    assert theirs.is_valid_request(BODY, ours)
    made = theirs.generate_signature(timestamp=str(now), body=BODY)
    headers = {"X-Slack-Signature": made, "X-Slack-Request-Timestamp": str(now)}
    assert verify("slack", headers, BODY, "s" * 32, now=now)


def test_github():
    ours = sign("github", BODY, "s", id="d-1", type="push").headers
    gidgethub.sansio.validate_event(BODY, signature=ours["X-Hub-Signature-256"], secret="s")
    event = verify("github", ours, BODY, "s")
    assert (event.id, event.type) == ("d-1", "push")


TWILIO = [
    "https://hooks.example.com/in?a=1&b=x%20y",
    "https://hooks.example.com:443/in",
    "http://hooks.example.com:8080/in",
    "http://hooks.example.com/in",
]


@pytest.mark.parametrize("url", TWILIO)
@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_twilio_with_forms(url, algorithm):
    body = b"CallSid=CA1&From=%2B14155550431&Body=h%C3%A9llo+you&Empty=&To=b&To=a&To=a"
    parameters = parse_qs(body.decode(), keep_blank_values=True)

    class Many(dict):
        getlist = dict.get

    theirs = RequestValidator("token")
    headers = FORM | {"X-Twilio-Webhooks-Signature-Settings": f"key=k1,algorithm={algorithm}"}
    ours = sign("twilio", body, "token", url=url, headers=headers).headers["X-Twilio-Signature"]
    assert theirs.validate(url, Many(parameters), ours, algorithm)
    for spelled in (url, url.replace(":443", "")):
        made = theirs.compute_signature(spelled, Many(parameters), algorithm)
        assert verify("twilio", headers | {"X-Twilio-Signature": made}, body, "token", url=url)


def test_twilio_with_a_port_that_it_adds():
    made = RequestValidator("t").compute_signature("https://a.example:443/in", {"A": "1"})
    headers = FORM | {"X-Twilio-Signature": made}
    assert verify("twilio", headers, b"A=1", "t", url="https://a.example/in")
    with pytest.raises(WebhookError, match="no secret fits"):
        verify("twilio", headers, b"A=1", "t", url="https://a.example:444/in")


def test_twilio_with_json():
    signed = sign("twilio", BODY, "token", url="https://hooks.example.com/in?x=1")
    assert "&bodySHA256=" in signed.url
    theirs = RequestValidator("token")
    assert theirs.validate(signed.url, BODY.decode(), signed.headers["X-Twilio-Signature"])
    assert verify("twilio", signed.headers, BODY, "token", url=signed.url)
    for body, url in ((BODY + b" ", signed.url), (BODY, "https://hooks.example.com/in?x=1")):
        with pytest.raises(WebhookError):
            verify("twilio", signed.headers, body, "token", url=url)


def test_square():
    ours = sign("square", BODY, "key", url=URL).headers
    assert square_verifies(
        request_body=BODY.decode(),
        signature_header=ours["x-square-hmacsha256-signature"],
        signature_key="key",
        notification_url=URL,
    )
    assert verify("square", ours, BODY, "key", url=URL)


def test_discord_with_pynacl():
    key = nacl.signing.SigningKey(bytes(range(32)))
    made = key.sign(str(NOW).encode() + BODY).signature.hex()
    public = key.verify_key.encode().hex()
    headers = {"X-Signature-Ed25519": made, "X-Signature-Timestamp": str(NOW)}
    assert verify("discord", headers, BODY, public, now=NOW).id == "evt_1"
    ours = sign("discord", BODY, key.encode().hex(), now=NOW).headers
    assert verify_key(BODY, ours["X-Signature-Ed25519"], ours["X-Signature-Timestamp"], public)


def test_standard_webhooks_with_ed25519_of_pynacl():
    key = nacl.signing.SigningKey(bytes(range(32)))
    made = key.sign(f"msg_1.{NOW}.".encode() + BODY).signature
    public = "whpk_" + b64encode(key.verify_key.encode()).decode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW),
        "webhook-signature": f"v2,xyz v1,{b64encode(bytes(32)).decode()} v1a,{b64encode(made).decode()}",
    }
    assert verify("standard-webhooks", headers, BODY, [WHSEC, public], now=NOW).key == "2"


def test_sendgrid():
    sender = next(one for one in SENDERS if one.scheme == "sendgrid")
    ours = sender.sign().headers
    prefix = "X-Twilio-Email-Event-Webhook-"
    theirs = EventWebhook(sender.verifying)
    body = sender.body.decode()
    assert theirs.verify_signature(body, ours[f"{prefix}Signature"], ours[f"{prefix}Timestamp"])
    assert not theirs.verify_signature(body.strip(), ours[f"{prefix}Signature"], str(NOW))


def test_adyen():
    key = "ab" * 32
    item = {
        "pspReference": "P:1",
        "originalReference": "O",
        "merchantAccountCode": "M\\",
        "merchantReference": "Ré",
        "amount": {"value": 0, "currency": "EUR"},
        "eventCode": "REFUND",
        "success": "false",
    }
    made = generate_notification_sig(item, key).decode()
    signed = {"NotificationRequestItem": {**item, "additionalData": {"hmacSignature": made}}}
    body = json.dumps({"notificationItems": [signed]}).encode()
    assert verify("adyen", {}, body, key).id == "P:1:REFUND:false"
    ours = sign(
        "adyen",
        json.dumps({"notificationItems": [{"NotificationRequestItem": item}]}).encode(),
        key,
    )
    assert is_valid_hmac_notification(json.loads(ours.body), key)
    platform = {"hmacsignature": generate_payload_sig(BODY, key).decode()}
    assert verify("adyen", platform, BODY, key).type == "payment.completed"


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, key):
        self.key = key

    def resolve_private_key(self, key_id):
        return self.key

    resolve_public_key = resolve_private_key


@pytest.mark.parametrize(
    ("algorithm", "private", "public"),
    [
        pytest.param(algorithms.HMAC_SHA256, bytes(range(32)), WHSEC[6:], id="hmac"),
        pytest.param(
            algorithms.RSA_PSS_SHA512, pem(rsa_key()).encode(), public_pem(rsa_key()), id="rsa-pss"
        ),
        pytest.param(
            algorithms.RSA_V1_5_SHA256,
            pem(rsa_key()).encode(),
            public_pem(rsa_key()),
            id="rsa-v1_5",
        ),
        *(
            pytest.param(algorithm, sender.signing.encode(), sender.verifying, id=name)
            for algorithm, sender, name in zip(
                (algorithms.ED25519, algorithms.ECDSA_P256_SHA256),
                [one for one in SENDERS if one.scheme == "rfc9421"][1:3],
                ("ed25519", "ecdsa"),
                strict=True,
            )
        ),
    ],
)
@pytest.mark.parametrize("origin", ["@authority", "@target-uri"])
def test_http_message_signatures(algorithm, private, public, origin):
    url = "https://Hooks.Example.com:443/in/a%20b?x=1&y="
    request = requests.Request("POST", url, data=BODY, headers={"X-Other": "a   b "}).prepare()
    ours = sign("rfc9421", BODY, WHSEC[6:], now=NOW, url=url).headers
    request.headers["Content-Digest"] = ours["Content-Digest"]
    request.headers["Content-Type"] = "application/json"
    signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Keys(private))
    signer.sign(
        request,
        key_id="k1",
        use_existing_digest=True,
        created=datetime.fromtimestamp(NOW, UTC),
        covered_component_ids=(
            *("@method", origin, "@path", "@query", "content-digest", "content-type", "x-other"),
        ),
    )
    event = verify("rfc9421", request.headers, BODY, public, now=NOW, url=request.url)
    assert event.sent_at == NOW
    for options in ({"url": request.url + "&z"}, {"method": "PUT"}, {"now": NOW + 301}):
        with pytest.raises(WebhookError):
            verify(
                "rfc9421",
                request.headers,
                BODY,
                public,
                **{"now": NOW, "url": request.url, **options},
            )


def test_http_message_signatures_of_ours():
    url = "https://hooks.example.com/in?x=1"
    now = datetime.now(UTC)
    headers = {"Content-Type": "application/json"}
    ours = sign("rfc9421", BODY, WHSEC[6:], now=now, url=url, headers=headers, name="k1")
    request = requests.Request("POST", url, data=BODY, headers=headers | ours.headers).prepare()
    theirs = HTTPMessageVerifier(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys(bytes(range(32)))
    )
    assert theirs.verify(request)

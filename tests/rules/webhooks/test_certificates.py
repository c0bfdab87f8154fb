"""Certificates of senders: their place, their chain, their dates."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from frontdesk.rules.webhooks.certificates import read_certificate
from frontdesk.rules.webhooks.verdict import Reason, Refused
from frontdesk.webhooks import WebhookError
from tests.rules.webhooks.senders import NOW, SENDERS, certificate, rsa_key

HOST = "messageverificationcerts.paypal.com"
CA, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ROOT = certificate(CA, name="Root", authority=True)
LEAF = certificate(rsa_key(), CA, name=HOST, issuer="Root")
BETWEEN = certificate(OTHER, CA, name="Between", issuer="Root", authority=True)
BELOW = certificate(rsa_key(), OTHER, name=HOST, issuer="Between")

PAYPAL = next(one for one in SENDERS if one.scheme == "paypal")
SNS = next(one for one in SENDERS if one.scheme == "aws-sns")


@pytest.mark.parametrize(
    ("chain", "options"),
    [
        pytest.param(certificate(rsa_key()), {}, id="self-signed, from a place that is trusted"),
        pytest.param(LEAF, {}, id="issued"),
        pytest.param(LEAF, {"roots": ROOT, "names": (HOST,)}, id="to a root"),
        pytest.param(
            BELOW + BETWEEN, {"roots": ROOT, "names": ("x.example", HOST)}, id="by two steps"
        ),
    ],
)
def test_good_certificates_give_their_key(chain, options):
    key = read_certificate(chain, NOW, **options)
    assert key.material.public_numbers() == rsa_key().public_key().public_numbers()


@pytest.mark.parametrize(
    ("chain", "options"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----", {}, id="garbage"),
        pytest.param(ROOT, {}, id="not for RSA"),
        pytest.param(LEAF + BETWEEN, {}, id="broken chain"),
        pytest.param(certificate(rsa_key(), CA), {}, id="says self-signed, and is not"),
        pytest.param(LEAF, {"now": NOW + 366 * 86400}, id="expired"),
        pytest.param(LEAF, {"now": NOW - 2 * 86400}, id="not yet"),
        pytest.param(LEAF, {"roots": certificate(OTHER, name="Root", authority=True), "names": (HOST,)}, id="other root"),
        pytest.param(LEAF, {"roots": ROOT, "names": ("sns.amazonaws.com",)}, id="other name"),
        pytest.param(BELOW, {"roots": ROOT, "names": (HOST,)}, id="a step is missing"),
    ],
)  # fmt: skip
def test_bad_certificates_are_refused(chain, options):
    with pytest.raises(Refused) as caught:
        read_certificate(chain, **{"now": NOW, **options})
    assert caught.value.refusal.reason is Reason.CERT_REJECTED


def test_roots_that_are_none_are_the_operators_fault():
    with pytest.raises(Refused) as caught:
        read_certificate(LEAF, NOW, roots=b"x", names=(HOST,))
    assert caught.value.refusal.reason is Reason.CONFIG_ERROR


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com/v1/notifications/certs/C",
        "https://api.paypal.com.evil.example/c",
        "https://paypal.com.evil.example/c",
        "https://evilpaypal.com/c",
        "https://api.paypal.com@evil.example/c",
        "https://evil.example/api.paypal.com/c",
        "https://api.paypal.com:444/c",
        "https://api.paypal.com/c?x=https://evil.example",
        "https://api.paypal.com/c\r\nX: y",
        "file:///etc/passwd",
        "https://127.0.0.1/c",
    ],
)
def test_certificates_are_never_fetched_from_elsewhere(url):
    headers = PAYPAL.sign().headers | {"PAYPAL-CERT-URL": url}
    with pytest.raises(WebhookError) as caught:
        PAYPAL.verify(PAYPAL.sign(), headers=headers, certificates=pytest.fail)
    assert caught.value.reason is Reason.CERT_REJECTED


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem?x",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem",
        "https://sns.evil.example/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
    ],
)
def test_certificates_of_sns_are_never_fetched_from_elsewhere(url):
    signed = SNS.sign(certificate_url=url)
    with pytest.raises(WebhookError) as caught:
        SNS.verify(signed, certificates=pytest.fail)
    assert caught.value.reason is Reason.CERT_REJECTED


def test_sns_of_china_has_its_own_place():
    url = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a1b.pem"
    assert SNS.verify(SNS.sign(certificate_url=url)).id == "msg_1"


def test_version_1_of_sns_is_off_unless_asked_for():
    old = next(one for one in SENDERS if one.scheme == "aws-sns-v1")
    assert old.verify(SNS.sign()).id == old.verify(old.sign()).id
    with pytest.raises(WebhookError, match="SignatureVersion"):
        SNS.verify(old.sign())


def test_a_topic_of_somebody_else_is_refused():
    with pytest.raises(WebhookError, match="TopicArn"):
        SNS.verify(SNS.sign(name="arn:aws:sns:eu-west-1:666666666666:orders"))


def test_a_delivery_for_another_webhook_of_paypal_is_refused():
    with pytest.raises(WebhookError, match="bad_signature"):
        PAYPAL.verify(PAYPAL.sign(name="WH-2"))
    assert PAYPAL.verify(PAYPAL.sign(name="WH-2"), secrets=["WH-1", "WH-2"]).key == "certificate"


def test_the_tolerance_of_paypal_is_the_callers():
    assert PAYPAL.verify(PAYPAL.sign(), now=NOW + 86400)
    with pytest.raises(WebhookError, match="stale"):
        PAYPAL.verify(PAYPAL.sign(), now=NOW + 301, tolerance=300)

"""Senders to try every scheme with: their keys, what they say of a delivery, and deliveries that vendors signed."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from frontdesk.webhooks import SCHEMES, sign, verify

NOW = 1_795_000_000
RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
URL = "https://hooks.example.com/in/any?cid=7"
BODY = b'{"id":"evt_1","type":"payment.completed","webhookTimestamp":1795000000000}'
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


@dataclass(frozen=True)
class Sender:
    """One scheme in use. signing: its secret on the sender's side; verifying: on ours."""

    scheme: str
    signing: str
    verifying: str
    body: bytes = BODY
    says: dict = field(default_factory=dict)
    certificate: bytes = b""

    def sign(self, body=None, **options):
        return sign(
            self.scheme,
            self.body if body is None else body,
            self.signing,
            **{"now": NOW, "url": URL, "id": "msg_1", **self.says, **options},
        )

    def verify(self, signed, secrets=None, **options):
        headers = self.says.get("headers", {}) | signed.headers
        if self.certificate:
            options = {"certificates": lambda _url: self.certificate} | options
        return verify(
            self.scheme,
            options.pop("headers", headers),
            options.pop("body", signed.body),
            self.verifying if secrets is None else secrets,
            **{"now": NOW, "url": signed.url, **options},
        )


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    kind = PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, kind).decode()


@cache
def rsa_key(number=0):
    return rsa.generate_private_key(65537, 2048)


def certificate(
    key, issuer_key=None, *, name="sns.amazonaws.com", issuer=None, authority=False, days=365
):
    """Make a certificate that began a day before NOW; self-signed where there is no issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)])
    begin = datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if authority:
        usage = x509.KeyUsage(
            *(False, False, False, False, False), key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(identifier, critical=False)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM)


def _senders():
    ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    ed_public = ed.public_key().public_bytes_raw()
    curve = ec.derive_private_key(7, ec.SECP256R1())
    der = curve.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    spki = curve.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    standard = "whsec_" + b64encode(bytes(range(32))).decode()
    raw = b64encode(bytes(range(32))).decode()
    text = "the secret, with ünusual characters"
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    sns_url = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"
    paypal_url = "https://api.paypal.com/v1/notifications/certs/CERT-1"
    adyen = {
        "pspReference": "P1",
        "merchantAccountCode": "M",
        "merchantReference": "R",
        "amount": {"value": 10, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }
    items = {"notificationItems": [{"NotificationRequestItem": adyen}] * 2}
    yield from (
        Sender(name, text, text)
        for name, row in SCHEMES.items()
        if row.key.about.startswith("a text") and name not in {"twilio", "gitlab", "telegram"}
    )
    yield Sender("gitlab", "plain-token", "plain-token")
    yield Sender("telegram", "plain-token", "plain-token")
    yield Sender("twilio", text, text, b"B=2&A=1&Empty=&A=0", form)
    yield Sender("standard-webhooks", standard, standard)
    yield Sender(
        "standard-webhooks",
        "whsk_" + b64encode(bytes(range(32)) + ed_public).decode(),
        "whpk_" + b64encode(ed_public).decode(),
    )
    yield Sender("svix", standard, standard)
    yield Sender("discord", bytes(range(32)).hex(), ed_public.hex())
    yield Sender("sendgrid", b64encode(der).decode(), b64encode(spki).decode(), b"[]\r\n")
    yield Sender("adyen", "00ff" * 16, "00FF" * 16, json.dumps(items).encode())
    yield Sender("adyen", "00ff" * 16, "00FF" * 16, b'{"type":"balancePlatform"}')
    yield Sender("rfc9421", raw, raw)
    yield Sender("rfc9421", pem(ed), public_pem(ed))
    yield Sender("rfc9421", pem(curve), public_pem(curve))
    yield Sender("rfc9421", pem(rsa_key()), public_pem(rsa_key()))
    yield Sender("basic", "user:pass:word", "user:pass:word")
    published = certificate(rsa_key())
    for name, says, verifying in (
        ("paypal", {"name": "WH-1", "certificate_url": paypal_url}, "WH-1"),
        ("aws-sns", {"name": TOPIC, "certificate_url": sns_url}, TOPIC),
        ("aws-sns-v1", {"name": TOPIC, "certificate_url": sns_url}, TOPIC),
    ):
        yield Sender(name, pem(rsa_key()), verifying, BODY, says, published)


SENDERS = list(_senders())
NAMES = [sender.scheme for sender in SENDERS]


def recorded(one):
    """Return the arguments of `verify` for a delivery that a vendor signed."""
    scheme, secret, options = one["scheme"], one["key"], {"now": one["now"], "url": one["url"]}
    if scheme == "paypal":
        secret = one["context"]["webhook_id"]
    elif scheme == "aws-sns":
        scheme, secret = "aws-sns-v1", json.loads(one["body"])["TopicArn"]
    if scheme in {"paypal", "aws-sns-v1"}:
        options["certificates"] = lambda _url: one["key"].encode()
    return (scheme, one["headers"], one["body"].encode(), secret), options

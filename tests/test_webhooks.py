"""The façade: what it takes for headers, secrets, times; what it refuses, and how; what it loads."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage

import pytest

from frontdesk.webhooks import (
    Reason,
    WebhookError,
    WebhookSecret,
    custom_scheme,
    sign,
    verify,
)

NOW = 1_795_000_000
BODY = b'{"id":"evt_1"}'
SIGNED = sign("stripe", BODY, "whsec_x", now=NOW).headers
OF_HTTP_SERVER = HTTPMessage()
for _name, _value in SIGNED.items():
    OF_HTTP_SERVER[_name] = _value


class Many:
    """Headers as frameworks have them: pairs, of which a name may be twice."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __iter__(self):
        return iter(self.pairs)


@pytest.mark.parametrize(
    "headers",
    [
        SIGNED,
        {name.upper(): value for name, value in SIGNED.items()},
        list(SIGNED.items()),
        Many(list(SIGNED.items())),
        [(name.lower().encode(), value.encode()) for name, value in SIGNED.items()],
        {**SIGNED, "X-Other": "漢字", "X-Ümlaut": "\udcff"},
        OF_HTTP_SERVER,
    ],
    ids=["mapping", "upper case", "pairs", "iterable", "bytes", "others are odd", "http.server"],
)
def test_headers_in_any_form(headers):
    assert verify("stripe", headers, BODY, "whsec_x", now=NOW).id == "evt_1"


@pytest.mark.parametrize(
    "secrets",
    [
        "whsec_x",
        ["whsec_x"],
        ("whsec_y", "whsec_x"),
        WebhookSecret("whsec_x"),
        [WebhookSecret("whsec_x", "a", NOW + 1)],
    ],
)
def test_secrets_in_any_form(secrets):
    assert verify("stripe", SIGNED, BODY, secrets, now=NOW)


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY)])
def test_bytes_in_any_form(body):
    assert verify("stripe", SIGNED, body, "whsec_x", now=NOW).body == BODY


@pytest.mark.parametrize("body", ['{"id":"evt_1"}', {"id": "evt_1"}, None])
def test_what_was_read_already_is_no_body(body):
    with pytest.raises(TypeError, match="raw body as bytes"):
        verify("stripe", SIGNED, body, "whsec_x", now=NOW)
    with pytest.raises(TypeError, match="as bytes"):
        sign("stripe", body, "whsec_x")


@pytest.mark.parametrize("now", [NOW, float(NOW), datetime.fromtimestamp(NOW, UTC)])
def test_now_in_any_form(now):
    assert verify("stripe", SIGNED, BODY, "whsec_x", now=now).sent_at == NOW


def test_now_is_the_clocks_by_default():
    with pytest.raises(WebhookError, match="stale"):
        verify("stripe", sign("stripe", BODY, "s", now=1).headers, BODY, "s")
    assert verify("stripe", sign("stripe", BODY, "s").headers, BODY, "s")


def test_a_time_without_a_zone_is_no_time():
    with pytest.raises(TypeError, match="time zone"):
        verify("stripe", SIGNED, BODY, "whsec_x", now=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("tolerance", [20, 20.0, timedelta(seconds=20)])
def test_a_tolerance_of_the_callers(tolerance):
    assert verify("stripe", SIGNED, BODY, "whsec_x", now=NOW + 20, tolerance=tolerance)
    with pytest.raises(WebhookError, match="signed 21 s ago, and the tolerance is 20 s"):
        verify("stripe", SIGNED, BODY, "whsec_x", now=NOW + 21, tolerance=tolerance)
    with pytest.raises(WebhookError, match="signed 21 s in the future"):
        verify("stripe", SIGNED, BODY, "whsec_x", now=NOW - 21, tolerance=tolerance)


@pytest.mark.parametrize("tolerance", [-1, float("nan"), float("inf"), timedelta(seconds=-1)])
def test_a_tolerance_that_is_none(tolerance):
    with pytest.raises(ValueError, match="tolerance"):
        verify("stripe", SIGNED, BODY, "whsec_x", now=NOW, tolerance=tolerance)


@pytest.mark.parametrize(
    ("scheme", "secrets", "told"),
    [
        ("strip", "s", "unknown scheme: strip"),
        ("stripe", "", "secret 1 is empty"),
        ("stripe", [], "no secret given"),
        ("stripe", ["s", " \n"], "secret 2 is empty"),
        ("svix", "whsec_short!", "secret 1 is not base64"),
        ("svix", "whsec_" + "A" * 28, "24 to 64 bytes"),
        ("svix", "whpk_AAAA", "secret 1 is not whsec_"),
        ("svix", "whsk_AAAA", "secret 1 is not whsec_"),
        ("discord", "zz", "an Ed25519 public key in hex"),
        ("discord", "00", "an Ed25519 public key in hex"),
        ("sendgrid", "AAAA", "a P-256 public key"),
        ("adyen", "xyz", "hex digits"),
        ("rfc9421", "-----BEGIN PUBLIC KEY-----\nAA", "a shared secret in base64"),
        ("basic", "nobody", "user:password"),
        ("ip-allow", "300.0.0.0/8", "an address or a network"),
        ("mtls", "abcd", "fingerprint"),
        ("paypal", "WH-1", "needs `certificates`"),
        ("aws-sns", [], "no webhook or topic"),
        ("aws-sns", [""], "no webhook or topic"),
        ("twilio", "s", "signs the URL"),
        ("ip-allow", "10.0.0.0/8", "looks at the source"),
    ],
)
def test_what_this_side_has_wrong_is_500_and_shows_no_secret(scheme, secrets, told):
    headers = {"X-Twilio-Signature": "AAAA"}
    with pytest.raises(WebhookError, match=told) as caught:
        verify(scheme, headers, BODY, secrets, now=NOW)
    assert (caught.value.reason, caught.value.status) == (Reason.CONFIG_ERROR, 500)
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        assert len(secret) < 8 or secret not in repr(caught.value)


def test_an_unknown_scheme_has_a_hint():
    with pytest.raises(WebhookError) as caught:
        verify("strip", {}, b"", "s")
    assert caught.value.hint == "did you mean 'stripe'?"


@pytest.mark.parametrize("scheme", ["twilio", "square", "hubspot-v3", "rfc9421"])
def test_urls_that_are_no_text_do_no_harm(scheme):
    names = ("X-Twilio-Signature", "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp")
    headers = {**dict.fromkeys(names, "1795000000"), "x-square-hmacsha256-signature": "AAAA"}
    for url in ("https://a.example/\udcff", "https://[/", "\x00", "https://a.example:99999/"):
        with pytest.raises(WebhookError):
            verify(scheme, headers, b"", "A" * 44, now=NOW, url=url)


def test_an_event_reads_its_body():
    assert verify("stripe", SIGNED, BODY, "whsec_x", now=NOW).json() == {"id": "evt_1"}


def test_a_nonce_counts_once():
    body = sign("mailgun", b'{"id":"e1","event":"opened"}', "k", now=NOW, nonce="token").body
    seen = set()

    def known(nonce):
        return nonce in seen or seen.add(nonce) is not None

    assert verify("mailgun", {}, body, "k", now=NOW, seen=known).id == "e1"
    assert seen == {"token"}
    with pytest.raises(WebhookError) as caught:
        verify("mailgun", {}, body, "k", now=NOW, seen=known)
    assert (caught.value.reason, caught.value.status) == (Reason.REPLAYED, 401)


def test_a_forged_nonce_is_never_remembered():
    body = sign("mailgun", b'{"id":"e1"}', "k", now=NOW).body
    with pytest.raises(WebhookError, match="bad_signature"):
        verify("mailgun", {}, body, "other", now=NOW, seen=pytest.fail)


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("unknown", False),
    ],
)
def test_addresses(source, passes):
    allowed = ["192.0.2.0/24", "2001:db8::/32"]
    if passes:
        assert verify("ip-allow", {}, BODY, allowed, source=source).id == "evt_1"
    else:
        with pytest.raises(WebhookError, match="bad_signature"):
            verify("ip-allow", {}, BODY, allowed, source=source)


def test_client_certificates():
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    from tests.rules.webhooks.senders import certificate, rsa_key

    shown = certificate(rsa_key(), name="client")
    parsed = x509.load_pem_x509_certificate(shown)
    print_ = parsed.fingerprint(SHA256()).hex()
    for secret in (
        print_.upper(),
        ":".join(print_[at : at + 2] for at in range(0, 64, 2)),
        shown.decode(),
    ):
        for given in (shown, parsed.public_bytes(Encoding.DER)):
            assert verify("mtls", {}, BODY, secret, client_certificate=given)
    other = certificate(rsa_key(), name="other")
    for given, reason in (
        (other, "bad_signature"),
        (b"", "bad_signature"),
        (b"-----BEGIN x", "malformed"),
    ):
        with pytest.raises(WebhookError, match=reason):
            verify("mtls", {}, BODY, print_, client_certificate=given)


@pytest.mark.parametrize(
    ("scheme", "body", "secrets", "told"),
    [
        ("square", BODY, "s", "signs the URL"),
        ("github", BODY, ["a", "b"], "carries one signature, and the keys make 2"),
        ("standard-webhooks", BODY, "whpk_" + "A" * 43 + "=", "secret 1 is not"),
        ("ip-allow", BODY, "10.0.0.0/8", "nothing is signed"),
        ("mtls", BODY, "00" * 32, "nothing is signed"),
        ("adyen", b"not JSON", "00", "malformed"),
        ("adyen", b'{"notificationItems":[1]}', "00", "malformed"),
        ("mailgun", b"{", "k", "malformed"),
        ("paypal", BODY, "no key", "RSA private key in PEM"),
        ("twilio", BODY, "", "secret 1 is empty"),
    ],
)
def test_what_cannot_be_signed(scheme, body, secrets, told):
    with pytest.raises(WebhookError, match=told):
        sign(scheme, body, secrets)


@pytest.mark.parametrize("name", ["paypal", "aws-sns"])
def test_certified_schemes_sign_for_somebody(name):
    from tests.rules.webhooks.senders import pem, rsa_key

    with pytest.raises(WebhookError, match="which is not given"):
        sign(name, BODY, pem(rsa_key()))
    with pytest.raises(WebhookError, match="the URL of the certificate"):
        sign(name, BODY, pem(rsa_key()), name="x")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"template": "{timestamp}"}, "expected {body}"),
        ({"template": "{timestamp}{body}{secret}"}, "in braces: secret"),
        ({"template": "{body}"}, "only there"),
        ({"template": "{timestamp}{id}{body}"}, "id_header"),
        ({"timestamp": "query.t"}, "header.NAME or body.PATH: query.t"),
        ({"id": ["id"]}, "header.NAME or body.PATH: id"),
        ({"algorithm": "md5"}, "one of sha1, sha256, sha384, sha512: md5"),
        ({"encoding": "text"}, "one of hex, base64: text"),
        ({"unit": "us"}, "one of s, ms: us"),
    ],
)
def test_schemes_of_ones_own_are_checked(options, told):
    with pytest.raises(ValueError, match=told):
        custom_scheme(**options)


def test_a_scheme_of_ones_own_with_everything():
    acme = custom_scheme(
        signature="X-Sig", template="{method} {url} {id} {timestamp} {body}", prefix="v=", split=",",
        timestamp="body.at", unit="ms", tolerance=10, id_header="X-Id", type=["header.X-Type"],
    )  # fmt: skip
    body = b'{"at":1795000000000}'
    signed = sign(acme, body, ["a", "b"], now=NOW, id="i", type="t", url="https://u/?x")
    assert signed.headers["X-Sig"].count("v=") == 2
    options = {"now": NOW, "url": "https://u/?x"}
    event = verify(acme, signed.headers, body, "b", **options)
    assert (event.id, event.type, event.sent_at) == ("i", "t", NOW)
    for change in ({"now": NOW + 11}, {"url": "https://u/?y"}, {"method": "PUT"}):
        with pytest.raises(WebhookError):
            verify(acme, signed.headers, body, "b", **options | change)


def test_importing_it_loads_no_server_and_no_configuration():
    code = "import sys, frontdesk.webhooks; print([n for n in sys.modules if n.startswith('frontdesk.') and n.split('.')[1] not in ('webhooks', 'base', 'rules')] + [n for n in ('asyncio', 'pydantic', 'msgspec', 'click', 'sqlite3') if n in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert made.stdout == "[]\n"

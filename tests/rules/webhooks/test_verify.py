"""Verifying: recorded deliveries of every vendor, and whatever somebody may do to one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.webhooks import (
    SCHEMES,
    Reason,
    WebhookError,
    WebhookSecret,
    custom_scheme,
    sign,
    verify,
)
from tests.rules.webhooks.senders import BODY, NAMES, NOW, RECORDED, SENDERS, recorded

SIGNED = [sender for sender in SENDERS if SCHEMES[sender.scheme].signed_body]
WHOLE = [sender for sender in SIGNED if sender.scheme not in {"twilio", "aws-sns", "aws-sns-v1"}]
TIMED = [sender for sender in SENDERS if SCHEMES[sender.scheme].tolerance is not None]
SINGLE = [
    sender
    for sender in SENDERS
    if SCHEMES[sender.scheme].form.reads
    and sender.scheme != "rfc9421"  # there several lines are one
]
BYTES = [
    one
    for one in RECORDED
    if one["scheme"] not in {"twilio", "aws-sns", "mailgun", "adyen", "okta-header-secret"}
]
IN_HEADERS = [sender for sender in SENDERS if SCHEMES[sender.scheme].form.reads]

ONCE = [sender.sign() for sender in SENDERS]


def names(senders):
    return [sender.scheme for sender in senders]


def refused(call, *arguments, **options):
    with pytest.raises(WebhookError) as caught:
        call(*arguments, **options)
    return caught.value.reason


@pytest.mark.parametrize("one", RECORDED, ids=[one["scheme"] for one in RECORDED])
def test_recorded_deliveries_verify(one):
    arguments, options = recorded(one)
    event = verify(*arguments, **options)
    assert event.id
    assert event.body == one["body"].encode()
    assert event.sent_at is None or abs(event.sent_at - one["now"]) < 60


@pytest.mark.parametrize("one", RECORDED, ids=[one["scheme"] for one in RECORDED])
def test_recorded_deliveries_need_their_key(one):
    (scheme, headers, body, secret), options = recorded(one)
    changed = ("B" if secret[10] != "B" else "C").join((secret[:10], secret[11:]))
    if one["scheme"] in {"discord", "adyen"}:
        changed = ("1" if secret[10] != "1" else "2").join((secret[:10], secret[11:]))
    reason = refused(verify, scheme, headers, body, changed, **options)
    assert reason in {Reason.BAD_SIGNATURE, Reason.CONFIG_ERROR}  # some changed keys are none


def test_the_example_of_github_verifies():
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = "It's a Secret to Everybody"
    assert verify("github", {"x-hub-signature-256": signature}, b"Hello, World!", secret).key == "1"


@pytest.mark.parametrize("sender", SENDERS, ids=NAMES)
def test_what_is_signed_verifies(sender):
    event = sender.verify(sender.sign(type="payment.completed"))
    assert event.scheme == sender.scheme
    assert event.id


@pytest.mark.parametrize("sender", WHOLE, ids=names(WHOLE))
def test_a_flipped_bit_of_the_body_never_verifies(sender):
    signed = sender.sign()
    for at in range(len(signed.body) * 8):
        body = bytearray(signed.body)
        body[at // 8] ^= 1 << at % 8
        reason = refused(sender.verify, signed, body=bytes(body))
        assert reason in {Reason.BAD_SIGNATURE, Reason.MALFORMED}


@pytest.mark.parametrize("sender", IN_HEADERS, ids=names(IN_HEADERS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_of_a_header_never_verifies(sender, data):
    signed = ONCE[SENDERS.index(sender)]
    reads = {name.lower() for name in SCHEMES[sender.scheme].form.reads} & {
        name.lower() for name in signed.headers
    }
    if not reads:
        return
    name = data.draw(st.sampled_from(sorted(reads)))
    headers = {key.lower(): value for key, value in signed.headers.items()}
    value = bytearray(headers[name].encode("latin-1", "replace"))
    at = data.draw(st.integers(0, len(value) * 8 - 1))
    value[at // 8] ^= 1 << at % 8
    changed = value.decode("latin-1")
    if changed.strip(" \t") == headers[name] or means_the_same(
        sender, name, changed, headers[name]
    ):
        return
    headers[name] = changed
    assert refused(sender.verify, signed, headers=headers) is not Reason.REPLAYED


def means_the_same(sender, name, changed, value):
    """Whether a change is of letter case or of a blank that the standard says do not matter."""
    if sender.scheme == "basic":
        return changed.lower() == value.lower() and changed[6:] == value[6:]
    return name == "paypal-cert-url"  # signed is not where the certificate lies


@pytest.mark.parametrize("one", BYTES, ids=[one["scheme"] for one in BYTES])
def test_bodies_that_were_read_and_written_again_never_verify(one):
    (scheme, headers, body, secret), options = recorded(one)
    document = json.loads(body)
    for again in (
        json.dumps(document),
        json.dumps(document, indent=2),
        json.dumps(document) + "\n",
    ):
        if again.encode() != body:
            reason = refused(verify, scheme, headers, again.encode(), secret, **options)
            assert reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "text", ['{"a":1.0}', '{"a":1E3}', '{"a":"\\u00e9\\/"}', '{"a":1,"a":2}', "{}\n"]
)
def test_what_a_serialiser_would_change_is_signed_as_it_is(text):
    signed = sign("generic-hmac", text.encode(), "s", now=NOW)
    assert verify("generic-hmac", signed.headers, text.encode(), "s", now=NOW).body == text.encode()
    again = json.dumps(json.loads(text)).encode()
    assert again != text.encode()
    assert (
        refused(verify, "generic-hmac", signed.headers, again, "s", now=NOW) is Reason.BAD_SIGNATURE
    )


@pytest.mark.parametrize("sender", TIMED, ids=names(TIMED))
def test_time_counts_both_ways_and_the_edge_passes(sender):
    tolerance = SCHEMES[sender.scheme].tolerance
    signed = sender.sign()
    sender.verify(signed, now=NOW + tolerance)
    sender.verify(signed, now=NOW - tolerance)
    assert refused(sender.verify, signed, now=NOW + tolerance + 0.5) is Reason.STALE
    assert refused(sender.verify, signed, now=NOW - tolerance - 0.5) is Reason.STALE


@pytest.mark.parametrize("sender", TIMED, ids=names(TIMED))
@settings(max_examples=20, deadline=None)
@given(age=st.floats(4000, 1e11))
def test_old_timestamps_are_stale(sender, age):
    assert refused(sender.verify, sender.sign(), now=NOW + age) in {
        Reason.STALE,
        Reason.CERT_REJECTED,
    }


@pytest.mark.parametrize(
    "sender", [one for one in SIGNED if one in TIMED], ids=lambda sender: sender.scheme
)
def test_a_forged_delivery_is_not_called_stale(sender):
    signed = sender.sign()
    body = signed.body.replace(b"completed", b"forged!!!").replace(b"[]", b"{}")
    assert refused(sender.verify, signed, body=body, now=NOW + 4001) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("sender", IN_HEADERS, ids=names(IN_HEADERS))
def test_a_missing_header_is_told_as_such(sender):
    signed = sender.sign()
    names = {name.lower() for name in SCHEMES[sender.scheme].form.reads}
    for name in [one for one in signed.headers if one.lower() in names]:
        headers = {key: value for key, value in signed.headers.items() if key != name}
        assert refused(sender.verify, signed, headers=headers) is Reason.MISSING_HEADER


@pytest.mark.parametrize("sender", IN_HEADERS, ids=names(IN_HEADERS))
@pytest.mark.parametrize(
    "value",
    [
        "",
        "é" * 40,
        "漢字",
        "\udcff",
        "=" * 64,
        "v1,",
        "t=,v1=",
        "A" * 9000,
        "v1=" * 5000,
        "0" * 64,
        "\x00",
    ],
    ids=repr,
)
def test_odd_headers_are_refused_and_nothing_breaks(sender, value):
    signed = sender.sign()
    reads = {name.lower() for name in SCHEMES[sender.scheme].form.reads}
    headers = {
        name: value if name.lower() in reads else kept for name, kept in signed.headers.items()
    }
    if any(name.lower() in reads for name in signed.headers):
        assert refused(sender.verify, signed, headers=headers) in {
            *(Reason.MISSING_HEADER, Reason.MALFORMED, Reason.BAD_SIGNATURE, Reason.CERT_REJECTED),
        }


@pytest.mark.parametrize("sender", SENDERS, ids=NAMES)
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[" * 100_000, b"\xff\xfe", b'{"signature":1,"notificationItems":[1]}', b"{}"],
)
def test_odd_bodies_are_refused_and_nothing_breaks(sender, body):
    signed = sender.sign()
    if SCHEMES[sender.scheme].sends_secret:
        assert sender.verify(signed, body=body).id.startswith("sha256:")
    elif body != signed.body:
        assert refused(sender.verify, signed, body=body) in {
            *(Reason.MALFORMED, Reason.BAD_SIGNATURE, Reason.MISSING_HEADER),
        }


@pytest.mark.parametrize("sender", SINGLE, ids=names(SINGLE))
def test_a_signature_that_comes_twice_is_refused(sender):
    signed = sender.sign()
    reads = {name.lower() for name in SCHEMES[sender.scheme].form.reads}
    pairs = list((sender.says.get("headers", {}) | signed.headers).items())
    for name, value in list(signed.headers.items()):
        if name.lower() in reads:
            twice = [*pairs, (name.upper(), value)]
            assert refused(sender.verify, signed, headers=twice) is Reason.MALFORMED


@pytest.mark.parametrize(
    "sender", [one for one in SENDERS if not one.certificate], ids=lambda one: one.scheme
)
def test_several_secrets_are_tried_and_the_one_that_matched_is_told(sender):
    other = next(one for one in OTHERS[sender.scheme] if one != sender.verifying)
    secrets = [WebhookSecret(other, "new"), WebhookSecret(sender.verifying, "old")]
    event = sender.verify(sender.sign(), secrets=secrets)
    assert (event.key, event.rotated) == ("old", True)
    event = sender.verify(sender.sign(), secrets=secrets[::-1])
    assert (event.key, event.rotated) == ("old", False)


KEYS = {
    "adyen": "ab" * 32,
    "discord": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "sendgrid": next(one["key"] for one in RECORDED if one["scheme"] == "sendgrid"),
    "basic": "another:one",
    **dict.fromkeys(("svix", "standard-webhooks"), "whsec_" + "A" * 32),
    "rfc9421": "A" * 44,
}
OTHERS = {sender.scheme: (KEYS.get(sender.scheme, "another"),) for sender in SENDERS}


def test_a_secret_counts_until_its_end():
    sender = next(one for one in SENDERS if one.scheme == "github")
    ending = WebhookSecret(sender.verifying, not_after=NOW)
    signed = sender.sign()
    assert sender.verify(signed, secrets=[ending], now=NOW).key == "1"
    assert refused(sender.verify, signed, secrets=[ending], now=NOW + 1) is Reason.CONFIG_ERROR
    secrets = [WebhookSecret("new"), ending]
    assert refused(sender.verify, signed, secrets=secrets, now=NOW + 1) is Reason.BAD_SIGNATURE


def test_many_signatures_are_bounded():
    good = sign("stripe", BODY, "s", now=NOW).headers["Stripe-Signature"]
    wrong = ",".join(f"v1={at:064x}" for at in range(15))
    assert (
        verify("stripe", {"Stripe-Signature": f"{good},{wrong}"}, BODY, "s", now=NOW).id == "evt_1"
    )
    one_more = {"Stripe-Signature": f"{good},{wrong},v1={99:064x}"}
    assert refused(verify, "stripe", one_more, BODY, "s", now=NOW) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("t=1795000000,v0={}", Reason.MALFORMED),
        ("v1={}", Reason.MALFORMED),
        ("t=1795000000,t=1795000000,v1={}", Reason.MALFORMED),
        ("t=1795000000.5,v1={}", Reason.MALFORMED),
        ("t=+1795000000,v1={}", Reason.MALFORMED),
        ("t=١٧٩٥٠٠٠٠٠٠,v1={}", Reason.MALFORMED),
        ("t=01795000000,v1={}", Reason.BAD_SIGNATURE),
    ],
)
def test_stripes_header_is_read_strictly(header, reason):
    good = sign("stripe", BODY, "s", now=NOW).headers["Stripe-Signature"].partition("v1=")[2]
    headers = {"Stripe-Signature": header.format(good)}
    assert refused(verify, "stripe", headers, BODY, "s", now=NOW) is reason


def test_the_second_spelling_of_a_signature_is_refused():
    signed = sign("github", BODY, "s", now=NOW).headers["X-Hub-Signature-256"]
    upper = {"X-Hub-Signature-256": "sha256=" + signed[7:].upper()}
    assert refused(verify, "github", upper, BODY, "s", now=NOW) is Reason.MALFORMED


def test_weaker_signatures_never_stand_in():
    sha1 = custom_scheme(
        signature="X-Hub-Signature",
        template="{body}",
        timestamp="",
        algorithm="sha1",
        prefix="sha1=",
    )
    weaker = sign(sha1, BODY, "s").headers
    assert verify(sha1, weaker, BODY, "s").id == "evt_1"
    assert refused(verify, "github", weaker, BODY, "s") is Reason.MISSING_HEADER
    as_stronger = {"X-Hub-Signature-256": weaker["X-Hub-Signature"]}
    assert refused(verify, "github", as_stronger, BODY, "s") is Reason.MALFORMED


@pytest.mark.parametrize("size", [1, 10_000])
def test_long_lists_have_an_item_each(size):
    body = json.dumps([{"sg_event_id": f"e{at}", "event": "open"} for at in range(size)]).encode()
    sender = next(one for one in SENDERS if one.scheme == "sendgrid")
    event = sender.verify(sender.sign(body))
    assert len(event.items) == size
    assert event.items[-1].id == f"e{size - 1}"
    assert event.id == ("e0" if size == 1 else event.id)
    assert event.id.startswith("e0" if size == 1 else "sha256:")


def test_every_one_of_10000_items_of_adyen_must_verify():
    sender = next(one for one in SENDERS if one.scheme == "adyen")
    document = json.loads(sender.body)
    document["notificationItems"] *= 5_000
    signed = sender.sign(json.dumps(document).encode())
    assert len(sender.verify(signed).items) == 10_000
    forged = json.loads(signed.body)
    forged["notificationItems"][9_999]["NotificationRequestItem"]["amount"]["value"] = 11
    assert refused(sender.verify, signed, body=json.dumps(forged).encode()) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("value", "expected"),
    [('"e1"', "e1"), ("12", "12"), ("true", None), ("1.5", None), ("null", None), ('""', None),
     ("[1]", None), ("123456789012345678901234567890", None), (json.dumps("x" * 300), None)],
)  # fmt: skip
def test_an_id_is_a_short_text_or_a_whole_number_else_a_hash(value, expected):
    body = b'{"id":%s}' % value.encode()
    signed = sign("generic-hmac", body, "s", now=NOW)
    found = verify("generic-hmac", signed.headers, body, "s", now=NOW).id
    assert found == expected or (expected is None and found.startswith("sha256:"))


def test_deliveries_without_an_id_are_told_apart_by_their_body():
    ids = set()
    for body in (b"a", b"b", b"a"):
        signed = sign("dropbox", body, "s")
        ids.add(verify("dropbox", signed.headers, body, "s").id)
    assert len(ids) == 2


@pytest.mark.parametrize("sender", SENDERS, ids=NAMES)
def test_no_error_shows_a_secret_or_a_signature(sender):
    signed = sender.sign()
    for options in ({"now": NOW + 1e7}, {"headers": {}}, {"body": b"x"}):
        try:
            sender.verify(signed, **options)
        except WebhookError as error:
            told = f"{error!r} {error} {error.body}"
            assert sender.verifying not in told
            assert sender.signing not in told
            assert all(value not in told for value in signed.headers.values() if len(value) > 20)


@pytest.mark.parametrize("strange", ["a" * 256, "a\\u0000b"], ids=["long", "with a NUL"])
def test_what_no_database_takes_is_told_by_its_hash_or_not_at_all(strange):
    body = f'{{"id":"{strange}","type":"{strange}"}}'.encode()
    headers = sign("stripe", body, "s", now=NOW).headers
    event = verify("stripe", headers, body, "s", now=NOW)
    assert event.id.startswith("sha256:")
    assert event.type == ""

"""Twilio: spellings of URLs, forms, and bodies that are none."""

import pytest

from frontdesk.rules.webhooks.forms.twilio import spellings
from frontdesk.webhooks import Reason, WebhookError, sign, verify

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
URL = "https://a.example/in"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/in?b", ("https://a.example/in?b", "https://a.example:443/in?b")),
        ("http://a.example", ("http://a.example", "http://a.example:80")),
        ("https://a.example:8443/in", ("https://a.example:8443/in", "https://a.example/in")),
        ("https://[2001:db8::1]/in", ("https://[2001:db8::1]/in", "https://[2001:db8::1]:443/in")),
        ("https://[2001:db8::1]:443/", ("https://[2001:db8::1]:443/", "https://[2001:db8::1]/")),
        ("https://a.example:x/in", ("https://a.example:x/in",)),
        ("https://[/in", ("https://[/in",)),
        ("/in", ("/in",)),
    ],
)
def test_urls_are_tried_with_and_without_a_port(url, expected):
    assert spellings(url) == expected


def refused(headers, body, url=URL, **given):
    with pytest.raises(WebhookError) as caught:
        verify("twilio", headers, body, "t", url=url, **given)
    return caught.value.reason


def test_the_order_of_a_form_and_its_repetitions_do_not_count():
    headers = FORM | sign("twilio", b"A=1&B=2&B=1", "t", url=URL, headers=FORM).headers
    for body in (b"B=1&A=1&B=2", b"A=1&B=2&B=1&A=1", b"A=%31&B=2&B=1"):
        assert verify("twilio", headers, body, "t", url=URL)
    for body in (b"A=1&B=2", b"A=1&B=2&B=1&C=", b"A=2&B=1&B=1"):
        reason = refused(headers, body)
        # A parameter without name and value adds nothing to what is signed.
        assert reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({}, b"A=1", Reason.MALFORMED),
        ({"Content-Type": "application/json"}, b"{}", Reason.MALFORMED),
        (FORM, b"A=%ff", Reason.MALFORMED),
        (FORM, b"\xff=1", Reason.MALFORMED),
        (
            FORM | {"X-Twilio-Webhooks-Signature-Settings": "algorithm=MD5"},
            b"A=1",
            Reason.MALFORMED,
        ),
    ],
)
def test_bodies_that_nothing_signs_are_refused(headers, body, reason):
    signed = sign("twilio", b"", "t", url=URL).headers
    assert refused(headers | signed, body) is reason


def test_an_empty_body_is_signed_by_the_url():
    assert verify("twilio", sign("twilio", b"", "t", url=URL).headers, b"", "t", url=URL)


def test_the_settings_choose_between_two_algorithms_only():
    strong = FORM | {"X-Twilio-Webhooks-Signature-Settings": "key=k, algorithm=HMAC_SHA256"}
    made = sign("twilio", b"A=1", "t", url=URL, headers=strong).headers
    assert verify("twilio", strong | made, b"A=1", "t", url=URL)
    assert refused(FORM | made, b"A=1") is Reason.BAD_SIGNATURE

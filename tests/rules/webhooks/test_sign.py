"""Signing: what goes where, and what cannot be signed."""

import pytest

from frontdesk.rules.webhooks.forms.form import Draft
from frontdesk.rules.webhooks.schemes import SCHEMES
from frontdesk.rules.webhooks.sign import sign
from frontdesk.rules.webhooks.verdict import Reason, Refusal
from tests.rules.webhooks.senders import NAMES, NOW, SENDERS

DRAFT = Draft(b"{}", NOW, id="evt_1", type="paid")


@pytest.mark.parametrize("name", ["ip-allow", "mtls", "github"])
def test_without_a_signature_there_is_a_refusal(name):
    refusal = sign(SCHEMES[name], DRAFT, ())
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.status) == (Reason.CONFIG_ERROR, 500)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github", {"X-GitHub-Delivery": "evt_1", "X-GitHub-Event": "paid"}),
        ("shopify", {"X-Shopify-Event-Id": "evt_1", "X-Shopify-Topic": "paid"}),
        ("linear", {"Linear-Delivery": "evt_1", "Linear-Event": "paid"}),
        ("stripe", {}),
    ],
)
def test_id_and_type_have_their_headers(name, expected):
    sender = next(one for one in SENDERS if one.scheme == name)
    signed = sender.sign(id="evt_1", type="paid")
    assert {
        key: value for key, value in signed.headers.items() if value in {"evt_1", "paid"}
    } == expected


@pytest.mark.parametrize("sender", SENDERS, ids=NAMES)
def test_signing_does_not_show_what_it_made(sender):
    signed = sender.sign()
    assert all(value not in repr(signed) for value in signed.headers.values() if len(value) > 60)


@pytest.mark.parametrize("now", [NOW, NOW + 0.25, NOW + 0.012, NOW + 0.999])
def test_times_are_whole_and_never_ahead(now):
    for name, per_second in (("slack", 1), ("hubspot-v3", 1000)):
        sender = next(one for one in SENDERS if one.scheme == name)
        sent = sender.verify(sender.sign(now=now), now=now).sent_at
        assert now - 1 / per_second < sent <= now

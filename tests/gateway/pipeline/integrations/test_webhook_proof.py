"""What a webhook is proven with: whatever comes, nothing but what was signed passes, and nothing raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.config.models.webhook import Webhook
from frontdesk.gateway.identity.vendors import Vendors
from frontdesk.gateway.pipeline.integrations.webhook_proof import Proof
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.handshakes import Answer
from frontdesk.rules.webhooks.schemes import SCHEMES
from frontdesk.rules.webhooks.verdict import Event, Refusal
from tests.rules.webhooks.senders import NOW, SENDERS, URL

PROOFS = {
    sender.scheme: Proof(
        Webhook.model_validate({"scheme": sender.scheme, "secret": sender.verifying}), Vendors()
    )
    for sender in SENDERS
}
PLAIN = [
    sender
    for sender in SENDERS
    if PROOFS[sender.scheme].certified is None
    and SCHEMES[sender.scheme].signed_body
    and sender.verifying == sender.signing
]
HEADERS = sorted({name for row in SCHEMES.values() for name in row.form.reads})


def proof(**keys):
    return Proof(Webhook.model_validate({"scheme": "slack", **keys}), Vendors())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLAIN), st.data())
def test_a_byte_that_has_changed_is_refused(sender, data):
    made = sender.sign()
    at = data.draw(st.integers(0, len(made.body) - 1))
    other = data.draw(st.integers(1, 255))
    body = made.body[:at] + bytes([made.body[at] ^ other]) + made.body[at + 1 :]
    headers = sender.says.get("headers", {}) | made.headers
    judged = Proof(
        Webhook.model_validate({"scheme": sender.scheme, "secret": sender.verifying}), Vendors()
    )
    assert isinstance(judged.judge(Delivery(headers.items(), made.body, url=made.url), NOW), Event)
    delivery = Delivery(headers.items(), body, url=made.url)
    assert not isinstance(judged.judge(delivery, NOW), Event)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(PROOFS)),
    st.lists(st.tuples(st.sampled_from(HEADERS), st.text(max_size=40)), max_size=5),
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["type", "event", "events", "challenge", "a"]), inner
                )
            ),
            max_leaves=6,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.sampled_from(["GET", "POST", "OPTIONS"]),
)
def test_whatever_a_stranger_sends_nothing_passes_and_nothing_raises(scheme, headers, body, method):
    delivery = Delivery(headers, body, method=method, url=f"{URL}&challenge=c&crc_token=c")
    assert isinstance(PROOFS[scheme].judge(delivery, NOW), Refusal | Answer)


@pytest.mark.parametrize(("now", "secret"), [(NOW, "ending"), (NOW + 86_400 * 30, "lasting")])
def test_handshakes_are_answered_with_the_first_secret_that_counts(now, secret):
    ending = {"value": "ending", "not_after": "2026-11-30"}
    both = Proof(Webhook.model_validate({"scheme": "x", "secrets": [ending, "lasting"]}), Vendors())
    one = Proof(Webhook.model_validate({"scheme": "x", "secret": secret}), Vendors())
    asked = Delivery((), b"", method="GET", url="https://a.example/?crc_token=c")
    assert both.judge(asked, now) == one.judge(asked, now)


def test_a_file_of_authorities_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        proof(scheme="paypal", secret="WH-1", ca=tmp_path / "gone.pem")

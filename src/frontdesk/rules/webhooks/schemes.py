"""Owns the table of schemes, one row for each vendor.

Sources: the vendors' pages on verifying webhooks; where a form is odd, its module names them.
"""

from difflib import get_close_matches
from typing import Final

from frontdesk.rules.webhooks.encodings import BASE64, PLAIN
from frontdesk.rules.webhooks.forms import hubspot
from frontdesk.rules.webhooks.forms.adyen import Adyen
from frontdesk.rules.webhooks.forms.credentials import Basic, ClientCertificate, FromAddress
from frontdesk.rules.webhooks.forms.mailgun import Mailgun
from frontdesk.rules.webhooks.forms.message_signatures import MessageSignatures
from frontdesk.rules.webhooks.forms.paypal import PayPal
from frontdesk.rules.webhooks.forms.plain import Plain
from frontdesk.rules.webhooks.forms.sns import Sns
from frontdesk.rules.webhooks.forms.standard import Standard
from frontdesk.rules.webhooks.forms.stripe import Stripe
from frontdesk.rules.webhooks.forms.twilio import Twilio
from frontdesk.rules.webhooks.keys import (
    ED25519_HEX,
    FINGERPRINT,
    HEX_BYTES,
    HTTP_MESSAGE,
    NETWORK,
    P256_DER,
    RSA_SIGNING,
    STANDARD,
    USER,
)
from frontdesk.rules.webhooks.scheme import Scheme, custom_scheme
from frontdesk.rules.webhooks.sources import Field, Header, Items

_TYPE: Final = (Field("type"),)

_HUBSPOT_ITEMS: Final = Items("", ("eventId",), ("subscriptionType",))


def _sns(name: str, *versions: str) -> Scheme:
    return Scheme(
        name=name,
        form=Sns(versions),
        key=RSA_SIGNING,
        tolerance=3600.0,
        id=(Field("MessageId"),),
        type=(Field("Type"),),
    )


def _shared_token(
    name: str, header: str, id_: tuple[Field, ...], type_: tuple[Field, ...]
) -> Scheme:
    return Scheme(
        name=name,
        form=Plain(header, method="equality", encoding=PLAIN),
        id=id_,
        type=type_,
        signed_body=False,
        sends_secret=True,
    )


_ROWS: Final = (
    custom_scheme(),
    Scheme(name="stripe", form=Stripe(), tolerance=300.0, id=(Field("id"),), type=_TYPE),
    Scheme(
        name="standard-webhooks",
        form=Standard(("webhook",)),
        key=STANDARD,
        tolerance=300.0,
        id=(Header("webhook-id"),),
        type=_TYPE,
    ),
    Scheme(
        name="svix",
        form=Standard(("svix", "webhook")),
        key=STANDARD,
        tolerance=300.0,
        id=(Header("svix-id"), Header("webhook-id")),
        type=_TYPE,
    ),
    Scheme(
        name="github",
        form=Plain("X-Hub-Signature-256", prefix="sha256="),
        id=(Header("X-GitHub-Delivery"),),
        type=(Header("X-GitHub-Event"),),
    ),
    Scheme(
        name="meta",
        form=Plain("X-Hub-Signature-256", prefix="sha256="),
        type=(Field("object"),),
    ),
    Scheme(
        name="slack",
        form=Plain(
            "X-Slack-Signature",
            "v0:{timestamp}:{body}",
            prefix="v0=",
            timestamp=Header("X-Slack-Request-Timestamp"),
        ),
        tolerance=300.0,
        id=(Field("event_id"),),
        type=(Field("event.type"), Field("type")),
    ),
    Scheme(
        name="shopify",
        form=Plain("X-Shopify-Hmac-Sha256", encoding=BASE64),
        id=(Header("X-Shopify-Event-Id"), Header("X-Shopify-Webhook-Id")),
        type=(Header("X-Shopify-Topic"),),
    ),
    Scheme(name="twilio", form=Twilio(), id=(Header("I-Twilio-Idempotency-Token"),)),
    Scheme(
        name="square",
        form=Plain("x-square-hmacsha256-signature", "{url}{body}", encoding=BASE64),
        id=(Field("event_id"),),
        type=_TYPE,
    ),
    Scheme(
        name="paypal",
        form=PayPal(),
        key=RSA_SIGNING,
        id=(Field("id"),),
        type=(Field("event_type"),),
    ),
    Scheme(
        name="zoom",
        form=Plain(
            "x-zm-signature",
            "v0:{timestamp}:{body}",
            prefix="v0=",
            timestamp=Header("x-zm-request-timestamp"),
        ),
        tolerance=300.0,
        id=(Header("x-zm-trackingid"),),
        type=(Field("event"),),
    ),
    Scheme(
        name="discord",
        form=Plain(
            "X-Signature-Ed25519",
            "{timestamp}{body}",
            method="ed25519",
            timestamp=Header("X-Signature-Timestamp"),
        ),
        key=ED25519_HEX,
        tolerance=300.0,  # Differs: [discord-age] Discord asks for none.
        id=(Field("id"),),
        type=_TYPE,
    ),
    Scheme(
        name="sendgrid",
        form=Plain(
            "X-Twilio-Email-Event-Webhook-Signature",
            "{timestamp}{body}",
            method="ecdsa-p256-sha256-der",
            encoding=BASE64,
            timestamp=Header("X-Twilio-Email-Event-Webhook-Timestamp"),
        ),
        key=P256_DER,
        items=Items("", ("sg_event_id",), ("event",)),
    ),
    _sns("aws-sns", "2"),  # Differs: [sns-signatures] SNS sends version 1 unless told otherwise.
    _sns("aws-sns-v1", "2", "1"),
    Scheme(
        name="mailgun",
        form=Mailgun(),
        tolerance=900.0,
        id=(Field("event-data.id"),),
        type=(Field("event-data.event"),),
        signed_body=False,
    ),
    Scheme(
        name="linear",
        form=Plain("Linear-Signature", timestamp=Field("webhookTimestamp"), per_second=1000),
        tolerance=60.0,
        id=(Header("Linear-Delivery"),),
        type=(Header("Linear-Event"), Field("type")),
    ),
    Scheme(
        name="hubspot-v3",
        form=Plain(
            "X-HubSpot-Signature-v3",
            "{method}{url}{body}{timestamp}",
            encoding=BASE64,
            timestamp=Header("X-HubSpot-Request-Timestamp"),
            per_second=1000,
            spellings=hubspot.spellings,
        ),
        tolerance=300.0,
        items=_HUBSPOT_ITEMS,
    ),
    Scheme(
        name="hubspot-v2",
        form=Plain("X-HubSpot-Signature", "{method}{url}{body}", method="sha256"),
        items=_HUBSPOT_ITEMS,
    ),
    Scheme(
        name="hubspot-v1",
        form=Plain("X-HubSpot-Signature", method="sha256"),
        items=_HUBSPOT_ITEMS,
    ),
    Scheme(
        name="adyen",
        form=Adyen(),
        key=HEX_BYTES,
        type=_TYPE,
        items=Items(
            "notificationItems",
            tuple(
                f"NotificationRequestItem.{name}"
                for name in ("pspReference", "eventCode", "success")
            ),
            ("NotificationRequestItem.eventCode",),
        ),
        signed_body=False,
    ),
    Scheme(
        name="xero",
        form=Plain("x-xero-signature", encoding=BASE64),
        items=Items("events", ("resourceId", "eventDateUtc"), ("eventCategory", "eventType")),
    ),
    Scheme(name="dropbox", form=Plain("X-Dropbox-Signature")),
    Scheme(
        name="x",
        form=Plain("x-twitter-webhooks-signature", encoding=BASE64, prefix="sha256="),
    ),
    _shared_token(
        "okta-header-secret", "Authorization", (Field("eventId"),), (Field("eventType"),)
    ),
    _shared_token("gitlab", "X-Gitlab-Token", (), (Field("object_kind"),)),
    _shared_token("telegram", "X-Telegram-Bot-Api-Secret-Token", (Field("update_id"),), ()),
    Scheme(
        name="rfc9421",
        form=MessageSignatures(),
        key=HTTP_MESSAGE,
        tolerance=300.0,
        type=_TYPE,
    ),
    Scheme(
        name="basic",
        form=Basic(),
        key=USER,
        id=(Field("id"),),
        type=_TYPE,
        signed_body=False,
        sends_secret=True,
    ),
    Scheme(
        name="ip-allow",
        form=FromAddress(),
        key=NETWORK,
        id=(Field("id"),),
        type=_TYPE,
        signed_body=False,
    ),
    Scheme(
        name="mtls",
        form=ClientCertificate(),
        key=FINGERPRINT,
        id=(Field("id"),),
        type=_TYPE,
        signed_body=False,
    ),
)

SCHEMES: Final = {row.name: row for row in _ROWS}
"""By name, in the order of the table."""

ALIASES: Final = {
    **dict.fromkeys(("clerk", "resend"), "svix"),
    "openai": "standard-webhooks",
    "standard-webhooks-ed25519": "standard-webhooks",
    "rfc9421-hmac": "rfc9421",
    "instagram": "meta",
    "whatsapp": "meta",
}
"""Other names of rows: vendors that sign as these do."""


class UnknownSchemeError(LookupError):
    """There is no such scheme. hint: what may have been meant."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown scheme: {name}")
        near = get_close_matches(name, (*SCHEMES, *ALIASES), n=1)
        self.hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(SCHEMES)}"


def find_scheme(name: str) -> Scheme:
    """Return the row of a name. Raises: UnknownSchemeError."""
    row = SCHEMES.get(ALIASES.get(name, name))
    if row is None:
        raise UnknownSchemeError(name)
    return row

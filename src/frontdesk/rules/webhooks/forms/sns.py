"""Owns the messages of Amazon SNS, which hold their signature and where its certificate is.

Source: AWS, "Verifying the signatures of Amazon SNS messages".
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from frontdesk.rules.webhooks.delivery import Delivery, read_time
from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.forms.form import (
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    one_candidate,
    only,
)
from frontdesk.rules.webhooks.verdict import Reason, Refused

_HOST: Final = r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/"
CERTIFICATE_URL: Final = re.compile(_HOST + r"SimpleNotificationService-[0-9a-f]+\.pem", re.ASCII)
SUBSCRIBE_URL: Final = re.compile(_HOST + r"\?[!-~]{1,2000}", re.ASCII)

_METHODS: Final = {"1": "rsa-v1_5-sha1", "2": "rsa-v1_5-sha256"}
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)
_SIGNED: Final = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}


@dataclass(frozen=True, slots=True)
class Sns:
    """Only messages of the topics that are named count: everybody may make a topic and have it signed.

    versions: of the signature that are accepted, the one that is written last.
    """

    versions: tuple[str, ...]

    reads = ()
    covers = "all of the message but its signature and its links"
    certificate_names = ("sns.amazonaws.com",)

    def read(self, delivery: Delivery, names: Sequence[str]) -> tuple[Claims, ...]:
        message = delivery.need_object()
        version = _member(message, "SignatureVersion")
        if version not in self.versions:
            raise Refused(Reason.MALFORMED, "SignatureVersion is not one that is accepted")
        if _member(message, "TopicArn") not in names:
            raise Refused(Reason.BAD_SIGNATURE, "TopicArn is not one that is allowed")
        signature = one_candidate(
            _METHODS[version], BASE64, _member(message, "Signature"), "Signature"
        )
        moment = read_time(_member(message, "Timestamp"), "Timestamp")
        proof = Proof((_text(message),), (signature,))
        return (Claims((proof,), sent_at=moment, id=_member(message, "MessageId")),)

    def certificate_url(self, delivery: Delivery) -> str:
        """Return where the certificate is. Raises: Refused when that is not SNS's."""
        url = _member(delivery.need_object(), "SigningCertURL")
        if CERTIFICATE_URL.fullmatch(url) is None:
            raise Refused(Reason.CERT_REJECTED, "SigningCertURL is not a URL of Amazon SNS's")
        return url

    def write(self, draft: Draft, signer: Signer) -> Signed:
        version = self.versions[-1]
        moment = datetime.fromtimestamp(draft.now, UTC).isoformat(timespec="milliseconds")
        message = {
            "Type": "Notification",
            "MessageId": draft.need("an id", draft.id),
            "TopicArn": draft.need("the ARN of the topic", draft.name),
            "Message": draft.body.decode(),
            "Timestamp": moment.replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": draft.need("the URL of the certificate", draft.certificate_url),
        }
        message["Signature"] = BASE64.encode(only(signer(_METHODS[version], _text(message))))
        headers = {
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
            "x-amz-sns-topic-arn": message["TopicArn"],
            "Content-Type": "text/plain; charset=UTF-8",
        }
        body = json.dumps(message, ensure_ascii=False, indent=2)
        return Signed(headers, body.encode(), draft.url)


def _text(message: Mapping[str, Any]) -> bytes:
    names = _SIGNED.get(_member(message, "Type"))
    if names is None:
        raise Refused(Reason.MALFORMED, "Type is none of Amazon SNS's")
    lines = [
        f"{name}\n{_member(message, name)}\n"
        for name in names
        if name != "Subject" or message.get(name) is not None
    ]
    return "".join(lines).encode()


def _member(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise Refused(Reason.MALFORMED, f"the message has no text {name}")
    return value

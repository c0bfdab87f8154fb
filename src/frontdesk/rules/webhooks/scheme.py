"""Owns what a scheme is: one row of the table, or one of an operator's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

from frontdesk.rules.webhooks.encodings import ENCODINGS
from frontdesk.rules.webhooks.forms.form import CertifiedForm, Form
from frontdesk.rules.webhooks.forms.plain import Plain, check_template
from frontdesk.rules.webhooks.keys import TEXT, KeyForm
from frontdesk.rules.webhooks.sources import Items, Source, read_source

_HASHES: Final = ("sha1", "sha256", "sha384", "sha512")
_UNITS: Final = {"s": 1, "ms": 1000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How one vendor signs.

    key: how its secrets are written; where the form is certified, how the key is written that signs. tolerance:
    seconds that the time may be away, before or after; None: not looked at. id, type: the places to look for them,
    the first that says something counts. items: of vendors that send several events at once. signed_body: False
    where the signature leaves parts of the body open. sends_secret: the secret itself is what is sent.
    """

    name: str
    form: Form
    key: KeyForm = TEXT
    tolerance: float | None = None
    id: tuple[Source, ...] = ()
    type: tuple[Source, ...] = ()
    items: Items | None = None
    signed_body: bool = True
    sends_secret: bool = False


def is_certified(form: Form) -> TypeGuard[CertifiedForm]:
    """Whether the key of a form is a certificate that the sender publishes."""
    return hasattr(form, "certificate_url")


def custom_scheme(
    *,
    signature: str = "X-Signature",
    template: str = "{timestamp}.{body}",
    algorithm: str = "sha256",
    encoding: str = "hex",
    prefix: str = "",
    split: str = "",
    timestamp: str = "header.X-Timestamp",
    unit: str = "s",
    tolerance: float | None = 300.0,
    id: Sequence[str] = ("body.id",),  # noqa: A002 - the word of the table
    type: Sequence[str] = ("body.type",),  # noqa: A002 - the word of the table
    id_header: str = "",
    name: str = "generic-hmac",
) -> Scheme:
    """Make a scheme of HMAC in one header; as it stands, the guide's.

    signature: the header. template: what is signed, of `{body}`, `{timestamp}`, `{id}`, `{method}`, `{url}`.
    algorithm: sha1, sha256, sha384 or sha512. encoding: hex or base64. prefix: before each signature; split:
    between several. timestamp, id, type: `header.NAME` or `body.PATH`; timestamp may be "". unit: s or ms.
    id_header: holds the `{id}` of the template.
    Raises: ValueError.
    """
    check_template(template)
    for word, value, allowed in (
        ("algorithm", algorithm, _HASHES),
        ("encoding", encoding, ("hex", "base64")),
        ("unit", unit, tuple(_UNITS)),
    ):
        if value not in allowed:
            raise ValueError(f"expected {word} to be one of {', '.join(allowed)}: {value}")
    if ("{timestamp}" in template) != bool(timestamp):
        raise ValueError("expected a timestamp where the template has one, and only there")
    if ("{id}" in template) != bool(id_header):
        raise ValueError("expected an id_header where the template has {id}, and only there")
    form = Plain(
        header=signature,
        template=template,
        method=f"hmac-{algorithm}",
        encoding=ENCODINGS[encoding],
        prefix=prefix,
        split=split,
        timestamp=read_source(timestamp) if timestamp else None,
        per_second=_UNITS[unit],
        id=id_header,
    )
    return Scheme(
        name=name,
        form=form,
        tolerance=tolerance if timestamp else None,
        id=tuple(read_source(one) for one in id),
        type=tuple(read_source(one) for one in type),
    )

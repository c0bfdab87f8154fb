"""Owns the common way: one header with the signature of a text that a template makes of the delivery."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from frontdesk.rules.webhooks.delivery import Delivery, read_moment
from frontdesk.rules.webhooks.encodings import HEX, Encoding
from frontdesk.rules.webhooks.forms.form import (
    Candidate,
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    limited,
    only,
)
from frontdesk.rules.webhooks.sources import Header, Source

PLACES: Final = ("body", "id", "method", "timestamp", "url")
"""What a template may name, in braces."""

_PLACE: Final = re.compile(r"\{([a-z]+)\}")


def as_it_is(url: str) -> tuple[str, ...]:
    """List the one spelling of most URLs."""
    return (url,)


@dataclass(frozen=True, slots=True)
class Plain:
    """A signature in one header.

    header: its name; prefix: what stands before each signature in it; split: what stands between several, ""
    for one only. template: what is signed, of PLACES. timestamp: where the time stands, as a count of which
    per_second make a second. id: the header with the `{id}` of the template. spellings: of the URL, any of which may be what was signed.
    """

    header: str
    template: str = "{body}"
    method: str = "hmac-sha256"
    encoding: Encoding = HEX
    prefix: str = ""
    split: str = ""
    timestamp: Source | None = None
    per_second: int = 1
    id: str = ""
    spellings: Callable[[str], tuple[str, ...]] = as_it_is

    @property
    def reads(self) -> tuple[str, ...]:
        stamp = (self.timestamp.name,) if isinstance(self.timestamp, Header) else ()
        return (self.header, *stamp, *((self.id,) if self.id else ()))

    @property
    def covers(self) -> str:
        return "nothing: the header is the secret" if self.method == "equality" else self.template

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        given = delivery.need(self.header)
        moment, stamp = self._moment(delivery)
        identity = delivery.need(self.id) if self.id else ""
        candidates = []
        for part in given.split(self.split) if self.split else [given]:
            text = part.strip()
            if text.startswith(self.prefix):
                candidates += self._candidate(text.removeprefix(self.prefix))
        urls = self.spellings(delivery.need_url()) if "{url}" in self.template else ("",)
        texts = tuple(
            self._text(
                {
                    "body": delivery.body,
                    "id": identity.encode("latin-1"),
                    "method": delivery.method.encode("latin-1", "replace"),
                    "timestamp": stamp.encode("latin-1", "replace"),
                    "url": url.encode(),
                }
            )
            for url in urls
        )
        proof = Proof(texts, limited(candidates, f"header {self.header}"))
        return (Claims((proof,), sent_at=moment, id=identity),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        stamp = str(int(round(draft.now * self.per_second, 3)))
        url = draft.need("the URL", draft.url) if "{url}" in self.template else ""
        text = self._text(
            {
                "body": draft.body,
                "id": draft.need("an id", draft.id).encode() if self.id else b"",
                "method": draft.method.encode(),
                "timestamp": stamp.encode(),
                "url": self.spellings(url)[0].encode(),
            }
        )
        made = signer(self.method, text)
        signatures = made if self.split and made else [only(made)]
        headers = {
            self.header: self.split.join(
                self.prefix + self.encoding.encode(one) for one in signatures
            )
        }
        if isinstance(self.timestamp, Header):
            headers[self.timestamp.name] = stamp
        if self.id:
            headers[self.id] = draft.id
        return Signed(headers, draft.body, draft.url)

    def _candidate(self, text: str) -> list[Candidate]:
        try:
            return [Candidate(self.method, self.encoding.decode(text))]
        except ValueError:
            return []

    def _moment(self, delivery: Delivery) -> tuple[float | None, str]:
        if self.timestamp is None:
            return None, ""
        if isinstance(self.timestamp, Header):
            stamp = delivery.need(self.timestamp.name)
        else:
            stamp = self.timestamp.find(delivery)
        return read_moment(stamp, str(self.timestamp), per_second=self.per_second), stamp

    def _text(self, values: Mapping[str, bytes]) -> bytes:
        return b"".join(
            values[part] if isinstance(part, str) else part for part in _parts(self.template)
        )


@lru_cache(64)
def _parts(template: str) -> tuple[str | bytes, ...]:
    """Take a template apart: names of places as text, what stands between them as bytes."""
    parts = _PLACE.split(template)
    return tuple(part if at % 2 else part.encode() for at, part in enumerate(parts))


def check_template(template: str) -> None:
    """Hold a template to PLACES and to the body. Raises: ValueError."""
    unknown = set(_PLACE.findall(template)) - set(PLACES)
    if unknown:
        raise ValueError(f"expected one of {', '.join(PLACES)} in braces: {min(unknown)}")
    if "{body}" not in template:
        raise ValueError(f"expected {{body}} in the template: {template}")

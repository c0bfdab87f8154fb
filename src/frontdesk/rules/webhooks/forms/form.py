"""Owns what every way of signing has in common: what a delivery claims, and what a signer writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.encodings import Encoding
from frontdesk.rules.webhooks.verdict import Reason, Refused

MAX_CANDIDATES: Final = 16
"""Signatures that one delivery may offer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A signature that a delivery offers. method: a key of METHODS, fixed by the scheme."""

    method: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """What has to hold: one of the candidates signs one of the texts. texts: spellings of one thing."""

    texts: tuple[bytes, ...] = field(repr=False)
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a delivery says, before anything of it is believed. All proofs have to hold.

    sent_at, expires: seconds since 1970. id: where the form itself has it. nonce: as in Event.
    """

    proofs: tuple[Proof, ...]
    sent_at: float | None = None
    expires: float | None = None
    id: str = ""
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A delivery to be signed.

    now: seconds since 1970. id, type: of the event. headers: the others that will be sent, which a scheme may
    look at. name: what PayPal and SNS sign for: the id of the webhook, the ARN of the topic. certificate_url:
    where those publish theirs. nonce: of schemes that have one.
    """

    body: bytes
    now: float
    id: str = ""
    type: str = ""
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    certificate_url: str = ""
    nonce: str = ""

    def need(self, name: str, value: str) -> str:
        """Return a value that the scheme cannot do without. Raises: Refused."""
        if not value:
            raise Refused(Reason.CONFIG_ERROR, f"this scheme signs {name}, which is not given")
        return value


@dataclass(frozen=True, slots=True)
class Signed:
    """What to send. headers: to add to those of the draft. body, url: changed by some schemes."""

    headers: dict[str, str] = field(repr=False)
    body: bytes
    url: str = ""


Signer = Callable[[str, bytes], list[bytes]]
"""(method, text): the signature by each key that can sign so."""


class Form(Protocol):
    """A way to carry a signature and to choose what it covers."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The headers that it reads, as people write them."""
        ...

    @property
    def covers(self) -> str:
        """What is signed, for people."""
        ...

    def read(self, delivery: Delivery, names: Sequence[str]) -> tuple[Claims, ...]:
        """Take a delivery apart; any one of what it claims is enough. names: as in Keyring. Raises: Refused."""
        ...

    def write(self, draft: Draft, signer: Signer) -> Signed:
        """Sign a draft. Raises: Refused."""
        ...


class CertifiedForm(Form, Protocol):
    """A form whose key is a certificate that the sender publishes.

    certificate_names: host names of which the certificate must bear one, where its chain is checked.
    """

    @property
    def certificate_names(self) -> tuple[str, ...]: ...

    def certificate_url(self, delivery: Delivery) -> str:
        """Return where the certificate is. Raises: Refused when that is not the vendor's place."""
        ...


def only(signatures: Sequence[bytes]) -> bytes:
    """Return the one signature of a scheme that has room for one. Raises: Refused."""
    if len(signatures) != 1:
        raise Refused(
            Reason.CONFIG_ERROR,
            f"this scheme carries one signature, and the keys make {len(signatures)}",
        )
    return signatures[0]


def one_candidate(method: str, encoding: Encoding, text: str, where: str) -> Candidate:
    """Read the one signature of a delivery. Raises: Refused."""
    try:
        return Candidate(method, encoding.decode(text))
    except ValueError as error:
        raise Refused(Reason.MALFORMED, f"{where}: {error}") from None


def limited(candidates: Sequence[Candidate], where: str) -> tuple[Candidate, ...]:
    """Hold candidates to the limit, and to being there. Raises: Refused."""
    if not candidates:
        raise Refused(Reason.MALFORMED, f"{where} has no signature of this scheme")
    if len(candidates) > MAX_CANDIDATES:
        raise Refused(Reason.MALFORMED, f"{where} has more than {MAX_CANDIDATES} signatures")
    return tuple(candidates)

"""Owns HTTP message signatures, with the body covered by its digest.

Sources: RFC 9421 (signature base §2.5, derived components §2.2, verifying §3.2); RFC 9530 (Content-Digest).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.http.structured import (
    InnerList,
    Item,
    Member,
    Parameters,
    Token,
    parse_dictionary,
    write_dictionary,
    write_item,
    write_list,
)
from frontdesk.rules.webhooks.delivery import MAX_FIELD, Delivery
from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.forms.form import (
    MAX_CANDIDATES,
    Candidate,
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
)
from frontdesk.rules.webhooks.verdict import Reason, Refused

_INPUT, _SIGNATURE, _DIGEST = "Signature-Input", "Signature", "Content-Digest"
_METHODS: Final = (
    *("hmac-sha256", "ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512", "rsa-v1_5-sha256"),
)
_DIGESTS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_ORIGINS: Final = frozenset({"@authority", "@target-uri"})
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#@]*@)?(?P<authority>[^/?#@]+)(?P<path>[^?#]*)(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)
_DEFAULT_PORT: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class _Url:
    """A URL taken apart, byte for byte."""

    whole: str
    scheme: str
    authority: str
    path: str
    query: str


_DERIVED: Final[Mapping[str, Callable[[str, _Url], str]]] = {
    "@method": lambda method, _url: method,
    "@authority": lambda _method, url: url.authority,
    "@target-uri": lambda _method, url: url.whole,
    "@scheme": lambda _method, url: url.scheme,
    "@path": lambda _method, url: url.path,
    "@query": lambda _method, url: url.query or "?",
    "@request-target": lambda _method, url: url.path + url.query,
}


@dataclass(frozen=True, slots=True)
class MessageSignatures:
    """Demands that method, origin and digest are covered, and that `created` is there.

    Any one of several signatures is enough. The kind of the key decides on the algorithm; `alg` may only agree.
    """

    reads = (_INPUT, _SIGNATURE, _DIGEST)
    covers = "the components that Signature-Input names"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        inputs = _dictionary(delivery, _INPUT)
        signatures = _dictionary(delivery, _SIGNATURE)
        _check_digest(delivery)
        url = _read_url(delivery.need_url())
        found = [
            _claims(delivery, url, covered, signatures.get(label))
            for label, covered in inputs.items()
            if isinstance(covered, InnerList) and _covers_enough(covered)
        ]
        if not found:
            raise Refused(
                Reason.MALFORMED,
                f"no signature covers @method, @authority or @target-uri, and {_DIGEST.lower()}",
            )
        if len(found) > MAX_CANDIDATES:
            raise Refused(Reason.MALFORMED, f"more than {MAX_CANDIDATES} signatures")
        return tuple(found)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        url = _read_url(draft.need("the URL", draft.url))
        headers = {name.lower(): value for name, value in draft.headers.items()}
        digest = Item(hashlib.sha256(draft.body).digest())
        added = {_DIGEST: write_dictionary({"sha-256": digest}).decode()}
        headers[_DIGEST.lower()] = added[_DIGEST]
        names = ["@method", "@authority", "@path", "@query", "content-digest", "content-type"]
        parameters = {"created": int(draft.now)}
        covered = InnerList(
            [Item(name) for name in names if name.startswith("@") or name in headers],
            {
                **parameters,
                **({"keyid": draft.name} if draft.name else {}),
                **({"nonce": draft.nonce} if draft.nonce else {}),
            },
        )
        text = _base(covered, draft.method, url, headers.get)
        made = [one for method in _METHODS[:-1] for one in signer(method, text)]
        labels = [f"sig{number}" for number in range(1, len(made) + 1)]
        added[_INPUT] = write_dictionary(dict.fromkeys(labels, covered)).decode()
        added[_SIGNATURE] = write_dictionary(
            {label: Item(one) for label, one in zip(labels, made, strict=True)}
        ).decode()
        return Signed(added, draft.body, draft.url)


def _dictionary(delivery: Delivery, name: str) -> dict[str, Member]:
    """Read a header of which several lines are one (RFC 9110 §5.3)."""
    text = ", ".join(delivery.values(name))
    if not text:
        raise Refused(Reason.MISSING_HEADER, f"no header {name}")
    if len(text) > MAX_FIELD:
        raise Refused(Reason.MALFORMED, f"header {name} is longer than {MAX_FIELD} characters")
    try:
        members = parse_dictionary(text.encode("latin-1"))
    except ValueError:
        raise Refused(Reason.MALFORMED, f"header {name} is no dictionary of RFC 9651") from None
    for member in members.values():
        # Base64 has spellings that decode alike; only the one that a signer writes passes.
        value = member.value if isinstance(member, Item) else None
        if isinstance(value, bytes) and f":{BASE64.encode(value)}:" not in text:
            raise Refused(Reason.MALFORMED, f"header {name} is not in its one canonical form")
    return members


def _covers_enough(covered: InnerList) -> bool:
    names = {item.value for item in covered.items if not item.parameters}
    return {"@method", "content-digest"} <= names and not names.isdisjoint(_ORIGINS)


def _claims(delivery: Delivery, url: _Url, covered: InnerList, signature: Member | None) -> Claims:
    if not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise Refused(Reason.MALFORMED, f"header {_SIGNATURE} has no bytes for a label")
    said = covered.parameters
    algorithm = said.get("alg")
    methods = [one for one in _METHODS if algorithm in (None, one)]
    if not methods:
        raise Refused(Reason.MALFORMED, f"header {_INPUT} names another algorithm")
    nonce = said.get("nonce", "")
    created = _moment(said, "created")
    if created is None:
        raise Refused(Reason.MALFORMED, f"header {_INPUT} has no `created`")

    def field(name: str) -> str | None:
        return ", ".join(delivery.values(name)) or None

    text = _base(covered, delivery.method, url, field)
    candidates = tuple(Candidate(method, signature.value) for method in methods)
    return Claims(
        (Proof((text,), candidates),),
        sent_at=created,
        expires=_moment(said, "expires"),
        id=nonce if isinstance(nonce, str) and nonce else BASE64.encode(signature.value),
        nonce=nonce if isinstance(nonce, str) else "",
    )


def _moment(parameters: Parameters, name: str) -> float | None:
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(Reason.MALFORMED, f"`{name}` of header {_INPUT} is not a number of seconds")
    return float(value)


def _base(covered: InnerList, method: str, url: _Url, field: Callable[[str], str | None]) -> bytes:
    """Make the signature base. field: the value of a header by its name in lower case."""
    lines = []
    for item in covered.items:
        name = item.value
        if not isinstance(name, str) or isinstance(name, Token) or item.parameters:
            raise Refused(Reason.MALFORMED, "a covered component is of a kind that is not known")
        if name.startswith("@"):
            derive = _DERIVED.get(name)
            value = None if derive is None else derive(method, url)
        else:
            value = field(name)
        if value is None:
            raise Refused(Reason.MALFORMED, "a covered component is not there")
        lines.append(f"{write_item(Item(name)).decode()}: {value}")
    if len(set(lines)) != len(lines):
        raise Refused(Reason.MALFORMED, "a component is covered twice")
    lines.append(f'"@signature-params": {write_list([covered]).decode()}')
    return "\n".join(lines).encode("latin-1", "replace")


def _read_url(text: str) -> _Url:
    found = _URL.fullmatch(text.partition("#")[0])
    if found is None:
        raise Refused(Reason.CONFIG_ERROR, "the URL is none of http or https")
    scheme = found["scheme"].lower()
    authority = found["authority"].lower().removesuffix(_DEFAULT_PORT[scheme])
    return _Url(found[0], scheme, authority, found["path"] or "/", found["query"] or "")


def _check_digest(delivery: Delivery) -> None:
    stated = _dictionary(delivery, _DIGEST)
    known = [name for name in _DIGESTS if name in stated]
    if not known:
        raise Refused(Reason.MALFORMED, f"header {_DIGEST} has neither sha-256 nor sha-512")
    for name in known:
        member = stated[name]
        said = member.value if isinstance(member, Item) else None
        if not isinstance(said, bytes) or not hmac.compare_digest(
            said, _DIGESTS[name](delivery.body).digest()
        ):
            raise Refused(Reason.BAD_SIGNATURE, f"the body does not have the digest of {_DIGEST}")

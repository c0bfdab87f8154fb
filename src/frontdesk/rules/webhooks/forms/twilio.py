"""Owns Twilio's signature of the URL and the sorted parameters of the form.

Sources: Twilio's documentation, "Webhooks security"; the settings header as Twilio's own library reads it.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from frontdesk.rules.webhooks.delivery import Delivery
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

_HEADER: Final = "X-Twilio-Signature"
_SETTINGS: Final = "X-Twilio-Webhooks-Signature-Settings"
_METHODS: Final = {"": "hmac-sha1", "HMAC_SHA1": "hmac-sha1", "HMAC_SHA256": "hmac-sha256"}
_PORTS: Final = {"http": 80, "https": 443}
_FORM: Final = "application/x-www-form-urlencoded"
_BODY_HASH: Final = "bodySHA256"


@dataclass(frozen=True, slots=True)
class Twilio:
    """The URL with the form, or the URL with the hash of any other body in its query."""

    reads = (_HEADER,)
    covers = "{url} and the sorted form"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        method = self._method(delivery.find(_SETTINGS) or "")
        candidate = one_candidate(method, BASE64, delivery.need(_HEADER), f"header {_HEADER}")
        url = delivery.need_url()
        behind = _behind(delivery.body, delivery.find("Content-Type") or "", url)
        texts = tuple(one.encode() + behind for one in spellings(url))
        return (Claims((Proof(texts, (candidate,)),)),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        lowered = {name.lower(): value for name, value in draft.headers.items()}
        kind = lowered.get("content-type", "")
        method = self._method(lowered.get(_SETTINGS.lower(), ""))
        url = draft.need("the URL", draft.url)
        if draft.body and not _is_form(kind) and not _body_hash(url):
            mark = "&" if "?" in url else "?"
            url = f"{url}{mark}{_BODY_HASH}={hashlib.sha256(draft.body).hexdigest()}"
        signature = only(signer(method, url.encode() + _behind(draft.body, kind, url)))
        return Signed({_HEADER: BASE64.encode(signature)}, draft.body, url)

    def _method(self, settings: str) -> str:
        pairs = (part.partition("=") for part in settings.split(","))
        chosen = {name.strip(): value.strip().upper() for name, _, value in pairs}
        method = _METHODS.get(chosen.get("algorithm", ""))
        if method is None:
            raise Refused(Reason.MALFORMED, f"header {_SETTINGS} asks for another algorithm")
        return method


def spellings(url: str) -> tuple[str, ...]:
    """List a URL as it is, without its port and with the default one: Twilio signs either."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return (url,)
    start = url.find("//") + 2
    rest = url[start + len(parts.netloc) :]
    if port is not None:
        bare = parts.netloc.removesuffix(f":{port}")
        return (url, f"{url[:start]}{bare}{rest}")
    if parts.scheme not in _PORTS or start < 2:
        return (url,)
    return (url, f"{url[:start]}{parts.netloc}:{_PORTS[parts.scheme]}{rest}")


def _behind(body: bytes, kind: str, url: str) -> bytes:
    """Return what is signed behind the URL: of a form its parameters, of other bodies nothing."""
    if _is_form(kind):
        return _parameters(body)
    expected = _body_hash(url)
    if not expected:
        if body:
            raise Refused(Reason.MALFORMED, f"neither a form nor {_BODY_HASH} in the URL")
        return b""
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(digest.encode(), expected.encode("utf-8", "replace")):
        raise Refused(Reason.BAD_SIGNATURE, f"the body does not have the {_BODY_HASH} of the URL")
    return b""


def _is_form(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == _FORM


def _body_hash(url: str) -> str:
    query = url.partition("?")[2].partition("#")[0]
    return next((value for name, value in parse_qsl(query) if name == _BODY_HASH), "")


def _parameters(body: bytes) -> bytes:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refused(Reason.MALFORMED, "the body is not a form in UTF-8") from None
    return "".join(name + value for name, value in sorted(set(pairs))).encode()

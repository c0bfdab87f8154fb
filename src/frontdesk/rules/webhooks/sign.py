"""Owns signing: a draft becomes what its scheme would send."""

from collections.abc import Callable, Sequence

from frontdesk.rules.webhooks.forms.form import Draft, Signed
from frontdesk.rules.webhooks.keys import Key
from frontdesk.rules.webhooks.methods import signature_of
from frontdesk.rules.webhooks.scheme import Scheme
from frontdesk.rules.webhooks.sources import Header, Source
from frontdesk.rules.webhooks.verdict import Reason, Refusal, Refused


def sign(scheme: Scheme, draft: Draft, keys: Sequence[Key]) -> Signed | Refusal:
    """Sign with every key, where the scheme has room for several. keys: read for signing.

    The draft's id and type go into headers where the scheme has some for them.
    """
    try:
        signed = scheme.form.write(draft, _signer(keys))
    except Refused as refused:
        return refused.refusal
    except (KeyError, TypeError, ValueError):
        return Refusal(Reason.MALFORMED, "the body is not what this vendor sends")
    for sources, value in ((scheme.id, draft.id), (scheme.type, draft.type)):
        name = _header(sources)
        if name and value and name.lower() not in {one.lower() for one in signed.headers}:
            signed.headers[name] = value
    return signed


def _header(sources: Sequence[Source]) -> str:
    return sources[0].name if sources and isinstance(sources[0], Header) else ""


def _signer(keys: Sequence[Key]) -> Callable[[str, bytes], list[bytes]]:
    def signer(method: str, text: bytes) -> list[bytes]:
        made = (signature_of(method, key.material, text) for key in keys)
        return [one for one in made if one is not None]

    return signer

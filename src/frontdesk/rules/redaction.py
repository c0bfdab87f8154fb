"""Owns what must never be written to a log: which names are secret, and which values look like secrets."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

MASK: Final = "***"

_SECRET_NAMES: Final = frozenset(
    {
        "access_token",
        "authorization",
        "client_secret",
        "code",
        "cookie",
        "id_token",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "refresh_token",
        "set-cookie",
        "sig",
        "stripe-signature",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-api-key",
    }
)
_SECRET_PART: Final = re.compile(r"(?i)token|secret|passw|api[-_]?key|credential|x-hub-signature")

_SUSPECT: Final = re.compile(r"eyJ|AKIA|-----BEGIN|\d{13}")
_SECRET_VALUE: Final = re.compile(
    # JWS, with what it is stuck to; nothing is given back, or much that only begins so would take quadratic time.
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]++\.[\w-]++\.[\w-]*"
    r"|AKIA[0-9A-Z]{16}"  # AWS access key id
    r"|-----BEGIN (?!CERTIFICATE-).*?(?:-----END[^-]*-----|\Z)"  # PEM, but what everybody is shown
    r"|(?<!\d)\d{13,19}(?!\d)",  # card number, when its check digit fits
    re.DOTALL,
)


_SECRET_QUERY: Final = re.compile(
    r"(?i)key|token|secret|sig|code|passw|auth|session|credential|x-amz-"
)
_HARMLESS: Final = re.compile(r"https?://[\w.:-]+(?:/[\w~+=.-]{0,12})*", re.ASCII)
"""Most URLs: too short for a secret in any part."""
_TOKEN_SEGMENT: Final = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w~+=.-]{20,}", re.ASCII)


class SecretNames:
    """The names of fields, parameters and claims whose values are masked."""

    def __init__(self, configured: Iterable[str] = ()) -> None:
        """configured: names to mask beside the built-in ones, in any case."""
        self._names = _SECRET_NAMES | {name.lower() for name in configured}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names or _SECRET_PART.search(name) is not None


def mask_secrets(text: str) -> str:
    """Mask what looks like a token, a key or a card number inside a free text."""
    if not _SUSPECT.search(text):
        return text
    return _SECRET_VALUE.sub(_mask, text)


def masked_url(url: str) -> str:
    """Write a URL as it may be shown: no user, no fragment, no values of secret names, no tokens in its path."""
    if _HARMLESS.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    path = "/".join(
        MASK if _TOKEN_SEGMENT.fullmatch(segment) else segment for segment in parts.path.split("/")
    )
    query = masked_query(parts.query)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
    return f"{shown}?{query}" if query else shown


def masked_query(query: str, names: Iterable[str] | SecretNames = ()) -> str:
    """Write a query, or a form, as it may be shown. names: secret ones beside those that sound like it."""
    return "&".join(
        f"{name}{between}{MASK if _SECRET_QUERY.search(name) or name in names else mask_secrets(value)}"
        for name, between, value in (pair.partition("=") for pair in query.split("&") if pair)
    )


def masked_fields(
    fields: Iterable[tuple[bytes, bytes]], names: SecretNames
) -> list[tuple[str, str]]:
    """Write header fields as they may be shown. names: whose values are secret."""
    shown = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)
    return [(name, MASK if name in names else mask_secrets(value)) for name, value in shown]


def masked_body(body: bytes, kind: str, names: SecretNames) -> str | None:
    """Write a body as it may be shown: members and fields of secret names masked. None: it is no text.

    kind: its media type.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if kind.startswith("application/x-www-form-urlencoded"):
        return masked_query(text, names)
    try:
        value = orjson.loads(body)
    except ValueError:
        return mask_secrets(text)
    masked = _masked(value, names)
    return text if masked == value else orjson.dumps(masked).decode()


def _masked(value: Any, names: SecretNames) -> Any:
    """Mask what is secret in a JSON value."""
    match value:
        case dict():
            return {
                name: MASK if name in names else _masked(inner, names)
                for name, inner in value.items()
            }
        case list():
            return [_masked(inner, names) for inner in value]
        case str():
            return mask_secrets(value)
    return value


def _mask(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.isdigit() and not _luhn(found) else MASK


def _luhn(digits: str) -> bool:
    """Whether the check digit of a card number fits (ISO/IEC 7812-1)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

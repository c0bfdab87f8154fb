"""Owns finding out why a signature does not fit: what it would fit, of what people commonly get wrong.

For an operator who has the secret. Tells what to change, and never what the secret is.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a signature is held against."""

    body: bytes
    secrets: tuple[str, ...] = field(repr=False)
    url: str = ""


def diagnose(given: Attempt, fits: Callable[[Attempt], bool]) -> str:
    """Say what makes the signature fit, as advice; "" where nothing does that is looked at."""
    return next((advice for advice, attempt in _variants(given) if fits(attempt)), "")


def _variants(given: Attempt) -> Iterator[tuple[str, Attempt]]:
    for advice, body in _bodies(given.body):
        if body != given.body:
            yield advice, replace(given, body=body)
    for advice, change in _SECRETS:
        secrets = tuple(map(change, given.secrets))
        if secrets != given.secrets and all(secrets):
            yield advice, replace(given, secrets=secrets)
    for advice, url in _urls(given.url):
        yield advice, replace(given, url=url)


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield (
        "it fits the body without the line end behind it",
        body.removesuffix(b"\n").removesuffix(b"\r"),
    )
    yield "it fits the body with LF behind it, which somebody has stripped", body + b"\n"
    yield "it fits the body with CR LF behind it, which somebody has stripped", body + b"\r\n"
    yield "it fits the body with LF for CR LF", body.replace(b"\r\n", b"\n")
    yield "it fits the body with CR LF for LF", body.replace(b"\n", b"\r\n")
    yield "it fits the body without the byte order mark", body.removeprefix(b"\xef\xbb\xbf")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    advice = "it fits the same JSON written {}: the bytes were read as JSON and written again"
    yield advice.format("without blanks"), _json(document, (",", ":"))
    yield advice.format("with blanks"), _json(document, (", ", ": "))
    yield advice.format("with escapes"), json.dumps(document).encode()
    yield (
        advice.format("without blanks, with escapes"),
        json.dumps(document, separators=(",", ":")).encode(),
    )


def _json(document: object, separators: tuple[str, str]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=separators)
    return text.encode("utf-8", "surrogatepass")


_SECRETS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("it fits the secret without the blanks or line ends around it", str.strip),
    ("it fits the secret without the quotes around it", lambda secret: secret.strip("\"'")),
    ("it fits the secret without its prefix", lambda secret: secret.partition("_")[2]),
    ("it fits the secret with `whsec_` before it", lambda secret: f"whsec_{secret}"),
)


def _urls(url: str) -> Iterator[tuple[str, str]]:
    if not url:
        return
    scheme, colon, rest = url.partition(":")
    other = {"http": "https", "https": "http"}.get(scheme)
    path, mark, query = rest.partition("?")
    slashed = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    candidates = [f"{scheme}{colon}{slashed}{mark}{query}", f"{scheme}{colon}{path}"]
    candidates += [f"{other}{colon}{rest}"] if other else []
    for candidate in candidates:
        if candidate != url:
            yield f"it fits another URL: {candidate}", candidate

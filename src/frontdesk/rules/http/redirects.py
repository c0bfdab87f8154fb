"""Owns what a redirect makes of a request, and what it must not carry to strangers. Pure.

Source: RFC 9110 §15.4; Fetch Standard, "HTTP-redirect fetch".
"""

from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Redirect(NamedTuple):
    """Where a request goes next.

    keeps_body: it is sent again as it was, else without its body. same_origin: False: nothing that tells of
    credentials may come along.
    """

    url: str
    method: str
    keeps_body: bool
    same_origin: bool


def redirect(url: str, method: str, status: int, location: str) -> Redirect | None:
    """Return what an answer makes of a request; None: it is no redirect, or none that is followed.

    Never from https to http.
    """
    if status not in _REDIRECTS or not location:
        return None
    try:
        after = urljoin(url, location)
        scheme = urlsplit(after).scheme
        same = same_origin(url, after)
    except ValueError:
        return None
    if scheme != "https" and (scheme != "http" or url.startswith("https:")):
        return None
    if status == 303 or (status in (301, 302) and method == "POST"):
        return Redirect(after, "HEAD" if method == "HEAD" else "GET", False, same)
    return Redirect(after, method, True, same)


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    a, b = urlsplit(one), urlsplit(other)
    return (a.scheme, a.netloc.lower()) == (b.scheme, b.netloc.lower())

"""Owns cross-origin resource sharing: which origins match, and the fields of both kinds of answers.

Source: WHATWG Fetch, "CORS protocol"; AWS, "Configuring CORS for HTTP APIs". Knows no request.
"""

import re
from collections.abc import Sequence
from typing import Final

from frontdesk.base.streams import Field, Fields

PREFIX: Final = b"access-control-"
"""Lower-case beginning of every CORS field."""

VARY: Final[Field] = (b"vary", b"Origin")
VARY_PREFLIGHT: Final[Field] = (
    b"vary",
    b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
)

_CREDENTIALS: Final[Field] = (b"access-control-allow-credentials", b"true")
_HOST = r"(?:[a-z0-9._-]+|\[[0-9a-f:]+\])"
_LABEL = r"[a-z0-9_-]+"
_PORT = r"(?::[0-9]{1,5})?"


class CorsPolicy:
    """A compiled policy: `actual` and `preflight` give fields that may be shared but not changed.

    allow_origins: exact origins, `null`, `*`, `https://*`, `http://*`, or with one label free
    `https://*.example.com`. The configuration has made sure that no `*` meets credentials.
    max_age: seconds, or None for no field.
    """

    __slots__ = ("_actual", "_any", "_exact", "_patterns", "_preflight")

    def __init__(
        self,
        *,
        allow_origins: Sequence[str],
        allow_methods: Sequence[str] = (),
        allow_headers: Sequence[str] = (),
        expose_headers: Sequence[str] = (),
        allow_credentials: bool = False,
        max_age: float | None = None,
    ) -> None:
        credentials = [_CREDENTIALS] if allow_credentials else []
        self._actual = credentials + _listed(b"access-control-expose-headers", expose_headers)
        self._preflight = (
            _listed(b"access-control-allow-methods", allow_methods)
            + _listed(b"access-control-allow-headers", allow_headers)
            + credentials
        )
        if max_age is not None:
            self._preflight.append((b"access-control-max-age", b"%d" % max_age))
        self._any = "*" in allow_origins
        self._patterns = [_pattern(origin) for origin in allow_origins if "*" in origin[1:]]
        exact = [b"*"] if self._any else [o.encode() for o in allow_origins if "*" not in o]
        self._exact = {origin: [_allow(origin), *self._actual] for origin in exact}

    @property
    def depends_on_origin(self) -> bool:
        """Whether caches must keep answers apart by Origin: not when everyone may read them."""
        return not self._any

    def actual(self, origin: bytes) -> Fields | None:
        """Return the fields to add to an answer, or None when the origin is not allowed.

        origin: the value of the Origin field. It is compared as it is: scheme, host and port.
        """
        fields = self._exact.get(b"*" if self._any else origin)
        if fields is None and any(pattern.fullmatch(origin) for pattern in self._patterns):
            return [_allow(origin), *self._actual]
        return fields

    def preflight(self, origin: bytes) -> Fields | None:
        """Return the CORS fields of the answer to a preflight, or None when the origin is not allowed."""
        fields = self.actual(origin)
        return None if fields is None else [fields[0], *self._preflight]


def _allow(origin: bytes) -> Field:
    return b"access-control-allow-origin", origin


def _listed(name: bytes, values: Sequence[str]) -> Fields:
    return [(name, ",".join(values).encode())] if values else []


def _pattern(origin: str) -> re.Pattern[bytes]:
    scheme, _, rest = origin.partition("://")
    if rest == "*":
        return re.compile(f"{scheme}://{_HOST}{_PORT}".encode())
    # Differs: [origin-wildcard] AWS knows no wildcard inside a host.
    domain = re.escape(rest.removeprefix("*"))
    return re.compile(f"{scheme}://{_LABEL}{domain}".encode())

"""Owns how a kept answer becomes a Reply: its age, conditions and ranges, and the Cache-Status field.

Source: RFC 9111 §5.1, RFC 9110 §13 and §14, RFC 9211.
"""

import hashlib
import re
from typing import Final

from frontdesk.base.streams import Field, Fields
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.cache import Entry
from frontdesk.rules.http.caching import CONDITIONS, Headers, by_name
from frontdesk.rules.http.dates import read_date
from frontdesk.rules.http.ranges import Part, Representation, Whole, decide

_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_OF_ONE_ANSWER: Final = frozenset({b"age", b"ratelimit", b"ratelimit-policy"})
_OF_304: Final = frozenset(
    {
        *(b"age", b"cache-control", b"cache-status", b"content-location", b"date"),
        *(b"etag", b"expires", b"last-modified", b"vary"),
    }
)


class Answers:
    """Gives kept answers in the name of one gateway."""

    def __init__(self, name: str) -> None:
        """name: of the gateway, as Cache-Status has it."""
        self._name = (name if _TOKEN.fullmatch(name) else f'"{name}"').encode()

    def status(self, detail: str) -> Field:
        """Make the Cache-Status field. detail: its parameters, such as `fwd=miss`."""
        return b"Cache-Status", b"%b; %b" % (self._name, detail.encode())

    def hit(self, ex: Exchange, entry: Entry) -> Reply:
        """Answer by a fresh answer. Its fields are written once in a second."""
        age = int(ex.time - entry.stored)
        prepared = entry.prepared
        if prepared is None or prepared[0] != age:
            prepared = entry.prepared = (age, self._fields(entry, ex.time, "hit"))
        if CONDITIONS.isdisjoint(ex.headers):
            return Reply(entry.status, prepared[1].copy(), entry.body, made="cache")
        return _conditional(ex, ex.headers, entry, prepared[1])

    def give(self, ex: Exchange, entry: Entry, asked: Headers, now: float, detail: str) -> Reply:
        """Answer by one that was fetched or confirmed just now, or is stale.

        asked: the client's header fields. detail: see `status`.
        """
        return _conditional(ex, asked, entry, self._fields(entry, now, detail))

    def _fields(self, entry: Entry, now: float, detail: str) -> Fields:
        age = (b"Age", b"%d" % max(0, int(now - entry.stored)))
        return [*entry.fields, age, self.status(f"{detail}; ttl={int(entry.fresh - now)}")]


def _conditional(ex: Exchange, asked: Headers, entry: Entry, fields: Fields) -> Reply:
    if entry.status != 200 or CONDITIONS.isdisjoint(asked):
        return Reply(entry.status, fields.copy(), entry.body, made="cache")
    known = by_name(entry.fields)
    written = known.get(b"last-modified", b"").decode("latin-1")
    modified = read_date(written, ex.time) if written else None
    size = len(entry.body)
    etag = known.get(b"etag", b"")
    stored = Representation(etag, int(entry.stored) if modified is None else modified, size)
    verdict = decide(ex.method, dict(asked), stored, ex.time)
    match verdict:
        case Part(first, last):
            part = (b"Content-Range", b"bytes %d-%d/%d" % (first, last, size))
            return Reply(206, [*fields, part], entry.body[first : last + 1], made="cache")
        case Whole.NOT_SATISFIABLE:
            return Reply(416, [(b"Content-Range", b"bytes */%d" % size)], made="cache")
        case Whole.SEND:
            return Reply(entry.status, fields.copy(), entry.body, made="cache")
    told = [field for field in fields if field[0].lower() in _OF_304]
    return Reply(verdict.value, told, made="cache")


def kept_fields(fields: Fields, body: bytes | None) -> Fields:
    """Return what is kept of an answer's fields. body: to make an entity tag of, where there is none."""
    kept = [field for field in fields if field[0].lower() not in _OF_ONE_ANSWER]
    if body is not None and not any(name.lower() == b"etag" for name, _ in kept):
        kept.append((b"ETag", b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()))
    return kept

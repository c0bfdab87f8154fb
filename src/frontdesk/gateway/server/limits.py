"""Owns the bounds on what a client may send and how long it may take, with their defaults."""

from dataclasses import dataclass
from typing import Final

PIPELINE_BYTES: Final = 64 * 1024
"""Unread bytes kept while a request is under way; beyond them the socket is not read."""

DRAIN_BYTES: Final = 64 * 1024
"""An unread rest of a request body up to this is read and dropped to keep the connection."""

DRAIN_TIME: Final = 1.0
"""Seconds for that rest to arrive."""

LINGER_TIME: Final = 2.0
"""Seconds that a client which still sends has to see the end of its connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds per connection and message; sizes in bytes, times in seconds.

    request_line, target: 414. fields, field_count: the whole field section, 431; one field may have
    all of its bytes. header_timeout: from the first byte of a head to its end, whatever
    trickles in, 408. body_gap: between two pieces of a body, 408. min_rate: bytes per second of a body,
    after `min_rate_grace`, 408. idle_timeout: between requests, and for a client that does not read its
    answer; closed silently. requests: per connection, the last answer says `Connection: close`.
    """

    # Differs: [head-size] AWS allows 10,240 bytes of line and fields together.
    request_line: int = 16 * 1024
    target: int = 8 * 1024
    fields: int = 64 * 1024
    field_count: int = 100
    header_timeout: float = 10.0
    body_gap: float = 30.0
    # Differs: [body-rate] AWS documents no least rate.
    min_rate: float = 240.0
    min_rate_grace: float = 5.0
    idle_timeout: float = 75.0
    requests: int = 10_000
    max_connections: int = 20_000

    @property
    def largest_head(self) -> int:
        """Bytes after which a head is given up, whether or not its end has come."""
        return self.request_line + self.fields

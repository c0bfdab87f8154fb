"""Owns where the metadata of a streamed response end and its body begins.

Source: AWS, "Set up a Lambda proxy integration with payload response streaming".
"""

from dataclasses import replace

from frontdesk.rules.events.response import (
    END_OF_METADATA,
    MAX_METADATA,
    Malformed,
    Response,
    parse_metadata,
)


class Opening:
    """Takes a stream piece by piece until its metadata are complete."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = b""

    def feed(self, piece: bytes) -> Response | Malformed | None:
        """Take the next piece; None until the metadata end. body: what came of it with their end."""
        self._received += piece
        end = self._received.find(END_OF_METADATA)
        if end > MAX_METADATA or (end < 0 and len(self._received) > MAX_METADATA):
            return Malformed("metadata of the stream do not end within 16 KB")
        if end < 0:
            return None
        head = parse_metadata(self._received[:end])
        if isinstance(head, Malformed):
            return head
        return replace(head, body=self._received[end + len(END_OF_METADATA) :])

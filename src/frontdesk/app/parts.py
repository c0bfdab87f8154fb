"""Owns answers that are made part by part, each when the client has taken the one before it.

Knows nothing of what the parts say.
"""

from frontdesk.base.errors import FrontdeskError
from frontdesk.client.session.streams import Outgoing


class Parts(Outgoing):
    """A Source of what an iterator makes. What it raises breaks the answer off."""

    def _why(self, error: Exception) -> str:
        return error.message if isinstance(error, FrontdeskError) else type(error).__name__

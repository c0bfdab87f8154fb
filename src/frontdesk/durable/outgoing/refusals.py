"""Owns why something is not done with outgoing webhooks."""

from typing import Final

from frontdesk.base.errors import FrontdeskError

NOT_FOUND: Final = 404
CONFLICT: Final = 409
UNUSABLE: Final = 422


class WebhooksError(FrontdeskError):
    """Nothing was done. status: what HTTP has for it: 404, 409 or 422."""

    code = "webhooks"

    def __init__(self, status: int, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status

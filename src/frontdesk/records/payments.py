"""Owns how a payment that failed is written down: its error stays the one that is raised."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError

_LOG: Final = logging.getLogger("frontdesk.records")


def failed_result(error: Exception) -> dict[str, Any]:
    """Return the result of a payment that has raised an error."""
    return {"transactionId": "", "status": "failed", "message": str(error)}


@asynccontextmanager
async def attempt(record: Callable[[Exception], Awaitable[None]]) -> AsyncIterator[None]:
    """Have a failure inside recorded, then raise it."""
    try:
        yield
    except Exception as error:
        try:
            await record(error)
        except FrontdeskError as other:
            _LOG.exception("the failure of a payment is not recorded")
            error.add_note(f"not recorded: {other}")
        raise

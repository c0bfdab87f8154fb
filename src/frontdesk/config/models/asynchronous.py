"""Models of what becomes of a function's asynchronous invocations."""

from typing import Annotated

from frontdesk.config.models.model import Duration, Model, Whole, between, matching, within
from frontdesk.rules.asynchronous.destination import WRITTEN
from frontdesk.rules.asynchronous.progress import MOST_RETRIES

DestinationText = Annotated[
    str, matching(WRITTEN, "queue:NAME, function:NAME, function:NAME:ALIAS or state_machine:NAME")
]


class Asynchronous(Model):
    """How asynchronous invocations are tried again, and where is told how they ended."""

    retries: Annotated[Whole, within(0, MOST_RETRIES)] = MOST_RETRIES
    """How often an asynchronous invocation is made again after it has failed. Default 2."""

    max_age: Annotated[Duration, between("1m", "6h")] = 21_600.0
    """After how long an asynchronous invocation is given up. Default 6h."""

    on_success: DestinationText | None = None
    """Where a record goes of one that has succeeded: `queue:NAME`, `function:NAME` or `state_machine:NAME`."""

    on_failure: DestinationText | None = None
    """Where a record goes of one that was given up: `queue:NAME`, `function:NAME` or `state_machine:NAME`."""

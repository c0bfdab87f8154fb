"""Owns what must be known of a function to invoke it later."""

from collections.abc import Callable
from typing import NamedTuple

from frontdesk.ports.invoker import Invoker
from frontdesk.rules.asynchronous.progress import Policy


class Subject(NamedTuple):
    """A function with the qualifier that was asked for.

    arn: with the qualifier, `$LATEST` where there was none. reserved: its concurrency; None: it has none
    of its own.
    """

    invoker: Invoker
    arn: str
    policy: Policy
    reserved: int | None = None


Subjects = Callable[[str, str], Subject | None]
"""Finds a function by name and qualifier (`""` is `$LATEST`). None: there is none."""

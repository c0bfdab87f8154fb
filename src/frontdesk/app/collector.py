"""Owns when Python looks for garbage that refers to itself, in a process that serves.

Most of what a request or an execution needs is freed by its last reference. A look costs as much as what is
alive: with the usual thresholds a third of the time of durable executions went into looks that found nothing.
"""

import gc
from typing import Final

_RARELY: Final = (5000, 20, 50)
"""Objects more than before until a look at the youngest, and such looks until one at older ones. Usual: 700, 10, 10."""


def begin_to_serve() -> None:
    """Look from here on, seldom, and never at what lives now: that lives on."""
    gc.freeze()
    gc.set_threshold(*_RARELY)
    gc.enable()

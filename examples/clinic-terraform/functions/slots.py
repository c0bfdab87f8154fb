"""Tells which slots are free."""


def list_slots(event, _context):
    """Answer with the free slots of a practice."""
    return {"practice": event["pathParameters"]["practiceId"], "slots": ["09:00", "09:30"]}

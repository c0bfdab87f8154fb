"""Books appointments."""

import json


def book(event, _context):
    """Answer with what was booked, and for whom."""
    asked = json.loads(event.get("body") or "{}")
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    booked = {"practice": claims.get("practice_id"), "slot": asked.get("slot")}
    return {"statusCode": 201, "body": json.dumps(booked)}

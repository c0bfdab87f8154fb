"""Book, read and cancel appointments. The practice comes from the caller's token, never from the body."""

import base64
import json
import uuid

from functions import store


def book(event, context):
    """POST /appointments with {"patient": str, "slot": "2026-11-23T09:30"}: 201 and the appointment."""
    try:
        wish = json.loads(_body(event))
        patient, slot = str(wish["patient"]), str(wish["slot"])
    except (ValueError, KeyError, TypeError):
        return _answer(400, {"message": "patient and slot are required"})
    appointment = {
        "id": uuid.uuid4().hex[:12],
        "practice": _practice(event),
        "patient": patient,
        "slot": slot,
        "status": "booked",
    }
    store.save(appointment)
    # Ids only: a patient's name has no place in a log.
    print("booked", appointment["id"], "request", context.aws_request_id)
    return _answer(201, appointment, location=f"/appointments/{appointment['id']}")


def get(event, _context):
    """GET /appointments/{id}: 200, or 404 also for appointments of another practice."""
    appointment = _own_appointment(event)
    if appointment is None:
        return _answer(404, {"message": "no such appointment"})
    return _answer(200, appointment)


def cancel(event, _context):
    """PUT /appointments/{id}/cancel: 200. Cancelling twice is the same as once."""
    appointment = _own_appointment(event)
    if appointment is None:
        return _answer(404, {"message": "no such appointment"})
    appointment["status"] = "cancelled"
    store.save(appointment)
    return _answer(200, appointment)


def _own_appointment(event):
    appointment = store.load(event["pathParameters"]["id"])
    if appointment is None or appointment["practice"] != _practice(event):
        return None
    return appointment


def _body(event):
    """The body as it was sent: the door hands over what is no text or JSON in base64."""
    body = event.get("body", "")
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def _practice(event):
    return event["requestContext"]["authorizer"]["jwt"]["claims"].get("practice_id", "unknown")


def _answer(status, body, **headers):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": json.dumps(body),
    }

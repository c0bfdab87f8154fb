"""Free slots of a practice."""

HOURS = range(9, 17)


async def free(event, _context):
    """GET /practices/{id}/slots?date=2026-11-23: the free half hours. Handlers may be async.

    No statusCode in the result: the door makes it a 200 with a JSON body.
    """
    date = (event.get("queryStringParameters") or {}).get("date", "2026-11-23")
    practice = event["pathParameters"]["id"]
    # A stand-in for a calendar: always the same slots for the same practice and day.
    taken = sum(map(ord, practice + date))
    slots = [f"{date}T{hour:02}:{minute:02}" for hour in HOURS for minute in (0, 30)]
    return {
        "practice": practice,
        "slots": [slot for at, slot in enumerate(slots) if (taken + at) % 3],
    }

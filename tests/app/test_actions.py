"""What a request to the operator's APIs asks for, and how it is refused: numbers, statuses."""

import json

import pytest

from frontdesk.app.actions import NotFoundError, refused, whole_number
from frontdesk.base.errors import FrontdeskError, StoreError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("500", 500),
        *(
            (text, None)
            for text in ("", "0", "501", "-1", "+1", "1.0", " 1", "1_0", "\u0663", "\u00b2")
        ),
        pytest.param("9" * 5000, None, id="more digits than Python reads"),
    ],
)
def test_a_whole_number_is_read_between_bounds(text, number):
    assert whole_number(text, 1, 500) == number


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FrontdeskError, 422), (NotFoundError, 404), (StoreError, 503)],
)
def test_the_kind_of_an_error_says_the_status(kind, status):
    reply = refused(kind("disk full", hint="make room"))
    assert reply.status == status
    assert json.loads(reply.body) == {"message": "disk full", "hint": "make room", "findings": []}


def test_an_api_may_know_the_status_better():
    assert refused(StoreError("the door is shut"), 502).status == 502

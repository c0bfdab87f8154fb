"""What a request to the operator's APIs asks for: numbers."""

import pytest

from frontdesk.app.actions import whole_number


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

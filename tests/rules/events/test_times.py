"""Times as AWS writes them."""

import pytest

from frontdesk.rules.events.times import clf


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (0, "01/Jan/1970:00:00:00 +0000"),
        (1583348638, "04/Mar/2020:19:03:58 +0000"),
        (4102444799, "31/Dec/2099:23:59:59 +0000"),
    ],
)
def test_common_log_format(second, text):
    assert clf(second) == text

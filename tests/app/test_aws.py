import pytest

from frontdesk.app.aws import endpoints
from frontdesk.aws.keys import Keys
from frontdesk.base.addresses import parse_address


@pytest.mark.parametrize(
    ("listen", "secure", "url"),
    [
        ("127.0.0.1:8081", False, "http://127.0.0.1:8081"),
        ("127.0.0.1:8081", True, "https://127.0.0.1:8081"),
        (":8081", False, "http://127.0.0.1:8081"),
        ("[::]:8081", False, "http://[::1]:8081"),
    ],
)
def test_functions_are_told_an_address_that_can_be_connected_to(listen, secure, url):
    keys = Keys("t0ken")
    told = endpoints(parse_address(listen), keys, secure=secure)
    assert told.pop("AWS_ENDPOINT_URL_LAMBDA") == url
    assert told.pop("AWS_ENDPOINT_URL_SFN") == url
    assert told == keys.environment()


def test_every_start_makes_another_pair():
    assert Keys(None).functions != Keys(None).functions

"""Dates of versions, and which version a route belongs to."""

import pytest

from frontdesk.config.models.versioning import ApiVersion, Versioning

DAY = 1775001600


@pytest.mark.parametrize(
    ("written", "second"),
    [
        ("2026-04-01", DAY),
        ("2026-04-01T00:00Z", DAY),
        ("2026-04-01T06:30Z", DAY + 6.5 * 3600),
        ("2026-04-01T06:30:15Z", DAY + 6.5 * 3600 + 15),
        (DAY, DAY),
    ],
)
def test_a_date_is_a_second_of_utc(written, second):
    assert ApiVersion(deprecated=written).deprecated == second


@pytest.mark.parametrize(
    ("key", "version"),
    [
        ("GET /v1/visits", "v1"),
        ("ANY /v1", "v1"),
        ("GET /v1/{proxy+}", "v1"),
        ("GET /v10/visits", ""),
        ("GET /visits/v1", ""),
        ("GET /{version}/visits", ""),
        ("GET /", ""),
        ("$default", ""),
    ],
)
def test_a_route_belongs_to_the_version_below_which_it_is(key, version):
    assert Versioning(by="path", versions={"v1": {}, "v2": {}}).of_route(key) == version

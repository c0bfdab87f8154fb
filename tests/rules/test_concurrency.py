"""Lambda's refusals of shares that cannot be had, as its API words them."""

import pytest

from frontdesk.rules.concurrency import (
    Share,
    overlap_refused,
    provision_refused,
    reservation_refused,
)

TOO_LOW = (
    " ReservedConcurrentExecutions  1 should not be lower than function's "
    "total provisioned concurrency [2]."
)
TOO_MUCH_RESERVED = (
    "Specified ReservedConcurrentExecutions for function decreases account's "
    "UnreservedConcurrentExecution below its minimum value of [0]."
)
BEYOND_RESERVED = (
    "Requested Provisioned Concurrency should not be greater than the "
    "reservedConcurrentExecution for function"
)
BEYOND_POOL = (
    "Specified ConcurrentExecutions for function is greater than account's unreserved "
    "concurrency [3]."
)


@pytest.mark.parametrize(
    ("share", "others", "pool", "refusal"),
    [
        (Share(1, 2), [], None, TOO_LOW),
        (Share(2, 2), [], None, ""),
        (Share(None, 2), [], None, ""),
        (Share(500, 0), [], None, ""),
        (Share(7, 0), [Share(2, 1), Share(None, 2)], 10, TOO_MUCH_RESERVED),
        (Share(6, 0), [Share(2, 1), Share(None, 2)], 10, ""),
        (Share(0, 0), [Share(10, 0)], 10, ""),
    ],
)
def test_what_cannot_be_reserved(share, others, pool, refusal):
    assert reservation_refused(share, others, pool) == refusal


@pytest.mark.parametrize(
    ("share", "others", "pool", "refusal"),
    [
        (Share(1, 2), [], None, BEYOND_RESERVED),
        (Share(2, 2), [], 1, ""),  # the reservation is what is wrong there
        (Share(None, 99), [], None, ""),
        (Share(None, 901), [Share(5000, 100)], None, BEYOND_POOL.replace("[3]", "[900]")),
        (Share(5000, 1001), [], None, BEYOND_POOL.replace("[3]", "[1000]")),
        (Share(None, 4), [Share(5, 1), Share(None, 2)], 10, BEYOND_POOL),
        (Share(None, 3), [Share(5, 1), Share(None, 2)], 10, ""),
    ],
)
def test_what_cannot_be_provisioned(share, others, pool, refusal):
    assert provision_refused(share, others, pool) == refusal


TAKEN_VERSION = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
TAKEN_ALIAS = "Version is pointed by a Provisioned Concurrency alias"


@pytest.mark.parametrize(
    ("qualifier", "provisioned", "refusal"),
    [
        ("live", {"1"}, TAKEN_VERSION),
        ("1", {"live"}, TAKEN_ALIAS),
        ("live", {"2"}, ""),
        ("2", {"live"}, ""),
        ("live", {"live"}, ""),
        ("1", {"1"}, ""),
        ("1", set(), ""),
    ],
)
def test_a_version_is_provisioned_of_its_own_or_by_an_alias(qualifier, provisioned, refusal):
    assert overlap_refused(qualifier, provisioned, {"live": "1", "beta": "3"}) == refusal

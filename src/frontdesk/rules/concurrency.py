"""Owns Lambda's sums of concurrency: which numbers may be reserved and provisioned, and its refusals.

Source: AWS, "Lambda quotas" and "Understanding Lambda function scaling"; texts as recorded.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

LATEST: Final = "$LATEST"
"""The version that may change. All others are numbers, and never do."""


MOST_STANDING: Final = 1000
"""Children that stand ready, of all functions, where calls are not counted. Lambda's first quota."""


class Share(NamedTuple):
    """What one function asks for.

    reserved: calls at once, set aside; None: it uses what is left for all. provisioned: children that
    stand ready, of all its versions together.
    """

    reserved: int | None
    provisioned: int

    @property
    def taken(self) -> int:
        """Calls at once that nobody else can have."""
        return self.provisioned if self.reserved is None else self.reserved


def reservation_refused(share: Share, others: Iterable[Share], pool: int | None) -> str:
    """Say in Lambda's words why the function cannot reserve this number; "" when it can.

    others: what all other functions have. pool: `limits.concurrency`; None: not counted.
    """
    if share.reserved is not None and share.reserved < share.provisioned:
        return (
            f" ReservedConcurrentExecutions  {share.reserved} should not be lower than function's "
            f"total provisioned concurrency [{share.provisioned}]."
        )
    if pool is not None and share.taken + sum(other.taken for other in others) > pool:
        return (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [0]."
        )
    return ""


def provision_refused(share: Share, others: Iterable[Share], pool: int | None) -> str:
    """Say in Lambda's words why the function cannot have these children; "" when it can.

    pool: None: not counted, and all functions together may have `MOST_STANDING`.
    """
    if share.reserved is not None and share.provisioned > share.reserved:
        return (
            "Requested Provisioned Concurrency should not be greater than the "
            "reservedConcurrentExecution for function"
        )
    if pool is None:
        left = MOST_STANDING - sum(other.provisioned for other in others)
    elif share.reserved is None:
        left = pool - sum(other.taken for other in others)
    else:
        return ""
    if share.provisioned > left:
        return (
            "Specified ConcurrentExecutions for function is greater than account's unreserved "
            f"concurrency [{left}]."
        )
    return ""


def overlap_refused(
    qualifier: str, provisioned: Collection[str], aliases: Mapping[str, str]
) -> str:
    """Say in Lambda's words why `qualifier` cannot have children ready beside others; "" when it can.

    A version has them of its own or by an alias. provisioned: the qualifiers that have children.
    aliases: the first version of each.
    """
    if aliases.get(qualifier) in provisioned:
        return (
            "Alias can't be used for Provisioned Concurrency configuration on an already "
            "Provisioned version"
        )
    if any(aliases.get(other) == qualifier for other in provisioned):
        return "Version is pointed by a Provisioned Concurrency alias"
    return ""

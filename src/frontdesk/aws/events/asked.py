"""Owns what requests to the EventBridge API name, and the pages of its lists."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import orjson

from frontdesk.aws.paging import page
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.refusals import PublishError, no_bus, no_rule, not_valid
from frontdesk.durable.publishing.rules import DEFAULT, Bus, Rule
from frontdesk.rules.events.patterns import Matches, PatternError, compile_pattern
from frontdesk.stores.vault.refusals import VaultError

T = TypeVar("T")
Members = dict[str, Any]

_PAGE: Final = 100


def bus_of(buses: Buses, members: Members, name: str = "EventBusName") -> Bus:
    """Return the bus that is asked for, the default one where none is. Raises: PublishError."""
    text = members.get(name, DEFAULT)
    bus = buses.find(text)
    if bus is None:
        raise no_bus(text.rpartition("/")[2])
    return bus


def rule_of(buses: Buses, members: Members, name: str = "Name") -> Rule:
    """Return the rule that is asked for. Raises: PublishError."""
    bus = bus_of(buses, members)
    rule = buses.find_rule(bus, members[name])
    if rule is None:
        raise no_rule(members[name], bus.name)
    return rule


def own_rule(buses: Buses, members: Members, name: str = "Name") -> Rule:
    """Return a rule that the API may change. Raises: PublishError."""
    rule = rule_of(buses, members, name)
    if rule.of_file:
        raise of_file(rule)
    return rule


def of_file(rule: Rule) -> PublishError:
    """Make the error of a rule that only the file can change."""
    # Differs: [file-rules] What the file says only the file can change.
    return PublishError(
        "ManagedRuleException", f"Rule {rule.name} is managed by the configuration file."
    )


def pattern_of(text: str) -> Matches:
    """Read a pattern. Raises: PublishError."""
    try:
        pattern = orjson.loads(text)
        if isinstance(pattern, dict):
            return compile_pattern(pattern)
        reason = "Filter is not an object"
    except ValueError:
        reason = "Invalid JSON"
    except PatternError as error:
        reason = error.message
    raise PublishError(
        "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
    )


def listed(
    members: Members, items: Sequence[T], key: Callable[[T], str]
) -> tuple[Sequence[T], dict[str, str]]:
    """Return one page of a list, and its NextToken. Raises: PublishError."""
    given = {"MaxResults": members.get("Limit", _PAGE)}
    if "NextToken" in members:
        given["NextToken"] = members["NextToken"]
    try:
        return page(items, key, given, usual=_PAGE, invalid="ValidationException")
    except VaultError as error:
        raise not_valid(error.message) from None

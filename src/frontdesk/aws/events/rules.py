"""Owns the operations on rules: making, changing, finding, switching on and off."""

from dataclasses import replace
from typing import Any, Final

from frontdesk.aws.events.asked import (
    Members,
    bus_of,
    listed,
    of_file,
    own_rule,
    pattern_of,
    rule_of,
)
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.refusals import not_valid
from frontdesk.durable.publishing.rules import Rule

_STATES: Final = {True: "ENABLED", False: "DISABLED"}


class RuleOperations:
    """See json_service.Run."""

    def __init__(self, buses: Buses) -> None:
        self._buses = buses

    async def put(self, members: Members) -> dict[str, Any]:
        """PutRule. Targets that it has stay."""
        bus = bus_of(self._buses, members)
        if "ScheduleExpression" in members:
            # Differs: [scheduled-rules] AWS has schedules here, too.
            raise not_valid(
                "Parameter ScheduleExpression is not valid. Reason: schedules are written in the file."
            )
        if "EventPattern" not in members:
            raise not_valid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        pattern_of(members["EventPattern"])
        former = self._buses.find_rule(bus, members["Name"])
        if former is not None and former.of_file:
            raise of_file(former)
        rule = Rule(
            bus=bus.name,
            name=members["Name"],
            pattern=members["EventPattern"],
            enabled=members.get("State") != "DISABLED",
            description=members.get("Description", ""),
            targets=former.targets if former is not None else (),
        )
        await self._buses.ruled.put(rule)
        return {"RuleArn": self._buses.rule_arn(rule)}

    async def delete(self, members: Members) -> dict[str, Any]:
        """DeleteRule. One that is not there is deleted."""
        bus = bus_of(self._buses, members)
        rule = self._buses.find_rule(bus, members["Name"])
        if rule is None:
            return {}
        if rule.of_file:
            raise of_file(rule)
        if rule.targets:
            raise not_valid("Rule can't be deleted since it has targets.")
        await self._buses.ruled.drop([rule.key])
        return {}

    async def describe(self, members: Members) -> dict[str, Any]:
        """DescribeRule."""
        return self._told(rule_of(self._buses, members))

    async def list_rules(self, members: Members) -> dict[str, Any]:
        """ListRules."""
        prefix = members.get("NamePrefix", "")
        rules = self._buses.rules(bus_of(self._buses, members))
        all_ = [rule for rule in rules if rule.name.startswith(prefix)]
        found, token = listed(members, all_, lambda rule: rule.name)
        return {"Rules": [self._told(rule) for rule in found], **token}

    async def enable(self, members: Members) -> dict[str, Any]:
        """EnableRule."""
        await self._buses.ruled.put(replace(own_rule(self._buses, members), enabled=True))
        return {}

    async def disable(self, members: Members) -> dict[str, Any]:
        """DisableRule."""
        await self._buses.ruled.put(replace(own_rule(self._buses, members), enabled=False))
        return {}

    def _told(self, rule: Rule) -> dict[str, Any]:
        described = {"Description": rule.description} if rule.description else {}
        return {
            "Name": rule.name,
            "Arn": self._buses.rule_arn(rule),
            "EventPattern": rule.pattern,
            "State": _STATES[rule.enabled],
            "EventBusName": rule.bus,
            **described,
        }

"""Owns the operations on targets of rules: adding, removing, finding."""

from dataclasses import replace
from typing import Any, Final

from frontdesk.aws.events.asked import Members, bus_of, listed, own_rule, rule_of
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.receivers import read_receiver
from frontdesk.durable.publishing.refusals import PublishError, not_valid
from frontdesk.durable.publishing.rules import Target
from frontdesk.durable.queues.queues import Queues
from frontdesk.rules.events.event_bus import InputError

_MOST: Final = 5


class TargetOperations:
    """See json_service.Run. queues: targets that are FIFO queues need a group."""

    def __init__(self, buses: Buses, queues: Queues) -> None:
        self._buses = buses
        self._queues = queues

    async def put(self, members: Members) -> dict[str, Any]:
        """PutTargets. One with the id of another takes its place."""
        rule = own_rule(self._buses, members, "Rule")
        targets = {target.id: target for target in rule.targets}
        targets |= {entry["Id"]: self._target(entry) for entry in members["Targets"]}
        if len(targets) > _MOST:
            raise PublishError(
                "LimitExceededException",
                "The requested resource exceeds the maximum number allowed.",
            )
        await self._buses.ruled.put(replace(rule, targets=[*targets.values()]))
        return _NONE_FAILED

    async def remove(self, members: Members) -> dict[str, Any]:
        """RemoveTargets."""
        rule = own_rule(self._buses, members, "Rule")
        left = [target for target in rule.targets if target.id not in members["Ids"]]
        await self._buses.ruled.put(replace(rule, targets=left))
        return _NONE_FAILED

    async def list_targets(self, members: Members) -> dict[str, Any]:
        """ListTargetsByRule."""
        rule = rule_of(self._buses, members, "Rule")
        all_ = sorted(rule.targets, key=lambda target: target.id)
        found, token = listed(members, all_, lambda target: target.id)
        return {"Targets": [self._told(target) for target in found], **token}

    async def list_rules(self, members: Members) -> dict[str, Any]:
        """ListRuleNamesByTarget."""
        to = read_receiver(members["TargetArn"])
        rules = self._buses.rules(bus_of(self._buses, members))
        names = [rule.name for rule in rules if any(each.to == to for each in rule.targets)]
        found, token = listed(members, names, str)
        return {"RuleNames": [*found], **token}

    def _target(self, entry: Members) -> Target:
        """Raises: PublishError."""
        to, id_ = read_receiver(entry["Arn"]), entry["Id"]
        if to is None:
            # Differs: [event-targets] AWS has many more kinds of targets.
            raise not_valid(
                "Parameter Arn is not valid. Reason: expected the ARN of a queue, a function or a state "
                "machine."
            )
        made = entry.get("InputTransformer") or {}
        target = Target(
            id=id_,
            to=to,
            input=entry.get("Input", ""),
            path=entry.get("InputPath", ""),
            paths=made.get("InputPathsMap") or {},
            template=made.get("InputTemplate", ""),
            group=(entry.get("SqsParameters") or {}).get("MessageGroupId", ""),
        )
        if sum(name in entry for name in ("Input", "InputPath", "InputTransformer")) > 1:
            raise not_valid(
                f"Only one of Input, InputPath, or InputTransformer must be provided for target {id_}."
            )
        try:
            target.make()
        except ValueError:
            raise not_valid(f"JSON syntax error in input for target {id_}.") from None
        except InputError as error:
            raise not_valid(f"Invalid input for target {id_}: {error.message}.") from None
        queue = self._queues.find(to.name) if to.kind == "queue" else None
        if queue is not None and queue.rules.fifo and not target.group:
            raise not_valid(f"Parameter(s) SqsParameters must be specified for target: {id_}.")
        return target

    def _told(self, target: Target) -> dict[str, Any]:
        place = self._buses.place
        told: dict[str, Any] = {"Id": target.id, "Arn": target.to.arn(place.region, place.account)}
        if target.input:
            told["Input"] = target.input
        if target.path:
            told["InputPath"] = target.path
        if target.template:
            told["InputTransformer"] = {
                "InputPathsMap": target.paths,
                "InputTemplate": target.template,
            }
        if target.group:
            told["SqsParameters"] = {"MessageGroupId": target.group}
        return told


_NONE_FAILED: Final[dict[str, Any]] = {"FailedEntryCount": 0, "FailedEntries": []}

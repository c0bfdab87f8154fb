"""Owns the table of the EventBridge API's operations, and what their requests must be.

Source: AWS, EventBridge API reference.
"""

from typing import Final

from frontdesk.aws.constraints import Constraint, Flag, Listed, Number, Structure, Text
from frontdesk.aws.events.buses import BusOperations
from frontdesk.aws.events.rules import RuleOperations
from frontdesk.aws.events.targets import TargetOperations
from frontdesk.aws.json_service import JsonService, Operation, Run
from frontdesk.base.clock import Clock
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.refusals import PublishError
from frontdesk.durable.queues.queues import Queues

_BUS: Final = Text(least=1, most=1600)
_NEW_BUS: Final = Text(least=1, most=256, pattern=r"[/\.\-_A-Za-z0-9]+")
_RULE: Final = Text(least=1, most=64, pattern=r"[\.\-_A-Za-z0-9]+")
_TEXT: Final = Text(most=8192)
_ID: Final = Text(least=1, most=64, pattern=r"[\.\-_A-Za-z0-9]+")
_PAGE: Final[dict[str, Constraint]] = {
    "NextToken": Text(least=1, most=2048),
    "Limit": Number(least=1, most=100),
}
_OF_BUS: Final[dict[str, Constraint]] = {"EventBusName": _BUS}
_ENTRY: Final = Structure(
    {
        "Source": Text(),
        "DetailType": Text(),
        "Detail": Text(),
        "EventBusName": Text(),
        "Resources": Listed(of=Text()),
        "Time": Number(whole=False),
        "TraceHeader": Text(most=500),
    }
)
_TARGET: Final = Structure(
    {
        "Id": _ID,
        "Arn": Text(least=1, most=1600),
        "Input": _TEXT,
        "InputPath": Text(most=256),
        "InputTransformer": Structure(
            {"InputTemplate": Text(least=1, most=8192)}, ("InputTemplate",)
        ),
        "SqsParameters": Structure({"MessageGroupId": Text(most=128)}),
    },
    ("Id", "Arn"),
)

_SHAPES: Final[dict[str, Structure]] = {
    # How many there may be is told in other words than the size of a member.
    "PutEvents": Structure({"Entries": Listed(of=_ENTRY)}, ("Entries",)),
    "TestEventPattern": Structure(
        {"EventPattern": Text(most=4096), "Event": Text()}, ("EventPattern", "Event")
    ),
    "CreateEventBus": Structure({"Name": _NEW_BUS, "Description": Text(most=512)}, ("Name",)),
    "DeleteEventBus": Structure({"Name": _BUS}, ("Name",)),
    "DescribeEventBus": Structure({"Name": _BUS}),
    "ListEventBuses": Structure({"NamePrefix": _BUS, **_PAGE}),
    "PutRule": Structure(
        {
            "Name": _RULE,
            "EventPattern": Text(most=4096),
            "ScheduleExpression": Text(most=256),
            "State": Text(
                among=(
                    "ENABLED",
                    "DISABLED",
                    "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                )
            ),
            "Description": Text(most=512),
            **_OF_BUS,
        },
        ("Name",),
    ),
    "DeleteRule": Structure({"Name": _RULE, "Force": Flag(), **_OF_BUS}, ("Name",)),
    "DescribeRule": Structure({"Name": _RULE, **_OF_BUS}, ("Name",)),
    "EnableRule": Structure({"Name": _RULE, **_OF_BUS}, ("Name",)),
    "DisableRule": Structure({"Name": _RULE, **_OF_BUS}, ("Name",)),
    "ListRules": Structure({"NamePrefix": _RULE, **_OF_BUS, **_PAGE}),
    "PutTargets": Structure(
        {"Rule": _RULE, "Targets": Listed(of=_TARGET, least=1, most=100), **_OF_BUS},
        ("Rule", "Targets"),
    ),
    "RemoveTargets": Structure(
        {"Rule": _RULE, "Ids": Listed(of=_ID, least=1, most=100), **_OF_BUS}, ("Rule", "Ids")
    ),
    "ListTargetsByRule": Structure({"Rule": _RULE, **_OF_BUS, **_PAGE}, ("Rule",)),
    "ListRuleNamesByTarget": Structure(
        {"TargetArn": Text(least=1, most=1600), **_OF_BUS, **_PAGE}, ("TargetArn",)
    ),
}


def event_bridge(buses: Buses, queues: Queues, clock: Clock) -> JsonService:
    """Make the API."""
    return JsonService(
        "events",
        "AWSEvents",
        operations(buses, queues, clock),
        refused=PublishError,
        internal="InternalException",
    )


def operations(buses: Buses, queues: Queues, clock: Clock) -> dict[str, Operation]:
    """List all operations by their names."""
    of_buses = BusOperations(buses, clock)
    of_rules, of_targets = RuleOperations(buses), TargetOperations(buses, queues)
    runs: dict[str, Run] = {
        "PutEvents": of_buses.put_events,
        "TestEventPattern": of_buses.test_pattern,
        "CreateEventBus": of_buses.create,
        "DeleteEventBus": of_buses.delete,
        "DescribeEventBus": of_buses.describe,
        "ListEventBuses": of_buses.list_buses,
        "PutRule": of_rules.put,
        "DeleteRule": of_rules.delete,
        "DescribeRule": of_rules.describe,
        "EnableRule": of_rules.enable,
        "DisableRule": of_rules.disable,
        "ListRules": of_rules.list_rules,
        "PutTargets": of_targets.put,
        "RemoveTargets": of_targets.remove,
        "ListTargetsByRule": of_targets.list_targets,
        "ListRuleNamesByTarget": of_targets.list_rules,
    }
    return {name: Operation(_SHAPES[name], run) for name, run in runs.items()}

"""Buses, rules and targets through boto3: made, changed, found, removed."""

import json

import pytest

from tests.live.publishing import Publishing, arn

PATTERN = '{"source": ["shop"]}'
SOLD = {"Source": "shop", "DetailType": "Sold", "Detail": '{"what": "a \\"pen\\"", "n": 2}'}
QUEUE = {"Id": "q", "Arn": arn("sqs", "others")}


@pytest.fixture
async def rule(events):
    """The name of a rule with one target."""
    await events("put_rule", Name="sold", EventPattern=PATTERN, Description="What is sold")
    await events("put_targets", Rule="sold", Targets=[QUEUE])
    return "sold"


async def test_a_bus_is_made_found_and_removed(events):
    made = await events("create_event_bus", Name="mine", Description="My own")
    assert made["EventBusArn"] == arn("events", "event-bus/mine")
    assert await events("describe_event_bus", Name="mine") == {
        "Name": "mine",
        "Arn": made["EventBusArn"],
        "Description": "My own",
    }
    told = (await events("list_event_buses"))["EventBuses"]
    assert [each["Name"] for each in told] == ["default", "mine", "side"]
    assert (await events.refused("create_event_bus", Name="mine"))[1] == (
        "ResourceAlreadyExistsException"
    )
    await events("delete_event_bus", Name="mine")
    await events("delete_event_bus", Name="mine")
    assert await events.refused("describe_event_bus", Name="mine") == (
        400,
        "ResourceNotFoundException",
        "Event bus mine does not exist.",
    )
    for name in ("default", "side"):
        assert (await events.refused("delete_event_bus", Name=name))[1] == "ValidationException"


async def test_a_rule_is_made_found_and_removed(events, rule):
    told = await events("describe_rule", Name=rule)
    assert told == {
        "Name": "sold",
        "Arn": arn("events", "rule/sold"),
        "EventPattern": PATTERN,
        "State": "ENABLED",
        "EventBusName": "default",
        "Description": "What is sold",
    }
    names = [each["Name"] for each in (await events("list_rules"))["Rules"]]
    assert names == ["booked", "off", "sold"]
    assert len((await events("list_rules", NamePrefix="s"))["Rules"]) == 1
    first = await events("list_rules", Limit=2)
    second = await events("list_rules", Limit=2, NextToken=first["NextToken"])
    assert [each["Name"] for each in second["Rules"]] == ["sold"]
    refused = await events.refused("delete_rule", Name=rule)
    assert refused[1:] == ("ValidationException", "Rule can't be deleted since it has targets.")
    await events("remove_targets", Rule=rule, Ids=["q"])
    await events("delete_rule", Name=rule)
    await events("delete_rule", Name=rule)
    assert await events.refused("describe_rule", Name=rule) == (
        400,
        "ResourceNotFoundException",
        "Rule sold does not exist on EventBus default.",
    )


async def test_a_rule_is_switched_off_and_on(events, rule):
    await events("disable_rule", Name=rule)
    await events("put_events", Entries=[SOLD])
    assert await events.world.bodies("others") == []
    await events("enable_rule", Name=rule)
    await events("put_events", Entries=[SOLD])
    assert len(await events.world.bodies("others")) == 1


async def test_a_rule_that_is_put_again_keeps_its_targets(events, rule):
    await events("put_rule", Name=rule, EventPattern='{"source": ["other"]}')
    assert (await events("list_targets_by_rule", Rule=rule))["Targets"] == [QUEUE]
    told = await events("list_rule_names_by_target", TargetArn=QUEUE["Arn"])
    assert told["RuleNames"] == ["off", "sold"]


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ({"Input": '{"a": 1}'}, '{"a":1}'),
        ({"InputPath": "$.detail.n"}, "2"),
        ({"InputPath": "$.detail.none"}, "null"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"what": "$.detail.what", "n": "$.detail.n", "no": "$.x"},
                    "InputTemplate": '{"text": "<n> of <what>", "n": <n>, "w": <what>, "no": <no>}',
                }
            },
            {"text": '2 of a "pen"', "n": 2, "w": 'a "pen"', "no": ""},
        ),
        (
            {"InputTransformer": {"InputTemplate": '"by <aws.events.rule-name>"'}},
            '"by sold"',
        ),
    ],
    ids=["input", "path", "nothing", "template", "text"],
)
async def test_a_target_gets_what_is_made_for_it(events, rule, target, given):
    await events("put_targets", Rule=rule, Targets=[{**QUEUE, **target}])
    assert (await events("list_targets_by_rule", Rule=rule))["Targets"][0]["Id"] == "q"
    await events("put_events", Entries=[SOLD])
    (body,) = await events.world.bodies("others")
    assert (json.loads(body) if isinstance(given, dict) else body) == given


async def test_a_fifo_queue_gets_its_group(events, rule):
    fifo = {"Id": "f", "Arn": arn("sqs", "in_order.fifo")}
    refused = await events.refused("put_targets", Rule=rule, Targets=[fifo])
    assert refused[2] == "Parameter(s) SqsParameters must be specified for target: f."
    group = {"SqsParameters": {"MessageGroupId": "g"}}
    await events("put_targets", Rule=rule, Targets=[{**fifo, **group}])
    await events("put_events", Entries=[SOLD])
    ((_, _, found),) = await events.world.received("in_order.fifo")
    assert found == "g"


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({}, "ValidationException", "EventPattern or ScheduleExpression must be specified"),
        ({"EventPattern": "{"}, "InvalidEventPatternException", "Reason: Invalid JSON"),
        ({"EventPattern": '["a"]'}, "InvalidEventPatternException", "Filter is not an object"),
        ({"EventPattern": '{"a": "b"}'}, "InvalidEventPatternException", "a list of values"),
        ({"ScheduleExpression": "rate(1 hour)"}, "ValidationException", "written in the file"),
        (
            {"EventPattern": PATTERN, "EventBusName": "none"},
            "ResourceNotFoundException",
            "Event bus none does not exist.",
        ),
    ],
    ids=str,
)
async def test_a_bad_rule_is_refused(events, asked, code, message):
    status, found, told = await events.refused("put_rule", Name="r", **asked)
    assert (status, found) == (400, code)
    assert message in told


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": arn("sns", "topic")}, "expected the ARN of a queue"),
        ({"Input": "{"}, "JSON syntax error in input for target q."),
        ({"InputPath": "detail"}, "Invalid input for target q"),
        ({"InputTransformer": {"InputTemplate": "<a>"}}, "Invalid input for target q"),
        ({"Input": "1", "InputPath": "$.detail"}, "Only one of Input, InputPath"),
    ],
    ids=str,
)
async def test_a_bad_target_is_refused(events, rule, target, message):
    refused = await events.refused("put_targets", Rule=rule, Targets=[{**QUEUE, **target}])
    assert refused[1] == "ValidationException"
    assert message in refused[2]


async def test_a_rule_has_five_targets_at_most(events, rule):
    targets = [{"Id": str(number), "Arn": QUEUE["Arn"]} for number in range(5)]
    refused = await events.refused("put_targets", Rule=rule, Targets=targets)
    assert refused[1] == "LimitExceededException"


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("put_rule", {"Name": "booked", "EventPattern": PATTERN}),
        ("delete_rule", {"Name": "booked"}),
        ("disable_rule", {"Name": "booked"}),
        ("put_targets", {"Rule": "booked", "Targets": [QUEUE]}),
        ("remove_targets", {"Rule": "booked", "Ids": ["1"]}),
    ],
)
async def test_what_the_file_says_only_the_file_changes(events, operation, asked):
    assert (await events.refused(operation, **asked))[1] == "ManagedRuleException"


async def test_rules_outlive_the_process(events, rule):
    later = Publishing(catalog=events.world.catalog)
    await later.buses.start()
    bus = later.buses.find("default")
    assert later.buses.find_rule(bus, rule) == events.world.buses.find_rule(bus, rule)

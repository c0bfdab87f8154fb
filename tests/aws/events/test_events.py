"""PutEvents through boto3: who gets an event, in which form, what of a request fails."""

import datetime as dt
import json

import pytest

from tests.live.publishing import ACCOUNT, REGION, arn

BOOKED = {"Source": "desk", "DetailType": "Booking made", "Detail": '{"patient": "ada", "n": 1}'}


async def test_every_target_of_a_rule_gets_the_event(events):
    at = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
    told = await events("put_events", Entries=[{**BOOKED, "Time": at, "Resources": ["one"]}])
    assert told["FailedEntryCount"] == 0
    (entry,) = told["Entries"]
    event = {
        "version": "0",
        "id": entry["EventId"],
        "detail-type": "Booking made",
        "source": "desk",
        "account": ACCOUNT,
        "time": "2026-03-04T05:06:07Z",
        "region": REGION,
        "resources": ["one"],
        "detail": {"patient": "ada", "n": 1},
    }
    assert await events.world.bodies("letters") == ['{"patient":"ada","n":1}']
    assert events.world.functions.taken == [("on_booked", "", event, "")]
    ((machine, given),) = events.world.machines.started.values()
    assert (machine, given) == ("booking", {"fixed": True})
    assert await events.world.bodies("others") == []  # its rule is off


async def test_a_request_is_taken_as_far_as_it_is_good(events):
    told = await events(
        "put_events",
        Entries=[
            {"DetailType": "x", "Detail": "{}"},
            BOOKED,
            {**BOOKED, "Detail": "[]"},
            {**BOOKED, "Detail": "{"},
            {"Source": "desk", "Detail": "{}"},
            {**BOOKED, "EventBusName": "none"},
            {**BOOKED, "Source": "aws.s3"},
        ],
    )
    assert told["FailedEntryCount"] == 6
    assert [(each.get("ErrorCode"), each.get("ErrorMessage")) for each in told["Entries"]] == [
        (
            "InvalidArgument",
            "Parameter Source is not valid. Reason: Source is a required argument.",
        ),
        (None, None),
        ("MalformedDetail", "Detail is malformed."),
        ("MalformedDetail", "Detail is malformed."),
        (
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        ("ResourceNotFoundException", "Event bus none does not exist."),
        ("NotAuthorizedForSourceException", "Not authorized for the source."),
    ]
    assert len(await events.world.bodies("letters")) == 1


async def test_a_queue_gets_all_events_of_a_request_in_their_order(events):
    entries = [{**BOOKED, "Detail": json.dumps({"n": number})} for number in range(10)]
    await events("put_events", Entries=entries)
    assert [json.loads(body)["n"] for body in await events.world.bodies("letters")] == [*range(10)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([BOOKED] * 11, "Member must have length less than or equal to 10"),
        (
            [{**BOOKED, "Detail": json.dumps({"x": "y" * 140_000})}] * 2,
            "Total size of the entries in the request is over the limit.",
        ),
    ],
    ids=["many", "large"],
)
async def test_a_bad_request_is_refused_as_a_whole(events, entries, message):
    status, code, told = await events.refused("put_events", Entries=entries)
    assert (status, code) == (400, "ValidationException")
    assert message in told


async def test_nothing_is_acknowledged_that_is_not_committed(events):
    events.world.functions.broken = True
    assert (await events.refused("put_events", Entries=[BOOKED]))[:2] == (500, "InternalException")


async def test_a_target_that_does_not_take_it_holds_nobody_up(events):
    events.world.machines.refuses = True
    told = await events("put_events", Entries=[BOOKED])
    assert told["FailedEntryCount"] == 0
    assert len(await events.world.bodies("letters")) == 1


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"source": ["desk"]}, True),
        ({"detail": {"n": [{"numeric": [">", 1]}]}}, False),
        ({"$or": [{"source": ["other"]}, {"detail": {"patient": ["ada"]}}]}, True),
    ],
    ids=str,
)
async def test_a_pattern_can_be_tried(events, pattern, fits):
    event = {"source": "desk", "detail": {"patient": "ada", "n": 1}}
    told = await events(
        "test_event_pattern", Event=json.dumps(event), EventPattern=json.dumps(pattern)
    )
    assert told == {"Result": fits}


async def test_an_event_on_another_bus_stays_there(events):
    await events("create_event_bus", Name="mine")
    for bus in ("default", "mine"):
        await events("put_rule", Name="mine", EventBusName=bus, EventPattern='{"source": ["x"]}')
    target = {"Id": "1", "Arn": arn("sqs", "others"), "Input": '"here"'}
    await events("put_targets", Rule="mine", EventBusName="mine", Targets=[target])
    entry = {"Source": "x", "DetailType": "t", "Detail": "{}"}
    await events("put_events", Entries=[entry])
    assert await events.world.bodies("others") == []
    await events("put_events", Entries=[{**entry, "EventBusName": arn("events", "event-bus/mine")}])
    assert await events.world.bodies("others") == ['"here"']

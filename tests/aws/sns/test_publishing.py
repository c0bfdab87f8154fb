"""Publishing through boto3: who gets it, in which form, what is refused."""

import json

import pytest

from tests.live.publishing import arn

OF_FILE = arn("sns", "of_file")
ORDERED = arn("sns", "ordered.fifo")
TEXT = {"DataType": "String", "StringValue": "booked"}


async def _subscribed(sns, name="news", **attributes):
    topic = (await sns("create_topic", Name=name))["TopicArn"]
    await sns(
        "subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn("sqs", "others"),
        Attributes=attributes,
    )
    return topic


async def test_a_queue_gets_the_envelope(sns):
    told = await sns(
        "publish",
        TopicArn=OF_FILE,
        Message="a < b & \r\n c",
        Subject="News",
        MessageAttributes={
            "kind": TEXT,
            "n": {"DataType": "Number", "StringValue": "5"},
            "blob": {"DataType": "Binary", "BinaryValue": b"\0\1"},
        },
    )
    (body,) = await sns.world.bodies("letters")
    found = json.loads(body)
    assert found.pop("Timestamp").endswith("Z")
    assert found == {
        "Type": "Notification",
        "MessageId": told["MessageId"],
        "TopicArn": OF_FILE,
        "Subject": "News",
        "Message": "a < b & \r\n c",
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
        "MessageAttributes": {
            "kind": {"Type": "String", "Value": "booked"},
            "n": {"Type": "Number", "Value": "5"},
            "blob": {"Type": "Binary", "Value": "AAE="},
        },
    }


async def test_a_function_gets_a_record(sns):
    told = await sns("publish", TopicArn=OF_FILE, Message="hello")
    ((function, qualifier, event, _),) = sns.world.functions.taken
    assert (function, qualifier) == ("on_booked", "")
    (record,) = event["Records"]
    assert record.pop("EventSubscriptionArn").startswith(f"{OF_FILE}:")
    assert record["Sns"].pop("Timestamp").endswith("Z")
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "Sns": {
            "Type": "Notification",
            "MessageId": told["MessageId"],
            "TopicArn": OF_FILE,
            "Subject": None,
            "Message": "hello",
            "SignatureVersion": "1",
            "Signature": "",
            "SigningCertUrl": "",
            "UnsubscribeUrl": "",
            "MessageAttributes": {},
        },
    }
    assert await sns.world.bodies("letters") == []  # its filter asks for an attribute


async def test_a_raw_subscription_gets_the_message_and_its_attributes(sns):
    topic = await _subscribed(sns, RawMessageDelivery="true")
    await sns("publish", TopicArn=topic, Message="hello", MessageAttributes={"kind": TEXT})
    assert await sns.world.received("others") == [("hello", {"kind": TEXT}, "")]


async def test_each_protocol_has_its_own_message(sns):
    topic = await _subscribed(sns, RawMessageDelivery="true")
    texts = json.dumps({"default": "for all", "sqs": "for queues"})
    await sns("publish", TopicArn=topic, Message=texts, MessageStructure="json")
    assert await sns.world.bodies("others") == ["for queues"]


@pytest.mark.parametrize(
    ("policy", "scope", "fits"),
    [
        ({"kind": ["booked"]}, "MessageAttributes", True),
        ({"kind": [{"anything-but": "booked"}]}, "MessageAttributes", False),
        ({"n": [{"numeric": [">", 4]}]}, "MessageAttributes", True),
        ({"n": [5]}, "MessageAttributes", True),
        ({"n": ["5"]}, "MessageAttributes", False),
        ({"list": ["b"]}, "MessageAttributes", True),
        ({"list": [7]}, "MessageAttributes", False),
        ({"missing": [{"exists": False}]}, "MessageAttributes", True),
        ({"$or": [{"n": [6]}, {"kind": ["booked"]}]}, "MessageAttributes", True),
        ({"patient": {"vip": [True]}}, "MessageBody", True),
        ({"patient": {"vip": [False]}}, "MessageBody", False),
        ({"kind": ["booked"]}, "MessageBody", False),
    ],
    ids=str,
)
async def test_filters_look_at_attributes_or_the_body(sns, policy, scope, fits):
    topic = await _subscribed(sns, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    await sns(
        "publish",
        TopicArn=topic,
        Message='{"patient": {"vip": true}}',
        MessageAttributes={
            "kind": TEXT,
            "n": {"DataType": "Number", "StringValue": "5"},
            "list": {"DataType": "String.Array", "StringValue": '["a", "b", null]'},
        },
    )
    assert len(await sns.world.bodies("others")) == fits


async def test_what_is_no_json_fits_no_filter_of_the_body(sns):
    topic = await _subscribed(
        sns, FilterPolicy='{"a": [{"exists": true}]}', FilterPolicyScope="MessageBody"
    )
    await sns("publish", TopicArn=topic, Message="not JSON")
    assert await sns.world.bodies("others") == []


async def test_a_fifo_topic_keeps_groups_and_knows_messages_again(sns):
    asked = {"TopicArn": ORDERED, "MessageGroupId": "ada"}
    first = await sns("publish", Message="one", **asked)
    second = await sns("publish", Message="two", **asked)
    await sns("publish", Message="two", **asked)
    await sns("publish", Message="three", MessageDeduplicationId="x", **asked)
    await sns("publish", Message="four", MessageDeduplicationId="x", **asked)
    assert len(first["SequenceNumber"]) == 20
    assert first["SequenceNumber"] < second["SequenceNumber"]
    found = await sns.world.received("in_order.fifo")
    assert [(body, group) for body, _, group in found] == [
        ("one", "ada"),
        ("two", "ada"),
        ("three", "ada"),
    ]


async def test_a_batch_is_published_as_far_as_it_is_good(sns):
    topic = await _subscribed(sns, RawMessageDelivery="true")
    entries = [
        {"Id": "a", "Message": "one"},
        {"Id": "b", "Message": "x", "MessageDeduplicationId": "x"},
        {"Id": "c", "Message": "two", "MessageAttributes": {"kind": TEXT}},
    ]
    told = await sns("publish_batch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [each["Id"] for each in told["Successful"]] == ["a", "c"]
    (failed,) = told["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("b", "InvalidParameter", True)
    assert await sns.world.bodies("others") == ["one", "two"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "Message": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}, {"Id": "a", "Message": "y"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "Message": "x"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "Message": "x" * 150_000} for n in range(2)], "BatchRequestTooLong"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_bad_batch_is_refused(sns, entries, code):
    refused = await sns.refused(
        "publish_batch", TopicArn=OF_FILE, PublishBatchRequestEntries=entries
    )
    assert refused[:2] == (400, code)


@pytest.mark.parametrize(
    ("asked", "status", "code", "message"),
    [
        ({"TopicArn": arn("sns", "none")}, 404, "NotFound", "Topic does not exist"),
        ({"TopicArn": "of_file"}, 400, "InvalidParameter", "Invalid parameter: TopicArn"),
        ({"Message": ""}, 400, "InvalidParameter", "Invalid parameter: Empty message"),
        (
            {"Message": "x" * 262_145},
            400,
            "InvalidParameter",
            "Invalid parameter: Message too long",
        ),
        ({"Subject": "a\nb"}, 400, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Subject": "x" * 101}, 400, "InvalidParameter", "Invalid parameter: Subject"),
        (
            {"MessageStructure": "json"},
            *(400, "InvalidParameter"),
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ),
        (
            {"MessageStructure": "json", "Message": '{"sqs": "x"}'},
            *(400, "InvalidParameter"),
            "Invalid parameter: Message Structure - No default entry in JSON message body",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "many"}}},
            *(400, "ParameterValueInvalid"),
            "Could not cast message attribute 'a' value to number.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
            *(400, "ParameterValueInvalid"),
            (
                "The message attribute 'a' has an invalid message attribute type, the set of "
                "supported type prefixes is Binary, Number, and String."
            ),
        ),
        (
            {"TopicArn": ORDERED},
            *(400, "InvalidParameter"),
            "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
        ),
        (
            {"MessageDeduplicationId": "x"},
            *(400, "InvalidParameter"),
            (
                "Invalid parameter: The request includes MessageDeduplicationId parameter that is not "
                "valid for this topic type"
            ),
        ),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_cannot_be_published_is_refused(sns, asked, status, code, message):
    refused = await sns.refused("publish", **{"TopicArn": OF_FILE, "Message": "x", **asked})
    assert refused == (status, code, message)


async def test_nothing_is_acknowledged_that_is_not_committed(sns):
    sns.world.functions.broken = True
    status, code, _ = await sns.refused("publish", TopicArn=OF_FILE, Message="x")
    assert (status, code) == (500, "InternalError")


async def test_a_subscriber_that_is_not_there_holds_nobody_up(sns):
    sns.world.functions.unknown.add("on_booked")
    await sns("publish", TopicArn=OF_FILE, Message="x", MessageAttributes={"kind": TEXT})
    assert len(await sns.world.bodies("letters")) == 1

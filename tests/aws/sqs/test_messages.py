"""Messages through boto3, which itself checks the MD5s of bodies and attributes."""

import asyncio

import pytest
from botocore.exceptions import ClientError

ATTRIBUTES = {
    "kind": {"DataType": "String", "StringValue": "é"},
    "n.umber": {"DataType": "Number.int", "StringValue": "7"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}


async def code_of(awaitable):
    with pytest.raises(ClientError) as raised:
        await awaitable
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


async def test_a_message_goes_through_with_its_attributes(sqs):
    url = await sqs.queue()
    sent = await sqs(
        "send_message",
        QueueUrl=url,
        MessageBody="hello é",
        MessageAttributes=ATTRIBUTES,
        MessageSystemAttributes={
            "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"}
        },
    )
    (message,) = await sqs.receive(
        url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello é"
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    told = message["Attributes"]
    assert (told["ApproximateReceiveCount"], told["AWSTraceHeader"]) == ("1", "Root=1-5759e988")
    assert told["SentTimestamp"].isdigit()
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    assert await sqs("delete_message", **handle) == {}
    assert (await sqs.attributes(url))["ApproximateNumberOfMessagesNotVisible"] == "0"


async def test_attributes_are_told_as_asked_for(sqs):
    url = await sqs.queue(VisibilityTimeout=0)
    await sqs("send_message", QueueUrl=url, MessageBody="b", MessageAttributes=ATTRIBUTES)
    (plain,) = await sqs.receive(url)
    assert "MessageAttributes" not in plain
    assert "Attributes" not in plain
    (some,) = await sqs.receive(
        url, MessageAttributeNames=["kind", "n.*"], AttributeNames=["SentTimestamp"]
    )
    assert some["MessageAttributes"].keys() == {"kind", "n.umber"}
    assert some["Attributes"].keys() == {"SentTimestamp"}


async def test_an_empty_queue_answers_without_messages(sqs):
    assert await sqs("receive_message", QueueUrl=await sqs.queue()) == {}


async def test_a_receive_waits_for_what_is_sent(sqs):
    url = await sqs.queue()
    waiting = asyncio.create_task(sqs.bodies(url, WaitTimeSeconds=20))
    async with asyncio.timeout(10):
        while "calls" not in sqs.queues._news:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    await sqs("send_message", QueueUrl=url, MessageBody="late")
    assert await waiting == ["late"]


async def test_a_message_is_hidden_and_comes_again(sqs):
    url = await sqs.queue(VisibilityTimeout=60)
    await sqs("send_message", QueueUrl=url, MessageBody="a")
    (first,) = await sqs.receive(url)
    assert await sqs.bodies(url) == []
    sqs.clock.ahead = 61
    (second,) = await sqs.receive(url)
    old = {"QueueUrl": url, "ReceiptHandle": first["ReceiptHandle"]}
    assert (await code_of(sqs("delete_message", **old)))[0] == "ReceiptHandleIsInvalid"
    new = {"QueueUrl": url, "ReceiptHandle": second["ReceiptHandle"]}
    await sqs("change_message_visibility", **new, VisibilityTimeout=0)
    assert await sqs.bodies(url) == ["a"]


async def test_visibility_lasts_no_longer_than_twelve_hours(sqs):
    url = await sqs.queue(VisibilityTimeout=43_200)
    await sqs("send_message", QueueUrl=url, MessageBody="a")
    (message,) = await sqs.receive(url)
    sqs.clock.ahead = 100
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    code, text = await code_of(sqs("change_message_visibility", **handle, VisibilityTimeout=43_150))
    assert code == "InvalidParameterValue"
    assert "beyond the limit [43200 seconds]" in text


async def test_a_delayed_message_comes_later(sqs):
    url = await sqs.queue()
    await sqs("send_message", QueueUrl=url, MessageBody="a", DelaySeconds=900)
    assert await sqs.bodies(url) == []
    assert (await sqs.attributes(url))["ApproximateNumberOfMessagesDelayed"] == "1"
    sqs.clock.ahead = 901
    assert await sqs.bodies(url) == ["a"]


async def test_batches_tell_of_each_entry(sqs):
    url = await sqs.queue()
    entries = [
        {"Id": "a", "MessageBody": "1", "MessageAttributes": ATTRIBUTES},
        {"Id": "b", "MessageBody": "2", "DelaySeconds": 901},
        {"Id": "c", "MessageBody": "\x00"},
    ]
    answer = await sqs("send_message_batch", QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["a"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
        ("b", "InvalidParameterValue", True),
        ("c", "InvalidMessageContents", True),
    ]
    (message,) = await sqs.receive(url)
    handles = [
        {"Id": "x", "ReceiptHandle": message["ReceiptHandle"]},
        {"Id": "y", "ReceiptHandle": "nonsense"},
    ]
    hidden = [{**handle, "VisibilityTimeout": 5} for handle in handles]
    changed = await sqs("change_message_visibility_batch", QueueUrl=url, Entries=hidden)
    deleted = await sqs("delete_message_batch", QueueUrl=url, Entries=handles)
    for answer in (changed, deleted):
        assert [each["Id"] for each in answer["Successful"]] == ["x"]
        assert [each["Code"] for each in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    again = await sqs("delete_message_batch", QueueUrl=url, Entries=handles[:1])
    assert [each["Code"] for each in again["Failed"]] == ["ReceiptHandleIsInvalid"]


async def test_a_fifo_queue_keeps_order_and_each_message_once(sqs):
    url = await sqs.queue("line.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sends = [
        await sqs("send_message", QueueUrl=url, MessageBody=body, MessageGroupId="g")
        for body in ("a", "b", "a")
    ]
    assert sends[2]["MessageId"] == sends[0]["MessageId"]
    assert sends[2]["SequenceNumber"] == sends[0]["SequenceNumber"] < sends[1]["SequenceNumber"]
    assert len(sends[0]["SequenceNumber"]) == 20
    (first,) = await sqs.receive(url, 1, MessageSystemAttributeNames=["All"])
    assert first["Body"] == "a"
    assert first["Attributes"]["MessageGroupId"] == "g"
    assert first["Attributes"]["SequenceNumber"] == sends[0]["SequenceNumber"]
    assert await sqs.bodies(url) == []
    sqs.clock.ahead = 31
    handle = {"QueueUrl": url, "ReceiptHandle": first["ReceiptHandle"]}
    code, text = await code_of(sqs("delete_message", **handle))
    assert (code, text.endswith("The receipt handle has expired.")) == (
        "InvalidParameterValue",
        True,
    )
    assert await sqs.bodies(url) == ["a", "b"]


async def test_dead_letters_are_moved_and_moved_back(sqs):
    dead = await sqs.queue("dead")
    arn = (await sqs.attributes(dead))["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "1"}}'
    url = await sqs.queue(VisibilityTimeout=10, RedrivePolicy=policy)
    source = (await sqs.attributes(url))["QueueArn"]
    assert await sqs("list_dead_letter_source_queues", QueueUrl=dead) == {"queueUrls": [url]}
    sent = await sqs("send_message", QueueUrl=url, MessageBody="a", MessageAttributes=ATTRIBUTES)
    await sqs.receive(url)
    sqs.clock.ahead = 11
    assert await sqs.receive(url) == []
    (message,) = await sqs.receive(
        dead,
        VisibilityTimeout=0,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == source
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    handle = await sqs("start_message_move_task", SourceArn=arn)
    assert handle["TaskHandle"]
    async with asyncio.timeout(10):
        while True:
            (task,) = (await sqs("list_message_move_tasks", SourceArn=arn))["Results"]
            if task["Status"] != "RUNNING":
                break
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    (back,) = await sqs.receive(url, MessageSystemAttributeNames=["All"])
    assert back["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in back["Attributes"]


async def test_a_move_can_be_given_up_and_goes_on_elsewhere(sqs):
    dead, other = await sqs.queue("dead"), await sqs.queue("other")
    arn = (await sqs.attributes(dead))["QueueArn"]
    to = (await sqs.attributes(other))["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}'
    await sqs.queue(RedrivePolicy=policy)
    entries = [{"Id": str(number), "MessageBody": "m"} for number in range(4)]
    await sqs("send_message_batch", QueueUrl=dead, Entries=entries)
    asked = {"SourceArn": arn, "DestinationArn": to}
    slow = await sqs("start_message_move_task", **asked, MaxNumberOfMessagesPerSecond=1)
    assert (await code_of(sqs("start_message_move_task", **asked)))[0].endswith(
        "UnsupportedOperation"
    )
    await sqs("cancel_message_move_task", **slow)
    async with asyncio.timeout(10):
        while (await sqs("list_message_move_tasks", SourceArn=arn))["Results"][0]["Status"] != (
            "CANCELLED"
        ):
            pass
    assert (await code_of(sqs("cancel_message_move_task", **slow)))[0].endswith(
        "UnsupportedOperation"
    )
    await sqs("start_message_move_task", **asked)
    async with asyncio.timeout(10):
        while (await sqs.attributes(other))["ApproximateNumberOfMessages"] != "4":
            pass
    tasks = (await sqs("list_message_move_tasks", SourceArn=arn, MaxResults=10))["Results"]
    assert [task["Status"] for task in tasks] == ["COMPLETED", "CANCELLED"]


async def test_a_move_of_what_came_from_nowhere_fails(sqs):
    dead = await sqs.queue("dead")
    arn = (await sqs.attributes(dead))["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}'
    await sqs.queue(RedrivePolicy=policy)
    await sqs("send_message", QueueUrl=dead, MessageBody="m")
    await sqs("start_message_move_task", SourceArn=arn)
    async with asyncio.timeout(10):
        while True:
            (task,) = (await sqs("list_message_move_tasks", SourceArn=arn))["Results"]
            if task["Status"] == "FAILED":
                break
    assert task["FailureReason"] == "CouldNotDetermineMessageSource"


BATCH = [{"Id": "a", "MessageBody": "m"}]
LARGE = "x" * 600_000
REFUSED = {
    "no queue": (
        "send_message",
        {"QueueUrl": "http://x/1/none", "MessageBody": "m"},
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    ),
    "too long": (
        "send_message",
        {"MessageBody": "x" * 1_048_577},
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    ),
    "control characters": (
        "send_message",
        {"MessageBody": "a\x01"},
        "InvalidMessageContents",
        "Invalid binary character",
    ),
    "deduplication of a standard queue": (
        "send_message",
        {"MessageBody": "m", "MessageDeduplicationId": "d"},
        "InvalidParameterValue",
        "Value d for parameter MessageDeduplicationId is invalid.",
    ),
    "too many attributes": (
        "send_message",
        {
            "MessageBody": "m",
            "MessageAttributes": {
                f"n{number}": {"DataType": "String", "StringValue": "v"} for number in range(11)
            },
        },
        "InvalidParameterValue",
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    ),
    "an attribute of no type": (
        "send_message",
        {"MessageBody": "m", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "v"}}},
        "InvalidParameterValue",
        "The message attribute 'a' has an invalid message attribute type",
    ),
    "an attribute of AWS's": (
        "send_message",
        {
            "MessageBody": "m",
            "MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "v"}},
        },
        "InvalidParameterValue",
        "attribute name 'AWS.a' is invalid",
    ),
    "no number": (
        "send_message",
        {
            "MessageBody": "m",
            "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "v"}},
        },
        "InvalidParameterValue",
        "must contain a non-empty Number value in StringValue",
    ),
    "too many at once": (
        "receive_message",
        {"MaxNumberOfMessages": 11},
        "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    ),
    "too long a wait": (
        "receive_message",
        {"WaitTimeSeconds": 21},
        "InvalidParameterValue",
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    ),
    "a receipt that is none": (
        "delete_message",
        {"ReceiptHandle": "AQEB"},
        "ReceiptHandleIsInvalid",
        'The input receipt handle "AQEB" is not valid.',
    ),
    "no entries": (
        "send_message_batch",
        {"Entries": []},
        "AWS.SimpleQueueService.EmptyBatchRequest",
        "There should be at least one entry in the request.",
    ),
    "too many entries": (
        "send_message_batch",
        {"Entries": [{"Id": str(number), "MessageBody": "m"} for number in range(20)]},
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 20.",
    ),
    "the same id": (
        "send_message_batch",
        {"Entries": BATCH * 2},
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "Id a repeated.",
    ),
    "an id that is none": (
        "send_message_batch",
        {"Entries": [{"Id": "a b", "MessageBody": "m"}]},
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        "A batch entry id can only contain",
    ),
    "a large batch": (
        "send_message_batch",
        {"Entries": [{"Id": each, "MessageBody": LARGE} for each in "ab"]},
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
    ),
}


@pytest.mark.parametrize(("operation", "members", "code", "text"), REFUSED.values(), ids=REFUSED)
async def test_what_is_wrong_is_refused_in_awss_words(sqs, operation, members, code, text):
    asked = {"QueueUrl": await sqs.queue(), **members}
    found, told = await code_of(sqs(operation, **asked))
    assert found == code
    assert text in told


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({}, "MissingParameter", "The request must contain the parameter MessageGroupId."),
        (
            {"MessageGroupId": "g"},
            "InvalidParameterValue",
            (
                "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            ),
        ),
        (
            {"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 5},
            "InvalidParameterValue",
            "Value 5 for parameter DelaySeconds is invalid.",
        ),
        (
            {"MessageGroupId": "a b", "MessageDeduplicationId": "d"},
            "InvalidParameterValue",
            "Value a b for parameter MessageGroupId is invalid.",
        ),
    ],
)
async def test_a_fifo_queue_needs_more(sqs, members, code, text):
    url = await sqs.queue("line.fifo", FifoQueue="true")
    found, told = await code_of(sqs("send_message", QueueUrl=url, MessageBody="m", **members))
    assert found == code
    assert text in told


async def test_the_largest_message_goes_through(sqs):
    url = await sqs.queue()
    await sqs("send_message", QueueUrl=url, MessageBody="é" * 524_288)
    (message,) = await sqs.receive(url)
    assert len(message["Body"]) == 524_288

"""Queues through boto3: made, changed, found, tagged, purged, deleted."""

import pytest
from botocore.exceptions import ClientError

from frontdesk.base.telemetry import Registry
from frontdesk.durable.queues.queues import Queues
from tests.aws.sqs.conftest import ACCOUNT, REGION
from tests.aws.sqs.test_messages import code_of

URL = f"/{ACCOUNT}/calls"


async def test_a_new_queue_has_the_defaults_of_aws(sqs):
    url = await sqs.queue()
    assert url.endswith(URL)
    told = await sqs.attributes(url)
    created = told.pop("CreatedTimestamp")
    assert created == told.pop("LastModifiedTimestamp")
    assert told == {
        "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:calls",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "VisibilityTimeout": "30",
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "MaximumMessageSize": "1048576",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


async def test_a_fifo_queue_tells_what_it_is(sqs):
    url = await sqs.queue(
        "a.fifo",
        FifoQueue="true",
        DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )
    told = await sqs.attributes(url)
    assert told["FifoQueue"] == "true"
    assert told["ContentBasedDeduplication"] == "false"
    assert told["DeduplicationScope"] == "messageGroup"
    assert told["FifoThroughputLimit"] == "perMessageGroupId"


async def test_attributes_are_told_by_name(sqs):
    url = await sqs.queue()
    assert await sqs("get_queue_attributes", QueueUrl=url) == {}
    told = await sqs("get_queue_attributes", QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert told == {"Attributes": {"DelaySeconds": "0"}}


async def test_a_queue_can_be_changed(sqs):
    url = await sqs.queue()
    policy = '{"Version": "2012-10-17"}'
    changes = {"VisibilityTimeout": "5", "ReceiveMessageWaitTimeSeconds": "2", "Policy": policy}
    await sqs("set_queue_attributes", QueueUrl=url, Attributes=changes)
    told = await sqs.attributes(url)
    assert {name: told[name] for name in changes} == changes


async def test_to_make_the_same_again_changes_nothing(sqs):
    url = await sqs.queue(DelaySeconds=5)
    assert await sqs.queue(DelaySeconds=5) == url
    assert await sqs.queue() == url
    assert (await code_of(sqs.queue(DelaySeconds=6)))[0] == "QueueAlreadyExists"


async def test_queues_are_found_and_listed(sqs):
    for name in ("calls", "calls-dead", "other"):
        await sqs.queue(name)
    found = await sqs("get_queue_url", QueueName="calls")
    assert found["QueueUrl"].endswith(URL)
    assert (await code_of(sqs("get_queue_url", QueueName="none")))[0] == (
        "AWS.SimpleQueueService.NonExistentQueue"
    )
    urls = (await sqs("list_queues", QueueNamePrefix="calls"))["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["calls", "calls-dead"]
    page = await sqs("list_queues", MaxResults=3)
    assert [url.rpartition("/")[2] for url in page["QueueUrls"]] == [
        "calls",
        "calls-dead",
        "of_file",
    ]
    rest = await sqs("list_queues", MaxResults=3, NextToken=page["NextToken"])
    assert [url.rpartition("/")[2] for url in rest["QueueUrls"]] == ["other"]
    assert await sqs("list_queues", QueueNamePrefix="x") == {}


async def test_a_queue_is_purged_once_a_minute(sqs):
    url = await sqs.queue()
    await sqs("send_message", QueueUrl=url, MessageBody="m")
    await sqs("purge_queue", QueueUrl=url)
    assert await sqs.bodies(url) == []
    with pytest.raises(ClientError) as raised:
        await sqs("purge_queue", QueueUrl=url)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    error = raised.value.response["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert error["Message"] == (
        "Only one PurgeQueue operation on calls is allowed every 60 seconds."
    )
    sqs.clock.ahead = 61
    await sqs("purge_queue", QueueUrl=url)


async def test_a_queue_is_deleted_with_its_messages(sqs):
    url = await sqs.queue()
    await sqs("send_message", QueueUrl=url, MessageBody="m")
    await sqs("delete_queue", QueueUrl=url)
    assert (await code_of(sqs("receive_message", QueueUrl=url)))[0].endswith("NonExistentQueue")
    assert await sqs.bodies(await sqs.queue()) == []


async def test_tags_are_kept(sqs):
    url = (await sqs("create_queue", QueueName="calls", tags={"a": "1"}))["QueueUrl"]
    await sqs("tag_queue", QueueUrl=url, Tags={"b": "2"})
    await sqs("untag_queue", QueueUrl=url, TagKeys=["a"])
    assert await sqs("list_queue_tags", QueueUrl=url) == {"Tags": {"b": "2"}}
    assert await sqs("list_queue_tags", QueueUrl=await sqs.queue("other")) == {}


async def test_what_the_api_made_is_there_after_a_restart(sqs):
    url = await sqs.queue(VisibilityTimeout=7)
    await sqs("tag_queue", QueueUrl=url, Tags={"b": "2"})
    queues = sqs.queues
    again = Queues(
        queues._store, queues._catalog, sqs.clock, Registry(), region=REGION, account=ACCOUNT
    )
    await again.start()
    assert again.find("calls") == queues.find("calls")


async def test_a_queue_of_the_file_serves_and_is_changed_by_nobody(sqs):
    url = (await sqs("get_queue_url", QueueName="of_file"))["QueueUrl"]
    await sqs("send_message", QueueUrl=url, MessageBody="m")
    assert await sqs.bodies(url) == ["m"]
    assert (await sqs.attributes(url))["VisibilityTimeout"] == "60"
    assert await sqs.queue("of_file", VisibilityTimeout=60) == url
    for operation, members in (
        ("delete_queue", {}),
        ("set_queue_attributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("tag_queue", {"Tags": {"a": "b"}}),
    ):
        code, text = await code_of(sqs(operation, QueueUrl=url, **members))
        assert code == "AWS.SimpleQueueService.UnsupportedOperation"
        assert text == "The queue of_file is of the configuration file."


@pytest.mark.parametrize(
    ("name", "attributes", "code"),
    [
        ("a b", {}, "InvalidParameterValue"),
        ("a.fifo", {}, "InvalidParameterValue"),
        ("a", {"FifoQueue": "true"}, "InvalidParameterValue"),
        ("a", {"FifoQueue": "false"}, "InvalidAttributeValue"),
        ("a", {"Colour": "red"}, "InvalidAttributeName"),
        ("a", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
        ("a", {"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ("a", {"VisibilityTimeout": "soon"}, "InvalidAttributeValue"),
        ("a", {"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"),
        ("a", {"MaximumMessageSize": "1023"}, "InvalidAttributeValue"),
        ("a", {"RedrivePolicy": "{"}, "InvalidAttributeValue"),
        ("a", {"RedrivePolicy": "[]"}, "InvalidAttributeValue"),
        (
            "a",
            {"RedrivePolicy": '{"deadLetterTargetArn": "arn:x:none", "maxReceiveCount": 3}'},
            "InvalidParameterValue",
        ),
    ],
)
async def test_a_queue_that_cannot_be_is_refused(sqs, name, attributes, code):
    assert (await code_of(sqs.queue(name, **attributes)))[0] == code

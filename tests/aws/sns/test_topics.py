"""Topics through boto3: made, changed, found, tagged, deleted."""

import asyncio

import pytest

from tests.live.publishing import ACCOUNT, Publishing, arn

NEWS = arn("sns", "news")
OF_FILE = arn("sns", "of_file")


async def test_a_topic_is_made_found_and_deleted(sns):
    assert await sns("create_topic", Name="news") == {"TopicArn": NEWS}
    assert await sns("create_topic", Name="news") == {"TopicArn": NEWS}
    told = (await sns("list_topics"))["Topics"]
    assert [each["TopicArn"] for each in told] == [NEWS, OF_FILE, arn("sns", "ordered.fifo")]
    await sns("delete_topic", TopicArn=NEWS)
    await sns("delete_topic", TopicArn=NEWS)
    assert (await sns.refused("get_topic_attributes", TopicArn=NEWS))[:2] == (404, "NotFound")


async def test_a_topic_tells_what_it_is(sns):
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true", "DisplayName": "News"}
    await sns("create_topic", Name="news.fifo", Attributes=attributes)
    told = (await sns("get_topic_attributes", TopicArn=f"{NEWS}.fifo"))["Attributes"]
    assert told == {
        **attributes,
        "TopicArn": f"{NEWS}.fifo",
        "Owner": ACCOUNT,
        "SubscriptionsPending": "0",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
    }


async def test_a_topic_can_be_changed(sns):
    await sns("create_topic", Name="news")
    await sns(
        "set_topic_attributes", TopicArn=NEWS, AttributeName="DisplayName", AttributeValue="N"
    )
    assert (await sns("get_topic_attributes", TopicArn=NEWS))["Attributes"]["DisplayName"] == "N"
    refused = await sns.refused(
        "set_topic_attributes", TopicArn=NEWS, AttributeName="Colour", AttributeValue="red"
    )
    assert refused == (400, "InvalidParameter", "Invalid parameter: AttributeName")


async def test_tags_are_kept(sns):
    await sns("create_topic", Name="news", Tags=[{"Key": "a", "Value": "1"}])
    await sns("tag_resource", ResourceArn=NEWS, Tags=[{"Key": "b", "Value": "2"}])
    await sns("untag_resource", ResourceArn=NEWS, TagKeys=["a"])
    assert (await sns("list_tags_for_resource", ResourceArn=NEWS))["Tags"] == [
        {"Key": "b", "Value": "2"}
    ]
    assert (await sns.refused("list_tags_for_resource", ResourceArn=arn("sns", "no")))[:2] == (
        404,
        "ResourceNotFound",
    )


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"Name": "a b"}, "InvalidParameter"),
        ({"Name": "a.fifo"}, "InvalidParameter"),
        ({"Name": "a", "Attributes": {"FifoTopic": "true"}}, "InvalidParameter"),
        ({"Name": "a", "Attributes": {"Colour": "red"}}, "InvalidParameter"),
        ({"Name": "news", "Attributes": {"DisplayName": "Other"}}, "InvalidParameter"),
        ({"Name": "news", "Tags": [{"Key": "a", "Value": "1"}]}, "InvalidParameter"),
    ],
    ids=str,
)
async def test_a_bad_topic_is_refused(sns, asked, code):
    await sns("create_topic", Name="news", Attributes={"DisplayName": "News"})
    assert (await sns.refused("create_topic", **asked))[:2] == (400, code)


async def test_what_the_file_says_only_the_file_changes(sns):
    assert await sns("create_topic", Name="of_file") == {"TopicArn": OF_FILE}
    for operation, asked in (
        ("delete_topic", {}),
        ("set_topic_attributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
    ):
        refused = await sns.refused(operation, TopicArn=OF_FILE, **asked)
        assert refused[:2] == (403, "AuthorizationError")


async def test_long_lists_come_in_pages(sns):
    names = [f"t{number:03}" for number in range(105)]
    await asyncio.gather(*(sns("create_topic", Name=name) for name in names))
    first = await sns("list_topics")
    second = await sns("list_topics", NextToken=first["NextToken"])
    found = [each["TopicArn"].rpartition(":")[2] for each in first["Topics"] + second["Topics"]]
    assert found == [*sorted([*names, "of_file", "ordered.fifo"])]
    assert "NextToken" not in second
    assert (await sns.refused("list_topics", NextToken="?"))[1] == "InvalidParameter"


async def test_topics_outlive_the_process(sns):
    await sns("create_topic", Name="news")
    await sns("subscribe", TopicArn=NEWS, Protocol="sqs", Endpoint=arn("sqs", "letters"))
    later = Publishing(catalog=sns.world.catalog)
    await later.topics.start()
    topic = later.topics.find(NEWS)
    assert later.topics.subscriptions(topic) == sns.world.topics.subscriptions(topic)


async def test_an_unknown_action_is_refused(sns):
    refused = await sns.refused("set_sms_attributes", attributes={"a": "b"})
    assert refused[:2] == (400, "InvalidAction")

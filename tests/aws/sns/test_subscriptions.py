"""Subscriptions through boto3: made, changed, found, ended."""

import json

import pytest

from tests.live.publishing import ACCOUNT, arn

NEWS = arn("sns", "news")
LETTERS = arn("sqs", "letters")
FUNCTION = arn("lambda", "function:on_booked:live")


@pytest.fixture
async def topic(sns):
    return (await sns("create_topic", Name="news"))["TopicArn"]


async def test_a_subscription_is_made_found_and_ended(sns, topic):
    asked = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": LETTERS}
    subscription = (await sns("subscribe", **asked))["SubscriptionArn"]
    assert (await sns("subscribe", **asked))["SubscriptionArn"] == subscription
    other = (await sns("subscribe", TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION))[
        "SubscriptionArn"
    ]
    told = (await sns("list_subscriptions_by_topic", TopicArn=topic))["Subscriptions"]
    assert {each["SubscriptionArn"]: each["Endpoint"] for each in told} == {
        subscription: LETTERS,
        other: FUNCTION,
    }
    assert len((await sns("list_subscriptions"))["Subscriptions"]) == 5
    for _ in range(2):
        await sns("unsubscribe", SubscriptionArn=subscription)
    left = (await sns("list_subscriptions_by_topic", TopicArn=topic))["Subscriptions"]
    assert [each["SubscriptionArn"] for each in left] == [other]
    await sns("publish", TopicArn=topic, Message="x")
    assert await sns.world.bodies("letters") == []
    assert sns.world.functions.taken[0][:2] == ("on_booked", "live")


async def test_a_subscription_tells_what_it_is(sns, topic):
    policy = {"kind": ["booked"]}
    subscription = (
        await sns(
            "subscribe",
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=LETTERS,
            Attributes={"FilterPolicy": json.dumps(policy), "RawMessageDelivery": "true"},
        )
    )["SubscriptionArn"]
    asked = {"SubscriptionArn": subscription}
    told = (await sns("get_subscription_attributes", **asked))["Attributes"]
    assert json.loads(told.pop("FilterPolicy")) == policy
    assert told == {
        "SubscriptionArn": subscription,
        "TopicArn": topic,
        "Owner": ACCOUNT,
        "Protocol": "sqs",
        "Endpoint": LETTERS,
        "ConfirmationWasAuthenticated": "true",
        "PendingConfirmation": "false",
        "RawMessageDelivery": "true",
        "FilterPolicyScope": "MessageAttributes",
    }
    for name, value in (("FilterPolicy", "{}"), ("RawMessageDelivery", "false")):
        await sns("set_subscription_attributes", **asked, AttributeName=name, AttributeValue=value)
    told = (await sns("get_subscription_attributes", **asked))["Attributes"]
    assert "FilterPolicy" not in told
    assert told["RawMessageDelivery"] == "false"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"Protocol": "pigeon"}, "Amazon SNS does not support this protocol string: pigeon"),
        ({"Protocol": "https"}, "https is not delivered to here, only sqs and lambda"),
        ({"Endpoint": "letters"}, "SQS endpoint ARN"),
        ({"Endpoint": FUNCTION}, "SQS endpoint ARN"),
        ({"Protocol": "lambda"}, "Lambda endpoint ARN"),
        (
            {"Endpoint": arn("sqs", "in_order.fifo")},
            "FIFO SQS Queues can not be subscribed to standard SNS topics",
        ),
        ({"Attributes": {"Colour": "red"}}, "AttributeName"),
        ({"Attributes": {"FilterPolicy": "{"}}, "FilterPolicy: failed to parse JSON."),
        ({"Attributes": {"FilterPolicy": '{"a": "b"}'}}, "expected a list of values"),
        ({"Attributes": {"FilterPolicyScope": "Body"}}, "FilterPolicyScope: Invalid value"),
        ({"Attributes": {"RawMessageDelivery": "maybe"}}, "RawMessageDelivery: Invalid value"),
    ],
    ids=str,
)
async def test_a_bad_subscription_is_refused(sns, topic, asked, message):
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": LETTERS, **asked}
    status, code, told = await sns.refused("subscribe", **given)
    assert (status, code) == (400, "InvalidParameter")
    assert message in told


async def test_a_subscription_is_not_made_again_in_another_way(sns, topic):
    asked = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": LETTERS}
    await sns("subscribe", **asked)
    refused = await sns.refused("subscribe", **asked, Attributes={"RawMessageDelivery": "true"})
    assert "already exists with different attributes" in refused[2]


async def test_a_topic_of_the_file_takes_subscribers_and_keeps_its_own(sns):
    topic = arn("sns", "of_file")
    await sns("subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", "others"))
    await sns("publish", TopicArn=topic, Message="x")
    assert len(await sns.world.bodies("others")) == 1
    told = (await sns("list_subscriptions_by_topic", TopicArn=topic))["Subscriptions"]
    own = next(each["SubscriptionArn"] for each in told if each["Protocol"] == "lambda")
    refused = await sns.refused("unsubscribe", SubscriptionArn=own)
    assert refused[:2] == (403, "AuthorizationError")


@pytest.mark.parametrize(
    ("subscription", "status", "code"),
    [(f"{NEWS}:none", 404, "NotFound"), ("none", 400, "InvalidParameter")],
)
async def test_a_subscription_that_is_not_there(sns, subscription, status, code):
    refused = await sns.refused("get_subscription_attributes", SubscriptionArn=subscription)
    assert refused[:2] == (status, code)


DEAD = json.dumps({"deadLetterTargetArn": arn("sqs", "dead")})


@pytest.mark.parametrize(
    ("protocol", "endpoint", "attributes", "body"),
    [
        ("sqs", arn("sqs", "gone"), {}, None),
        ("sqs", arn("sqs", "gone"), {"RawMessageDelivery": "true"}, "hello"),
        ("lambda", FUNCTION, {}, None),
    ],
    ids=["queue", "queue raw", "function"],
)
async def test_what_cannot_be_delivered_goes_to_the_dead_letters(
    sns, topic, protocol, endpoint, attributes, body
):
    sns.world.functions.unknown.add("on_booked")
    asked = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
    asked["Attributes"] = {"RedrivePolicy": DEAD, **attributes}
    subscription = (await sns("subscribe", **asked))["SubscriptionArn"]
    told = await sns("get_subscription_attributes", SubscriptionArn=subscription)
    assert told["Attributes"]["RedrivePolicy"] == DEAD.replace(" ", "")
    await sns("publish", TopicArn=topic, Message="hello")
    (found,) = await sns.world.bodies("dead")
    assert (found if body else json.loads(found)["Message"]) == "hello"
    change = {"SubscriptionArn": subscription, "AttributeName": "RedrivePolicy"}
    await sns("set_subscription_attributes", **change, AttributeValue="")
    told = await sns("get_subscription_attributes", SubscriptionArn=subscription)
    assert "RedrivePolicy" not in told["Attributes"]
    await sns("publish", TopicArn=topic, Message="lost")
    assert await sns.world.bodies("dead") == []


@pytest.mark.parametrize(
    ("topic", "endpoint", "queue", "message"),
    [
        ("of_file", "others", "in_order.fifo", "must use a standard queue as DLQ"),
        ("of_file", "others", "gone.fifo", "must use a standard queue as DLQ"),
        ("ordered.fifo", "other.fifo", "dead", "must use a FIFO queue as DLQ for a FIFO Subscript"),
        ("of_file", "others", "dead", None),
        ("ordered.fifo", "other.fifo", "in_order.fifo", None),
        ("ordered.fifo", "others", "dead", None),
    ],
    ids=["FIFO", "FIFO by name", "standard", "fits", "fits in order", "standard of a FIFO topic"],
)
async def test_dead_letters_go_to_a_queue_of_the_same_kind(sns, topic, endpoint, queue, message):
    policy = json.dumps({"deadLetterTargetArn": arn("sqs", queue)})
    at = {"TopicArn": arn("sns", topic), "Protocol": "sqs", "Endpoint": arn("sqs", endpoint)}
    wanted = {**at, "Attributes": {"RedrivePolicy": policy}}
    if message is None:
        assert (await sns("subscribe", **wanted))["SubscriptionArn"]
        return
    told = await sns.refused("subscribe", **wanted)
    assert told[:2] == (400, "InvalidParameter")
    assert told[2].startswith(f"Invalid parameter: RedrivePolicy: {message}")
    made = (await sns("subscribe", **at))["SubscriptionArn"]
    change = {"SubscriptionArn": made, "AttributeName": "RedrivePolicy", "AttributeValue": policy}
    assert await sns.refused("set_subscription_attributes", **change) == told


@pytest.mark.parametrize(
    "policy",
    [
        "no JSON",
        "[]",
        "{}x",
        '{"deadLetterTargetArn": "dead"}',
        '{"deadLetterTargetArn": 7}',
        '{"a": 1}',
    ],
)
async def test_a_redrive_policy_without_a_queue_is_refused(sns, topic, policy):
    _, code, message = await sns.refused(
        "subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=LETTERS,
        Attributes={"RedrivePolicy": policy},
    )
    assert code == "InvalidParameter"
    assert "RedrivePolicy: " in message

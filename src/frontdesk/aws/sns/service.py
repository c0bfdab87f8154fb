"""Owns the table of the SNS API's operations.

Source: AWS, SNS API reference.
"""

from typing import Final

from frontdesk.aws.query import QueryService, Run
from frontdesk.aws.sns.publishing import PublishOperations
from frontdesk.aws.sns.subscriptions import SubscriptionOperations
from frontdesk.aws.sns.topics import TopicOperations
from frontdesk.base.clock import Clock
from frontdesk.durable.publishing.refusals import PublishError
from frontdesk.durable.publishing.topics import Topics
from frontdesk.durable.queues.queues import Queues

NAMESPACE: Final = "http://sns.amazonaws.com/doc/2010-03-31/"


def sns(topics: Topics, queues: Queues, clock: Clock) -> QueryService:
    """Make the API."""
    return QueryService("sns", NAMESPACE, operations(topics, queues, clock), refused=PublishError)


def operations(topics: Topics, queues: Queues, clock: Clock) -> dict[str, Run]:
    """List all operations by their names."""
    of_topics = TopicOperations(topics)
    of_subscriptions = SubscriptionOperations(topics, queues)
    publishing = PublishOperations(topics, clock)
    return {
        "CreateTopic": of_topics.create,
        "DeleteTopic": of_topics.delete,
        "ListTopics": of_topics.list_topics,
        "GetTopicAttributes": of_topics.attributes,
        "SetTopicAttributes": of_topics.change,
        "TagResource": of_topics.tag,
        "UntagResource": of_topics.untag,
        "ListTagsForResource": of_topics.tags,
        "Subscribe": of_subscriptions.subscribe,
        "Unsubscribe": of_subscriptions.unsubscribe,
        "ListSubscriptions": of_subscriptions.list_all,
        "ListSubscriptionsByTopic": of_subscriptions.list_of_topic,
        "GetSubscriptionAttributes": of_subscriptions.attributes,
        "SetSubscriptionAttributes": of_subscriptions.change,
        "Publish": publishing.publish,
        "PublishBatch": publishing.publish_batch,
    }

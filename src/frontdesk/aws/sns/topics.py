"""Owns the operations on topics: making, changing, finding, tags."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from frontdesk.aws.sns.asked import Members, listed, of_file, own_topic, text, texts, topic_of
from frontdesk.durable.publishing.refusals import PublishError, invalid
from frontdesk.durable.publishing.subscriptions import Topic
from frontdesk.durable.publishing.topics import Topics
from frontdesk.rules.query_protocol import Entries

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_FIFO_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}
_KEPT: Final = frozenset(
    {
        "ArchivePolicy",
        "BeginningArchiveTime",
        "DataProtectionPolicy",
        "DeliveryPolicy",
        "DisplayName",
        "FifoThroughputScope",
        "KmsMasterKeyId",
        "Policy",
        "SignatureVersion",
        "TracingConfig",
    }
    | {
        f"{protocol}{what}"
        for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for what in (
            "FailureFeedbackRoleArn",
            "SuccessFeedbackRoleArn",
            "SuccessFeedbackSampleRate",
        )
    }
)
"""Attributes that are shown as they were given, and change nothing here."""


class TopicOperations:
    """See query.Run."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    async def create(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """CreateTopic."""
        name, attributes = text(members, "Name"), texts(members, "Attributes")
        wanted = _changed(Topic(name=name), attributes)
        tags = _tags(members)
        shape = _FIFO_NAME if wanted.fifo else _NAME
        if shape.fullmatch(name) is None:
            raise invalid("Topic Name")
        former = self._topics.find(name)
        if former is None:
            await self._topics.of_api.put(replace(wanted, tags=tags))
        else:
            _hold_to(former, wanted, attributes, tags)
        return {"TopicArn": self._topics.arn(name)}

    async def delete(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """DeleteTopic. One that is not there is deleted."""
        topic = self._topics.find(text(members, "TopicArn"))
        if topic is not None and topic.of_file:
            raise of_file(f"The topic {topic.name}")
        if topic is not None:
            await self._topics.drop(topic)
        return {}

    async def list_topics(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """ListTopics."""
        found, token = listed(members, self._topics.all(), lambda topic: topic.name)
        return {
            "Topics": [{"TopicArn": self._topics.arn(topic.name)} for topic in found],
            **token,
        }

    async def attributes(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """GetTopicAttributes."""
        topic = topic_of(self._topics, text(members, "TopicArn"))
        told = {
            "TopicArn": self._topics.arn(topic.name),
            "Owner": self._topics.account,
            "SubscriptionsPending": "0",
            "SubscriptionsConfirmed": str(len(self._topics.subscriptions(topic))),
            "SubscriptionsDeleted": "0",
            "DisplayName": "",
            **_described(topic),
        }
        return {"Attributes": Entries(told)}

    async def change(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """SetTopicAttributes."""
        topic = own_topic(self._topics, text(members, "TopicArn"))
        name = text(members, "AttributeName")
        if name == "FifoTopic":
            raise invalid("AttributeName")
        value = text(members, "AttributeValue", "")
        await self._topics.of_api.put(_changed(topic, {name: value}))
        return {}

    async def tag(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """TagResource."""
        topic = _tagged(self._topics, members)
        if topic.of_file:
            raise of_file(f"The topic {topic.name}")
        tags = {**topic.tags, **_tags(members)}
        await self._topics.of_api.put(replace(topic, tags=tags))
        return {}

    async def untag(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """UntagResource."""
        topic = _tagged(self._topics, members)
        if topic.of_file:
            raise of_file(f"The topic {topic.name}")
        gone = members.get("TagKeys") or []
        tags = {key: value for key, value in topic.tags.items() if key not in gone}
        await self._topics.of_api.put(replace(topic, tags=tags))
        return {}

    async def tags(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """ListTagsForResource."""
        tags = _tagged(self._topics, members).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _hold_to(
    former: Topic, wanted: Topic, attributes: Mapping[str, str], tags: Mapping[str, str]
) -> None:
    """Let a topic be made again that is the same. Raises: PublishError."""
    told, asked = _described(former), _described(wanted)
    differs = attributes and any(told.get(name) != value for name, value in asked.items())
    if differs or wanted.fifo is not former.fifo:
        raise invalid("Attributes Reason: Topic already exists with different attributes")
    if tags and tags != former.tags:
        raise invalid("Tags Reason: Topic already exists with different tags")


def _tagged(topics: Topics, members: Members) -> Topic:
    topic = topics.find(text(members, "ResourceArn"))
    if topic is None:
        raise PublishError("ResourceNotFound", "Resource does not exist", 404)
    return topic


def _tags(members: Members) -> dict[str, str]:
    given = members.get("Tags") or []
    if not isinstance(given, list):
        raise invalid("Tags")
    return {text(tag, "Key"): text(tag, "Value") for tag in given if isinstance(tag, dict)}


def _changed(topic: Topic, attributes: Mapping[str, str]) -> Topic:
    """Raises: PublishError."""
    kept = dict(topic.kept)
    for name, value in attributes.items():
        if name == "FifoTopic":
            topic = replace(topic, fifo=_flag(name, value))
        elif name == "ContentBasedDeduplication":
            topic = replace(topic, content_based=_flag(name, value))
        elif name not in _KEPT:
            raise invalid("AttributeName")
        elif name.endswith("Policy") and value and not _is_json(value):
            raise invalid(f"{name}: failed to parse JSON")
        else:
            kept[name] = value
    if topic.content_based and not topic.fifo:
        raise invalid("ContentBasedDeduplication Reason: It is for FIFO topics")
    return replace(topic, kept=kept)


def _described(topic: Topic) -> dict[str, str]:
    flags = {"FifoTopic": "true", "ContentBasedDeduplication": str(topic.content_based).lower()}
    return {**topic.kept, **(flags if topic.fifo else {})}


def _flag(name: str, value: str) -> bool:
    if value not in _FLAGS:
        raise invalid(f"Attributes Reason: {name} must be true or false")
    return _FLAGS[value]


def _is_json(value: str) -> bool:
    try:
        orjson.loads(value)
    except ValueError:
        return False
    return True

"""Owns the operations on subscriptions: making, changing, finding, ending."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from frontdesk.aws.sns.asked import (
    Members,
    listed,
    of_file,
    subscription_of,
    text,
    texts,
    topic_of,
)
from frontdesk.config.models.queue import FIFO
from frontdesk.durable.publishing.receivers import Receiver, read_receiver
from frontdesk.durable.publishing.refusals import PublishError, invalid
from frontdesk.durable.publishing.subscriptions import Subscription, Topic, subscription_id
from frontdesk.durable.publishing.topics import PROTOCOLS, Topics
from frontdesk.durable.queues.queues import Queues
from frontdesk.rules.events.patterns import PatternError, compile_pattern
from frontdesk.rules.events.sns import FilterOn
from frontdesk.rules.query_protocol import Entries

_ELSEWHERE: Final = (
    "application",
    "email",
    "email-json",
    "firehose",
    "http",
    "https",
    "sms",
)

_KINDS: Final = {protocol: kind for kind, protocol in PROTOCOLS.items()}
_FAULTS: Final = {"sqs": "SQS endpoint ARN", "lambda": "Lambda endpoint ARN"}
_SCOPES: Final[dict[str, FilterOn]] = {"MessageAttributes": "attributes", "MessageBody": "body"}
_SCOPE_NAMES: Final = {on: scope for scope, on in _SCOPES.items()}
_KEPT: Final = frozenset({"DeliveryPolicy", "ReplayPolicy", "SubscriptionRoleArn"})


class SubscriptionOperations:
    """See query.Run. queues: a FIFO queue belongs to a FIFO topic only."""

    def __init__(self, topics: Topics, queues: Queues) -> None:
        self._topics = topics
        self._queues = queues

    async def subscribe(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """Subscribe. It needs no confirmation."""
        topic = topic_of(self._topics, text(members, "TopicArn"))
        to = self._receiver(topic, text(members, "Protocol"), text(members, "Endpoint"))
        fresh = Subscription(topic=topic.name, id=subscription_id(topic.name, to), to=to)
        wanted = _changed(fresh, texts(members, "Attributes"))
        self._expect_fitting(topic, wanted)
        arn = self._topics.arn(fresh.key)
        former = self._topics.find_subscription(arn)
        if former is None:
            await self._topics.subscribed.put(wanted)
        elif wanted not in (fresh, replace(former, of_file=False)):
            raise invalid(
                "Attributes Reason: Subscription already exists with different attributes"
            )
        return {"SubscriptionArn": arn}

    async def unsubscribe(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """Unsubscribe. One that is not there has ended."""
        found = self._topics.find_subscription(text(members, "SubscriptionArn"))
        if found is not None and found.of_file:
            raise of_file("The subscription")
        if found is not None:
            await self._topics.subscribed.drop([found.key])
        return {}

    async def list_all(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """ListSubscriptions."""
        return self._listed(members, self._topics.subscriptions())

    async def list_of_topic(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """ListSubscriptionsByTopic."""
        topic = topic_of(self._topics, text(members, "TopicArn"))
        return self._listed(members, self._topics.subscriptions(topic))

    async def attributes(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """GetSubscriptionAttributes."""
        found = subscription_of(self._topics, text(members, "SubscriptionArn"))
        told = {
            **self._named(found),
            "ConfirmationWasAuthenticated": "true",
            "PendingConfirmation": "false",
            "RawMessageDelivery": str(found.raw).lower(),
            **found.kept,
        }
        if found.filter is not None:
            told["FilterPolicy"] = orjson.dumps(found.filter).decode()
            told["FilterPolicyScope"] = _SCOPE_NAMES[found.on]
        if found.dead_letter:
            queue = Receiver("queue", found.dead_letter)
            policy = {"deadLetterTargetArn": queue.arn(self._topics.region, self._topics.account)}
            told["RedrivePolicy"] = orjson.dumps(policy).decode()
        return {"Attributes": Entries(told)}

    async def change(self, members: Members, _trace: str) -> Mapping[str, Any]:
        """SetSubscriptionAttributes."""
        found = subscription_of(self._topics, text(members, "SubscriptionArn"))
        if found.of_file:
            raise of_file("The subscription")
        name, value = text(members, "AttributeName"), text(members, "AttributeValue", "")
        wanted = _changed(found, {name: value})
        self._expect_fitting(topic_of(self._topics, self._topics.arn(found.topic)), wanted)
        await self._topics.subscribed.put(wanted)
        return {}

    def _expect_fitting(self, topic: Topic, wanted: Subscription) -> None:
        """Refuse dead letters in a queue of the other kind. Source: AWS, "Configuring an Amazon SNS dead-letter queue".

        Raises: PublishError.
        """
        if not wanted.dead_letter:
            return
        in_order = self._is_fifo(wanted.dead_letter)
        if in_order and not topic.fifo:
            raise invalid("RedrivePolicy: must use a standard queue as DLQ for a standard topic.")
        if not in_order and wanted.to.kind == "queue" and self._is_fifo(wanted.to.name):
            raise invalid(
                "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
            )

    def _is_fifo(self, name: str) -> bool:
        """Tell whether a queue is one; by its name where it is not here yet."""
        queue = self._queues.find(name)
        return name.endswith(FIFO) if queue is None else queue.rules.fifo

    def _receiver(self, topic: Topic, protocol: str, endpoint: str) -> Receiver:
        if protocol in _ELSEWHERE:
            # Differs: [sns-protocols] AWS also delivers to addresses elsewhere.
            raise invalid(
                f"Protocol Reason: {protocol} is not delivered to here, only sqs and lambda"
            )
        if protocol not in _KINDS:
            raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
        to = read_receiver(endpoint)
        if to is None or to.kind != _KINDS[protocol]:
            raise invalid(_FAULTS[protocol])
        if to.kind == "function" and topic.fifo:
            raise invalid("Endpoint Reason: FIFO topics deliver to queues only")
        if to.kind == "queue" and self._is_fifo(to.name) and not topic.fifo:
            raise invalid(
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard "
                "SNS topics"
            )
        return to

    def _named(self, found: Subscription) -> dict[str, str]:
        return {
            "SubscriptionArn": self._topics.arn(found.key),
            "Owner": self._topics.account,
            "Protocol": PROTOCOLS[found.to.kind],
            "Endpoint": found.to.arn(self._topics.region, self._topics.account),
            "TopicArn": self._topics.arn(found.topic),
        }

    def _listed(self, members: Members, all_: Sequence[Subscription]) -> Mapping[str, Any]:
        found, token = listed(members, all_, lambda each: each.key)
        return {"Subscriptions": [self._named(each) for each in found], **token}


def _changed(found: Subscription, attributes: Mapping[str, str]) -> Subscription:
    """Raises: PublishError."""
    for name, value in attributes.items():
        change = _CHANGES.get(name)
        if change is not None:
            found = change(found, value)
        elif name in _KEPT:
            found = replace(found, kept={**found.kept, name: value})
        else:
            raise invalid("AttributeName")
    return found


def _with_filter(found: Subscription, value: str) -> Subscription:
    try:
        pattern = orjson.loads(value or "{}")
    except ValueError:
        raise invalid("FilterPolicy: failed to parse JSON.") from None
    if pattern == {}:
        return replace(found, filter=None)
    if not isinstance(pattern, dict):
        raise invalid("FilterPolicy: Filter policy must be a JSON object.")
    try:
        compile_pattern(pattern)
    except PatternError as error:
        raise invalid(f"FilterPolicy: {error.message}") from None
    return replace(found, filter=pattern)


def _with_scope(found: Subscription, value: str) -> Subscription:
    if value not in _SCOPES:
        raise invalid(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    return replace(found, on=_SCOPES[value])


def _raw(found: Subscription, value: str) -> Subscription:
    flag = value.lower()
    if flag not in ("true", "false"):
        raise invalid(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if flag == "true" and found.to.kind != "queue":
        raise PublishError(
            "InvalidParameter",
            "Invalid parameter: Attributes Reason: RawMessageDelivery is for queues",
        )
    return replace(found, raw=flag == "true")


def _with_dead_letter(found: Subscription, value: str) -> Subscription:
    try:
        policy = orjson.loads(value or "{}")
    except ValueError:
        raise invalid("RedrivePolicy: failed to parse JSON.") from None
    if policy == {}:
        return replace(found, dead_letter="")
    arn = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    to = read_receiver(arn) if isinstance(arn, str) else None
    if to is None or to.kind != "queue":
        raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return replace(found, dead_letter=to.name)


_CHANGES: Final = {
    "FilterPolicy": _with_filter,
    "FilterPolicyScope": _with_scope,
    "RawMessageDelivery": _raw,
    "RedrivePolicy": _with_dead_letter,
}

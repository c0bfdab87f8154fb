"""Owns what requests to the SNS API name, and the pages of its lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from frontdesk.aws.paging import page
from frontdesk.durable.publishing.refusals import PublishError, invalid, no_topic
from frontdesk.durable.publishing.subscriptions import Subscription, Topic
from frontdesk.durable.publishing.topics import Topics
from frontdesk.stores.vault.refusals import VaultError

T = TypeVar("T")
Members = Mapping[str, Any]

_PAGE: Final = 100
_ARN_PARTS: Final = 6


def text(members: Members, name: str, default: str | None = None) -> str:
    """Return a text. default: None: it must be there. Raises: PublishError."""
    value = members.get(name, default)
    if not isinstance(value, str):
        raise PublishError(
            "ValidationError",
            f"1 validation error detected: {name} must not be null or a structure.",
        )
    return value


def mapping(members: Members, name: str) -> dict[str, Any]:
    """Return a map, an empty one where there is none. Raises: PublishError."""
    value = members.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(name)
    return value


def texts(members: Members, name: str) -> dict[str, str]:
    """Return a map of texts. Raises: PublishError."""
    found = mapping(members, name)
    if not all(isinstance(each, str) for each in found.values()):
        raise invalid(name)
    return found


def topic_of(topics: Topics, arn: str) -> Topic:
    """Return the topic of an ARN. Raises: PublishError."""
    if not arn.startswith("arn:") or len(arn.split(":")) != _ARN_PARTS:
        raise invalid("TopicArn")
    topic = topics.find(arn)
    if topic is None:
        raise no_topic()
    return topic


def own_topic(topics: Topics, arn: str) -> Topic:
    """Return a topic that the API may change. Raises: PublishError."""
    topic = topic_of(topics, arn)
    if topic.of_file:
        raise of_file(f"The topic {topic.name}")
    return topic


def subscription_of(topics: Topics, arn: str) -> Subscription:
    """Return the subscription of an ARN. Raises: PublishError."""
    if not arn.startswith("arn:") or len(arn.split(":")) <= _ARN_PARTS:
        raise invalid(
            "SubscriptionArn Reason: An ARN must have at least 6 elements, not "
            f"{len(arn.split(':'))}"
        )
    found = topics.find_subscription(arn)
    if found is None:
        raise PublishError("NotFound", "Subscription does not exist", 404)
    return found


def of_file(what: str) -> PublishError:
    """Make the error of what only the file can change."""
    # Differs: [file-topics] What the file says only the file can change.
    return PublishError("AuthorizationError", f"{what} is of the configuration file.", 403)


def listed(
    members: Members, items: Sequence[T], key: Callable[[T], str]
) -> tuple[Sequence[T], dict[str, str]]:
    """Return one page of a list, and its NextToken. Raises: PublishError."""
    given = {"NextToken": text(members, "NextToken")} if "NextToken" in members else {}
    try:
        return page(items, key, given, usual=_PAGE, invalid="InvalidParameter")
    except VaultError:
        raise invalid("NextToken") from None

"""Owns which topics and subscriptions there are, and what is done with a message: filters, forms, handing on.

A name is one topic: where the file and the API both have it, it is the file's. Others may subscribe to it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.handing import Handed, Handing
from frontdesk.durable.publishing.kept import Kept
from frontdesk.durable.publishing.receivers import Receiver
from frontdesk.durable.publishing.subscriptions import (
    Subscription,
    Topic,
    subscriptions_of,
    topics_of,
)
from frontdesk.ports.catalog import Catalog
from frontdesk.rules.events.patterns import Matches, compile_pattern
from frontdesk.rules.events.sns import Notification, envelope, filtered, function_event
from frontdesk.rules.events.sqs import Attributes

TOPIC: Final = "topic"
"""Documents: topics that the API has made, by name."""

SUBSCRIPTION: Final = "subscription"
"""Documents: what the API has subscribed, by topic and id."""

PROTOCOLS: Final = {"queue": "sqs", "function": "lambda"}
"""What SNS calls those who may subscribe here."""

Route = tuple[Subscription, Matches | None]


class Topics:
    """All topics of one gateway. Used on its event loop."""

    def __init__(self, catalog: Catalog, handing: Handing, *, region: str, account: str) -> None:
        self.region = region
        self.account = account
        self.of_api = Kept(catalog, TOPIC, Topic.read, self._changed)
        self.subscribed = Kept(catalog, SUBSCRIPTION, Subscription.read, self._changed)
        self._handing = handing
        self._arn = f"arn:aws:sns:{region}:{account}:"
        self._of_file: Mapping[str, Topic] = {}
        self._subscribed_of_file: Mapping[str, Subscription] = {}
        self._routes: dict[str, Sequence[Route]] = {}
        self._last = 0

    async def start(self) -> None:
        """Read what the API has made, and follow what other gateways make of it. Raises: StoreError."""
        await self.of_api.start()
        await self.subscribed.start()

    def stop(self) -> None:
        """Follow nothing any more."""
        self.of_api.stop()
        self.subscribed.stop()

    def adopt(self, config: Config) -> None:
        """Take those of the file in place of those taken before."""
        self._of_file, self._subscribed_of_file = topics_of(config), subscriptions_of(config)
        self._changed()

    # -- which there are ----------------------------------------------------------------------------

    def arn(self, key: str) -> str:
        """Return the ARN of a topic, by its name, or of a subscription, by its key."""
        return self._arn + key

    def find(self, arn: str) -> Topic | None:
        """Find a topic by its ARN, of whatever region and account, or its name. None: there is none."""
        name = arn.rpartition(":")[2]
        return self._of_file.get(name) or self.of_api.items.get(name)

    def all(self) -> Sequence[Topic]:
        """List all topics by name."""
        topics = {**self.of_api.items, **self._of_file}
        return [topics[name] for name in sorted(topics)]

    def find_subscription(self, arn: str) -> Subscription | None:
        """Find a subscription by its ARN. None: there is none."""
        key = ":".join(arn.split(":")[-2:])
        return self._subscribed_of_file.get(key) or self.subscribed.items.get(key)

    def subscriptions(self, topic: Topic | None = None) -> Sequence[Subscription]:
        """List those of one topic, or all, by key."""
        found = {**self.subscribed.items, **self._subscribed_of_file}
        return [
            found[key] for key in sorted(found) if topic is None or found[key].topic == topic.name
        ]

    async def drop(self, topic: Topic) -> None:
        """Remove a topic of the API with its subscriptions. Raises: StoreError."""
        await self.of_api.drop([topic.name])
        await self.subscribed.drop([each.key for each in self.subscriptions(topic)])

    # -- messages -----------------------------------------------------------------------------------

    def number(self, topic: Topic, time: float) -> int:
        """Return the place of a new message in a FIFO topic; 0 for others. time: seconds since 1970."""
        if not topic.fifo:
            return 0
        self._last = max(self._last + 1, int(time * 1e9))
        return self._last

    async def publish(self, topic: Topic, messages: Sequence[Notification]) -> None:
        """Return when every subscriber has its messages for good. Raises: StoreError; some may have them then."""
        await self._handing.hand(
            [
                self._handed(subscription, message)
                for subscription, test in self._routes_of(topic)
                for message in messages
                if test is None or test(_seen(subscription, message))
            ]
        )

    def _handed(self, subscription: Subscription, message: Notification) -> Handed:
        dead = None
        if subscription.dead_letter:
            dead = self._formed(subscription, message, Receiver("queue", subscription.dead_letter))
        return self._formed(subscription, message, subscription.to)._replace(dead=dead)

    def _formed(self, subscription: Subscription, message: Notification, to: Receiver) -> Handed:
        """Make what a receiver gets for a subscription: its own, or the one that gets it in its place."""
        body, attributes = _FORMS[to.kind, subscription.raw](message, self.arn(subscription.key))
        return Handed(
            message.topic,
            to,
            body,
            Attributes(attributes, message.trace),
            message.group,
            message.same,
        )

    def _routes_of(self, topic: Topic) -> Sequence[Route]:
        routes = self._routes.get(topic.name)
        if routes is None:
            routes = self._routes[topic.name] = [
                (each, None if each.filter is None else compile_pattern(each.filter))
                for each in self.subscriptions(topic)
            ]
        return routes

    def _changed(self) -> None:
        self._routes = {}


def _seen(subscription: Subscription, message: Notification) -> object:
    return filtered(message, PROTOCOLS[subscription.to.kind], subscription.on)


Form = Callable[[Notification, str], tuple[bytes, Mapping[str, Mapping[str, str]]]]
"""Makes the body and the attributes that a subscriber gets."""

_FORMS: Final[dict[tuple[str, bool], Form]] = {
    ("queue", False): lambda message, _arn: (envelope(message), {}),
    ("queue", True): lambda message, _arn: (message.text("sqs").encode(), message.attributes),
    ("function", False): lambda message, arn: (function_event(message, arn), {}),
}
"""By kind of the subscriber, and whether it gets the message raw."""

"""Finds topics whose messages would be out of order, or refused, where they go."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.publishing import Subscription, Topic
from frontdesk.config.models.queue import FIFO
from frontdesk.config.models.root import Config


def unordered(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """FIFO queues of topics that are none, and misleading names."""
    config = loaded.config
    for name, topic in config.topics.items():
        here = loaded.tree.position(("topics", name), of_key=True)
        if name.endswith(FIFO) and not topic.fifo:
            yield here, f"a topic with this name is taken for a FIFO topic: {name}"
        for each in topic.subscriptions:
            if each.queue is not None and config.queues[each.queue].fifo and not topic.fifo:
                yield here, f"{name} is no FIFO topic, and {each.queue} is a FIFO queue"
            if each.dead_letter is not None and _is_unfit(config, topic, each):
                yield (
                    here,
                    f"{name} and its dead letters differ: {_kind_of(config, each.dead_letter)}",
                )


def _is_unfit(config: Config, topic: Topic, subscription: Subscription) -> bool:
    """Tell whether dead letters go to a queue of another kind than what they come from, which AWS refuses."""
    in_order = config.queues[str(subscription.dead_letter)].fifo
    ordered = subscription.queue is not None and config.queues[subscription.queue].fifo
    return not topic.fifo if in_order else ordered


def _kind_of(config: Config, queue: str) -> str:
    return f"{queue} {'is a FIFO queue' if config.queues[queue].fifo else 'is no FIFO queue'}"

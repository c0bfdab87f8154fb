"""Finds topics whose messages would be out of order, or refused, where they go."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.queue import FIFO


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

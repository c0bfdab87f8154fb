"""Finds queues whose messages would go in circles, to the wrong place, or to two at once."""

from collections.abc import Iterator

from frontdesk.base.durations import write_duration
from frontdesk.base.errors import Position
from frontdesk.config.check.timeouts import function_timeouts
from frontdesk.config.load import Loaded
from frontdesk.config.models.queue import FIFO


def circles(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Queues whose dead letters come back to them."""
    queues = loaded.config.queues
    for name in queues:
        way = [name]
        while (following := queues[way[-1]].dead_letter) is not None and following not in way:
            way.append(following)
        if following == name:
            where = loaded.tree.position(("queues", name, "dead_letter"))
            yield where, f"dead letters go in a circle: {' -> '.join([*way, name])}"


def mixed(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Dead letters of a FIFO queue in one that is none or the other way round, and misleading names."""
    queues = loaded.config.queues
    for name, queue in queues.items():
        if queue.dead_letter is not None and queues[queue.dead_letter].fifo is not queue.fifo:
            where = loaded.tree.position(("queues", name, "dead_letter"))
            kind = "is no FIFO queue" if queue.fifo else "is a FIFO queue"
            yield where, f"{name} and its dead letters differ: {queue.dead_letter} {kind}"
        if name.endswith(FIFO) and not queue.fifo:
            where = loaded.tree.position(("queues", name), of_key=True)
            yield where, f"a queue with this name is taken for a FIFO queue: {name}"


def received_again(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Consumers whose messages may be received again while the function still has them."""
    for name, queue in loaded.config.queues.items():
        if queue.consumer is None:
            continue
        for _, timeout in function_timeouts(loaded, queue.consumer.function):
            if timeout > queue.visibility:
                at = ("queues", name, "visibility")
                where = loaded.tree.position(at if loaded.tree.node_at(at) else at[:-1])
                hidden, takes = write_duration(queue.visibility), write_duration(timeout)
                yield where, f"messages are hidden for {hidden}, but the function may take {takes}"

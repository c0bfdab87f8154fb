"""Owns what a Map that is tried would run over: its items, the inputs of its iterations, its bounds."""

from io import BytesIO
from typing import Final

from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.item_files import read_items
from frontdesk.rules.asl.model import ABSENT, ItemReader, Json, MapState
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.states.distributed import (
    EXCEEDED,
    arguments_of,
    is_exceeded,
    reader_config,
    source_of,
)
from frontdesk.rules.asl.states.items import (
    STATE_DATA,
    Items,
    batches,
    items_of,
    iteration_input,
    seen_items,
)
from frontdesk.rules.asl.states.numbers import bound, tolerated
from frontdesk.rules.asl.states.sight import Sight, look
from frontdesk.rules.asl.trial.refused import RefusedError
from frontdesk.rules.asl.trial.watched import WatchedTurn

_TOLERATED: Final = ("toleratedFailureCount", "toleratedFailurePercentage")


def spread(
    turn: WatchedTurn, strand: Strand, state: MapState, read: str | None, failed: int
) -> Failure | None:
    """Write down what a Map would run over; return its failure, where too many iterations failed.

    read: the content of the file that its ItemReader reads, None where nobody says. failed: iterations.
    Raises: RefusedError, StateError.
    """
    sight = look(turn, strand, state)
    steps = turn.record.steps
    items: Items = []
    source = STATE_DATA
    if state.item_reader is None:
        items = items_of(state, sight)
    elif read is not None:
        source = source_of(arguments_of(state.item_reader, "ItemReader", sight))
        items = _read(state.item_reader, read, sight)
    _bounds(state, sight, steps)
    if failed > len(items):
        raise RefusedError(
            "Map iteration failure count must be less than or equal to the number of Map iterations"
        )
    inputs = [
        iteration_input(turn, strand, state, sight, item) for item in seen_items(items, source)
    ]
    if state.item_selector is not ABSENT:
        steps["afterItemSelector"] = inputs
    if state.item_batcher is not None:
        steps["afterItemBatcher"] = [one for one, _ in batches(state.item_batcher, inputs, sight)]
    count, percentage = (steps.get(name) for name in _TOLERATED)
    return EXCEEDED if is_exceeded(count, percentage, failed, len(items)) else None


def _read(reader: ItemReader, content: str, sight: Sight) -> Items:
    config = {"InputType": "JSON", **reader_config(reader, sight)}
    items: Items = read_items(BytesIO(content.encode()), config)
    if "ItemsPointer" in config:
        sight.scope.note("afterItemsPointer", items)
    return items


def _bounds(state: MapState, sight: Sight, steps: dict[str, Json]) -> None:
    written = bound("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, sight)
    steps["maxConcurrency"] = int(written or 0)
    numbers = zip(_TOLERATED, tolerated(state, sight), strict=True)
    steps.update((name, number) for name, number in numbers if number is not None)

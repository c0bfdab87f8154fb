"""Owns what a Map runs over: its items, the input of each iteration, batches of them, and its bounds."""

from typing import Any, Final, TypeGuard

from frontdesk.rules.asl.data.errors import QUERY_EVALUATION_ERROR, RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.paths import select
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD, json_text, size
from frontdesk.rules.asl.model import ABSENT, ItemBatcher, Json, MapState, Mode, QueryLanguage
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.states.numbers import bound
from frontdesk.rules.asl.states.sight import Sight
from frontdesk.rules.asl.turn import Turn

MOST_AT_ONCE: Final = {Mode.INLINE: 40, Mode.DISTRIBUTED: 10_000}
"""AWS's bounds of what runs at once."""

STATE_DATA: Final = "STATE_DATA"
"""`Map.Item.Source` of items that come with the state's input."""

Items = list[Json] | dict[str, Json]
"""An array, or an object whose pairs are the items."""


def items_of(state: MapState, sight: Sight) -> Items:
    """Return the items; an object, whose pairs they are, of a distributed Map only."""
    if state.query_language is QueryLanguage.JSONATA:
        return _expressed(state, sight)
    found = select(state.items_path, sight.effective, sight.scope)
    if _are_items(found, state):
        sight.scope.note("afterItemsPath", found)
        return found
    shown = f"${state.items_path.lstrip('$')}"  # one `$`, also before a path into the context
    raise StateError(RUNTIME, f'Reference path "{shown}" must point to array.')


def _are_items(value: Json, state: MapState) -> TypeGuard[Items]:
    return isinstance(value, list) or (isinstance(value, dict) and state.mode is Mode.DISTRIBUTED)


def seen_items(items: Items, source: str = STATE_DATA) -> list[dict[str, Any]]:
    """Return `Map.Item` of the context for each item. source: where they come from."""
    if isinstance(items, dict):
        return [
            {"Index": index, "Key": key, "Value": value, "Source": source}
            for index, (key, value) in enumerate(items.items())
        ]
    return [seen_item(index, value, source) for index, value in enumerate(items)]


def seen_item(index: int, value: Json, source: str = STATE_DATA) -> dict[str, Any]:
    """Return `Map.Item` of the context for one item of an array."""
    return {"Index": index, "Value": value, "Source": source}


def _expressed(state: MapState, sight: Sight) -> Items:
    given = sight.given
    if state.items is not ABSENT:
        also = "object" if state.mode is Mode.DISTRIBUTED else ""
        items: Items = evaluate_field(
            state.items, "Items", "array", States(given), sight.scope, also=also
        )
        return items
    if _are_items(given, state):
        return given
    raise StateError(
        QUERY_EVALUATION_ERROR,
        f"Map state input must be an array but was: {json_text(given)}",
    )


def at_once(state: MapState, sight: Sight) -> int:
    """Return how many iterations run at once."""
    wanted = bound("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, sight)
    return as_many(state.mode, wanted)


def as_many(mode: Mode, wanted: float | None) -> int:
    """Return how many iterations run at once where so many are wanted; 0 and None: as many as may be."""
    most = MOST_AT_ONCE[mode]
    return min(int(wanted), most) if wanted else most


def iteration_input(
    turn: Turn, strand: Strand, state: MapState, sight: Sight, item: dict[str, Any]
) -> Json:
    """Return the input of one iteration. item: `Map.Item` of the context."""
    if state.item_selector is not ABSENT:
        seen = sight._replace(scope=turn.scope(strand, item))
        return seen.filled(state.item_selector, "ItemSelector")
    if "Key" in item:
        return {"Key": item["Key"], "Value": item["Value"]}
    return item["Value"]


def batches(batcher: ItemBatcher, inputs: list[Json], sight: Sight) -> list[tuple[Json, int]]:
    """Put inputs together, in order; return (input of a child, items in it)."""
    most = bound(
        "MaxItemsPerBatch",
        batcher.max_items_per_batch,
        batcher.max_items_per_batch_path,
        sight,
        least=1,
    )
    largest = bound(
        "MaxInputBytesPerBatch",
        batcher.max_input_bytes_per_batch,
        batcher.max_input_bytes_per_batch_path,
        sight,
        least=1,
    )
    frame: dict[str, Json] = {}
    if batcher.batch_input is not ABSENT:
        frame["BatchInput"] = sight.filled(batcher.batch_input, "ItemBatcher/BatchInput")
    room = min(int(largest or LARGEST_PAYLOAD), LARGEST_PAYLOAD) - size({**frame, "Items": []})
    made: list[list[Json]] = []
    left = 0
    for one in inputs:
        weight = size(one) + 1  # and a comma
        if not made or weight > left or (most and len(made[-1]) >= most):
            made.append([])
            left = room + 1  # the first has no comma
        made[-1].append(one)
        left -= weight
    return [({**frame, "Items": items}, len(items)) for items in made]

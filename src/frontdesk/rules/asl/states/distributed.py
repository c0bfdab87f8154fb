"""Owns a distributed Map: each item, or batch of them, is an execution of its own with its own history.

    [ItemReader ->] items -> inputs, batched -> children, so many at once -> [ResultWriter ->] result

Readers and writers are tasks like others to whoever runs the machine: a reader answers with the items
(an array or an object), a writer with `ResultWriterDetails`. Children end with ChildSucceeded or
ChildFailed; items that failed are counted against the tolerated failures.
"""

from collections.abc import Callable
from typing import Any, Final

from frontdesk.rules.asl.data.flow import conclude
from frontdesk.rules.asl.data.paths import select
from frontdesk.rules.asl.data.scope import hold_payload
from frontdesk.rules.asl.errors import (
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    ITEM_READER_FAILED,
    RESULT_WRITER_FAILED,
    Failure,
)
from frontdesk.rules.asl.item_files import COMPACT, described, transformed
from frontdesk.rules.asl.messages import (
    ChildFailed,
    ChildSucceeded,
    Invoke,
    KeyedEvent,
    MapRunUpdated,
    StartChild,
    TaskFailed,
    TaskSucceeded,
    TaskTimedOut,
)
from frontdesk.rules.asl.model import (
    ABSENT,
    ExecutionType,
    ItemReader,
    Json,
    MapState,
    QueryLanguage,
    ResultWriter,
)
from frontdesk.rules.asl.names import arn_part
from frontdesk.rules.asl.run import Phase, Strand
from frontdesk.rules.asl.states.items import (
    STATE_DATA,
    Items,
    as_many,
    batches,
    iteration_input,
    seen_items,
)
from frontdesk.rules.asl.states.numbers import tolerated
from frontdesk.rules.asl.states.sight import Sight, look
from frontdesk.rules.asl.turn import Turn

_Take = Callable[[Turn, Strand, MapState, Any], None]

EXCEEDED: Final = Failure(
    EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded"
)


def read(turn: Turn, strand: Strand, state: MapState, reader: ItemReader, most: int) -> None:
    """Have the items read. most: children that run at once."""
    turn.emit(strand, "MapStateStarted", {"length": 0})
    _start_run(turn, strand, state, most)
    sight = look(turn, strand, state)
    arguments = arguments_of(reader, "ItemReader", sight)
    invoke = Invoke(
        key=turn.key(strand),
        attempt=strand.attempt,
        state=state.name,
        resource=reader.resource,
        arguments=arguments,
        options=reader_config(reader, sight),
    )
    strand.spread["source"] = source_of(arguments)
    turn.wait(strand, Phase.READING, invoke)


def arguments_of(part: ItemReader | ResultWriter, field: str, sight: Sight) -> Json:
    """Return what a reader or a writer is asked with. field: its name in errors. Raises: StateError."""
    written = part.arguments if sight.language is QueryLanguage.JSONATA else part.parameters
    return {} if written is ABSENT else sight.filled(written, f"{field}/Arguments")


def source_of(arguments: Json) -> str:
    """Return `Map.Item.Source` of what is read: a file in a bucket, or a bucket that is listed."""
    # Differs: [map-item-source] at AWS items of a manifest and of LOAD_AND_FLATTEN name the files they stand in
    places = arguments if isinstance(arguments, dict) else {}
    named = [str(places[name]) for name in ("Bucket", "Key") if name in places]
    return "/".join(["S3:/", *named])


def reader_config(reader: ItemReader, sight: Sight) -> dict[str, Json]:
    """Return a ReaderConfig with the values of its paths or expressions. Raises: StateError."""
    config = dict(reader.reader_config)
    if sight.language is QueryLanguage.JSONATA:
        return dict(sight.filled(config, "ItemReader/ReaderConfig"))
    if "MaxItemsPath" in config:
        config["MaxItems"] = select(config.pop("MaxItemsPath"), sight.effective, sight.scope)
    return config


def start(turn: Turn, strand: Strand, state: MapState, items: Items, most: int) -> None:
    """Begin the children of items that are given."""
    _start_run(turn, strand, state, most)
    _spread(turn, strand, state, items)


def _start_run(turn: Turn, strand: Strand, state: MapState, most: int) -> None:
    count, percentage = tolerated(state, look(turn, strand, state))
    place = turn.run.facts.machine.replace(":stateMachine:", ":mapRun:")
    arn = f"{place}/{arn_part(state.label or state.name)}:{turn.chance.uuid()}"
    turn.emit(strand, "MapRunStarted", {"mapRunArn": arn})
    strand.spread = {"arn": arn, "limit": most, "count": count, "percentage": percentage}


def _spread(turn: Turn, strand: Strand, state: MapState, items: Items) -> None:
    sight = look(turn, strand, state)
    source = strand.spread.pop("source", STATE_DATA)
    inputs = [
        iteration_input(turn, strand, state, sight, item) for item in seen_items(items, source)
    ]
    children = (
        [(one, 1) for one in inputs]
        if state.item_batcher is None
        else batches(state.item_batcher, inputs, sight)
    )
    strand.spread |= {
        "children": children,
        "items": len(items),
        "failed": 0,
        "next": 0,
        "left": len(children),
        "results": [None] * len(children),
    }
    strand.phase = Phase.SPREAD
    turn.run.waiting[strand.entry] = strand.id
    _go_on(turn, strand, state)


def _go_on(turn: Turn, strand: Strand, state: MapState) -> None:
    """Start the children that there is room for, or end."""
    spread = strand.spread
    children = spread["children"]
    while spread["next"] < len(children) and _running(spread) < spread["limit"]:
        index = spread["next"]
        spread["next"] += 1
        given = children[index][0]
        hold_payload(state.name, given)
        child = StartChild(
            key=turn.key(strand),
            attempt=strand.attempt,
            state=state.name,
            index=index,
            input=given,
            map_run=spread["arn"],
            express=state.execution_type is ExecutionType.EXPRESS,
        )
        turn.commands.append(child)
    if spread["left"] == 0:
        _gathered(turn, strand, state)


def _running(spread: dict[str, Any]) -> int:
    return int(spread["next"] - (len(spread["children"]) - spread["left"]))


def answered(turn: Turn, strand: Strand, state: MapState, event: KeyedEvent) -> None:
    """Take what the Map waits for."""
    take = _ANSWERS.get((strand.phase, type(event)))
    if take is not None:
        take(turn, strand, state, event)


def _items_read(turn: Turn, strand: Strand, state: MapState, event: TaskSucceeded) -> None:
    if isinstance(event.output, list | dict):
        _spread(turn, strand, state, event.output)
    else:
        cause = "The item reader gave neither an array nor an object."
        _fail(turn, strand, state, Failure(ITEM_READER_FAILED, cause))


def _items_not_read(turn: Turn, strand: Strand, state: MapState, event: KeyedEvent) -> None:
    _fail(turn, strand, state, Failure(ITEM_READER_FAILED, getattr(event, "cause", None)))


def _child_succeeded(turn: Turn, strand: Strand, state: MapState, event: ChildSucceeded) -> None:
    _child_ended(turn, strand, state, event.index, {"Status": "SUCCEEDED", "Output": event.output})


def _child_failed(turn: Turn, strand: Strand, state: MapState, event: ChildFailed) -> None:
    result = {"Status": "FAILED", "Error": event.error or "", "Cause": event.cause or ""}
    _child_ended(turn, strand, state, event.index, result)


def _child_ended(
    turn: Turn, strand: Strand, state: MapState, index: int, result: dict[str, Json]
) -> None:
    spread = strand.spread
    if spread["results"][index] is None:
        spread["results"][index] = result
        spread["left"] -= 1
        if result["Status"] == "FAILED":
            spread["failed"] += spread["children"][index][1]
        _go_on_or_give_up(turn, strand, state)


def _bounds_changed(_turn: Turn, strand: Strand, state: MapState, event: MapRunUpdated) -> None:
    spread = strand.spread
    if event.most is not None:
        spread["limit"] = as_many(state.mode, event.most)
    if event.count is not None:
        spread["count"] = event.count
    if event.percentage is not None:
        spread["percentage"] = event.percentage


def _bounds_of_children_changed(
    turn: Turn, strand: Strand, state: MapState, event: MapRunUpdated
) -> None:
    _bounds_changed(turn, strand, state, event)
    _go_on_or_give_up(turn, strand, state)


def _go_on_or_give_up(turn: Turn, strand: Strand, state: MapState) -> None:
    spread = strand.spread
    if is_exceeded(spread["count"], spread["percentage"], spread["failed"], spread["items"]):
        _give_up(turn, strand, state)
    else:
        _go_on(turn, strand, state)


def _give_up(turn: Turn, strand: Strand, state: MapState) -> None:
    """Stop the children that run; fail, once it is written what became of each."""
    writer = state.result_writer
    if writer is None or not writer.resource:
        _fail(turn, strand, state, EXCEEDED)
        return
    turn.cancel(strand)
    spread = strand.spread
    for index, result in enumerate(spread["results"]):
        if result is None:
            status = "ABORTED" if index < spread["next"] else "PENDING"
            spread["results"][index] = {"Status": status}
    spread["exceeded"] = True
    _write(turn, strand, state, writer)


def is_exceeded(count: float | None, percentage: float | None, failed: int, items: int) -> bool:
    """Whether more items failed than are tolerated. count, percentage: None where not written."""
    # Differs: [map-thresholds] of the two thresholds, one that is not written bounds nothing beside the other
    if count is None and percentage is None:
        count = 0
    return (count is not None and failed > count) or (
        percentage is not None and failed * 100 > percentage * items
    )


def _gathered(turn: Turn, strand: Strand, state: MapState) -> None:
    """All children have ended: have their results written, or go on with them."""
    writer = state.result_writer
    spread = strand.spread
    if writer is None or not writer.resource:
        config = writer.writer_config if writer is not None else {}
        result = transformed(
            spread["results"],
            config.get("Transformation", COMPACT),
            lambda index: described(_execution(turn, strand, state, index)),
        )
        _succeed(turn, strand, state, result)
    else:
        _write(turn, strand, state, writer)


def _write(turn: Turn, strand: Strand, state: MapState, writer: ResultWriter) -> None:
    spread = strand.spread
    invoke = Invoke(
        key=turn.key(strand),
        attempt=strand.attempt,
        state=state.name,
        resource=writer.resource,
        arguments=arguments_of(writer, "ResultWriter", look(turn, strand, state)),
        options=writer.writer_config,
        results={
            "MapRunArn": spread["arn"],
            "Executions": [
                _execution(turn, strand, state, index) for index in range(len(spread["children"]))
            ],
        },
    )
    turn.wait(strand, Phase.WRITING, invoke)


def _execution(turn: Turn, strand: Strand, state: MapState, index: int) -> dict[str, Json]:
    """Say what became of a child."""
    spread = strand.spread
    express = state.execution_type is ExecutionType.EXPRESS
    facts = turn.run.facts.of_child(spread["arn"], index, express=express)
    return {
        "ExecutionArn": facts.execution,
        "Name": facts.name,
        "StateMachineArn": facts.machine,
        "Input": spread["children"][index][0],
        **spread["results"][index],
    }


def _written(turn: Turn, strand: Strand, state: MapState, event: TaskSucceeded) -> None:
    spread = strand.spread
    spread["written"] = True
    if "exceeded" in spread:
        _fail(turn, strand, state, EXCEEDED)
        return
    result = {"MapRunArn": spread["arn"], "ResultWriterDetails": event.output}
    _succeed(turn, strand, state, result)


def _not_written(turn: Turn, strand: Strand, state: MapState, event: KeyedEvent) -> None:
    failure = Failure(RESULT_WRITER_FAILED, getattr(event, "cause", None))
    _fail(turn, strand, state, EXCEEDED if "exceeded" in strand.spread else failure)


def _succeed(turn: Turn, strand: Strand, state: MapState, result: Json) -> None:
    del turn.run.waiting[strand.entry]
    strand.spread = {}
    turn.emit(strand, "MapRunSucceeded")
    turn.emit(strand, "MapStateSucceeded", follow=False)
    hold_payload(state.name, result)
    scope = turn.scope(strand)
    turn.leave(strand, state, conclude(state, strand.input, result, scope), state.next)


def _fail(turn: Turn, strand: Strand, state: MapState, failure: Failure) -> None:
    turn.cancel(strand)
    told = {"error": failure.error, "cause": failure.cause or ""}
    turn.emit(strand, "MapRunFailed", told)
    turn.fail(strand, state, failure)


_ANSWERS: Final[dict[tuple[Phase, type[KeyedEvent]], _Take]] = {
    (Phase.READING, TaskSucceeded): _items_read,
    (Phase.READING, TaskFailed): _items_not_read,
    (Phase.READING, TaskTimedOut): _items_not_read,
    (Phase.READING, MapRunUpdated): _bounds_changed,
    (Phase.SPREAD, ChildSucceeded): _child_succeeded,
    (Phase.SPREAD, ChildFailed): _child_failed,
    (Phase.SPREAD, MapRunUpdated): _bounds_of_children_changed,
    (Phase.WRITING, TaskSucceeded): _written,
    (Phase.WRITING, TaskFailed): _not_written,
    (Phase.WRITING, TaskTimedOut): _not_written,
    (Phase.WRITING, MapRunUpdated): _bounds_changed,
}

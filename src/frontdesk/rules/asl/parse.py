"""Owns the way from a definition, as it is written, to the model. Whether it may be so, `check` knows.

After the checks every field has its type, so that nothing is asked twice here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.rules.asl.check import check
from frontdesk.rules.asl.diagnostics import Diagnostic, Severity
from frontdesk.rules.asl.model import (
    ABSENT,
    And,
    Catcher,
    ChoiceRule,
    ChoiceState,
    Comparison,
    ExecutionType,
    FailState,
    ItemBatcher,
    ItemReader,
    Json,
    Machine,
    MapState,
    Mode,
    Not,
    Or,
    ParallelState,
    PassState,
    Place,
    QueryLanguage,
    ResultWriter,
    Retrier,
    State,
    SucceedState,
    TaskState,
    Test,
    WaitState,
)

Document = Mapping[str, Json]


def parse_machine(document: Document, *, express: bool = False) -> Machine | list[Diagnostic]:
    """Read a definition; or list everything that is wrong with it, errors first.

    document: the JSON object. express: of a machine of type EXPRESS, which may do less.
    """
    found = check(document, express=express)
    if any(one.severity is Severity.ERROR for one in found):
        return found
    return build_machine(document)


def build_machine(document: Document) -> Machine:
    """Read a definition that `check` has found no error in."""
    language = QueryLanguage(document.get("QueryLanguage", QueryLanguage.JSONPATH))
    return _machine(document, (), language)


def _machine(document: Document, place: Place, language: QueryLanguage) -> Machine:
    states = {
        name: _state(name, state, (*place, "States", name), language)
        for name, state in document["States"].items()
    }
    return Machine(
        place=place,
        start_at=document["StartAt"],
        states=states,
        query_language=language,
        timeout_seconds=document.get("TimeoutSeconds"),
        comment=document.get("Comment", ""),
        version=document.get("Version", "1.0"),
    )


def _state(name: str, document: Document, place: Place, inherited: QueryLanguage) -> State:
    """Read a state. inherited: the language of the whole machine; a state's own is for itself only."""
    own = QueryLanguage(document.get("QueryLanguage", inherited))
    given = {"name": name, "place": place, "query_language": own} | _plain(document)
    return _STATES[document["Type"]](given, document, place, inherited)


_PLAIN: Final = {
    "Arguments": "arguments",
    "Assign": "assign",
    "BackoffRate": "backoff_rate",
    "BatchInput": "batch_input",
    "Cause": "cause",
    "CausePath": "cause_path",
    "Comment": "comment",
    "Credentials": "credentials",
    "Default": "default",
    "Error": "error",
    "ErrorPath": "error_path",
    "HeartbeatSeconds": "heartbeat_seconds",
    "HeartbeatSecondsPath": "heartbeat_seconds_path",
    "InputPath": "input_path",
    "IntervalSeconds": "interval_seconds",
    "ItemSelector": "item_selector",
    "Items": "items",
    "ItemsPath": "items_path",
    "Label": "label",
    "MaxAttempts": "max_attempts",
    "MaxConcurrency": "max_concurrency",
    "MaxConcurrencyPath": "max_concurrency_path",
    "MaxDelaySeconds": "max_delay_seconds",
    "MaxInputBytesPerBatch": "max_input_bytes_per_batch",
    "MaxInputBytesPerBatchPath": "max_input_bytes_per_batch_path",
    "MaxItemsPerBatch": "max_items_per_batch",
    "MaxItemsPerBatchPath": "max_items_per_batch_path",
    "Next": "next",
    "Output": "output",
    "OutputPath": "output_path",
    "Parameters": "parameters",
    "ReaderConfig": "reader_config",
    "Resource": "resource",
    "Result": "result",
    "ResultPath": "result_path",
    "ResultSelector": "result_selector",
    "Seconds": "seconds",
    "SecondsPath": "seconds_path",
    "TimeoutSeconds": "timeout_seconds",
    "TimeoutSecondsPath": "timeout_seconds_path",
    "Timestamp": "timestamp",
    "TimestampPath": "timestamp_path",
    "ToleratedFailureCount": "tolerated_failure_count",
    "ToleratedFailureCountPath": "tolerated_failure_count_path",
    "ToleratedFailurePercentage": "tolerated_failure_percentage",
    "ToleratedFailurePercentagePath": "tolerated_failure_percentage_path",
    "WriterConfig": "writer_config",
}
"""Fields that the model holds as they are written; what is absent has the model's default."""


def _plain(document: Document) -> dict[str, Any]:
    return {_PLAIN[field]: value for field, value in document.items() if field in _PLAIN}


def _errors(document: Document, place: Place) -> dict[str, Any]:
    retry, catch = document.get("Retry", ()), document.get("Catch", ())
    return {
        "retry": tuple(_retrier(one, (*place, "Retry", at)) for at, one in enumerate(retry)),
        "catch": tuple(_catcher(one, (*place, "Catch", at)) for at, one in enumerate(catch)),
    }


def _retrier(document: Document, place: Place) -> Retrier:
    given = _plain(document)
    given.pop("comment", None)
    return Retrier(
        place=place,
        error_equals=tuple(document["ErrorEquals"]),
        full_jitter=document.get("JitterStrategy") == "FULL",
        **given,
    )


def _catcher(document: Document, place: Place) -> Catcher:
    given = _plain(document)
    given.pop("comment", None)
    return Catcher(place=place, error_equals=tuple(document["ErrorEquals"]), **given)


def _task(given: dict[str, Any], document: Document, place: Place, _: QueryLanguage) -> TaskState:
    return TaskState(**given, **_errors(document, place))


def _parallel(
    given: dict[str, Any], document: Document, place: Place, inherited: QueryLanguage
) -> ParallelState:
    branches = tuple(
        _machine(branch, (*place, "Branches", at), inherited)
        for at, branch in enumerate(document["Branches"])
    )
    return ParallelState(**given, branches=branches, **_errors(document, place))


def _map(
    given: dict[str, Any], document: Document, place: Place, inherited: QueryLanguage
) -> MapState:
    key = "ItemProcessor" if "ItemProcessor" in document else "Iterator"
    processor = document[key]
    config = processor.get("ProcessorConfig", {})
    if "parameters" in given:
        given["item_selector"] = given.pop("parameters")
    for field, name, build in _PARTS:
        if field in document:
            inner = document[field]
            given[name] = build(place=(*place, field), **_plain(inner))
    return MapState(
        **given,
        item_processor=_machine(processor, (*place, key), inherited),
        mode=Mode(config.get("Mode", Mode.INLINE)),
        execution_type=ExecutionType(config.get("ExecutionType", ExecutionType.STANDARD)),
        **_errors(document, place),
    )


_PARTS: Final[tuple[tuple[str, str, Callable[..., Any]], ...]] = (
    ("ItemReader", "item_reader", ItemReader),
    ("ItemBatcher", "item_batcher", ItemBatcher),
    ("ResultWriter", "result_writer", ResultWriter),
)


def _choice(
    given: dict[str, Any], document: Document, place: Place, _: QueryLanguage
) -> ChoiceState:
    rules = tuple(
        _rule(rule, (*place, "Choices", at)) for at, rule in enumerate(document["Choices"])
    )
    return ChoiceState(**given, choices=rules)


def _rule(document: Document, place: Place) -> ChoiceRule:
    return ChoiceRule(
        place=place,
        condition=document["Condition"] if "Condition" in document else _test(document, place),
        next=document["Next"],
        assign=document.get("Assign"),
        output=document.get("Output", ABSENT),
    )


_NOT_OPERATORS: Final = frozenset(("Variable", "Next", "Comment", "Assign"))


def _test(document: Document, place: Place) -> Test:
    for field, build in (("And", And), ("Or", Or)):
        if field in document:
            inner = (*place, field)
            tests = tuple(_test(one, (*inner, at)) for at, one in enumerate(document[field]))
            return build(place=inner, tests=tests)
    if "Not" in document:
        inner = (*place, "Not")
        return Not(place=inner, test=_test(document["Not"], inner))
    operator = next(field for field in document if field not in _NOT_OPERATORS)
    return Comparison(
        place=(*place, operator),
        variable=document["Variable"],
        operator=operator.removesuffix("Path"),
        operand=document[operator],
        operand_is_path=operator.endswith("Path"),
    )


def _whole(state: type[State]) -> "_Build":
    """Read a type of state that has nothing inside."""
    return lambda given, *_: state(**given)


_Build = Callable[[dict[str, Any], Document, Place, QueryLanguage], State]

_STATES: Final[dict[str, _Build]] = {
    "Choice": _choice,
    "Fail": _whole(FailState),
    "Map": _map,
    "Parallel": _parallel,
    "Pass": _whole(PassState),
    "Succeed": _whole(SucceedState),
    "Task": _task,
    "Wait": _whole(WaitState),
}

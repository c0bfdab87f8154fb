"""From a definition to the model: every field at its name, defaults, places, the language of each state."""

from frontdesk.rules.asl.model import (
    ABSENT,
    And,
    Comparison,
    ExecutionType,
    Machine,
    Mode,
    Not,
    Or,
    QueryLanguage,
)
from frontdesk.rules.asl.parse import parse_machine

LAMBDA = "arn:aws:states:::lambda:invoke"


def parsed(states, start=None, **more):
    read = parse_machine({"StartAt": start or next(iter(states)), "States": states, **more})
    assert isinstance(read, Machine), [str(one) for one in read]
    return read


def test_a_machine_has_its_fields_and_its_order():
    states = {"B": {"Type": "Pass", "Next": "A"}, "A": {"Type": "Succeed", "Comment": "well"}}
    read = parsed(states, Comment="c", TimeoutSeconds=9, QueryLanguage="JSONata", Version="1.0")
    assert (read.start_at, list(read.states), read.place) == ("B", ["B", "A"], ())
    assert (read.comment, read.timeout_seconds) == ("c", 9)
    assert read.query_language is QueryLanguage.JSONATA
    assert read.states["A"].comment == "well"
    assert read.states["B"].place == ("States", "B")


def test_absent_fields_have_the_defaults_of_the_language():
    read = parsed({"X": {"Type": "Task", "Resource": LAMBDA, "End": True}}).states["X"]
    assert (read.input_path, read.output_path, read.result_path) == ("$", "$", "$")
    assert (read.parameters, read.arguments, read.output) == (ABSENT, ABSENT, ABSENT)
    assert (read.next, read.retry, read.catch, read.timeout_seconds) == (None, (), (), None)


def test_null_is_a_value():
    state = {"Type": "Pass", "Result": None, "ResultPath": None, "InputPath": None, "End": True}
    read = parsed({"X": state}).states["X"]
    assert (read.result, read.result_path, read.input_path) == (None, None, None)


def test_retriers_and_catchers():
    retry = [
        {"ErrorEquals": ["A", "B"], "IntervalSeconds": 2, "MaxAttempts": 0, "Comment": "why"},
        {
            "ErrorEquals": ["States.ALL"],
            "BackoffRate": 1.5,
            "MaxDelaySeconds": 60,
            "JitterStrategy": "FULL",
        },
    ]
    catch = [{"ErrorEquals": ["A"], "Next": "Y", "ResultPath": "$.error", "Assign": {"n": 1}}]
    task = {"Type": "Task", "Resource": LAMBDA, "Retry": retry, "Catch": catch, "Next": "Y"}
    read = parsed({"X": task, "Y": {"Type": "Succeed"}}).states["X"]
    first, second = read.retry
    assert (first.error_equals, first.interval_seconds, first.max_attempts) == (("A", "B"), 2, 0)
    assert (first.backoff_rate, first.max_delay_seconds, first.full_jitter) == (2.0, None, False)
    assert (second.backoff_rate, second.max_delay_seconds, second.full_jitter) == (1.5, 60, True)
    assert (second.interval_seconds, second.max_attempts) == (1, 3)
    assert second.place == ("States", "X", "Retry", 1)
    (only,) = read.catch
    assert (only.next, only.result_path, only.assign) == ("Y", "$.error", {"n": 1})


def test_rules_are_trees():
    rule = {
        "And": [
            {"Variable": "$.a", "IsPresent": True},
            {"Or": [{"Not": {"Variable": "$.a", "NumericEqualsPath": "$.b"}}]},
        ],
        "Next": "Y",
        "Assign": {"n": 1},
    }
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Y"}
    (read,) = parsed({"X": choice, "Y": {"Type": "Succeed"}}).states["X"].choices
    here = ("States", "X", "Choices", 0)
    is_present = Comparison(
        place=(*here, "And", 0, "IsPresent"), variable="$.a", operator="IsPresent", operand=True
    )
    inner = (*here, "And", 1, "Or", 0, "Not")
    equal = Comparison(
        place=(*inner, "NumericEqualsPath"),
        variable="$.a",
        operator="NumericEquals",
        operand="$.b",
        operand_is_path=True,
    )
    either = Or(place=(*here, "And", 1, "Or"), tests=(Not(place=inner, test=equal),))
    assert read.condition == And(place=(*here, "And"), tests=(is_present, either))
    assert (read.next, read.assign) == ("Y", {"n": 1})


def test_conditions_of_jsonata_stay_as_they_are():
    rule = {"Condition": "{% $n > 1 %}", "Next": "Y", "Output": None}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Y", "QueryLanguage": "JSONata"}
    (read,) = parsed({"X": choice, "Y": {"Type": "Succeed"}}).states["X"].choices
    assert (read.condition, read.output) == ("{% $n > 1 %}", None)


def test_a_state_s_language_is_for_itself_only():
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    outer = {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": inner, "End": True}
    read = parsed({"X": outer}).states["X"]
    assert read.query_language is QueryLanguage.JSONATA
    below = read.item_processor.states["In"]
    assert below.query_language is QueryLanguage.JSONPATH
    assert below.place == ("States", "X", "ItemProcessor", "States", "In")


def test_the_legacy_words_of_a_map_are_those_of_today():
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    outer = {"Type": "Map", "Iterator": inner, "Parameters": {"a": 1}, "End": True}
    read = parsed({"X": outer}).states["X"]
    assert (read.item_selector, read.mode) == ({"a": 1}, Mode.INLINE)
    assert read.item_processor.start_at == "In"


def test_a_distributed_map():
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "End": True}},
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    }
    outer = {
        "Type": "Map",
        "ItemProcessor": inner,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"a": 1}},
        "ResultWriter": {"WriterConfig": {"OutputType": "JSONL"}},
        "ToleratedFailurePercentage": 5.5,
        "Label": "rows",
        "End": True,
    }
    read = parsed({"X": outer}).states["X"]
    assert (read.mode, read.execution_type) == (Mode.DISTRIBUTED, ExecutionType.EXPRESS)
    assert read.item_reader.parameters == {"Bucket": "b", "Key": "k"}
    assert read.item_reader.reader_config == {"InputType": "JSON"}
    assert (read.item_batcher.max_items_per_batch, read.item_batcher.batch_input) == (10, {"a": 1})
    assert (read.result_writer.resource, read.result_writer.writer_config) == (
        "",
        {"OutputType": "JSONL"},
    )
    assert (read.tolerated_failure_percentage, read.label) == (5.5, "rows")


def test_branches():
    branches = [
        {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in ("A", "B")
    ]
    read = parsed({"X": {"Type": "Parallel", "Branches": branches, "End": True}}).states["X"]
    assert [one.start_at for one in read.branches] == ["A", "B"]
    assert read.branches[1].place == ("States", "X", "Branches", 1)


def test_warnings_do_not_keep_a_machine_from_being_read():
    assert parsed({"X": {"Type": "Fail", "Cause": "$.cause"}}).states["X"].cause == "$.cause"


def test_errors_are_listed_instead():
    found = parse_machine({"StartAt": "X", "States": {"X": {"Type": "Fail", "Cause": 1}}})
    assert [str(one) for one in found] == [
        "SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/X/Cause"
    ]

"""Map within the execution: items, selectors, how many run at once, failures."""

import pytest

from frontdesk.asl import After, TaskError, run_local
from frontdesk.rules.asl.messages import CancelTask, Fail, Finish, Invoke, TaskFailed, TaskSucceeded
from tests.rules.asl.machines import Played, machine, task


def mapped(*, processor=None, **fields):
    processor = processor or machine(Each=task())
    return machine(Map={"Type": "Map", "ItemProcessor": processor, "End": True} | fields)


def echo(**fields):
    return mapped(processor=machine(Each={"Type": "Pass", "End": True}), **fields)


@pytest.mark.parametrize(
    ("fields", "given", "output"),
    [
        ({}, [1, 2], [1, 2]),
        ({}, [], []),
        ({"ItemsPath": "$.a"}, {"a": ["x"]}, ["x"]),
        ({"InputPath": "$.b", "ItemsPath": "$.a"}, {"b": {"a": ["x"]}}, ["x"]),
        (
            {"ItemsPath": "$.a", "ItemSelector": {"v.$": "$$.Map.Item.Value", "n.$": "$.n", "i.$": "$$.Map.Item.Index"}},
            {"a": ["x", "y"], "n": 7},
            [{"v": "x", "n": 7, "i": 0}, {"v": "y", "n": 7, "i": 1}],
        ),
        ({"ItemsPath": "$.a", "ResultPath": "$.r"}, {"a": [1]}, {"a": [1], "r": [1]}),
        ({"QueryLanguage": "JSONata", "Items": "{% [1..3] %}"}, {}, [1, 2, 3]),
        ({"QueryLanguage": "JSONata", "Items": [1, "{% 2 %}"]}, {}, [1, 2]),
        ({"QueryLanguage": "JSONata"}, ["in"], ["in"]),
        (
            {"QueryLanguage": "JSONata", "ItemSelector": {"v": "{% $states.context.Map.Item.Value + 1 %}"}},
            [1],
            [{"v": 2}],
        ),
    ],
)  # fmt: skip
def test_items(fields, given, output):
    assert run_local(echo(**fields), given).output == output


@pytest.mark.parametrize(
    ("fields", "given", "error", "cause"),
    [
        ({"ItemsPath": "$.a"}, {"a": {"k": 1}}, "States.Runtime", 'Reference path "$.a" must point to array.'),
        ({"ItemsPath": "$.a"}, {}, "States.Runtime", "Invalid path '$.a' : No results for path: $['a']"),
        (
            {"QueryLanguage": "JSONata"},
            {"foo": "bar"},
            "States.QueryEvaluationError",
            'Map state input must be an array but was: {"foo":"bar"}',
        ),
        (
            {"QueryLanguage": "JSONata", "Items": "{% 1 %}"},
            {},
            "States.QueryEvaluationError",
            "The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1",
        ),
        (
            {"MaxConcurrencyPath": "$[0]"},
            ["x"],
            "States.Runtime",
            'The MaxConcurrencyPath field refers to value "x" which is not a valid integer: $[0]',
        ),
        ({"MaxConcurrencyPath": "$[0]"}, [-1], "States.Runtime", "MaxConcurrency cannot be negative."),
    ],
)  # fmt: skip
def test_items_are_refused(fields, given, error, cause):
    run = run_local(echo(**fields), given)
    assert run.error == error
    assert run.cause.endswith(f"). {cause}")


@pytest.mark.parametrize(("written", "at_once"), [(0, 40), (None, 40), (1, 1), (3, 3), (100, 40)])
def test_so_many_run_at_once(written, at_once):
    fields = {} if written is None else {"MaxConcurrency": written}
    played = Played(mapped(**fields), list(range(50)))
    assert len(played.of(Invoke)) == at_once
    for number in range(50):
        one = played.of(Invoke)[number]
        played.answer(one, TaskSucceeded, output=one.arguments * 2)
        assert len(played.of(Invoke)) == min(50, number + 1 + at_once)
    assert played.last(Finish).output == [number * 2 for number in range(50)]


@pytest.mark.parametrize(
    ("at_once", "follows"), [(1, "SucceedStateExited"), (2, "MapStateStarted")]
)
def test_a_later_iteration_follows_the_one_before_only_one_by_one(at_once, follows):
    each = {"Type": "Task", "Resource": task()["Resource"], "Next": "Rest"}
    processor = machine(Each=each, Rest={"Type": "Succeed"})
    played = Played(mapped(processor=processor, MaxConcurrency=at_once), [1, 2, 3])
    for number in range(3):
        played.answer(played.of(Invoke)[number], TaskSucceeded, output=number)
    third = [one for one in played.events if one.type == "MapIterationStarted"][2]
    assert played.types[third.previous - 1] == follows


def test_the_first_failure_gives_the_others_up():
    played = Played(mapped(), ["a", "b", "c"])
    second = played.of(Invoke)[1]
    played.answer(second, TaskFailed, error="E", cause="why")
    assert played.last(Fail) == Fail(status="FAILED", error="E", cause="why")
    assert len(played.of(CancelTask)) == 2
    assert played.types[-7:] == [
        "MapIterationFailed",
        "TaskStateAborted",
        "MapIterationAborted",
        "TaskStateAborted",
        "MapIterationAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_an_item_that_cannot_be_selected_gives_the_others_up():
    selector = {"v.$": "$$.Map.Item.Value.must"}
    played = Played(mapped(MaxConcurrency=2, ItemSelector=selector), [{"must": 1}, {}])
    assert played.last(Fail).error == "States.Runtime"
    assert played.types.count("MapIterationAborted") == 1


def test_retry_runs_all_items_again():
    calls = []

    def flaky(item):
        calls.append(item)
        if len(calls) == 2:
            raise TaskError("E")
        return item

    run = run_local(
        mapped(MaxConcurrency=1, Retry=[{"ErrorEquals": ["E"]}]), ["a", "b"], {"f": flaky}
    )
    assert (run.output, calls) == (["a", "b"], ["a", "b", "a", "b"])
    assert run.waited_seconds == 1


def test_items_run_side_by_side_on_the_clock():
    run = run_local(mapped(), [30, 10, 20], {"f": lambda seconds: After(seconds, seconds)})
    assert (run.output, run.waited_seconds) == ([30, 10, 20], 30)


def test_the_legacy_words_do_the_same():
    definition = machine(
        Map={
            "Type": "Map",
            "Parameters": {"v.$": "$$.Map.Item.Value"},
            "Iterator": machine(Each={"Type": "Pass", "End": True}),
            "End": True,
        }
    )
    assert run_local(definition, [1]).output == [{"v": 1}]


def test_maps_within_maps_see_their_own_item():
    inner = {
        "Type": "Map",
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemProcessor": machine(
            Leaf={"Type": "Pass", "Parameters": {"seen.$": "$$.Map.Item.Value"}, "End": True}
        ),
        "End": True,
    }
    run = run_local(mapped(processor=machine(Inner=inner)), [[1, 2], [3]])
    assert run.output == [[{"seen": 1}, {"seen": 2}], [{"seen": 3}]]


def test_thousands_of_items_need_no_deep_stack():
    given = list(range(3000))
    assert run_local(echo(), given).output == given

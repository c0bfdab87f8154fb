"""Owns the way of data through a state, step by step, in JSONPath and in JSONata alike.

    JSONPath   raw input -> InputPath -> Parameters -> work -> ResultSelector -> ResultPath -> OutputPath
    JSONata    raw input -> Arguments -> work -> Output

`Assign` stands beside the last step: it and the output see the variables as they were before the state.
What comes of each step is noted in the scope, by the name that AWS's TestState has for it.
Knows no event and no clock; what fails raises StateError.
Source: AWS, "Processing input and output in Step Functions", "Transforming data with JSONata".
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from frontdesk.rules.asl.data.expressions import States, evaluate_template
from frontdesk.rules.asl.data.paths import put, select
from frontdesk.rules.asl.data.scope import (
    Scope,
    hold_payload,
    hold_variables,
)
from frontdesk.rules.asl.data.templates import fill
from frontdesk.rules.asl.model import (
    ABSENT,
    Absent,
    Catcher,
    ChoiceRule,
    ChoiceState,
    DataState,
    Json,
    ParallelState,
    PassState,
    QueryLanguage,
    StepState,
    TaskState,
    WorkState,
)

_TAKES_PARAMETERS: Final = (PassState, TaskState, ParallelState)
_PUTS_RESULT: Final = (WorkState, PassState)


class Conclusion(NamedTuple):
    """What leaves a state. output: the input of the next one. assigned: new values of variables."""

    output: Json
    assigned: Mapping[str, Json]


def prepare(state: DataState, raw_input: Json, scope: Scope) -> Json:
    """Return what a state works on: the effective input, or the arguments.

    Of a Pass it is its result already (`Result`, where it is written). Of a Map it is what its items are
    taken from. To be done again for every attempt.
    """
    if state.query_language is QueryLanguage.JSONATA:
        arguments = state.arguments if isinstance(state, TaskState | ParallelState) else ABSENT
        if arguments is ABSENT:
            return raw_input
        evaluated = evaluate_template(arguments, "Arguments", States(raw_input), scope)
        scope.note("afterArguments", evaluated)
        return evaluated
    return _prepared_by_paths(state, raw_input, scope)


def effective(state: DataState, raw_input: Json, scope: Scope) -> Json:
    """Return the input after InputPath, which only states in JSONPath have."""
    selected = select(state.input_path, raw_input, scope)
    scope.note("afterInputPath", selected)
    return selected


def _prepared_by_paths(state: DataState, raw_input: Json, scope: Scope) -> Json:
    if isinstance(state, PassState) and state.result is not ABSENT:
        select(state.input_path, raw_input, scope)  # it must lead somewhere all the same
        scope.note("result", state.result)
        return state.result
    selected = effective(state, raw_input, scope)
    if isinstance(state, _TAKES_PARAMETERS):
        if state.parameters is not ABSENT:
            selected = fill(state.parameters, selected, scope)
        scope.note("afterParameters", selected)
    return selected


def conclude(state: DataState, raw_input: Json, result: Json, scope: Scope) -> Conclusion:
    """Return what leaves a state that succeeded.

    result: of its work, which has been held to the quota; of states without work what `prepare`
    returned. Not for a Choice: see `choose`.
    """
    assign = state.assign if isinstance(state, StepState) else None
    works = isinstance(state, WorkState)
    if works:
        scope.note("result", result)
    if state.query_language is QueryLanguage.JSONATA:
        seen = States(raw_input, result=result if works else ABSENT)
        output = _evaluated(state.output, seen, scope, default=result)
        assigned = _assigned(assign, seen, scope)
    else:
        selected = result
        if isinstance(state, WorkState) and state.result_selector is not ABSENT:
            selected = fill(state.result_selector, result, scope)
        merged = selected
        if isinstance(state, _PUTS_RESULT):
            scope.note("afterResultSelector", selected)
            merged = put(state.result_path, selected, raw_input)
            scope.note("afterResultPath", merged)
        output = select(state.output_path, merged, scope)
        assigned = _filled(assign, result, scope)
    if works and output is result:
        hold_variables(assigned, scope.variables)
        return Conclusion(output, assigned)
    return _held(state, output, assigned, scope)


def catch(
    state: WorkState, catcher: Catcher, raw_input: Json, error_output: Json, scope: Scope
) -> Conclusion:
    """Return what leaves a state whose error was caught.

    error_output: {"Error": name, "Cause": text}. The state's own selector, paths and Assign are not applied.
    """
    if state.query_language is QueryLanguage.JSONATA:
        seen = States(raw_input, error_output=error_output)
        output = _evaluated(catcher.output, seen, scope, default=error_output)
        return _held(state, output, _assigned(catcher.assign, seen, scope), scope)
    output = put(catcher.result_path, error_output, raw_input)
    return _held(state, output, _filled(catcher.assign, error_output, scope), scope)


def choose(
    state: ChoiceState, rule: ChoiceRule | None, raw_input: Json, scope: Scope
) -> Conclusion:
    """Return what leaves a Choice by one of its rules. rule: None for the default.

    Of a rule that is taken, its own fields count alone; the state's are for the default.
    """
    taken = rule or state
    if state.query_language is QueryLanguage.JSONATA:
        seen = States(raw_input)
        output = _evaluated(taken.output, seen, scope, default=raw_input)
        return _held(state, output, _assigned(taken.assign, seen, scope), scope)
    selected = effective(state, raw_input, scope)
    output = select(state.output_path, selected, scope)
    return _held(state, output, _filled(taken.assign, selected, scope), scope)


def _evaluated(written: Json | Absent, seen: States, scope: Scope, *, default: Json) -> Json:
    return default if written is ABSENT else evaluate_template(written, "Output", seen, scope)


def _assigned(assign: Mapping[str, Json] | None, seen: States, scope: Scope) -> Json:
    return evaluate_template(assign, "Assign", seen, scope) if assign else {}


def _filled(assign: Mapping[str, Json] | None, data: Json, scope: Scope) -> Json:
    return fill(assign, data, scope) if assign else {}


def _held(state: DataState, output: Json, assigned: Mapping[str, Json], scope: Scope) -> Conclusion:
    hold_payload(state.name, output)
    hold_variables(assigned, scope.variables)
    return Conclusion(output, assigned)

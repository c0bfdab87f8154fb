"""Owns what JSONPath states read and write by paths: the value at a path, and results put at a ResultPath.

Source: AWS, "Using JSONPath paths", "Specifying state output using ResultPath".
"""

from frontdesk.rules.asl.data.errors import RESULT_PATH_MATCH_FAILURE, RUNTIME, StateError
from frontdesk.rules.asl.data.scope import Scope, json_text
from frontdesk.rules.asl.model import Json
from frontdesk.rules.lang.intrinsics import (
    Intrinsic,
    IntrinsicError,
    IntrinsicSyntaxError,
    compile_intrinsic,
    is_intrinsic,
)
from frontdesk.rules.lang.jsonpath import MISSING, Missing, PathError, PathLimitError, walk
from frontdesk.rules.lang.states_path import Root, StatesPath, compile_states_path


def select(path: str | None, data: Json, scope: Scope) -> Json:
    """Return what an InputPath, an OutputPath or another `...Path` field selects.

    path: None for `{}`. Raises: StateError, where a definite path finds nothing.
    """
    if path is None:
        return {}
    if path == "$":
        return data
    compiled = _compiled(path)
    value = _found(compiled, data, scope)
    if value is MISSING:
        raise StateError(RUNTIME, f"Invalid path '{path}' : {_why_missing(compiled, data, scope)}")
    return value


def present(path: str, data: Json, scope: Scope) -> Json | Missing:
    """Return what a path selects, or MISSING: for the tests of a Choice.

    Raises: StateError, where the path cannot be read.
    """
    return _found(_compiled(path), data, scope)


def query(text: str, field: str, data: Json, scope: Scope) -> Json:
    """Return the value of a path or of a call of intrinsic functions.

    field: its name in errors, such as `value.$` or `CausePath`. Raises: StateError.
    """
    if is_intrinsic(text):
        return call(text, field, data, scope)
    return _looked_up(_compiled(text), field, data, scope)


def call(text: str, field: str, data: Json, scope: Scope) -> Json:
    """Return the value of a call of intrinsic functions. Raises: StateError."""
    try:
        intrinsic: Intrinsic = compile_intrinsic(text)
        return intrinsic.evaluate(lambda path: _looked_up(path, field, data, scope), scope.chance)
    except IntrinsicSyntaxError as error:
        raise StateError(
            RUNTIME,
            f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call",
        ) from error
    except IntrinsicError as error:
        raise StateError(error.name, error.message) from error


def put(path: str | None, result: Json, data: Json) -> Json:
    """Return `data` with a result at a ResultPath; `data` itself stays as it is.

    path: None drops the result. Objects on the way are made where there are none.
    Raises: StateError, States.ResultPathMatchFailure, where something else is in the way.
    """
    if path is None:
        return data
    if path == "$":
        return result
    compiled = _compiled(path)
    keys = compiled.path.keys
    if keys is None or not compiled.is_reference or compiled.root is not Root.DATA:
        raise StateError(RUNTIME, f"Invalid path '{path}' : not a Reference Path")
    top = {"": data}
    copy: Json = top
    at: Json = ""
    for key in keys:
        below = _copied(copy[at] if isinstance(copy, list) else copy.get(at, {}), key)
        if below is None:
            cause = f"Unable to apply Reference Path {path} to input {json_text(data)}"
            raise StateError(RESULT_PATH_MATCH_FAILURE, cause)
        copy[at] = below
        copy, at = below, key
    copy[at] = result
    return top[""]


def _copied(value: Json, key: str | int | None) -> Json | None:
    """Return a shallow copy of what can hold `key`, None of what cannot."""
    if isinstance(key, str):
        return dict(value) if isinstance(value, dict) else None
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return list(value)
    return None


def _compiled(path: str) -> StatesPath:
    try:
        return compile_states_path(path)
    except PathError as error:
        raise StateError(RUNTIME, f"Invalid path '{path}' : {error.message}") from error


def _found(path: StatesPath, data: Json, scope: Scope) -> Json | Missing:
    try:
        return path.find(data, scope.context, scope.variables)
    except PathLimitError as error:
        raise StateError(RUNTIME, f"Invalid path '{path.text}' : {error.message}") from error


def _looked_up(path: StatesPath, field: str, data: Json, scope: Scope) -> Json:
    value = _found(path, data, scope)
    if value is MISSING:
        raise StateError(
            RUNTIME,
            f"The JSONPath '{path.text}' specified for the field '{field}' could not be found in the input '{json_text(data)}'",
        )
    return value


def _why_missing(path: StatesPath, data: Json, scope: Scope) -> str:
    """Tell which part of a definite path is missing, in the words of Jayway's JsonPath."""
    keys = path.path.keys or ()
    shown = ["$", *(f"[{key}]" if isinstance(key, int) else f"['{key}']" for key in keys)]
    root = _root(path, data, scope)
    for depth in range(1, len(keys)):
        if walk(root, keys[:depth]) is MISSING:
            return f"Missing property in path {''.join(shown[: depth + 1])}"
    return f"No results for path: {''.join(shown)}"


def _root(path: StatesPath, data: Json, scope: Scope) -> Json:
    if path.root is Root.DATA:
        return data
    return scope.context if path.root is Root.CONTEXT else scope.variables.get(path.name)

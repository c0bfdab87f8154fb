"""Evaluates expressions of Terraform's language over the parse tree, without Python's `eval`.

What names stand for is the `Scope`'s business. A value is what JSON knows; what nobody can know before
the cloud has made it is a text such as `${input:aws_cognito_user_pool.main.id}`, which goes on as any text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.files import FileRefused, Project
from frontdesk.config.imports.hcl.functions import FUNCTIONS, Surroundings
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.source import read_hcl_text
from frontdesk.config.imports.hcl.templates import For, If, Nodes, heredoc, nodes_of, quoted
from frontdesk.config.imports.hcl.values import (
    EvaluationError,
    Value,
    as_text,
    element,
    entries,
    member,
    number,
    operate,
    truth,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the first names of expressions stand for. outer: asked for names that are not in `names`.

    folder: of the module, for paths. file: for places.
    """

    names: Mapping[str, Value]
    outer: Callable[[str], Value]
    folder: Path
    file: str
    project: Project
    limits: Limits

    def find(self, name: str) -> Value:
        """Find what a first name stands for."""
        return self.names[name] if name in self.names else self.outer(name)

    def having(self, names: Mapping[str, Value]) -> "Scope":
        """Make a scope with more names."""
        return replace(self, names={**self.names, **names})

    def place(self, tree: Any) -> Position:
        """Tell where an expression stands."""
        return Position(self.file, tree.meta.line, tree.meta.column, "")


def evaluate(tree: Any, scope: Scope) -> Value:
    """Evaluate an expression.

    Raises: ConfigError at the place of what cannot be evaluated.
    """
    try:
        scope.limits.spend()
        rule = RULES.get(tree.data)
        if rule is None:
            raise EvaluationError(f"cannot evaluate this form of expression: {tree.data}")
        return rule(tree, scope)
    except RecursionError:
        raise failed(scope.place(tree), "this is nested too deep") from None
    except (EvaluationError, FileRefused) as error:
        raise failed(scope.place(tree), str(error)) from None


def failed(where: Position, message: str) -> ConfigError:
    """Make the error of what cannot be evaluated."""
    return ConfigError((Finding("error", "terraform", where, message),))


def _parts(tree: Any) -> list[Any]:
    """List the parts that mean something: no punctuation, no line ends."""
    return [
        child
        for child in tree.children
        if getattr(child, "data", None) not in (None, "new_line_or_comment")
    ]


def _inner(tree: Any, scope: Scope) -> Value:
    (part,) = _parts(tree)
    return evaluate(part, scope)


# -- literals and texts ---------------------------------------------------------------------------


def _literal(tree: Any, _scope: Scope) -> Value:
    return {"true": True, "false": False, "null": None}[str(tree.children[0])]


def _number(tree: Any, _scope: Scope) -> Value:
    return number(str(tree.children[0]))


def _identifier(tree: Any, scope: Scope) -> Value:
    return scope.find(str(tree.children[0]))


def _string(tree: Any, scope: Scope) -> Value:
    parts = [part.children[0] for part in _parts(tree)]
    if len(parts) == 1 and getattr(parts[0], "data", "") == "interpolation":
        return _inner(parts[0], scope)  # "${x}" is x, whatever its type
    return _joined(_rendered(nodes_of(parts), scope), scope)


def _joined(texts: Iterator[str], scope: Scope) -> str:
    written, length = [], 0
    for text in texts:
        written.append(text)
        length += len(text)
        scope.limits.text(length)
    return "".join(written)


def _rendered(nodes: Nodes, scope: Scope) -> Iterator[str]:
    for node in nodes:
        match node:
            case str():
                yield node
            case If():
                holds = truth(_inner(node.start, scope))
                yield from _rendered(node.then if holds else node.other, scope)
            case For():
                *names, over = _parts(node.start)
                for bound in _turns_of(names, evaluate(over, scope)):
                    yield from _rendered(node.body, scope.having(bound))
            case _:
                yield as_text(_inner(node, scope))


def _heredoc(tree: Any, scope: Scope) -> Value:
    trimmed = tree.data == "heredoc_template_trim"
    text = heredoc(str(tree.children[0]), trimmed=trimmed)
    return as_text(render(text, scope, tree.meta.line))


def render(text: str, scope: Scope, line: int = 1) -> Value:
    """Render a text with `${…}` and `%{…}`. line: where it stands in the file.

    Raises: ConfigError at the place of what cannot be evaluated.
    """
    if "${" not in text and "%{" not in text:
        return text
    try:
        source = f"{chr(10) * (line - 1)}text = {quoted(text)}\n"
    except EvaluationError as error:
        raise failed(Position(scope.file, line, 1, ""), str(error)) from None
    body = read_hcl_text(source, scope.file)
    return evaluate(body.attributes["text"].tree, scope)


# -- collections ----------------------------------------------------------------------------------


def _tuple(tree: Any, scope: Scope) -> Value:
    return [evaluate(part, scope) for part in _parts(tree)]


def _object(tree: Any, scope: Scope) -> Value:
    found: dict[str, Value] = {}
    for entry in _parts(tree):
        key, value = _parts(entry)
        found[_key(key.children[0], scope)] = evaluate(value, scope)
    return found


def _key(tree: Any, scope: Scope) -> str:
    """Read the key of an object: a bare word is itself, all else is an expression."""
    inner = tree
    while getattr(inner, "data", "") == "expr_term" and len(inner.children) == 1:
        inner = inner.children[0]
    if getattr(inner, "data", "") in ("identifier", "keyword"):
        return str(inner.children[0])
    return as_text(evaluate(tree, scope))


def _turns_of(names: Sequence[Any], over: Value) -> Iterator[dict[str, Value]]:
    """Yield what the names of a `for` stand for, turn by turn."""
    words = [str(name.children[0]) for name in names]
    for key, value in entries(over):
        yield {words[0]: value} if len(words) == 1 else {words[0]: key, words[1]: value}


def _turns(tree: Any, scope: Scope) -> Iterator[Scope]:
    """Yield the scope of each turn that its condition lets pass."""
    parts = _parts(tree)
    *names, over = _parts(parts[0])
    conditions = [part for part in parts if part.data == "for_cond"]
    for bound in _turns_of(names, evaluate(over, scope)):
        turn = scope.having(bound)
        if all(truth(_inner(condition, turn)) for condition in conditions):
            yield turn


def _for_tuple(tree: Any, scope: Scope) -> Value:
    _, result, *_ = _parts(tree)
    return [evaluate(result, turn) for turn in _turns(tree, scope)]


def _for_object(tree: Any, scope: Scope) -> Value:
    _, key, value, *_ = _parts(tree)
    grouped = any(str(child) == "..." for child in tree.children)
    found: dict[str, Value] = {}
    for turn in _turns(tree, scope):
        name = as_text(evaluate(key, turn))
        if grouped:
            found.setdefault(name, []).append(evaluate(value, turn))
        else:
            found[name] = evaluate(value, turn)
    return found


# -- access ---------------------------------------------------------------------------------------


def _access(tree: Any, scope: Scope) -> Value:
    base, access = _parts(tree)
    return _accessed(evaluate(base, scope), access, scope)


def _accessed(value: Value, access: Any, scope: Scope) -> Value:
    """Follow one `.name`, `[index]` or `.0`."""
    at = scope.place(access)
    if access.data == "get_attr":
        return member(value, str(_parts(access)[0].children[0]), at)
    if access.data == "short_index":
        return element(value, int(access.children[-1]), at)
    return element(value, _inner(access, scope), at)


def _splat(tree: Any, scope: Scope) -> Value:
    base, splat = _parts(tree)
    found = evaluate(base, scope)
    many = found if isinstance(found, list) else [] if found is None else [found]
    for access in _parts(splat):
        many = [_accessed(value, access, scope) for value in many]
    return many


# -- operators and functions ----------------------------------------------------------------------


def _conditional(tree: Any, scope: Scope) -> Value:
    condition, then, other = _parts(tree)
    return evaluate(then if truth(evaluate(condition, scope)) else other, scope)


def _binary(tree: Any, scope: Scope) -> Value:
    left_tree, term = _parts(tree)
    sign_tree, right_tree = _parts(term)
    sign, left = str(sign_tree.children[0]), evaluate(left_tree, scope)
    if sign not in ("&&", "||"):
        return operate(sign, left, evaluate(right_tree, scope))
    decided = truth(left) is (sign == "||")
    return truth(left) if decided else truth(evaluate(right_tree, scope))


def _unary(tree: Any, scope: Scope) -> Value:
    sign, term = str(tree.children[0]), tree.children[1]
    value = evaluate(term, scope)
    return not truth(value) if sign == "!" else -number(value)


def _call(tree: Any, scope: Scope) -> Value:
    name = "::".join(str(part.children[0]) for part in _parts(tree) if part.data == "identifier")
    given = next((part for part in _parts(tree) if part.data == "arguments"), None)
    arguments = _parts(given) if given is not None else []
    if name in _LAZY:
        return _LAZY[name](arguments, scope)
    function = FUNCTIONS.get(name)
    if function is None:
        raise EvaluationError(f"this function is not supported: {name}")
    values = [evaluate(argument, scope) for argument in arguments]
    if given is not None and str(given.children[-1]) == "...":
        values[-1:] = [value for _, value in entries(values[-1])]
    scope.limits.weigh(values)
    around = Surroundings(scope.folder, scope.project, scope.limits, _template_file(scope))
    try:
        result = function(around, *values)
    except (EvaluationError, FileRefused) as error:
        raise EvaluationError(f"{name}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise EvaluationError(f"{name} cannot use these arguments: {error}") from None
    scope.limits.weigh(result)
    return result


def _template_file(scope: Scope) -> Callable[[Path, Mapping[str, Value]], Value]:
    def rendered(path: Path, names: Mapping[str, Value]) -> Value:
        def unknown(word: str) -> Value:
            raise EvaluationError(f"there is no {word} for this template")

        inside = replace(scope, names=names, outer=unknown, file=str(path))
        return render(scope.project.text(path), inside)

    return rendered


def _try(arguments: Sequence[Any], scope: Scope) -> Value:
    for argument in arguments:
        try:
            return evaluate(argument, scope)
        except ConfigError:
            continue
    raise EvaluationError("try: none of these can be evaluated")


def _can(arguments: Sequence[Any], scope: Scope) -> bool:
    try:
        _try(arguments, scope)
    except EvaluationError:
        return False
    return True


_LAZY: Final[Mapping[str, Callable[[Sequence[Any], Scope], Value]]] = {"can": _can, "try": _try}
"""Functions whose arguments may fail."""

RULES: Final[Mapping[str, Callable[[Any, Scope], Value]]] = {
    "attr_splat_expr_term": _splat,
    "binary_op": _binary,
    "conditional": _conditional,
    "expr_term": _inner,
    "float_lit": _number,
    "for_object_expr": _for_object,
    "for_tuple_expr": _for_tuple,
    "full_splat_expr_term": _splat,
    "function_call": _call,
    "get_attr_expr_term": _access,
    "heredoc_template": _heredoc,
    "heredoc_template_trim": _heredoc,
    "identifier": _identifier,
    "index_expr_term": _access,
    "int_lit": _number,
    "literal_value": _literal,
    "object": _object,
    "string": _string,
    "tuple": _tuple,
    "unary_op": _unary,
}
"""Rule of the grammar → how it is evaluated."""

"""Evaluates expressions of Terraform's language over the parse tree, without Python's `eval`.

What names stand for is the `Scope`'s business. A value is what JSON knows; what nobody can know before
the cloud has made it is a text such as `${input:aws_cognito_user_pool.main.id}`, which goes on as any text.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.hcl.functions import FUNCTIONS, FunctionError
from frontdesk.config.imports.hcl.source import read_hcl_text

Value = Any
"""None, bool, int, float, str, list or dict; or a `Namespace` on the way to one."""


class Namespace(Protocol):
    """What has members that are found when they are asked for: `var`, `local`, a resource."""

    def member(self, name: str, at: Position) -> Value:
        """Find a member. at: where it is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What the first names of expressions stand for. outer: asked for names that are not in `names`."""

    names: Mapping[str, Value]
    outer: Callable[[str], Value]
    folder: str
    file: str

    def find(self, name: str) -> Value:
        """Find what a first name stands for."""
        return self.names[name] if name in self.names else self.outer(name)

    def having(self, names: Mapping[str, Value]) -> "Scope":
        """Make a scope with more names."""
        return Scope({**self.names, **names}, self.outer, self.folder, self.file)


def evaluate(tree: Any, scope: Scope) -> Value:
    """Evaluate an expression.

    Raises: ConfigError at the place of what cannot be evaluated.
    """
    rule = RULES.get(tree.data)
    if rule is None:
        raise failed(tree, scope, f"cannot evaluate this form of expression: {tree.data}")
    return rule(tree, scope)


def failed(tree: Any, scope: Scope, message: str, hint: str = "") -> ConfigError:
    """Make the error of an expression, at its place."""
    return ConfigError((Finding("error", "terraform", place(tree, scope), message, hint=hint),))


def place(tree: Any, scope: Scope) -> Position:
    """Tell where an expression stands."""
    return Position(scope.file, tree.meta.line, tree.meta.column, "")


def _parts(tree: Any, *but: str) -> list[Any]:
    """List the parts that mean something: no punctuation, no line ends."""
    return [
        child
        for child in tree.children
        if getattr(child, "data", None) not in (None, "new_line_or_comment", *but)
    ]


def _inner(tree: Any, scope: Scope) -> Value:
    (part,) = _parts(tree)
    return evaluate(part, scope)


# -- literals and texts ---------------------------------------------------------------------------


def _literal(tree: Any, _scope: Scope) -> Value:
    return {"true": True, "false": False, "null": None}[str(tree.children[0])]


def _int(tree: Any, _scope: Scope) -> Value:
    return int(tree.children[0])


def _float(tree: Any, _scope: Scope) -> Value:
    return float(tree.children[0])


def _identifier(tree: Any, scope: Scope) -> Value:
    return scope.find(str(tree.children[0]))


_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)

    return _ESCAPE.sub(meant, text)


def _string(tree: Any, scope: Scope) -> Value:
    parts = [part.children[0] for part in _parts(tree)]
    if len(parts) == 1 and getattr(parts[0], "data", "") == "interpolation":
        return _inner(parts[0], scope)  # "${x}" is x, whatever its type
    return "".join(_rendered(iter(parts), scope))


def _rendered(parts: Iterator[Any], scope: Scope, until: Sequence[str] = ()) -> list[str]:
    """Render the parts of a template until one of the directives that end it."""
    texts: list[str] = []
    for part in parts:
        kind = getattr(part, "data", "")
        if kind in until:
            texts.append(kind)
            return texts
        if kind == "interpolation":
            texts.append(as_text(_inner(part, scope), part, scope))
        elif kind == "template_if_start":
            texts += _if(part, parts, scope)
        elif kind == "template_for_start":
            texts += _for(part, parts, scope)
        elif kind:
            raise failed(part, scope, "this directive has no beginning")
        else:
            text = str(part)
            texts.append(text[1:] if text.startswith(("$${", "%%{")) else _unescaped(text))
    return texts


def _if(start: Any, parts: Iterator[Any], scope: Scope) -> list[str]:
    then = _rendered(parts, scope, ("template_else", "template_endif"))
    other: list[str] = []
    if then and then.pop() == "template_else":
        other = _rendered(parts, scope, ("template_endif",))[:-1]
    return then if _truth(_inner(start, scope), start, scope) else other


def _for(start: Any, parts: Iterator[Any], scope: Scope) -> list[str]:
    *names, over = _parts(start)
    body: list[Any] = []
    depth = 1
    for part in parts:
        kind = getattr(part, "data", "")
        depth += (kind == "template_for_start") - (kind == "template_endfor")
        if not depth:
            break
        body.append(part)
    texts: list[str] = []
    for bound in _each(names, evaluate(over, scope), start, scope):
        texts += _rendered(iter(body), scope.having(bound))
    return texts


_HEREDOC: Final = re.compile(r"<<-?[\w.-]+\r?\n(.*?)[ \t]*[\w.-]+\r?\n?\Z", re.DOTALL)


def _heredoc(tree: Any, scope: Scope) -> Value:
    return _template(_heredoc_text(tree), tree, scope)


def _heredoc_trimmed(tree: Any, scope: Scope) -> Value:
    lines = _heredoc_text(tree).splitlines(keepends=True)
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return _template("".join(line[margin:] for line in lines), tree, scope)


def _heredoc_text(tree: Any) -> str:
    found = _HEREDOC.fullmatch(str(tree.children[0]))
    return found[1] if found else ""


def _template(text: str, tree: Any, scope: Scope) -> str:
    """Render a text that stands without quotes: the grammar reads it as one in quotes."""
    return render(text, scope, tree.meta.line)


def render(text: str, scope: Scope, line: int = 1) -> str:
    """Render a text with `${…}` and `%{…}`. line: where it stands in the file.

    Raises: ConfigError at the place of what cannot be evaluated.
    """
    if "${" not in text and "%{" not in text:
        return text
    pieces = _MARKED.split(text)
    quoted = "".join(
        piece if at % 2 else piece.translate(_QUOTED) for at, piece in enumerate(pieces)
    )
    body = read_hcl_text(f'{chr(10) * (line - 1)}text = "{quoted}"\n', scope.file)
    return str(evaluate(body.attributes["text"].tree, scope))


_MARKED: Final = re.compile(r"((?<!\$)\$\{.*?\}|(?<!%)%\{.*?\})", re.DOTALL)
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def as_text(value: Value, tree: Any, scope: Scope) -> str:
    """Write a value into a text, as Terraform does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if value is None:
        raise failed(tree, scope, "expected a value inside this text, got null")
    raise failed(tree, scope, "expected a text or number inside this text")


# -- collections ----------------------------------------------------------------------------------


def _tuple(tree: Any, scope: Scope) -> Value:
    return [evaluate(part, scope) for part in _parts(tree)]


def _object(tree: Any, scope: Scope) -> Value:
    found: dict[str, Value] = {}
    for element in _parts(tree):
        key, value = _parts(element)
        found[_key(key.children[0], scope)] = evaluate(value, scope)
    return found


def _key(tree: Any, scope: Scope) -> str:
    """Read the key of an object: a bare word is itself, all else is an expression."""
    inner = tree
    while getattr(inner, "data", "") == "expr_term" and len(inner.children) == 1:
        inner = inner.children[0]
    if getattr(inner, "data", "") in ("identifier", "keyword"):
        return str(inner.children[0])
    return as_text(evaluate(tree, scope), tree, scope)


def _each(names: Sequence[Any], over: Value, tree: Any, scope: Scope) -> Iterator[dict[str, Value]]:
    """Yield what the names of a `for` stand for, turn by turn."""
    words = [str(name.children[0]) for name in names]
    if isinstance(over, dict):
        pairs: Iterator[tuple[Value, Value]] = iter(sorted(over.items()))
    elif isinstance(over, list):
        pairs = iter(enumerate(over))
    else:
        raise failed(tree, scope, "expected a list or object to go through")
    for key, value in pairs:
        yield {words[0]: value} if len(words) == 1 else {words[0]: key, words[1]: value}


def _turns(tree: Any, scope: Scope) -> Iterator[Scope]:
    """Yield the scope of each turn that its condition lets pass."""
    parts = _parts(tree)
    *names, over = _parts(parts[0])
    conditions = [part for part in parts if part.data == "for_cond"]
    for bound in _each(names, evaluate(over, scope), parts[0], scope):
        turn = scope.having(bound)
        if all(_truth(_inner(condition, turn), condition, turn) for condition in conditions):
            yield turn


def _for_tuple(tree: Any, scope: Scope) -> Value:
    _, result, *_ = _parts(tree)
    return [evaluate(result, turn) for turn in _turns(tree, scope)]


def _for_object(tree: Any, scope: Scope) -> Value:
    _, key, value, *_ = _parts(tree)
    grouped = any(str(child) == "..." for child in tree.children)
    found: dict[str, Value] = {}
    for turn in _turns(tree, scope):
        name = as_text(evaluate(key, turn), key, turn)
        if grouped:
            found.setdefault(name, []).append(evaluate(value, turn))
        else:
            found[name] = evaluate(value, turn)
    return found


# -- access ---------------------------------------------------------------------------------------


def member(value: Value, name: str, tree: Any, scope: Scope) -> Value:
    """Find a member of a value."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise failed(tree, scope, f"there is no {name} in this object")
    if hasattr(value, "member"):
        return value.member(name, place(tree, scope))
    if isinstance(value, str) and value.startswith("${input:"):
        return f"{value[:-1]}.{name}}}"
    raise failed(tree, scope, f"this value has no member {name}")


def _get_attr(tree: Any, scope: Scope) -> Value:
    base, access = _parts(tree)
    return _accessed(evaluate(base, scope), access, scope)


def _accessed(value: Value, access: Any, scope: Scope) -> Value:
    """Follow one `.name`, `[index]` or `.0`."""
    if access.data == "get_attr":
        return member(value, str(_parts(access)[0].children[0]), access, scope)
    if access.data == "short_index":
        return _indexed(value, int(access.children[-1]), access, scope)
    return _indexed(value, _inner(access, scope), access, scope)


def _indexed(value: Value, index: Value, tree: Any, scope: Scope) -> Value:
    if isinstance(value, list):
        try:
            return value[int(index)]
        except (ValueError, TypeError, IndexError):
            raise failed(tree, scope, f"there is no element {index} in this list") from None
    return member(value, as_text(index, tree, scope), tree, scope)


def _splat(tree: Any, scope: Scope) -> Value:
    base, splat = _parts(tree)
    found = evaluate(base, scope)
    many = found if isinstance(found, list) else [] if found is None else [found]
    for access in _parts(splat):
        many = [_accessed(value, access, scope) for value in many]
    return many


# -- operators ------------------------------------------------------------------------------------


def _truth(value: Value, tree: Any, scope: Scope) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise failed(tree, scope, "expected true or false")


def _conditional(tree: Any, scope: Scope) -> Value:
    condition, then, other = _parts(tree)
    chosen = then if _truth(evaluate(condition, scope), condition, scope) else other
    return evaluate(chosen, scope)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


def _binary(tree: Any, scope: Scope) -> Value:
    left_tree, term = _parts(tree)
    sign_tree, right_tree = _parts(term)
    sign = str(sign_tree.children[0])
    left = evaluate(left_tree, scope)
    if sign in ("&&", "||"):
        known = _truth(left, left_tree, scope)
        return (
            known
            if known is (sign == "||")
            else _truth(evaluate(right_tree, scope), right_tree, scope)
        )
    right = evaluate(right_tree, scope)
    if sign not in ("==", "!="):
        left, right = _number(left, left_tree, scope), _number(right, right_tree, scope)
    try:
        return _whole(_OPERATORS[sign](left, right))
    except ZeroDivisionError:
        raise failed(tree, scope, "division by zero") from None


def _unary(tree: Any, scope: Scope) -> Value:
    sign, term = str(tree.children[0]), tree.children[1]
    value = evaluate(term, scope)
    if sign == "!":
        return not _truth(value, term, scope)
    return -_number(value, term, scope)


def _number(value: Value, tree: Any, scope: Scope) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise failed(tree, scope, "expected a number") from None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# -- functions ------------------------------------------------------------------------------------


def _call(tree: Any, scope: Scope) -> Value:
    names = [str(part.children[0]) for part in _parts(tree) if part.data == "identifier"]
    name = "::".join(names)
    given = [part for part in _parts(tree) if part.data == "arguments"]
    arguments = _parts(given[0]) if given else []
    if name == "try":
        return _try(arguments, tree, scope)
    if name == "can":
        return _can(arguments, scope)
    function = FUNCTIONS.get(name)
    if function is None:
        raise failed(tree, scope, f"this function is not supported: {name}")
    values = [evaluate(argument, scope) for argument in arguments]
    if given and str(given[0].children[-1]) == "...":
        values[-1:] = values[-1]
    try:
        return function(scope.folder, *values)
    except FunctionError as error:
        raise failed(tree, scope, f"{name}: {error}") from None
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OSError) as error:
        raise failed(tree, scope, f"{name} cannot use these arguments: {error}") from None


def _try(arguments: Sequence[Any], tree: Any, scope: Scope) -> Value:
    for argument in arguments:
        try:
            return evaluate(argument, scope)
        except ConfigError:
            continue
    raise failed(tree, scope, "try: none of these can be evaluated")


def _can(arguments: Sequence[Any], scope: Scope) -> bool:
    try:
        evaluate(arguments[0], scope)
    except ConfigError:
        return False
    return True


RULES: Final[Mapping[str, Callable[[Any, Scope], Value]]] = {
    "attr_splat_expr_term": _splat,
    "binary_op": _binary,
    "conditional": _conditional,
    "expr_term": _inner,
    "float_lit": _float,
    "for_object_expr": _for_object,
    "for_tuple_expr": _for_tuple,
    "full_splat_expr_term": _splat,
    "function_call": _call,
    "get_attr_expr_term": _get_attr,
    "heredoc_template": _heredoc,
    "heredoc_template_trim": _heredoc_trimmed,
    "identifier": _identifier,
    "index_expr_term": _get_attr,
    "int_lit": _int,
    "literal_value": _literal,
    "object": _object,
    "string": _string,
    "tuple": _tuple,
    "unary_op": _unary,
}
"""Rule of the grammar → how it is evaluated."""

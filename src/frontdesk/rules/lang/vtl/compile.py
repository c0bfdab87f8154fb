"""Owns the way from a template's parts to functions that render: each part becomes one closure.

An expression becomes a function that gives its value, a statement one that writes. Knows no AWS.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from frontdesk.rules.lang.vtl import tree
from frontdesk.rules.lang.vtl.errors import TemplateError
from frontdesk.rules.lang.vtl.expressions import place
from frontdesk.rules.lang.vtl.java import Loop
from frontdesk.rules.lang.vtl.kinds import JavaError, Kinds, Signature, call
from frontdesk.rules.lang.vtl.meter import CHARACTERS_PER_STEP, exceeded
from frontdesk.rules.lang.vtl.parser import parse
from frontdesk.rules.lang.vtl.state import (
    Body,
    Broken,
    Deferred,
    Evaluate,
    Run,
    State,
    Step,
    Stopped,
    captured,
)
from frontdesk.rules.lang.vtl.values import OPERATIONS, ArrayList, is_true, text_of

BODY_CONTENT: Final = "bodyContent"
"""What a macro finds the block under that it was called with."""

PARSED_PER_CHARACTER: Final = 10
"""Steps that reading a character of `#evaluate` costs."""

Checks = Mapping[Signature, Callable[..., object]]
"""Looks at the arguments of a method where they are constants. Raises: JavaError."""

Macros = dict[str, tuple[tuple[str, ...], Body]]
"""Parameters and body by name."""


class Compiler:
    """Compiles one template.

    where: its name, for errors. kinds: what can be done with values. macros: known from around it.
    """

    def __init__(
        self, text: str, where: str, kinds: Kinds, checks: Checks, macros: Macros | None = None
    ) -> None:
        self._text = text
        self._where = where
        self._kinds = kinds
        self._checks = checks
        self._signatures = frozenset(one for kind in kinds.values() for one in kind.methods)
        self._macros = dict(macros or {})
        self._weight = 0

    def template(self) -> Body:
        """Compile the whole template. Raises: TemplateError."""
        return self._body(parse(self._text, self._where, macros=self._macros))

    def _error(self, at: int, message: str, hint: str = "") -> TemplateError:
        line, column = place(self._text, at)
        return TemplateError(message, where=self._where, line=line, column=column, hint=hint)

    def _body(self, block: tree.Block) -> Body:
        before = self._weight
        run = self._block(block)
        return Body(run, 1 + self._weight - before)

    def _block(self, block: tree.Block) -> Run:
        runs = tuple(self._statement(one) for one in block.statements)
        if len(runs) == 1:
            return runs[0]

        def run(state: State) -> None:
            for one in runs:
                one(state)

        return run

    def _statement(self, statement: tree.Statement) -> Run:
        self._weight += 1
        return _STATEMENTS[type(statement)](self, statement)

    def expression(self, expression: tree.Expression) -> Evaluate:
        """Compile an expression."""
        self._weight += 1
        return _EXPRESSIONS[type(expression)](self, expression)

    # statements

    def text(self, node: tree.Text) -> Run:
        text = node.text
        self._weight += len(text) // CHARACTERS_PER_STEP

        def run(state: State) -> None:
            state.out.append(text)

        return run

    def output(self, node: tree.Output) -> Run:
        evaluate = self.expression(node.reference)
        if node.escaped:
            source = node.reference.source

            def run_escaped(state: State) -> None:
                state.out.append(source if evaluate(state) is not None else "\\" + source)

            return run_escaped

        def run(state: State) -> None:
            value = evaluate(state)
            if type(value) is str:
                state.out.append(value)
            elif value is not None:
                state.out.append(text_of(value, state))

        return run

    def assignment(self, node: tree.Set) -> Run:
        evaluate = self.expression(node.value)
        name, steps = node.target.name, node.target.steps
        if not steps:
            # Differs: [null-assigned] null is assigned; Velocity 1.7 would keep the former value.
            def run(state: State) -> None:
                state.variables[name] = evaluate(state)

            return run
        *before, last = steps
        if isinstance(last, tree.Call):
            raise self._error(last.at, f"a call cannot be set: {node.target.source}")
        key: Evaluate = (
            _constant(last.name) if isinstance(last, tree.Property) else self.expression(last.key)
        )
        parent = self._walk(name, tuple(before))
        kinds = self._kinds
        at = node.target.at

        def run_inside(state: State) -> None:
            value = evaluate(state)
            owner = parent(state)
            kind = kinds.get(type(owner))
            if kind is not None and kind.put is not None:
                try:
                    kind.put(owner, key(state), value)
                except JavaError as fault:
                    raise self._error(at, fault.message, fault.hint) from fault

        return run_inside

    def condition(self, node: tree.If) -> Run:
        branches = tuple(
            (_constant(True) if test is None else self.expression(test), self._block(block))
            for test, block in node.branches
        )

        def run(state: State) -> None:
            for test, block in branches:
                if is_true(test(state)):
                    block(state)
                    return

        return run

    def foreach(self, node: tree.Foreach) -> Run:
        evaluate = self.expression(node.items)
        body = self._body(node.body)
        turn, weight = body.run, body.weight
        name, kinds = node.name, self._kinds
        own = (name, "foreach", "velocityCount")

        def run(state: State) -> None:
            value = evaluate(state)
            kind = kinds.get(type(value))
            if kind is None or kind.items is None:
                return
            items = kind.items(value)
            if len(items) > state.limits.turns:
                exceeded(f"has a #foreach of more than {state.limits.turns:,} turns")
            variables = state.variables
            former = {one: variables.get(one) for one in own}
            variables["foreach"] = loop = Loop(len(items), former["foreach"])
            try:
                for loop.index, item in enumerate(list(items)):
                    state.spend(weight)
                    variables[name] = item
                    variables["velocityCount"] = loop.index + 1
                    turn(state)
            except Broken:
                pass
            finally:
                variables.update(former)

        return run

    def define(self, node: tree.Define) -> Run:
        name, deferred = node.name, Deferred(self._body(node.body))

        def run(state: State) -> None:
            state.variables[name] = deferred

        return run

    def macro(self, node: tree.Macro) -> Run:
        self._macros[node.name] = node.parameters, self._body(node.body)
        return _nothing

    def macro_call(self, node: tree.MacroCall) -> Run:
        name, source, macros = node.name, node.source, self._macros
        arguments = tuple(self.expression(one) for one in node.arguments)
        content = {} if node.body is None else {BODY_CONTENT: Deferred(self._body(node.body))}

        # Differs: [macro-arguments] they are evaluated once, at the call, not at each use.
        def run(state: State) -> None:
            if name not in macros:
                state.out.append(source)
                return
            parameters, body = macros[name]
            values = [evaluate(state) for evaluate in arguments]
            values += [None] * (len(parameters) - len(values))
            variables = state.variables
            former = {one: variables.get(one) for one in (*parameters, *content)}
            variables.update(zip(parameters, values, strict=False))
            variables.update(content)
            try:
                body.run_inside(state)
            finally:
                variables.update(former)

        return run

    def evaluate(self, node: tree.Evaluate) -> Run:
        evaluate, at = self.expression(node.text), node.at

        def run(state: State) -> None:
            text = text_of(evaluate(state), state)
            state.spend(PARSED_PER_CHARACTER * len(text))
            inner = Compiler(text, "", self._kinds, self._checks, self._macros)
            try:
                body = inner.template()
            except TemplateError as error:
                raise self._error(at, f"#evaluate: {error.message}", error.hint) from error
            body.run_inside(state)

        return run

    def leave(self, _node: tree.Break) -> Run:
        return _break

    def stop(self, _node: tree.Stop) -> Run:
        return _stop

    # expressions

    def literal(self, node: tree.Literal) -> Evaluate:
        return _constant(node.value)

    def interpolated(self, node: tree.Interpolated) -> Evaluate:
        run = self._block(node.body)
        return lambda state: captured(state, run)

    def list_of(self, node: tree.ListLiteral) -> Evaluate:
        items = tuple(self.expression(one) for one in node.items)
        return lambda state: ArrayList([item(state) for item in items])

    def map_of(self, node: tree.MapLiteral) -> Evaluate:
        items = tuple((self.expression(key), self.expression(value)) for key, value in node.items)
        return lambda state: {text_of(key(state), state): value(state) for key, value in items}

    def range_of(self, node: tree.Range) -> Evaluate:
        first, last = self.expression(node.first), self.expression(node.last)

        def run(state: State) -> ArrayList | None:
            begin, end = first(state), last(state)
            if type(begin) is not int or type(end) is not int:
                return None
            state.spend(abs(end - begin) + 1)
            step = 1 if begin <= end else -1
            return ArrayList(range(begin, end + step, step))

        return run

    def inverse(self, node: tree.Not) -> Evaluate:
        operand = self.expression(node.operand)
        return lambda state: not is_true(operand(state))

    def chain(self, node: tree.Chain) -> Evaluate:
        first = self.expression(node.first)
        rest = tuple((sign, self.expression(one)) for sign, one in node.rest)
        if rest[0][0] in ("&&", "||"):
            operands = (first, *(one for _, one in rest))
            enough = any if rest[0][0] == "||" else all
            return lambda state: enough(is_true(one(state)) for one in operands)
        operations = tuple((OPERATIONS[sign], one) for sign, one in rest)
        if len(operations) == 1:
            operate, second = operations[0]
            return lambda state: operate(first(state), second(state), state)

        def run(state: State) -> Any:
            value = first(state)
            for operate, operand in operations:
                value = operate(value, operand(state), state)
            return value

        return run

    # references

    def reference(self, node: tree.Reference) -> Evaluate:
        return self._walk(node.name, node.steps)

    def _walk(self, name: str, steps: tuple[tree.Step, ...]) -> Evaluate:
        def variable(state: State) -> Any:
            value = state.variables.get(name)
            return value.text(state) if type(value) is Deferred else value

        return self._follow(variable, steps) if steps else variable

    def followed(self, node: tree.Followed) -> Evaluate:
        return self._follow(self.expression(node.origin), node.steps)

    def _follow(self, origin: Evaluate, steps: tuple[tree.Step, ...]) -> Evaluate:
        follow = tuple(self._step(one) for one in steps)

        def run(state: State) -> Any:
            value = origin(state)
            for step in follow:
                if value is None:
                    return None
                value = step(state, value)
            return value

        return run

    def _step(self, step: tree.Step) -> Step:
        self._weight += 1
        if isinstance(step, tree.Call):
            return self._call(step)
        kinds = self._kinds
        if isinstance(step, tree.Property):
            name = step.name

            def of_name(_state: State, value: Any) -> Any:
                if type(value) is dict:
                    return value.get(name)
                kind = kinds.get(type(value))
                return kind.get(value, name) if kind else None

            return of_name
        key = self.expression(step.key)

        def of_key(state: State, value: Any) -> Any:
            kind = kinds.get(type(value))
            return kind.get(value, key(state)) if kind else None

        return of_key

    def _call(self, step: tree.Call) -> Step:
        signature = (step.name, len(step.arguments))
        self._check(step, signature)
        arguments = tuple(self.expression(one) for one in step.arguments)
        kinds, at = self._kinds, step.at

        def run(state: State, value: Any) -> Any:
            try:
                return call(kinds, state, value, signature, [one(state) for one in arguments])
            except JavaError as fault:
                raise self._error(at, fault.message, fault.hint) from fault

        return run

    def _check(self, step: tree.Call, signature: tuple[str, int]) -> None:
        # Differs: [unknown-methods] a method that no value has is refused at load; AWS prints nothing.
        if signature not in self._signatures:
            raise self._error(step.at, *_unknown(signature, self._signatures))
        check = self._checks.get(signature)
        values = [one.value for one in step.arguments if isinstance(one, tree.Literal)]
        if check is not None and len(values) == len(step.arguments):
            try:
                check(*values)
            except JavaError as fault:
                raise self._error(step.at, fault.message, fault.hint) from fault


def _constant(value: Any) -> Evaluate:
    return lambda _state: value


def _nothing(_state: State) -> None:
    pass


def _break(_state: State) -> None:
    raise Broken


def _stop(_state: State) -> None:
    raise Stopped


def _unknown(signature: Signature, known: frozenset[Signature]) -> tuple[str, str]:
    """Return message and hint for a method that nothing has."""
    name, count = signature
    counts = sorted(other for one, other in known if one == name)
    if counts:
        takes = " or ".join(map(str, counts))
        return f"{name}() takes {takes} arguments, got {count}", ""
    close = get_close_matches(name, {one for one, _ in known}, n=1)
    return f"unknown method: {name}()", f"did you mean {close[0]}()?" if close else ""


_STATEMENTS: Final[dict[type, Callable[[Compiler, Any], Run]]] = {
    tree.Break: Compiler.leave,
    tree.Define: Compiler.define,
    tree.Evaluate: Compiler.evaluate,
    tree.Foreach: Compiler.foreach,
    tree.If: Compiler.condition,
    tree.Macro: Compiler.macro,
    tree.MacroCall: Compiler.macro_call,
    tree.Output: Compiler.output,
    tree.Set: Compiler.assignment,
    tree.Stop: Compiler.stop,
    tree.Text: Compiler.text,
}

_EXPRESSIONS: Final[dict[type, Callable[[Compiler, Any], Evaluate]]] = {
    tree.Chain: Compiler.chain,
    tree.Followed: Compiler.followed,
    tree.Interpolated: Compiler.interpolated,
    tree.ListLiteral: Compiler.list_of,
    tree.Literal: Compiler.literal,
    tree.MapLiteral: Compiler.map_of,
    tree.Not: Compiler.inverse,
    tree.Range: Compiler.range_of,
    tree.Reference: Compiler.reference,
}

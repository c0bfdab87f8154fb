"""Owns the reading of references and expressions out of a template's text. Knows no directives."""

import re
from typing import Final

from frontdesk.rules.lang.vtl.errors import TemplateError
from frontdesk.rules.lang.vtl.tree import (
    Block,
    Call,
    Chain,
    Expression,
    Followed,
    Index,
    Interpolated,
    ListLiteral,
    Literal,
    MapLiteral,
    Not,
    Property,
    Range,
    Reference,
    Step,
    Text,
)

DEEPEST: Final = 40
"""Directives, parentheses and arguments inside each other."""

_SPACE: Final = re.compile(r"\s*")
_BEGIN: Final = re.compile(r"\$!?(\{)?([A-Za-z_][A-Za-z0-9_-]*)")
_PROPERTY: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)(\()?")
_NUMBER: Final = re.compile(
    r"-?\d++(?!\.\d|[eE][+-]?\d)|-?\d*\.\d+(?:[eE][+-]?\d+)?|-?\d+[eE][+-]?\d+"
)
_WORD: Final = re.compile(r"(true|false)\b")
_WORDS: Final = {"true": True, "false": False}
_NOT: Final = re.compile(r"!(?!=)|not\b")
_ESCAPES: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\ *\n")

_LEVELS: Final[tuple[tuple[re.Pattern[str], dict[str, str]], ...]] = tuple(
    (
        re.compile("|".join(rf"{word}\b" if word.isalpha() else re.escape(word) for word in words)),
        words,
    )
    for words in (
        {"||": "||", "or": "||"},
        {"&&": "&&", "and": "&&"},
        {"==": "==", "!=": "!=", "eq": "==", "ne": "!="},
        {"<=": "<=", ">=": ">=", "<": "<", ">": ">", "le": "<=", "ge": ">=", "lt": "<", "gt": ">"},
        {"+": "+", "-": "-"},
        {"*": "*", "/": "/", "%": "%"},
    )
)
"""Operators by precedence, the loosest first, with the words that stand for them."""


class ExpressionReader:
    """Reads from a text, place by place.

    where: the name of the template, for errors. whole, offset: the template that the text is a part of,
    and where in it. depth: how deep the text is nested in it.
    """

    def __init__(
        self, text: str, where: str, *, whole: str = "", offset: int = 0, depth: int = 0
    ) -> None:
        self.text = text
        self.where = where
        self.whole = whole or text
        self.offset = offset
        self.at = 0
        self.depth = depth

    def template(self, text: str, at: int) -> Block:
        """Read a text in double quotes, which stands at `at`, as a template."""
        raise NotImplementedError

    def error(self, message: str, at: int | None = None, *, hint: str = "") -> TemplateError:
        """Make an error that names a place; None: where reading has come to."""
        line, column = place(self.whole, self.offset + (self.at if at is None else at))
        return TemplateError(message, where=self.where, line=line, column=column, hint=hint)

    def skip(self) -> None:
        """Pass over blanks and line ends."""
        self.at = _end(_SPACE, self.text, self.at)

    def accept(self, sign: str) -> bool:
        """Pass over a sign where it comes next, blanks before it included."""
        self.skip()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def expect(self, sign: str) -> None:
        """Pass over a sign that must come next."""
        if not self.accept(sign):
            raise self.error(f"expected {sign}, got {self._shown()}")

    def enter(self) -> None:
        """Go one level deeper; the caller takes it back from `depth`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"nested deeper than {DEEPEST}")

    def reference(self) -> Reference | None:
        """Read the reference that begins here, or return None where a `$` begins none."""
        begin = self.at
        found = _BEGIN.match(self.text, begin)
        if found is None:
            return None
        self.at = found.end()
        steps = self._steps()
        if found[1]:
            if not self.text.startswith("}", self.at):
                raise self.error(f"expected }}, got {self._shown()}")
            self.at += 1
        return Reference(found[2], steps, self.text[begin : self.at], self.offset + begin)

    def _steps(self) -> tuple[Step, ...]:
        steps = []
        while (step := self._step()) is not None:
            steps.append(step)
        return tuple(steps)

    def _step(self) -> Step | None:
        at = self.at
        if found := _PROPERTY.match(self.text, at):
            self.at = found.end()
            if found[2]:
                return Call(found[1], self._listed(")"), self.offset + at + 1)
            return Property(found[1])
        if self.text.startswith("[", at):
            self.at += 1
            key = self.expression()
            self.expect("]")
            return Index(key)
        return None

    def _listed(self, closing: str) -> tuple[Expression, ...]:
        """Read expressions between commas, up to the sign that closes them."""
        items: list[Expression] = []
        while not self.accept(closing):
            if items:
                self.expect(",")
            items.append(self.expression())
        return tuple(items)

    def expression(self) -> Expression:
        """Read an expression."""
        self.enter()
        expression = self._chain(0)
        self.depth -= 1
        return expression

    def _chain(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self.operand()
        signs, names = _LEVELS[level]
        first = self._chain(level + 1)
        rest: list[tuple[str, Expression]] = []
        while True:
            self.skip()
            found = signs.match(self.text, self.at)
            if found is None:
                return Chain(first, tuple(rest)) if rest else first
            self.at = found.end()
            rest.append((names[found[0]], self._chain(level + 1)))

    def operand(self) -> Expression:
        """Read one value, without operators behind it."""
        self.skip()
        text, at = self.text, self.at
        if found := _NOT.match(text, at):
            self.at = found.end()
            self.enter()
            inverse = Not(self.operand())
            self.depth -= 1
            return inverse
        if found := _NUMBER.match(text, at):
            self.at = found.end()
            return Literal(self._number(found[0]))
        if found := _WORD.match(text, at):
            self.at = found.end()
            return Literal(_WORDS[found[1]])
        read = _OPERANDS.get(text[at : at + 1])
        operand = read(self) if read else None
        if operand is None:
            raise self.error(f"expected a value, got {self._shown()}", at)
        steps = self._steps()
        return Followed(operand, steps) if steps else operand

    def _number(self, digits: str) -> int | float:
        if len(digits) > 300:
            raise self.error("number of more than 300 digits")
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)

    def _parenthesised(self) -> Expression:
        self.at += 1
        expression = self.expression()
        self.expect(")")
        return expression

    def _list(self) -> Expression:
        self.at += 1
        if self.accept("]"):
            return ListLiteral(())
        first = self.expression()
        if self.accept(".."):
            last = self.expression()
            self.expect("]")
            return Range(first, last)
        if self.accept(","):
            return ListLiteral((first, *self._listed("]")))
        self.expect("]")
        return ListLiteral((first,))

    def _map(self) -> Expression:
        self.at += 1
        items: list[tuple[Expression, Expression]] = []
        while not self.accept("}"):
            if items:
                self.expect(",")
            key = self.expression()
            self.expect(":")
            items.append((key, self.expression()))
        return MapLiteral(tuple(items))

    def _single_quoted(self) -> Expression:
        return Literal(_unescaped(self._quoted("'")[0]))

    def _double_quoted(self) -> Expression:
        content, at = self._quoted('"')
        content = _unescaped(content)
        if "$" not in content and "#" not in content and "\\" not in content:
            return Literal(content)
        body = self.template(content, at)
        if all(isinstance(one, Text) for one in body.statements):
            return Literal("".join(one.text for one in body.statements if isinstance(one, Text)))
        return Interpolated(body)

    def _quoted(self, quote: str) -> tuple[str, int]:
        """Read a text in quotes, in which a doubled quote is one; return it and where it begins."""
        begin = end = self.at + 1
        while (end := self.text.find(quote, end)) >= 0:
            if not self.text.startswith(quote, end + 1):
                self.at = end + 1
                return self.text[begin:end].replace(quote * 2, quote), begin
            end += 2
        raise self.error(f"text without closing {quote}", begin - 1)

    def _shown(self) -> str:
        return self.text[self.at : self.at + 20].partition("\n")[0] or "the end"


_OPERANDS: Final = {
    "$": ExpressionReader.reference,
    "'": ExpressionReader._single_quoted,  # noqa: SLF001 - a table of its own methods
    '"': ExpressionReader._double_quoted,  # noqa: SLF001
    "(": ExpressionReader._parenthesised,  # noqa: SLF001
    "[": ExpressionReader._list,  # noqa: SLF001
    "{": ExpressionReader._map,  # noqa: SLF001
}
"""What begins with a sign, and how it is read."""


def place(text: str, at: int) -> tuple[int, int]:
    """Return line and column of an offset, both counted from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _unescaped(text: str) -> str:
    r"""Resolve \uXXXX and a backslash at the end of a line, all that a text in quotes can escape."""
    return _ESCAPES.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        return ""
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code < 0xE000 else chr(code)  # half a character stays as written

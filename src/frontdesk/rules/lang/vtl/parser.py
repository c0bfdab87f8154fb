"""Owns the reading of templates: text, references, directives, comments, and which line ends vanish.

As in Velocity 1.7, `#set` takes the blanks before it and the line end behind it; `#if(…)`, `#foreach(…)`,
`#else`, `#end` and calls of macros take blanks and the line end behind them; `##` takes the whole rest of
its line. What only looks like VTL (`#fff`, `$5`) is text.
Source: Apache Velocity, "VTL Reference".
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from frontdesk.rules.lang.vtl.expressions import ExpressionReader
from frontdesk.rules.lang.vtl.tree import (
    Block,
    Break,
    Define,
    Evaluate,
    Expression,
    Foreach,
    If,
    Macro,
    MacroCall,
    Output,
    Set,
    Statement,
    Stop,
    Text,
)

_PLAIN: Final = re.compile(r"[^$#\\]+")
_BACKSLASHES: Final = re.compile(r"\\+")
_DIRECTIVE: Final = re.compile(r"#(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_BLOCK_CALL: Final = re.compile(r"#@([A-Za-z_]\w*)[ \t]*\(")
_LINE_END: Final = re.compile(r"[ \t]*(?:\r\n|\r|\n)")
_COMMENT: Final = re.compile(r"##[^\r\n]*(?:\r\n|\r|\n)?")
_MACRO: Final = re.compile(r"#(?:macro|\{macro\})\s*\(\s*([A-Za-z_][A-Za-z0-9_-]*)")
_NAME: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*)")
_VARIABLE: Final = re.compile(r"[\s,]*\$!?\{?([A-Za-z_][A-Za-z0-9_-]*)\}?")
_IN: Final = re.compile(r"\s*in\b")
_ENDS: Final = ("end", "else", "elseif")
_UNAVAILABLE: Final = ("include", "parse")


def parse(text: str, where: str = "", *, macros: Iterable[str] = (), depth: int = 0) -> Block:
    """Read a template. macros: names known from outside. depth: how deep this text is nested already.

    Raises: TemplateError, and nothing else.
    """
    known = frozenset(macros) | {found[1] for found in _MACRO.finditer(text)}
    return _Parser(text, where, depth=depth, macros=known).read()


class _Parser(ExpressionReader):
    def __init__(
        self,
        text: str,
        where: str,
        *,
        macros: frozenset[str],
        whole: str = "",
        offset: int = 0,
        depth: int = 0,
    ) -> None:
        super().__init__(text, where, whole=whole, offset=offset, depth=depth)
        self._macros = macros
        self._began = 0  # where the last directive did

    def template(self, text: str, at: int) -> Block:
        inner = _Parser(
            text,
            self.where,
            macros=self._macros,
            whole=self.whole,
            offset=self.offset + at,
            depth=self.depth,
        )
        return inner.read()

    def read(self) -> Block:
        """Read the whole text."""
        return self._block(())[0]

    def _block(self, ends: tuple[str, ...]) -> tuple[Block, str]:
        """Read statements up to one of the words that may end them; return it, "" at the text's end."""
        self.enter()
        statements = _Statements()
        while self.at < len(self.text):
            read = _SIGNS.get(self.text[self.at])
            if read is None:
                found = _PLAIN.match(self.text, self.at)
                statements.text(self._taken(found.end() if found else self.at + 1))
            elif end := read(self, statements):
                if end not in ends:
                    raise self.error(f"#{end} without a directive that it ends", self._began)
                break
        else:
            end = ""
        self.depth -= 1
        return statements.block(), end

    def _taken(self, end: int) -> str:
        """Move on to `end`; return what lies between."""
        taken, self.at = self.text[self.at : end], end
        return taken

    def _dollar(self, statements: "_Statements") -> str:
        reference = self.reference()
        if reference is None:
            statements.text(self._taken(self.at + 1))
        else:
            statements.add(Output(reference))
        return ""

    def _backslash(self, statements: "_Statements") -> str:
        """Half of the backslashes before VTL are written; the odd one turns the VTL into text."""
        found = _BACKSLASHES.match(self.text, self.at)
        count = len(found[0]) if found else 0
        begin = self.at
        self.at += count
        word = _DIRECTIVE.match(self.text, self.at)
        if word and self._is_directive(word[1] or word[2]):
            statements.text("\\" * (count // 2))
            if count % 2:
                statements.text(self._taken(word.end()))
        elif self.text.startswith("$", self.at) and (reference := self.reference()):
            statements.text("\\" * (count // 2))
            statements.add(Output(reference, escaped=count % 2 == 1))
        else:
            self.at = begin
            statements.text(self._taken(begin + count))
        return ""

    def _is_directive(self, name: str) -> bool:
        return name in _DIRECTIVES or name in _ENDS or name in self._macros

    def _hash(self, statements: "_Statements") -> str:
        """Read what begins with `#`; return the word where it ends a block, else ""."""
        for begin, read in _SPECIAL:
            if self.text.startswith(begin, self.at):
                read(self, statements)
                return ""
        call = _BLOCK_CALL.match(self.text, self.at)
        if call is not None and call[1] in self._macros:
            statements.add(self._block_call(call))
            return ""
        found = _DIRECTIVE.match(self.text, self.at)
        name = (found[1] or found[2]) if found else ""
        if found is None or not self._is_directive(name):
            if name in _UNAVAILABLE and self.text.startswith("(", found.end() if found else 0):
                raise self.error(f"#{name} is not available", hint="templates stand alone")
            statements.text(self._taken(self.at + 1))
            return ""
        self._began, self.at = self.at, found.end()
        if name in _ENDS:
            if name != "elseif":
                self._line_end()
            return name
        statement = self._statement(name)
        if isinstance(statement, Set):
            statements.strip()
        statements.add(statement)
        return ""

    def _statement(self, name: str) -> Statement:
        begin = self._began
        if name not in _WITHOUT_ARGUMENTS and not self.accept("("):
            if name in _DIRECTIVES:
                raise self.error(f"expected ( after #{name}")
            return Text(self.text[begin : self.at])
        if name in _DIRECTIVES:
            return _DIRECTIVES[name](self, begin)
        arguments = self._arguments()
        source = self.text[begin : self.at]
        self._line_end()
        return MacroCall(name, arguments, source)

    def _block_call(self, call: re.Match[str]) -> Statement:
        begin, self.at = self.at, call.end()
        arguments = self._arguments()
        source = self.text[begin : self.at]
        self._line_end()
        return MacroCall(call[1], arguments, source, self._body(begin, f"@{call[1]}"))

    def _line_end(self) -> None:
        if found := _LINE_END.match(self.text, self.at):
            self.at = found.end()

    def _comment(self, _statements: "_Statements") -> None:
        found = _COMMENT.match(self.text, self.at)
        self.at = found.end() if found else self.at + 2

    def _long_comment(self, _statements: "_Statements") -> None:
        self.at = self._closing("*#") + 2

    def _literal(self, statements: "_Statements") -> None:
        end = self._closing("]]#")
        statements.text(self.text[self.at + 3 : end])
        self.at = end + 3

    def _closing(self, sign: str) -> int:
        end = self.text.find(sign, self.at + 2)
        if end < 0:
            raise self.error(f"no {sign} closes what begins here")
        return end

    def _body(self, begin: int, name: str) -> Block:
        block, end = self._block(("end",))
        if not end:
            raise self._unended(name, begin)
        return block

    def _unended(self, name: str, begin: int) -> Exception:
        return self.error(f"#{name} without #end", begin)

    def _close(self) -> None:
        self.expect(")")
        self._line_end()

    def _set(self, _begin: int) -> Statement:
        self.skip()
        target = self.reference()
        if target is None:
            raise self.error("expected a reference after #set(", hint="write #set($name = value)")
        self.expect("=")
        value = self.expression()
        self._close()
        return Set(target, value)

    def _if(self, begin: int) -> Statement:
        branches: list[tuple[Expression | None, Block]] = []
        condition: Expression | None = self._condition()
        while True:
            block, end = self._block(_ENDS if condition is not None else ("end",))
            branches.append((condition, block))
            if end == "end":
                return If(tuple(branches))
            if not end:
                raise self._unended("if", begin)
            if end == "elseif":
                self.expect("(")
                condition = self._condition()
            else:
                condition = None

    def _condition(self) -> Expression:
        condition = self.expression()
        self._close()
        return condition

    def _foreach(self, begin: int) -> Statement:
        variable = self._variable("foreach")
        found = _IN.match(self.text, self.at)
        if found is None:
            raise self.error("expected in", hint="write #foreach($item in $items)")
        self.at = found.end()
        items = self.expression()
        self._close()
        return Foreach(variable, items, self._body(begin, "foreach"), self.offset + begin)

    def _define(self, begin: int) -> Statement:
        variable = self._variable("define")
        self._close()
        return Define(variable, self._body(begin, "define"))

    def _variable(self, directive: str) -> str:
        found = _VARIABLE.match(self.text, self.at)
        if found is None:
            raise self.error(f"expected a variable after #{directive}(")
        self.at = found.end()
        return found[1]

    def _macro(self, begin: int) -> Statement:
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.error("expected a name after #macro(")
        self.at = name.end()
        parameters = []
        while found := _VARIABLE.match(self.text, self.at):
            self.at = found.end()
            parameters.append(found[1])
        self._close()
        return Macro(name[1], tuple(parameters), self._body(begin, "macro"))

    def _arguments(self) -> tuple[Expression, ...]:
        """Read the arguments of a macro, between which commas may be left out."""
        arguments: list[Expression] = []
        while not self.accept(")"):
            self.accept(",")
            arguments.append(self.operand())
        return tuple(arguments)

    def _evaluate(self, begin: int) -> Statement:
        text = self.expression()
        self._close()
        return Evaluate(text, self.offset + begin)

    def _break(self, _begin: int) -> Statement:
        if self.text.startswith(
            "(", self.at
        ):  # `#break($foreach)` names what it ends, which is the innermost anyway
            self.operand()
        return Break()

    def _stop(self, _begin: int) -> Statement:
        return Stop()


class _Statements:
    """Collects the statements of a block, and joins texts that touch."""

    def __init__(self) -> None:
        self._done: list[Statement] = []
        self._texts: list[str] = []

    def text(self, text: str) -> None:
        self._texts.append(text)

    def strip(self) -> None:
        """Take back the blanks at the end of the text so far."""
        self._texts = ["".join(self._texts).rstrip(" \t")]

    def add(self, statement: Statement) -> None:
        if isinstance(statement, Text):
            self._texts.append(statement.text)
            return
        self._flush()
        self._done.append(statement)

    def block(self) -> Block:
        self._flush()
        return Block(tuple(self._done))

    def _flush(self) -> None:
        text = "".join(self._texts)
        self._texts = []
        if text:
            self._done.append(Text(text))


# ruff: noqa: SLF001 - tables of the parser's own methods
_SIGNS: Final[dict[str, Callable[[_Parser, _Statements], str]]] = {
    "$": _Parser._dollar,
    "#": _Parser._hash,
    "\\": _Parser._backslash,
}
_SPECIAL: Final[tuple[tuple[str, Callable[[_Parser, _Statements], None]], ...]] = (
    ("##", _Parser._comment),
    ("#*", _Parser._long_comment),
    ("#[[", _Parser._literal),
)
_DIRECTIVES: Final[dict[str, Callable[[_Parser, int], Statement]]] = {
    "break": _Parser._break,
    "define": _Parser._define,
    "evaluate": _Parser._evaluate,
    "foreach": _Parser._foreach,
    "if": _Parser._if,
    "macro": _Parser._macro,
    "set": _Parser._set,
    "stop": _Parser._stop,
}
_WITHOUT_ARGUMENTS: Final = ("break", "stop")

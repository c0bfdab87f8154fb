"""Owns the text around expressions: escapes, heredocs, and how `%{if}` and `%{for}` nest. Evaluates none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.config.imports.hcl.values import EvaluationError

_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\r": "\\r"})
"""Line ends stay, so that places in what is read are those of the file."""


@dataclass(frozen=True, slots=True)
class If:
    """`%{if condition}then%{else}other%{endif}`. start: the tree of its beginning."""

    start: Any
    then: "Nodes"
    other: "Nodes"


@dataclass(frozen=True, slots=True)
class For:
    """`%{for names in list}body%{endfor}`."""

    start: Any
    body: "Nodes"


Nodes = Sequence["str | If | For | Any"]
"""Texts, directives, and trees of interpolations."""


def nodes_of(parts: Sequence[Any]) -> Nodes:
    """Nest the parts of a text in quotes, as the grammar gives them.

    Raises: EvaluationError for directives without beginning or end.
    """
    nodes, end = _until(iter(_stripped(parts)), ())
    if end:
        raise EvaluationError("this directive has no beginning")
    return nodes


def _until(parts: Iterator[Any], ends: Sequence[str]) -> tuple[Nodes, str]:
    """Collect nodes until one of some directives, and say which it was."""
    nodes: list[Any] = []
    for part in parts:
        kind = _kind(part)
        if kind in ends or kind in ("template_else", "template_endif", "template_endfor"):
            return nodes, kind
        if kind == "template_if_start":
            then, end = _until(parts, ("template_else", "template_endif"))
            other, end = _until(parts, ("template_endif",)) if end == "template_else" else ((), end)
            _expect(end, "template_endif")
            nodes.append(If(part, then, other))
        elif kind == "template_for_start":
            body, end = _until(parts, ("template_endfor",))
            _expect(end, "template_endfor")
            nodes.append(For(part, body))
        else:
            nodes.append(part)
    return nodes, ""


def _expect(end: str, expected: str) -> None:
    if end != expected:
        raise EvaluationError("this directive has no end")


def _kind(part: Any) -> str:
    return getattr(part, "data", "")


def _stripped(parts: Sequence[Any]) -> list[Any]:
    """Unescape texts, and take off the blanks that `~` of a directive beside them asks for."""
    result = [part if _kind(part) else _unescaped(str(part)) for part in parts]
    for at, part in enumerate(parts):
        if not _kind(part).startswith("template_"):
            continue
        signs = [str(child) for child in part.children]
        if signs[1] == "~" and at and isinstance(result[at - 1], str):
            result[at - 1] = result[at - 1].rstrip()
        if signs[-2] == "~" and at + 1 < len(result) and isinstance(result[at + 1], str):
            result[at + 1] = result[at + 1].lstrip()
    return result


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) == 1:
            return _ESCAPES.get(code, code)
        try:
            return chr(int(code[1:], 16))
        except (ValueError, OverflowError):
            raise EvaluationError(f"there is no such character: {found[0]}") from None

    return text[1:] if text.startswith(("$${", "%%{")) else _ESCAPE.sub(meant, text)


_HEREDOC: Final = re.compile(r"<<-?[\w.-]+\r?\n(.*?)[ \t]*[\w.-]+\r?\n?\Z", re.DOTALL)


def heredoc(written: str, *, trimmed: bool) -> str:
    """Return the text of a heredoc. trimmed: without the indentation that all of its lines have."""
    found = _HEREDOC.fullmatch(written)
    text = found[1] if found else ""
    if not trimmed:
        return text
    lines = text.splitlines(keepends=True)
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "".join(line[margin:] if line.strip() else line.lstrip(" \t") for line in lines)


def quoted(text: str) -> str:
    """Write a text without quotes as one with: so that one grammar reads both."""
    written, at = [], 0
    for start, end in _marked(text):
        literal, mark = text[at:start], text[start:end]
        if mark.startswith("${~"):  # the grammar knows it of directives only
            literal, mark = literal.rstrip(), f"${{{mark[3:]}"
        written += [literal.translate(_QUOTED), mark]
        at = end
        if mark.startswith("${") and mark.endswith("~}"):
            written[-1] = f"{mark[:-2]}}}"
            at += len(text[at:]) - len(text[at:].lstrip())
    return f'"{"".join(written)}{text[at:].translate(_QUOTED)}"'


def _marked(text: str) -> Iterator[tuple[int, int]]:
    """Find where `${…}` and `%{…}` stand, braces and texts within them included."""
    at = 0
    while found := _MARK.search(text, at):
        if found[0] in ("$${", "%%{"):
            at = found.end()
            continue
        at = _end(text, found.end())
        yield found.start(), at


_MARK: Final = re.compile(r"\$\$\{|%%\{|[$%]\{")
_OF_CODE: Final = re.compile(r'["{}]')
_OF_TEXT: Final = re.compile(r'\\.|"|\$\$\{|%%\{|[$%]\{', re.DOTALL)


def _end(text: str, at: int) -> int:
    """Find the end of what begins after an opening brace."""
    within = ["{"]
    while within:
        found = (_OF_CODE if within[-1] == "{" else _OF_TEXT).search(text, at)
        if found is None:
            raise EvaluationError("this text has a ${ or %{ without its end")
        at = found.end()
        if found[0] == "}" or (found[0] == '"' and within[-1] == '"'):
            within.pop()
        elif found[0] == '"' or found[0] in ("{", "${", "%{"):
            within.append(found[0][-1])
    return at

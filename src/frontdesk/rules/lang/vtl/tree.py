"""Owns the parts of a template as the parser finds them. Knows nothing of what they do.

Expressions have a value; statements write, or do something. at: where a part begins, as an offset.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a truth value or a text without references."""

    value: Any


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A text in double quotes, which is a template itself."""

    body: "Block"


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[1, $x]`."""

    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{"a": 1, "b": $x}`."""

    items: "tuple[tuple[Expression, Expression], ...]"


@dataclass(frozen=True, slots=True)
class Range:
    """`[1..$n]`, both ends included, up or down."""

    first: "Expression"
    last: "Expression"


@dataclass(frozen=True, slots=True)
class Property:
    """`.name` of a reference."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[key]` of a reference."""

    key: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """`.name(arguments)` of a reference."""

    name: str
    arguments: "tuple[Expression, ...]"
    at: int


Step = Property | Index | Call


@dataclass(frozen=True, slots=True)
class Reference:
    """`$name.step[step].step()`. source: as written, for escapes."""

    name: str
    steps: tuple[Step, ...]
    source: str
    at: int


@dataclass(frozen=True, slots=True)
class Followed:
    """Steps from something that is no variable: `{"a": 1}.entrySet()`."""

    origin: "Expression"
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands of one precedence, from left to right: 1 - 2 + 3."""

    first: "Expression"
    rest: "tuple[tuple[str, Expression], ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """`!` before an operand."""

    operand: "Expression"


Expression = (
    Literal | Interpolated | ListLiteral | MapLiteral | Range | Reference | Followed | Chain | Not
)


@dataclass(frozen=True, slots=True)
class Text:
    """What is written as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """A reference in the text. escaped: behind a backslash."""

    reference: Reference
    escaped: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """`#set($x.y = value)`."""

    target: Reference
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    """`#if`, `#elseif` and `#else`; the last has the condition None."""

    branches: "tuple[tuple[Expression | None, Block], ...]"


@dataclass(frozen=True, slots=True)
class Foreach:
    """`#foreach($name in items)`."""

    name: str
    items: Expression
    body: "Block"
    at: int


@dataclass(frozen=True, slots=True)
class Define:
    """`#define($name)`: a text that is made anew at each use."""

    name: str
    body: "Block"


@dataclass(frozen=True, slots=True)
class Macro:
    """`#macro(name $parameter …)`."""

    name: str
    parameters: tuple[str, ...]
    body: "Block"


@dataclass(frozen=True, slots=True)
class MacroCall:
    """`#name(arguments)`. source: as written, printed where there is no such macro after all.

    body: of `#@name(arguments) … #end`, which the macro prints as `$bodyContent`.
    """

    name: str
    arguments: tuple[Expression, ...]
    source: str
    body: "Block | None" = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """`#evaluate(text)`: renders a text as a template."""

    text: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Break:
    """`#break`: ends the innermost loop, macro or template."""


@dataclass(frozen=True, slots=True)
class Stop:
    """`#stop`: ends the whole rendering."""


Statement = (
    Text | Output | Set | If | Foreach | Define | Macro | MacroCall | Evaluate | Break | Stop
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Statements one after the other."""

    statements: tuple[Statement, ...] = field(default=())

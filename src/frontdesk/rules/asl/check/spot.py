"""Owns where a check stands: the place in the document, what is in force there, and what was found.

Knows no rule of the language.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from frontdesk.rules.asl.diagnostics import Code, Diagnostic, location
from frontdesk.rules.asl.model import Json, Place, QueryLanguage

TYPE_NAMES: Mapping[type, str] = {
    dict: "Object",
    list: "Array",
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Number",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One place in a definition. language: in force here. express: whether what runs here is Express.

    offered: members of `$states` that there are here.
    found: what was found so far, here and everywhere else: one list for the whole definition.
    """

    place: Place = ()
    language: QueryLanguage = QueryLanguage.JSONPATH
    express: bool = False
    offered: frozenset[str] = frozenset(("context", "input"))
    found: list[Diagnostic] = field(default_factory=list)

    def at(self, *keys: str | int) -> "Spot":
        """Go further in."""
        return replace(self, place=(*self.place, *keys))

    def speaking(self, language: QueryLanguage) -> "Spot":
        """Stay here, with another query language."""
        return replace(self, language=language)

    def offering(self, member: str) -> "Spot":
        """Stay here, with another member of `$states`."""
        return replace(self, offered=self.offered | {member})

    @property
    def name(self) -> str:
        """The last key on the way here."""
        return str(self.place[-1])

    def tell(
        self,
        message: str,
        *,
        code: Code = Code.SCHEMA_VALIDATION_FAILED,
        hint: str = "",
        within: "Spot | None" = None,
    ) -> None:
        """Note what is wrong here, or may be. within: what AWS names as its place, where that is further out."""
        told = location((within or self).place)
        self.found.append(Diagnostic(code, message, self.place, told, hint))

    def expects(self, value: Json, *types: type) -> bool:
        """Tell whether a value is of one of these types, and note it where it is not."""
        if type(value) in types:
            return True
        self.tell(f"Expected value of type {' or '.join(TYPE_NAMES[one] for one in types)}")
        return False


def nearest(name: str, known: Iterable[str]) -> str:
    """Make a hint of the known name that is most like `name`; "" where none is."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""

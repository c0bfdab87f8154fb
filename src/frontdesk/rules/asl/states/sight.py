"""Owns what the fields of a state are looked up in, whatever the field."""

from typing import NamedTuple

from frontdesk.rules.asl.data.expressions import States, evaluate_template
from frontdesk.rules.asl.data.flow import effective
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.data.templates import fill
from frontdesk.rules.asl.model import DataState, Json, QueryLanguage
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.turn import Turn


class Sight(NamedTuple):
    """What a state sees. given: its raw input. effective: that after InputPath."""

    language: QueryLanguage
    given: Json
    effective: Json
    scope: Scope

    def filled(self, template: Json, field: str) -> Json:
        """Return the value of a payload template or of expressions. field: its name in errors."""
        if self.language is QueryLanguage.JSONATA:
            return evaluate_template(template, field, States(self.given), self.scope)
        return fill(template, self.effective, self.scope)


def look(turn: Turn, strand: Strand, state: DataState) -> Sight:
    """Return what a strand's state sees now."""
    scope = turn.scope(strand)
    given = strand.input
    if state.query_language is QueryLanguage.JSONPATH:
        given = effective(state, given, scope)
    return Sight(state.query_language, strand.input, given, scope)

"""Owns the way from a machine, or an execution of it, to its picture in SVG, and the picture in words."""

from typing import Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.asl.graph.layout import lay_out
from frontdesk.rules.asl.graph.marks import ended, marks, sentences
from frontdesk.rules.asl.graph.outline import END, START, Outline, outline
from frontdesk.rules.asl.graph.overlay import Overlay
from frontdesk.rules.asl.graph.svg import write_svg
from frontdesk.rules.asl.model import Machine
from frontdesk.rules.asl.program import compile_machine
from frontdesk.rules.asl.progress import Progress

MOST_STATES: Final = 500
"""States of a picture; nobody could read more."""


class GraphError(FrontdeskError):
    """A machine that cannot be drawn."""

    code = "graph"


def draw(machine: Machine, *, title: str, progress: Progress | None = None) -> str:
    """Draw a machine as SVG. The same machine gives the same text. title: its name.

    progress: of an execution, which is told by colours, signs and words on the same picture.
    Raises: GraphError.
    """
    found = outline(machine)
    count = _count(found)
    if count > MOST_STATES:
        raise GraphError(f"too many states for a picture, of which {MOST_STATES} fit: {count}")
    told = _sentences(machine, found)
    overlay = None
    if progress is not None:
        told += sentences(progress, compile_machine(machine).states)
        overlay = Overlay(marks(progress), ended(progress))
    return write_svg(lay_out(found), title, "\n".join(told), overlay)


def _count(found: Outline) -> int:
    return len(found.nodes) + sum(_count(inner) for node in found.nodes for inner in node.inner)


def _sentences(machine: Machine, found: Outline) -> list[str]:
    """Tell a machine in words, and those inside of it after it."""
    said = [machine.comment] if machine.comment else []
    said += _told(found)
    return said


def _told(found: Outline) -> list[str]:
    said = []
    for edge in found.edges:
        if edge.source == START:
            said.append(f"Starts at {edge.target}.")
        elif edge.target == END:
            said.append(f"{edge.source} ends it.")
        else:
            why = f" ({'; '.join(edge.labels)})" if edge.labels else ""
            said.append(f"{edge.source} leads to {edge.target}{why}.")
    for node in found.nodes:
        for inner in node.inner:
            states = ", ".join(one.name for one in inner.nodes)
            said.append(f"Inside {node.name}: {states}.")
            said += _told(inner)
    return said

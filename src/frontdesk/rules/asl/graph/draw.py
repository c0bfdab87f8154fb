"""Owns the way from a machine, or an execution of it, to its picture in SVG, and the picture in words."""

from dataclasses import dataclass
from typing import Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.asl.graph.layout import Picture, lay_out
from frontdesk.rules.asl.graph.marks import ended, marks, sentences
from frontdesk.rules.asl.graph.outline import END, START, Outline, outline
from frontdesk.rules.asl.graph.overlay import Overlay
from frontdesk.rules.asl.graph.page import write_page_svg
from frontdesk.rules.asl.graph.svg import write_svg
from frontdesk.rules.asl.model import Machine
from frontdesk.rules.asl.program import compile_machine
from frontdesk.rules.asl.progress import Progress

MOST_STATES: Final = 500
"""States of a picture; nobody could read more."""


class GraphError(FrontdeskError):
    """A machine that cannot be drawn."""

    code = "graph"


@dataclass(frozen=True, slots=True)
class Laid:
    """A machine laid out, to be written as often as somebody looks. told: it in words; states: names of all."""

    picture: Picture
    told: tuple[str, ...]
    states: tuple[str, ...]

    def svg(self, title: str, progress: Progress | None = None) -> str:
        """Write it for itself, for light and dark. See `draw`."""
        overlay = None
        if progress is not None:
            overlay = Overlay(marks(progress), ended(progress))
        return write_svg(self.picture, title, self._description(progress), overlay)

    def page_svg(self, title: str, progress: Progress | None = None) -> str:
        """Write it for a page that has a style of its own: see `page`."""
        marked = None if progress is None else marks(progress)
        return write_page_svg(self.picture, title, self._description(progress), marked)

    def _description(self, progress: Progress | None) -> str:
        of_execution = () if progress is None else sentences(progress, self.states)
        return "\n".join((*self.told, *of_execution))


def lay(machine: Machine) -> Laid:
    """Lay out a machine. Raises: GraphError."""
    found = outline(machine)
    count = _count(found)
    if count > MOST_STATES:
        raise GraphError(f"too many states for a picture, of which {MOST_STATES} fit: {count}")
    told = tuple(_sentences(machine, found))
    return Laid(lay_out(found), told, tuple(compile_machine(machine).states))


def draw(machine: Machine, *, title: str, progress: Progress | None = None) -> str:
    """Draw a machine as SVG. The same machine gives the same text. title: its name.

    progress: of an execution, which is told by colours, signs and words on the same picture.
    Raises: GraphError.
    """
    return lay(machine).svg(title, progress)


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

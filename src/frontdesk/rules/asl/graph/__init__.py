"""The picture of a state machine: rows, few crossings, ways back at the side, groups inside of groups."""

from frontdesk.rules.asl.graph.draw import draw

__all__ = ["draw"]

"""Finds what OpenAPI documents say and Frontdesk does not do, as was noted when they were read."""

from collections.abc import Callable, Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded


def noted_as(lint: str) -> Callable[[Loaded], Iterator[tuple[Position, str]]]:
    """Make the search for the notes of one id."""

    def find(loaded: Loaded) -> Iterator[tuple[Position, str]]:
        for note in loaded.notes:
            if note.lint == lint:
                yield note.where, note.message

    return find

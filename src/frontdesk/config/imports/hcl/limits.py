"""Owns how much work an import may be: whatever a file asks for, it ends soon, with an error.

Steps are counted over the whole import. One is about 5 µs of evaluation, or 64 characters of a text.
"""

from typing import Any, Final

from frontdesk.config.imports.hcl.values import EvaluationError

MOST_STEPS: Final = 1_000_000
"""Far above what files need that people write."""

LONGEST_TEXT: Final = 4 * 1024 * 1024
"""Characters of one text."""

_CHARACTERS_OF_A_STEP: Final = 64


class Limits:
    """What is left of the work of one import."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take some steps.

        Raises: EvaluationError when there are no more.
        """
        self._left -= steps
        if self._left < 0:
            raise EvaluationError("this import takes too much work: a loop or text grows too large")

    def weigh(self, value: Any) -> None:
        """Take as many steps as a value has parts, inner ones as often as they stand there."""
        rest = [value]
        while rest:
            part = rest.pop()
            self.spend()
            if isinstance(part, str):
                self.text(len(part))
            elif isinstance(part, list):
                rest += part
            elif isinstance(part, dict):
                rest += part.values()

    def text(self, length: int) -> None:
        """Take the steps of a text that is about to be made. length: in characters."""
        if length > LONGEST_TEXT:
            raise EvaluationError("this text is too long")
        self.spend(length // _CHARACTERS_OF_A_STEP)

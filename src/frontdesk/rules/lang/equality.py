"""Owns the comparison of JSON values that others made: no nesting and no sharing makes it slow or deep."""

from collections.abc import Callable
from typing import Any


def same(left: Any, right: Any, spend: Callable[[int], None]) -> bool:
    """Compare two values with all they contain. spend: told how many values are about to be compared."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            spend(1 + len(one))
            if one.keys() != other.keys():
                return False
            waiting.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            spend(1 + len(one))
            if len(one) != len(other):
                return False
            waiting.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True

"""Owns a bounded memory of what was used lately. Two dicts instead of a list of uses: a hit is one lookup."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps between `limit` / 2 and `limit` entries: what was not used for half a limit of puts is dropped."""

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def get(self, key: K) -> V | None:
        """Return what was put under `key` and is still kept."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Keep `value` under `key`."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

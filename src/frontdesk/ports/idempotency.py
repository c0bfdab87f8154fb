"""The Idempotency port: which keys have been seen, and what was answered.

Owns the contract of the store behind `Idempotency-Key`. Adapters: `stores.memory.idempotency`,
`stores.sqlite.idempotency`; the conformance suite runs on each.
"""

from typing import Literal, NamedTuple, Protocol

from frontdesk.base.streams import Fields


class Key(NamedTuple):
    """A caller's key. scope: whose and for what, so that equal texts of others are other keys."""

    scope: str
    text: str


class Answer(NamedTuple):
    """A complete answer that can be given again."""

    status: int
    fields: Fields
    body: bytes


class Claim(NamedTuple):
    """What a claim came to.

    state: `claimed`: the caller runs the request, then calls `finish` or `release` with `epoch`.
    `in_progress`: somebody else does. `mismatch`: the key was used for another request. `completed`: answer
    it again. `unkept`: it was answered, but nobody has that answer any more.
    """

    state: Literal["claimed", "in_progress", "mismatch", "completed", "unkept"]
    epoch: int = 0
    answer: Answer | None = None


class Idempotency(Protocol):
    """Remembers keys. Times are seconds since 1970. Raises: StoreError where it cannot."""

    async def claim(
        self, key: Key, fingerprint: bytes, *, now: float, lease: float, expires: float
    ) -> Claim:
        """Claim a key, at once and for one caller alone; what it says is committed when it returns.

        lease: until when the claim holds; whoever comes later takes over. expires: until when the key is
        remembered.
        """
        ...

    async def finish(self, key: Key, epoch: int, answer: Answer | None) -> None:
        """Keep the answer; None: there was one, too large to keep. Nothing happens to others' claims."""
        ...

    async def release(self, key: Key, epoch: int) -> None:
        """Forget the claim, so that the next one succeeds. Nothing happens to others' claims."""
        ...

    def close(self) -> None:
        """Finish what has been given, and let go of what is open."""
        ...

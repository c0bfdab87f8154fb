"""Owns idempotency keys in this process: what the port means, in the fewest words. Bounded by bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from frontdesk.ports.idempotency import Answer, Claim, Key

MAX_BYTES: Final = 64 * 1024**2

_RECORD: Final = 500  # bytes of a record beside its answer, about


@dataclass(slots=True)
class _Record:
    fingerprint: bytes
    epoch: int
    lease: float
    expires: float
    done: bool = False
    answer: Answer | None = None

    @property
    def size(self) -> int:
        answer = self.answer
        if answer is None:
            return _RECORD
        return _RECORD + len(answer.body) + sum(len(n) + len(v) for n, v in answer.fields)


class MemoryIdempotency:
    """See `ports.idempotency.Idempotency`; gone with the process.

    Beyond `max_bytes` the oldest answers are forgotten before their time, claims never.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._records: OrderedDict[Key, _Record] = OrderedDict()
        self._bytes = 0
        self._epoch = 0

    async def claim(
        self, key: Key, fingerprint: bytes, *, now: float, lease: float, expires: float
    ) -> Claim:
        """See the port."""
        self._forget_expired(now)
        record = self._records.get(key)
        if record is None or record.expires <= now:
            self._drop(key)
            self._epoch += 1
            self._records[key] = _Record(fingerprint, self._epoch, lease, expires)
            self._bytes += _RECORD
            return Claim("claimed", self._epoch)
        if record.fingerprint != fingerprint:
            return Claim("mismatch")
        if record.done:
            return Claim("completed" if record.answer else "unkept", answer=record.answer)
        if record.lease > now:
            return Claim("in_progress")
        self._epoch += 1
        record.epoch, record.lease = self._epoch, lease
        return Claim("claimed", self._epoch)

    async def finish(self, key: Key, epoch: int, answer: Answer | None) -> None:
        """See the port."""
        record = self._records.get(key)
        if record is None or record.done or record.epoch != epoch:
            return
        self._bytes -= record.size
        record.done, record.answer = True, answer
        self._bytes += record.size
        if self._bytes > self._max_bytes:
            done = [key for key, each in self._records.items() if each.done]
            while self._bytes > self._max_bytes and done:
                self._drop(done.pop(0))

    async def release(self, key: Key, epoch: int) -> None:
        """See the port."""
        record = self._records.get(key)
        if record is not None and not record.done and record.epoch == epoch:
            self._drop(key)

    def close(self) -> None:
        """See the port."""

    def _forget_expired(self, now: float) -> None:
        """Drop the oldest records whose time is over, two at most: one would keep pace."""
        for key in [key for key, _ in zip(self._records, range(2), strict=False)]:
            if self._records[key].expires <= now:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        record = self._records.pop(key, None)
        if record is not None:
            self._bytes -= record.size

"""Owns the trace of an exchange: read or made when it enters, then shown to whoever is called.

The rules of the fields are `rules.http.trace_context`. A span id of ours is 15 random digits behind one
that tells whose span it is, so that the spans of one exchange need no ids of their own.
"""

import os
from collections.abc import Callable
from typing import Final

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.rules.http.trace_context import (
    extend_amazon,
    keeps_baggage,
    keeps_tracestate,
    read_caller,
    write_amazon,
    write_root,
    write_traceparent,
)

AUTHORIZER: Final = "a"
CALLED: Final = "c"
"""First digits of the span ids of what an exchange asks and calls; its own has a `d`."""

_RANDOM_TRACE: Final = 24  # digits of a trace id behind its second
_DIGITS: Final = _RANDOM_TRACE + 15  # and of a span id behind its first digit
_IDS_IN_BLOCK: Final = 256
_ROLL: Final = 14  # digits of a trace id, its last ones, that decide whether it is sampled
_DECIDING: Final = slice(_RANDOM_TRACE - _ROLL, _RANDOM_TRACE)
_NOBODY: Final = TrustedProxies(())


class Traces:
    """Begins the traces of one process."""

    def __init__(
        self,
        *,
        share: float = 0.0,
        exports: bool = False,
        trusted: TrustedProxies = _NOBODY,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take the rules, which are fixed at the start.

        share: of the requests whose caller has not decided, 0.0 to 1.0. exports: spans are sent somewhere;
        else ids are passed on and nothing is decided. trusted: peers whose baggage is passed on.
        """
        self.exports = exports
        # What is less is sampled; no digit is less than nothing, and every one is less than a g.
        self._below = f"{int(share * 16**_ROLL):0{_ROLL}x}" if share < 1 else "g"
        if not exports:
            self._below = ""
        self._trusted = trusted
        self._random_bytes = random_bytes
        self._rests: list[str] = []
        self._second = 0
        self._prefix = ""

    def begin(self, ex: Exchange) -> None:
        """Set the trace of an exchange that has just entered."""
        headers = ex.headers
        if (
            b"traceparent" in headers
            or b"x-amzn-trace-id" in headers
            or b"tracestate" in headers
            or b"baggage" in headers
        ):
            self._join(ex)
        else:
            self.make(ex)

    def amazon(self, ex: Exchange, span: str) -> str:
        """Return the X-Amzn-Trace-Id that a function of this exchange is shown. span: the callee's first digit."""
        if not ex.traceparent:  # where requests are not traced, functions are told nevertheless
            self.begin(ex)
        caller = ex.caller
        recorded = ex.sampled and self.exports
        if caller is None and not recorded:  # as AWS does, and what was decided, if anything
            decision = ";Sampled=0" if self.exports else ""
            return f"Root={write_root(ex.trace_id)}{decision}"
        span_id = span + ex.span_id[1:] if recorded else ex.traceparent[36:52]
        if caller is not None and caller.amazon is not None:
            return extend_amazon(caller.amazon, span_id, replace=recorded)
        return write_amazon(ex.trace_id, span_id, sampled=ex.sampled)

    def begin_own(self, ex: Exchange) -> None:
        """Set the trace of what nobody else can have begun one for, such as a message.

        Most messages are never asked for it: it is made then, unless it decides whether spans are sent.
        """
        if self.exports:
            self.make(ex)
        else:
            ex.traces = self

    def make(self, ex: Exchange) -> None:
        """Begin a trace. Its first digits are the second, so that both forms of its id are valid."""
        second = int(ex.time)
        if second != self._second:
            self._second, self._prefix = second, f"00-{second & 0xFFFFFFFF:08x}"
        if not self._rests:
            self._rests = _rests(self._random_bytes)
        rest = self._rests.pop()
        if self._below and rest[_DECIDING] < self._below:
            ex.sampled = True
            rest = f"{rest[:-1]}1"
        ex.trace = self._prefix + rest

    def _join(self, ex: Exchange) -> None:
        """Go on with the trace of the caller, or begin one, and drop what must not be passed on."""
        headers = ex.headers
        parent, amazon, state = [
            headers.get(name, b"").decode("latin-1")
            for name in (b"traceparent", b"x-amzn-trace-id", b"tracestate")
        ]
        self.make(ex)
        caller = ex.caller = read_caller(parent, amazon)
        if caller is not None:
            if caller.sampled is None:
                ex.sampled = caller.trace_id[-_ROLL:] < self._below
            else:
                ex.sampled = caller.sampled
            ours = ex.traceparent[36:52]
            # A span of ours that nobody is sent would tear the trace apart.
            span = ours if ex.sampled and self.exports else caller.span_id or ours
            ex.trace = write_traceparent(caller.trace_id, span, sampled=ex.sampled)
        # Differs: [baggage] AWS passes fields on that it does not know.
        dropped = {b"traceparent"}
        if caller is None or caller.amazon is not None or not keeps_tracestate(state):
            dropped.add(b"tracestate")
        if ex.peer not in self._trusted or not keeps_baggage(headers.get(b"baggage", b"")):
            dropped.add(b"baggage")
        if caller is None:
            dropped.add(b"x-amzn-trace-id")
        ex.headers = {name: value for name, value in headers.items() if name not in dropped}
        ex.fields = [field for field in ex.fields if field[0].lower() not in dropped]


def _rests(random_bytes: Callable[[int], bytes]) -> list[str]:
    """Make a block of what stands behind the second in a traceparent: random ids, not sampled.

    By the block: a system call for each would cost more than all else.
    """
    digits = random_bytes(_DIGITS * _IDS_IN_BLOCK // 2).hex()
    return [
        f"{digits[at : at + _RANDOM_TRACE]}-{CALLED}{digits[at + _RANDOM_TRACE : at + _DIGITS]}-00"
        for at in range(0, len(digits), _DIGITS)
    ]

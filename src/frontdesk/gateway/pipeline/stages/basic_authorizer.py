"""Owns the stage that lets a request in by user and password, and the memory of passwords that were right.

A password is hashed in a thread of its own, one at a time: it takes 50 ms, by intention. Source: RFC 7617.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.recent import Recent
from frontdesk.base.streams import Field
from frontdesk.config.models.authorizer import BasicAuthorizer
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.failure_limit import FailureLimit
from frontdesk.rules.auth.basic import PasswordHash, Sent, hash_password, read_basic, read_hash

MAX_KNOWN: Final = 10_000
MAX_WAITING: Final = 64
"""Passwords that wait to be hashed; one more is refused with 429."""
REJECTED_FOR: Final = 10.0
"""Seconds for which a wrong password is refused without hashing it again."""

Use = Callable[[bool], None]


class PasswordJudge:
    """One authorizer: its users, and whose password was right. Shared by all routes that use it."""

    def __init__(self, config: BasicAuthorizer, clock: Clock) -> None:
        self._users = {name: read_hash(text.reveal()) for name, text in config.users.items()}
        self._remember_for = config.cache
        self.monotonic = clock.monotonic
        # By digest: a password does not stay in memory.
        self._verdicts: Recent[bytes, tuple[bool, float]] = Recent(MAX_KNOWN)
        self._waiting: dict[bytes, list[Use]] = {}
        self._failures = FailureLimit(config.auth_failures_per_minute)
        self._hashing = ThreadPoolExecutor(1, "passwords")
        self._nobody = hash_password("", bytes(16))

    def recall(self, digest: bytes, now: float) -> bool | None:
        """Return what came of the same credentials before, while that is good at monotonic second `now`."""
        kept = self._verdicts.get(digest)
        return kept[0] if kept is not None and now < kept[1] else None

    def refuses(self, client: str, now: float) -> bool:
        """Whether there is too much to do, or this client has failed too often."""
        return len(self._waiting) >= MAX_WAITING or self._failures.refuses(client, now)

    def ask(self, sent: Sent, digest: bytes, client: str, use: Use) -> None:
        """Hash a password in a thread; `use` is called once with whether it was right."""
        waiting = self._waiting.get(digest)
        if waiting is not None:
            waiting.append(use)
            return
        self._waiting[digest] = [use]
        loop = asyncio.get_running_loop()
        # A user who is not known takes as long as one who is.
        kept = self._users.get(sent.user, self._nobody)
        hashed = loop.run_in_executor(self._hashing, kept.verifies, sent.password)
        hashed.add_done_callback(lambda done: self._settle(done, kept, digest, client))

    def _settle(
        self, done: "asyncio.Future[bool]", kept: PasswordHash, digest: bytes, client: str
    ) -> None:
        right = not done.cancelled() and done.result() and kept is not self._nobody
        now = self.monotonic()
        if not right:
            self._failures.count(client, now)
        self._verdicts.put(digest, (right, now + (self._remember_for if right else REJECTED_FOR)))
        for use in self._waiting.pop(digest):
            use(right)


def basic_stage(
    judge: PasswordJudge, config: BasicAuthorizer
) -> Callable[[Exchange], Reply | Parked | None]:
    """Build the stage, which the routes of an authorizer share."""
    challenge: Field = (
        b"www-authenticate",
        f'Basic realm="{config.realm}", charset="UTF-8"'.encode(),
    )

    def stage(ex: Exchange) -> Reply | Parked | None:
        value = ex.headers.get(b"authorization", b"")
        sent = read_basic(value)
        if sent is None:
            ex.authorizer_error = "no password"
            return refusal(401, "basic:missing", challenge)
        digest = hashlib.sha256(value).digest()
        right = judge.recall(digest, ex.started)
        if right is not None:
            return settle(ex, sent.user, right=right)
        if judge.refuses(ex.client_ip, ex.started):
            ex.authorizer_error = "too many failures"
            left = b"%d" % (60 - ex.started % 60 + 1)
            return refusal(429, "basic:too_many_failures", (b"retry-after", left))

        ex.authorizer_started = asked = judge.monotonic()

        def use(right: bool) -> None:
            if not ex.answered:
                ex.authorizer_latency = judge.monotonic() - asked
                run.resume(ex, settle(ex, sent.user, right=right))

        judge.ask(sent, digest, ex.client_ip, use)
        return PARKED

    def settle(ex: Exchange, user: str, *, right: bool) -> Reply | None:
        if not right:
            ex.authorizer_error = "wrong user or password"
            return refusal(401, "basic:wrong", challenge)
        ex.principal = user
        ex.authorizer = context = {"principalId": user}
        ex.authorizer_event = {"lambda": context}
        return None

    return stage

"""Owns what a webhook of the file means for its deliveries: who deals with which type, in which order, how often."""

import hashlib
import re
from collections.abc import Mapping
from math import inf
from typing import Final

import orjson

from frontdesk.config.models.root import Config
from frontdesk.config.models.webhook import DEFAULT, Target, Webhook, Word
from frontdesk.config.webhooks import source_of
from frontdesk.ports.inbox import Claim, Finish, Proven
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.sources import Source
from frontdesk.rules.webhooks.verdict import Refused

AGAIN: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 21_600.0)
"""Seconds after the n-th attempt until the next one, then always the last."""

JITTER: Final = 0.2
"""Share of a wait by which it may be shorter or longer."""

POISON: Final = 3
"""Crashes in a row after which a delivery is dead."""

_LONGEST: Final = 255
"""Characters of what a store has an index of."""


class Hook:
    """One webhook."""

    def __init__(self, name: str, webhook: Webhook) -> None:
        self.name = name
        self.lease = webhook.lease
        self.retention = webhook.retention
        self.keep_body = webhook.keep_body
        self.sync = webhook.mode == "sync"
        self.webhook = webhook
        self._exact = webhook.dispatch
        self._patterns = [
            (re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL), target)
            for pattern, target in webhook.dispatch.items()
            if "*" in pattern
        ]
        self._default: Target | Word = webhook.dispatch.get(DEFAULT, "warn")
        self._order = _source(webhook.order_by)
        self._version = _source(webhook.version_by)

    def target(self, type_: str) -> Target | Word:
        """Choose who deals with a type: an exact one, the first pattern that fits, or the default."""
        found = self._exact.get(type_)
        if found is not None and type_ != DEFAULT:
            return found
        fitting = (target for pattern, target in self._patterns if pattern.fullmatch(type_))
        return next(fitting, self._default)

    def claim(self, proven: Proven) -> Claim:
        """Make a claim that waits for its turn."""
        ordering, version = self._place(proven)
        return Claim(
            source=self.name,
            id=_short(proven.id),
            body=proven.body,
            digest=hashlib.sha256(proven.body).digest(),
            type=_short(proven.type),
            nonce=_short(proven.nonce),
            headers=orjson.dumps(proven.headers),
            key=proven.key,
            ordering=ordering,
            version=version,
            retake=self.sync,
            on_dead=self.webhook.on_dead,
        )

    def failed(self, error: str, attempts: int, *, now: float, draw: float) -> Finish:
        """Say what follows an attempt that has failed. draw: a random number from 0 up to 1."""
        if attempts >= self.webhook.attempts:
            return Finish("dead", error=error)
        if self.sync:
            return Finish("failed", inf, error)  # the sender asks again
        wait = AGAIN[min(attempts, len(AGAIN)) - 1] * (1 + JITTER * (2 * draw - 1))
        return Finish("failed", now + wait, error)

    def _place(self, proven: Proven) -> tuple[str, float]:
        """Read where it is in which order."""
        if self._order is None:
            return "", -inf
        delivery = Delivery(proven.headers, proven.body)
        ordering = _short(_find(self._order, delivery))
        if self._version is None or not ordering:
            return ordering, -inf
        try:
            return ordering, float(int(_find(self._version, delivery)))
        except (ValueError, OverflowError):
            return ordering, -inf


def hooks(config: Config) -> Mapping[str, Hook]:
    """Return the webhooks of a configuration by name."""
    return {name: Hook(name, webhook) for name, webhook in config.webhooks.items()}


def why_ignored(word: Word, type_: str) -> str:
    """Tell why a delivery is recorded alone; "" where the file wants it so."""
    return "" if word == "ignore" else f"no target for {type_ or 'this'}"


def _source(selector: str | None) -> Source | None:
    return None if selector is None else source_of(selector)


def _find(source: Source, delivery: Delivery) -> str:
    try:
        return source.find(delivery)
    except Refused:  # a header that comes twice
        return ""


def _short(text: str) -> str:
    """Make a text fit for an index: without NUL, and not longer than that may be."""
    text = text.replace("\0", "\ufffd")
    if len(text) <= _LONGEST:
        return text
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"

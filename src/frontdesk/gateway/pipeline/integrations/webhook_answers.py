"""Owns what senders of webhooks are told: why of a refusal is in the log, never in an answer."""

import logging
from typing import Final

from frontdesk.config.models.webhook import Webhook
from frontdesk.gateway.pipeline.context import identity_of
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.webhook_proof import Verdict
from frontdesk.gateway.pipeline.replies import JSON, SOON, refusal
from frontdesk.ports.inbox import Settled
from frontdesk.rules.events.response import Malformed, parse_output
from frontdesk.rules.webhooks.handshakes import Answer
from frontdesk.rules.webhooks.verdict import Event, Reason, Refusal

RECEIVED: Final = b'{"received": true}'
_REJECTED: Final = b'{"message":"Invalid webhook signature"}'
_DUPLICATE: Final = (b"x-frontdesk-duplicate", b"1")

_log = logging.getLogger("frontdesk.webhooks")


class WebhookAnswers:
    """The answers of one webhook."""

    __slots__ = ("_name", "_noted", "_reject", "_sync")

    def __init__(self, name: str, hook: Webhook) -> None:
        self._name = name
        self._reject = hook.reject_status
        self._sync = hook.mode == "sync"
        self._noted: set[str] = set()

    def judged(self, ex: Exchange, verdict: Verdict) -> Event | Reply:
        """Return the event of a delivery that is proven, else what to answer."""
        if isinstance(verdict, Event):
            if verdict.rotated and verdict.key not in self._noted:
                self._noted.add(verdict.key)
                more = {"webhook": self._name, "key": verdict.key}
                _log.info("deliveries are still signed with a former secret", extra=more)
            return verdict
        if isinstance(verdict, Refusal):
            return self._refused(ex, verdict)
        assert isinstance(verdict, Answer)  # only what is certified is confirmed
        fields = [(key.lower().encode(), value.encode("latin-1")) for key, value in verdict.headers]
        return Reply(verdict.status, fields, verdict.body, made="gateway")

    def settled(self, ex: Exchange, settled: Settled) -> Reply:
        """Answer for what has become of a delivery."""
        if settled.outcome == "replayed":
            return self._refused(ex, Refusal(Reason.REPLAYED, "the nonce came before"))
        if settled.outcome == "busy":
            return refusal(409, "webhook:busy", SOON)
        if settled.error:
            ex.integration_error = settled.error
            return refusal(500, "webhook:failed")
        if settled.outcome == "collision":
            more = {**identity_of(ex), "webhook": self._name}
            _log.warning("id_collision: the id came before with another body", extra=more)
        reply = self._result(ex, settled.result) if self._sync else _received()
        if settled.outcome != "fresh":
            reply.fields.append(_DUPLICATE)
        return reply

    def _refused(self, ex: Exchange, refused: Refusal) -> Reply:
        ex.authorizer_error = refused.detail
        cause = f"webhook:{refused.reason}"
        if refused.reason is Reason.CONFIG_ERROR:
            return refusal(500, cause)
        return Reply(self._reject, [JSON], _REJECTED, made="gateway", cause=cause)

    def _result(self, ex: Exchange, result: bytes) -> Reply:
        if result in (b"", b"null"):
            return _received()
        response = parse_output(result)
        if isinstance(response, Malformed):
            ex.integration_error = response.reason
            return refusal(502, "webhook:malformed")
        ex.integration_status = response.status
        return Reply(response.status, response.fields, response.body)


def _received() -> Reply:
    return Reply(200, [JSON], RECEIVED)

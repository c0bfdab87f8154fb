"""Owns routes that take webhooks: proven over the raw bytes, answered once they are on the disk.

Knows whoever keeps them only as the `Hooks` port. No body and no secret gets into a log here.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from frontdesk.base.errors import ConfigError, Finding, StoreError, UpstreamError
from frontdesk.config.models.webhook import Webhook
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.webhook_answers import WebhookAnswers
from frontdesk.gateway.pipeline.integrations.webhook_proof import Proof
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import SOON, refusal
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.ports.inbox import Proven
from frontdesk.rules.http.forwarding import nearest
from frontdesk.rules.redaction import SecretNames
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.handshakes import Confirm
from frontdesk.rules.webhooks.verdict import Event

LARGE: Final = 64 * 1024
"""Bytes of a body beyond which the work on it is done in a thread: it takes longer than others should wait."""


def integration(build: RouteBuild) -> Step | None:
    """Build the taking of a webhook for a route."""
    route = build.route
    if route is None or route.webhook is None:
        return None
    name, timeout = route.webhook, route.timeout
    hook, clock, hooks = build.config.webhooks[name], build.parts.clock, build.parts.hooks
    traces, vendors = build.parts.traces, build.parts.vendors
    proof = build.once(("webhook", name), lambda: _proof(build, name, hook))
    calls, url_of, kept = ExecutionCalls(clock, timeout), _url(hook), _kept(build, hook)
    answers, certified = WebhookAnswers(name, hook), proof.certified

    async def settle(ex: Exchange, delivery: Delivery, event: Event) -> Reply:
        proven = Proven(
            event.id,
            event.type,
            event.body,
            event.nonce,
            event.key,
            [pair for pair in delivery.pairs() if kept(pair[0])],
            event.sent_at,
            event.signed_body,
            traces.amazon(ex, CALLED),
        )
        try:
            settled = await hooks.settle(name, proven, within=timeout)
        except StoreError as error:
            ex.integration_error = error.message
            return refusal(503, "webhook:store", SOON)
        return answers.settled(ex, settled)

    async def settle_large(ex: Exchange, delivery: Delivery) -> Reply:
        verdict = await asyncio.to_thread(proof.judge, delivery, clock.time())
        event = answers.judged(ex, verdict)
        return await settle(ex, delivery, event) if isinstance(event, Event) else event

    async def settle_certified(ex: Exchange, delivery: Delivery) -> Reply:
        assert certified is not None  # or else nobody comes here
        try:
            verdict = await proof.judge_certified(certified, delivery, clock.time())
            if isinstance(verdict, Confirm):
                await vendors.confirm(verdict.url)
                return Reply(200, [])
        except UpstreamError as error:
            ex.integration_error = error.message
            return refusal(503, "webhook:vendor", SOON)
        event = answers.judged(ex, verdict)
        return await settle(ex, delivery, event) if isinstance(event, Event) else event

    def run(ex: Exchange) -> Reply | Parked:
        body = bytes(ex.body)
        # What the server has held back may be signed as well; a body in chunks, or of HTTP/2, says no length.
        held = [line for line in ex.held if line[0].lower() != b"content-length"]
        delivery = Delivery(
            [*ex.fields, *held, (b"Content-Length", b"%d" % len(body))],
            body,
            method=ex.method,
            url=url_of(ex),
            source=ex.client_ip,
            client_certificate=_certificate(ex),
        )
        if certified is not None:
            return calls.park(ex, settle_certified(ex, delivery))
        if len(body) > LARGE:
            return calls.park(ex, settle_large(ex, delivery))
        event = answers.judged(ex, proof.judge(delivery, clock.time()))
        if isinstance(event, Event):
            return calls.park(ex, settle(ex, delivery, event))
        return event

    at = ("webhooks", name)
    detail = f"{hook.row.name}, secrets: {len(hook.given)}, {hook.mode}"
    return Step(f"webhook {name}", run, detail, at, needs_body=True)


def _proof(build: RouteBuild, name: str, hook: Webhook) -> Proof:
    try:
        return Proof(hook, build.parts.vendors)
    except OSError as error:
        where = build.place("webhooks", name, "ca")
        assert where is not None  # nothing else is read
        message = f"cannot be read: {error.strerror}"
        raise ConfigError((Finding("error", "tls-file", where, message),)) from None


def _url(hook: Webhook) -> Callable[[Exchange], str]:
    """Return what tells the URL of a request as its sender knows it, byte for byte."""
    base = hook.public_base_url

    def url(ex: Exchange) -> str:
        return f"{base or _base(ex)}{ex.raw_path}{'?' if ex.query else ''}{ex.query}"

    return url


def _base(ex: Exchange) -> str:
    # The server lets X-Forwarded-Host through from trusted proxies only.
    headers = ex.headers
    host = nearest(headers.get(b"x-forwarded-host", b"")) or headers.get(b"host", b"")
    return f"{ex.scheme}://{host.decode('latin-1')}"


def _kept(build: RouteBuild, hook: Webhook) -> Callable[[str], bool]:
    """Return what tells whether a header is kept: those that hold secrets are not."""
    sent = hook.row.form.reads if hook.row.sends_secret else ()
    secret = SecretNames((*build.config.logs.redact, *sent))
    return lru_cache(1024)(lambda name: name not in secret)


def _certificate(ex: Exchange) -> bytes:
    if ex.client_cert is None:
        return b""
    return str(ex.client_cert.shown["clientCertPem"]).encode()

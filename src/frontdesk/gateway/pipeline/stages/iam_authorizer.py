"""Owns the stage that lets a request in by its signature (AWS Signature Version 4).

Source: AWS, "Control access to HTTP APIs with IAM authorization".
"""

from collections.abc import Callable
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.config.models.authorizer import IamAuthorizer
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.auth.iam import caller
from frontdesk.rules.auth.sigv4 import Credentials, Request
from frontdesk.rules.auth.sigv4_verify import Refusal, verify

_UNSIGNED: Final = b"UNSIGNED-PAYLOAD"


def iam_stage(
    config: IamAuthorizer, region: str, account: str, clock: Clock
) -> Callable[[Exchange], Reply | None]:
    """Build the stage. It needs the whole body, whose hash is signed. region: that clients sign for."""
    pairs = {
        key: Credentials(key, credential.secret.reveal())
        for key, credential in config.credentials.items()
    }
    callers = {
        key: caller(key, credential.principal, account)
        for key, credential in config.credentials.items()
    }

    def stage(ex: Exchange) -> Reply | None:
        if ex.headers.get(b"x-amz-content-sha256") == _UNSIGNED:
            ex.authorizer_error = "the body is not signed"
            return refusal(403, "iam:unsigned_payload")
        request = Request(ex.method, ex.raw_path, ex.query, ex.headers, ex.body)
        now = clock.time()
        verdict = verify(request, pairs.get, service=config.service, region=region, now=now)
        if isinstance(verdict, Refusal):
            ex.authorizer_error = verdict.code
            return refusal(403, f"iam:{verdict.code}", message=verdict.message)
        ex.principal = config.credentials[verdict.access_key_id].principal
        ex.authorizer = known = callers[verdict.access_key_id]
        ex.authorizer_event = {"iam": known}
        return None

    return stage

"""Owns the list of what programs use of the client."""

from frontdesk.client.repeating import retry, with_retry
from frontdesk.client.session.answers import Answer, Headers
from frontdesk.client.session.auth import ApiKey, Auth, Basic, Bearer, Hmac, OAuth2, SigV4
from frontdesk.client.session.client import Client
from frontdesk.client.session.context import Trace, deadline, trace_from
from frontdesk.client.session.credentials import SecretError
from frontdesk.client.session.errors import (
    Attempt,
    BlockedError,
    BrokenAnswerError,
    BulkheadFullError,
    CallError,
    CallTimeoutError,
    CircuitOpenError,
    ConnectError,
    RefusedError,
    RetryLaterError,
    StatusError,
    ThrottledError,
    UnauthorizedError,
)
from frontdesk.client.session.host import World
from frontdesk.client.session.records import CallRecord
from frontdesk.client.session.requests import Request
from frontdesk.client.session.settings import (
    Breaker,
    Bulkhead,
    Egress,
    Guard,
    Hedge,
    Idempotency,
    Retry,
    Throttle,
    Timeout,
    Tls,
)
from frontdesk.client.session.sync import SyncClient
from frontdesk.client.settling import Fulfilled, Rejected, Settled, settle, settle_map

__all__ = [
    "Answer",
    "ApiKey",
    "Attempt",
    "Auth",
    "Basic",
    "Bearer",
    "BlockedError",
    "Breaker",
    "BrokenAnswerError",
    "Bulkhead",
    "BulkheadFullError",
    "CallError",
    "CallRecord",
    "CallTimeoutError",
    "CircuitOpenError",
    "Client",
    "ConnectError",
    "Egress",
    "Fulfilled",
    "Guard",
    "Headers",
    "Hedge",
    "Hmac",
    "Idempotency",
    "OAuth2",
    "RefusedError",
    "Rejected",
    "Request",
    "Retry",
    "RetryLaterError",
    "SecretError",
    "Settled",
    "SigV4",
    "StatusError",
    "SyncClient",
    "Throttle",
    "ThrottledError",
    "Timeout",
    "Tls",
    "Trace",
    "UnauthorizedError",
    "World",
    "deadline",
    "retry",
    "settle",
    "settle_map",
    "trace_from",
    "with_retry",
]

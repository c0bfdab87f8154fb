"""Owns the tasks that call other companies' APIs: `http:invoke`, with the file's connections.

Knows the client's pools; what requests and answers look like is `rules.asl.http_tasks`.
Source: AWS, "Call HTTPS APIs in Step Functions workflows".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.spans import Value
from frontdesk.base.wheel import Wheel
from frontdesk.client.target import parse_target
from frontdesk.client.tokens import MOST_BYTES as MOST_BYTES_OF_TOKEN
from frontdesk.client.tokens import Token, Tokens
from frontdesk.durable.tasks.asking import Answered, ask
from frontdesk.durable.tasks.connections import NO_CONNECTION, Backends, Connection, Way
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.performing import Performing
from frontdesk.durable.tasks.task import Doer, Task
from frontdesk.durable.tasks.tokens import OAuthClient, token_of
from frontdesk.ports.tracing import Opened, Tracer
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.http_inspection import told_answer, told_request
from frontdesk.rules.asl.http_tasks import (
    MOST_BYTES,
    NOTHING,
    SOCKET,
    Additions,
    HttpTask,
    read_http_task,
    redirected,
    result,
    write_request,
)
from frontdesk.rules.asl.model import Json
from frontdesk.rules.http.redirects import same_origin
from frontdesk.rules.http.trace_context import read_amazon, write_traceparent
from frontdesk.rules.redaction import masked_url

LONGEST: Final = 60.0
"""Seconds of one attempt, whatever its TimeoutSeconds."""
MOST_REDIRECTS: Final = 3

_NOT_FOUND: Final = "Events.ConnectionResource.ResourceNotFound"


class HttpTasks:
    """Tasks of `http:invoke`. Used on one event loop.

    rows: who does what, by service and action.
    """

    def __init__(
        self,
        jobs: Jobs,
        clock: Clock,
        wheel: Wheel,
        *,
        region: str,
        longest: float = LONGEST,
        tracer: Tracer | None = None,
    ) -> None:
        """region: shown in User-Agent. longest: seconds of an attempt. tracer: None where spans are sent nowhere."""
        self.rows: Mapping[tuple[str, str], Doer] = {
            ("http", "invoke"): Performing(jobs, self._perform)
        }
        self._region = region
        self._longest = longest
        self._tracer = tracer
        self._monotonic = clock.monotonic
        self._backends = Backends(clock, wheel)
        self._connections: Mapping[str, Connection] = {}
        self._tokens: dict[str, Tokens] = {}  # by the name of the connection

    def adopt(self, connections: Mapping[str, Connection]) -> None:
        """Take the connections of the file. Those that stay the same keep their tokens."""
        former, self._connections = self._connections, connections
        for name in former:
            if former[name] != connections.get(name):
                self._tokens.pop(name, None)

    def close(self) -> None:
        """Close all connections; requests under way fail."""
        for tokens in self._tokens.values():
            tokens.close()
        self._backends.close()

    async def _perform(self, task: Task) -> Json:
        asked = read_http_task(task.invoke.arguments)
        attempt = _Attempt.of(task)
        connection = self._connections.get(asked.connection, NO_CONNECTION)
        if asked.connection and connection is NO_CONNECTION:
            raise StateError(_NOT_FOUND, f"There is no connection {asked.connection}")
        if task.watch is not None:
            added = connection.added if task.watch.secrets else NOTHING
            request = write_request(attempt.tell(asked), added, self._region, attempt.key)
            task.watch.seen["request"] = told_request(asked, request)
        try:
            async with asyncio.timeout(self._longest):
                answered = await self._invoke(asked, connection, attempt)
        except TimeoutError:
            raise StateError(SOCKET, f"No answer within {self._longest:g} seconds") from None
        except UpstreamError as error:
            if error.reason == "egress_limited":
                cause = f"All identities rest; the first is free in {error.retry_after:.0f} seconds"
                raise StateError("States.Http.StatusCode.429", cause) from None
            raise StateError(SOCKET, f"{error.reason}: {error.message}") from None
        if task.watch is not None:
            task.watch.seen["response"] = told_answer(asked, *answered)
        return result(*answered)

    async def _invoke(
        self, task: HttpTask, connection: Connection, attempt: "_Attempt"
    ) -> Answered:
        if connection.oauth is None:
            return await self._follow(task, connection.added, connection.way, attempt)
        tokens = self._tokens_of(task.connection, connection.oauth, connection.way)
        token = await tokens.get()
        answered = await self._follow(task, _with(connection, token), connection.way, attempt)
        if answered.status == 401:
            tokens.refuse(token)
            added = _with(connection, await tokens.get())
            answered = await self._follow(task, added, connection.way, attempt)
        return answered

    async def _follow(
        self, task: HttpTask, added: Additions, way: Way, attempt: "_Attempt"
    ) -> Answered:
        """Send a request, and again wherever it is redirected to."""
        redirects = 0
        while True:
            answered = await self._ask(task, added, way, attempt, MOST_BYTES)
            after = redirected(task, answered.status, answered.fields)
            if after is None or redirects == MOST_REDIRECTS:
                return answered
            redirects += 1
            if not same_origin(task.url, after.url):
                added, way = NOTHING, Way(egress=way.egress)
            task = after

    async def _ask(
        self, task: HttpTask, added: Additions, way: Way, attempt: "_Attempt", most: int
    ) -> Answered:
        span = self._tracer.begin(attempt.trace) if self._tracer is not None else None
        if span is not None:
            attempt = attempt._replace(span=span.span_id)
        request = write_request(attempt.tell(task), added, self._region, attempt.key)
        answered, error = None, "cancelled"
        try:
            answered = await ask(await self._backends.get(task.url, way), request, most)
        except UpstreamError as failure:
            error = failure.reason
            raise
        finally:
            if span is not None:
                _record(span, task, answered, error)
        return answered

    def _tokens_of(self, name: str, client: OAuthClient, way: Way) -> Tokens:
        tokens = self._tokens.get(name)
        if tokens is None:

            async def fetch() -> Token:
                task, added = client.request()
                answered = await self._ask(task, added, way, _NOBODY, MOST_BYTES_OF_TOKEN)
                return token_of(answered.status, answered.body)

            tokens = self._tokens[name] = Tokens(fetch, self._monotonic)
        return tokens


def _record(span: Opened, task: HttpTask, answered: Answered | None, error: str) -> None:
    """Record a request that is over. error: why there was no answer."""
    target = parse_target(task.url)
    told: dict[str, Value] = {
        "http.request.method": task.method,
        "server.address": target.host,
        "server.port": target.port,
        "url.full": masked_url(task.url),
    }
    if answered is not None:
        told["http.response.status_code"] = answered.status
        error = str(answered.status) if answered.status >= 400 else ""
    span.close(task.method, "client", told, error)


class _Attempt(NamedTuple):
    """What all requests of an attempt have in common.

    key: the idempotency key. trace: an X-Amzn-Trace-Id, "" for none. span: the id by which a server is told of it.
    """

    key: str
    trace: str
    span: str

    @classmethod
    def of(cls, task: Task) -> "_Attempt":
        """Say it of a task."""
        span = blake2b(task.id.encode(), digest_size=8).hexdigest()
        return cls(task.invoke.key, task.trace, span)

    def tell(self, asked: HttpTask) -> HttpTask:
        """Hand the trace on with a request, unless the state says one itself."""
        # Differs: [http-task-trace] AWS sends no traceparent: there the trace ends at the other company's API
        caller = read_amazon(self.trace)
        if caller is None:
            return asked
        parent = write_traceparent(caller.trace_id, self.span, sampled=bool(caller.sampled))
        return replace(asked, headers={"traceparent": ("traceparent", parent), **asked.headers})


_NOBODY: Final = _Attempt("", "", "")


def _with(connection: Connection, token: str) -> Additions:
    headers = {**connection.added.headers, "Authorization": f"Bearer {token}"}
    return connection.added._replace(headers=headers)

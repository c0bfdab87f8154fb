"""Owns running one method of a REST API by hand: no listener, no limits, no authorizer, no stage.

What runs is compiled for the one request, with functions and backends that tell what passes. Source: AWS,
"TestInvokeMethod".
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.base.ids import request_ids, uuid_of
from frontdesk.base.streams import Fields
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.models.rest_api import Method, RestApi
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import Parts, RouteBuild
from frontdesk.gateway.pipeline.compile import api_id
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.execution_log import (
    ExecutionLog,
    LoggedInvokers,
    LoggedUpstreams,
)
from frontdesk.gateway.pipeline.gathering import Gathering
from frontdesk.gateway.pipeline.order.rest import METHOD_TEST, METHOD_TEST_TAIL
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.resource_tree import ResourceTree
from frontdesk.rules.events.query import pairs
from frontdesk.rules.http.hop_by_hop import is_held
from frontdesk.rules.http.path import normalise
from frontdesk.rules.redaction import SecretNames

STAGE: Final = "test-invoke-stage"
_ADDRESS: Final = "127.0.0.1"
_MOST: Final = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class MethodRequest:
    """One request to one method.

    api: name under `apis`. path, query: of the request, the latter without its mark. resource: a key under
    `resources`; "": the one that a request for the path would take. With a resource and no path the
    variables stand for themselves, `{id}`. variables: of the stage, beside those of the file.
    """

    api: str
    method: str
    path: str = ""
    query: str = ""
    resource: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MethodAnswer:
    """What came of it. latency: milliseconds. log: lines."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    latency: int
    log: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Return it as AWS's TestInvokeMethod does."""
        several: dict[str, list[str]] = {}
        for name, value in self.headers:
            several.setdefault(name, []).append(value)
        return {
            "status": self.status,
            "body": self.body.decode("utf-8", "replace"),
            "headers": {name: values[-1] for name, values in several.items()},
            "multiValueHeaders": several,
            "log": "\n".join(self.log),
            "latency": self.latency,
        }


async def try_method(loaded: Loaded, parts: Parts, asked: MethodRequest) -> MethodAnswer:
    """Run a method once.

    parts: running; functions and backends are taken from them.
    Raises: FrontdeskError when there is no such API or method, or its path is none.
    """
    api = loaded.config.apis.get(asked.api)
    if not isinstance(api, RestApi):
        raise FrontdeskError(f"no REST API of this name: {asked.api}")
    path = normalise(asked.path or "/")
    if path is None:
        raise FrontdeskError(f"expected a path of URL characters: {asked.path}")
    resource, name, params = _method(api, asked, path)
    log = ExecutionLog(parts.clock, _secret_names(loaded))
    plan = _plan(loaded, parts, log, asked, (resource, name))
    client = _Client(parts.wheel, asyncio.get_running_loop().create_future())
    ex = _exchange(asked, path, client)
    ex.plan, ex.params = plan, params
    ex.started, ex.time = began, _ = parts.clock.monotonic(), parts.clock.time()
    log.begin(ex, resource, dict(pairs(asked.query)))
    run.begin(ex)
    reply, body = await client.answer
    latency = round((parts.clock.monotonic() - began) * 1000)
    if reply.cause:
        log.failed(reply.cause, ex.integration_error)
    log.end(reply.status, reply.fields, body, whole=not reply.cause)
    headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in reply.fields]
    return MethodAnswer(reply.status, headers, body, latency, log.lines)


def _secret_names(loaded: Loaded) -> SecretNames:
    """Collect the names of fields that no log shows: those of the file, and those of our credentials."""
    auths = [each.auth.api_key for each in loaded.config.upstreams.values() if each.auth]
    return SecretNames([*loaded.config.logs.redact, *(auth.header for auth in auths if auth)])


def _method(api: RestApi, asked: MethodRequest, path: str) -> tuple[str, str, Mapping[str, str]]:
    """Find resource, key of the method there, and path variables."""
    if not asked.resource:
        plans = [_named(key) for _, key, _ in api.operations()]
        found, params = ResourceTree(plans).match(asked.method, path)
        if found is None:
            raise FrontdeskError(
                f"no method for this request: {asked.method} {path}",
                hint=f"methods of {asked.api}: {', '.join(plan.route_key for plan in plans)}",
            )
        name, _, resource = found.route_key.partition(" ")
        return resource, name, params
    methods = api.resources.get(asked.resource, {})
    name = next((each for each in (asked.method, "ANY") if each in methods), "")
    if not name:
        raise FrontdeskError(f"no such method: {asked.method} {asked.resource}")
    if not asked.path:
        names = [
            each[1:-1].removesuffix("+") for each in asked.resource.split("/") if each[:1] == "{"
        ]
        return asked.resource, name, {each: f"{{{each}}}" for each in names}
    _, params = ResourceTree([_named(f"ANY {asked.resource}")]).match("ANY", path)
    return asked.resource, name, params


def _named(key: str) -> RoutePlan:
    """Make a plan that can be found and not be run."""
    facts = ApiFacts("-", "-", "rest", STAGE, "-", "-", "localhost")
    return RoutePlan(key, facts, (), (), -1, 0, 0.0, 504, lambda _ex: None, ())


def _plan(
    loaded: Loaded, parts: Parts, log: ExecutionLog, asked: MethodRequest, at: tuple[str, str]
) -> RoutePlan:
    config = loaded.config
    api = config.apis[asked.api]
    resource, name = at
    assert isinstance(api, RestApi)
    method: Method = api.resources[resource][name]  # type: ignore[index]  # a key of them
    # Differs: [test-variables] AWS knows no stage here; the first one's variables are those of the file.
    variables = {**next(iter(api.stages.values())).variables, **asked.variables}
    facts = ApiFacts(
        id=api_id(asked.api),
        name=asked.api,
        kind="rest",
        stage=STAGE,
        account=config.account,
        region=config.region,
        domain=api.host or "localhost",
        variables=variables,
    )
    build = RouteBuild(
        key=f"{name} {resource}",
        api_name=asked.api,
        api=api,
        facts=facts,
        operation=method,
        at=("apis", asked.api, "resources", resource, name),
        config=config,
        parts=replace(
            parts,
            invokers=LoggedInvokers(parts.invokers, log, parts.clock),
            upstreams=LoggedUpstreams(parts.upstreams, log, parts.clock),
            metrics=None,
        ),
        place=loaded.place,
        shown=loaded.shown,
    )
    head = [step for builder in METHOD_TEST if (step := builder(build)) is not None]
    tail = [step for builder in METHOD_TEST_TAIL if (step := builder(build)) is not None]
    return RoutePlan(
        route_key=build.key,
        api=facts,
        head=tuple(step.run for step in head),  # type: ignore[misc]  # rows of order.METHOD_TEST
        tail=tuple(step.run for step in tail),  # type: ignore[misc]
        body_at=-1,
        max_body=_MOST,
        timeout=method.timeout,
        timeout_status=504,
        log=lambda _ex: None,
        steps=(*head, *tail),
    )


def _exchange(asked: MethodRequest, path: str, client: "_Client") -> Exchange:
    """Make the exchange as the server would have."""
    ex = Exchange()
    ex.method, ex.query, ex.version, ex.scheme = asked.method, asked.query, "HTTP/1.1", "https"
    ex.raw_path = ex.path = ex.stage_path = path
    ex.host, ex.peer, ex.client_ip = "localhost", _ADDRESS, _ADDRESS
    fields: Fields = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in asked.headers
    ]
    ex.fields = [each for each in fields if not is_held(each[0].lower())]
    ex.held = [each for each in fields if is_held(each[0].lower())]
    ex.headers = {}
    for name, value in fields:
        key = name.lower()
        ex.headers[key] = ex.headers[key] + b"," + value if key in ex.headers else value
    ex.extended_request_id = next(request_ids(os.urandom))
    ex.request_id = uuid_of(ex.extended_request_id)
    ex.body = asked.body
    ex.client = client
    return ex


class _Client:
    """The client's end of an exchange that nobody has sent."""

    def __init__(self, wheel: Wheel, answer: "asyncio.Future[tuple[Reply, bytes]]") -> None:
        self.answer = answer
        self._wheel = wheel
        self._timer: Timer | None = None

    def send(self, _exchange: Exchange, reply: Reply) -> None:
        """See ClientEnd."""
        if self._timer is not None:
            self._timer.stop()

        def done(body: bytes) -> None:
            self.answer.set_result((reply, body))

        if isinstance(reply.body, bytes):
            done(reply.body)
        else:
            Gathering(reply.body, _MOST, done, lambda reason: done(reason.encode())).begin()

    def collect_body(self, _exchange: Exchange) -> None:
        """See ClientEnd: the body has always come."""
        raise AssertionError

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:
        """See ClientEnd."""
        if self._timer is None:
            self._timer = self._wheel.timer(lambda: run.expire(exchange))
        self._timer.at(deadline)

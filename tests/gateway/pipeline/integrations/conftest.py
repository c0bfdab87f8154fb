"""Methods of REST APIs with a function and a backend that the test plays."""

from types import SimpleNamespace

import pytest

from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.integrations.rest import integration as rest_integration
from frontdesk.gateway.pipeline.integrations.rest_request import integration_request
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.ports.invoker import Outcome


class Clock:
    now = 500.0

    def monotonic(self):
        return self.now


class Backend:
    """Stands for all upstreams, and answers each call as it is told."""

    observer = None

    def __init__(self):
        self.calls = []
        self.answer = (200, [(b"Content-Type", b"application/json")], b"{}")
        self.error = None

    def get(self, _settings):
        return self

    def sender(self, _policy, _timeout):
        return self

    def send(self, call):
        call.carrier = self
        self.calls.append(call)
        if self.error is not None:
            call.fail(self.error)
        elif self.answer is not None:
            call.respond(*self.answer, None)

    def drop(self, _call, *, too_slow):
        pass

    @property
    def line(self):
        return self.calls[-1].head.split(b"\r\n")[0].decode()

    @property
    def fields(self):
        """The header fields of the last call, by lower-case name."""
        lines = self.calls[-1].head.decode("latin-1").split("\r\n")[1:]
        pairs = [line.split(": ", 1) for line in lines if line]
        return {name.lower(): value for name, value in pairs}

    @property
    def body(self):
        return self.calls[-1].body


class Function:
    """An Invoker that answers each event as it is told."""

    def __init__(self):
        self.events = []
        self.outcome = Outcome(b'{"ok":true}', request_id="f1")

    def invoke(self, invocation, done):
        self.events.append(invocation.event)
        done(self.outcome)
        return SimpleNamespace(cancel=lambda *, kill: None)


@pytest.fixture
def backend():
    return Backend()


@pytest.fixture
def function():
    return Function()


@pytest.fixture
def call_method(make_exchange, backend, function):
    """Build a method and push one request through it; returns the exchange and its reply.

    integration: as in the file. api: further keys of the API. fields, and the rest: of the exchange.
    """

    def call_method(
        integration, fields=(), *, key="GET /pets/{id}", api=None, upstreams=None, **request
    ):
        name, _, path = key.partition(" ")
        model = RestApi.model_validate(
            {
                "type": "rest",
                "resources": {path: {name: {"integration": integration}}},
                **(api or {}),
            }
        )
        variables = request.get("variables") or {}
        ex = make_exchange(
            fields,
            **{"params": {"id": "6"}, "version": "HTTP/1.1", "scheme": "http", **request},
        )
        build = RouteBuild(
            key=key,
            api_name="scheduling",
            api=model,
            facts=ex.plan.api,
            operation=model.resources[path][name],
            at=(),
            config=SimpleNamespace(upstreams=upstreams or {}, egress={}),
            parts=SimpleNamespace(
                upstreams=backend, invokers={"f": function}, clock=Clock(), traces=Traces()
            ),
            place=lambda *_path: None,
            shown=lambda value, *_path: str(value),
        )
        assert variables == build.facts.variables
        steps = [integration_request(build), rest_integration(build)]
        plan = ex.plan
        ex.plan = type(plan)(
            **{
                **{each: getattr(plan, each) for each in plan.__slots__},
                "head": tuple(step.run for step in steps if step is not None),
                "route_key": key,
            }
        )
        run.begin(ex)
        [reply] = ex.client.replies or [None]
        return ex, reply

    return call_method

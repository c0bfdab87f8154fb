"""Owns the AWS integration of REST APIs with SQS, SNS and EventBridge: what the template asks for in, its answer out.

The file names the queue, the topic or the bus, and nothing else can be reached.
Source: AWS, "Integrate an API Gateway REST API with an Amazon SQS queue".
"""

from typing import Final

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.rest_request import encoded_query
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.integrations.service_forms import SERVICES, Asked, read, written
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.gateway.pipeline.transformation import Transformation
from frontdesk.ports.service_actions import ActionAnswer
from frontdesk.rules.query_protocol import FormError
from frontdesk.rules.rest.media import DEFAULT_TYPE

_AS_JSON: Final = Asked({}, query=False, xml=False)


def integration(build: RouteBuild) -> Step:
    """Build the request to a service that answers a method."""
    method = build.method
    assert method is not None
    key, name = next(
        (key, name) for key in SERVICES if (name := getattr(method.integration, key)) is not None
    )
    service, actions = SERVICES[key], build.parts.actions
    responses = IntegrationResponses(build)
    calls, traces = ExecutionCalls(build.parts.clock, method.timeout), build.parts.traces

    async def reply(ex: Exchange, trace: str) -> Reply:
        given = ex.transformation
        assert given is not None  # the integration request has made it
        asked = _AS_JSON
        try:
            asked = read(
                service,
                bytes(ex.body),
                encoded_query(given).encode(),
                _header(given, "content-type"),
                _header(given, "accept"),
            )
            answer = await actions.ask(service.action, name, asked.members, trace=trace)
        except FormError as error:
            answer = ActionAnswer({}, 400, error.code, error.message)
        except StoreError as error:
            answer = ActionAnswer({}, 503, "ServiceUnavailable", error.message)
        if answer.error:
            ex.integration_error = f"{answer.error}: {answer.message}"
        field, body = written(service, asked, answer, ex.request_id)
        return responses.reply(ex, Answer(str(answer.status), [field], body))

    def run(ex: Exchange) -> Parked:
        return calls.park(ex, reply(ex, traces.amazon(ex, CALLED)))

    what = f"{service.action} of {key} {name}"
    detail = f"{what}, timeout {method.timeout:g}s, {responses.told}"
    return Step("service", run, detail, (*build.at, "integration"))


def _header(given: Transformation, name: str) -> str:
    """Return a header field of the integration's request; of type and accept the usual ones."""
    _, values = given.headers.get(name, ("", (DEFAULT_TYPE.encode(),)))
    return b",".join(values).decode("latin-1")

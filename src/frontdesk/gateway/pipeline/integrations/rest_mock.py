"""Owns the MOCK integration of REST APIs: the request template says which integration response answers."""

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.lang.tolerant_json import TolerantJsonError, read_tolerant


def integration(build: RouteBuild) -> Step:
    """Build the answer of a method that calls nobody."""
    responses = IntegrationResponses(build)

    def answer(ex: Exchange) -> Reply:
        status = _status(ex.body)
        if status is None:
            ex.integration_error = "expected an object with a whole number statusCode"
            return refusal(500, "integration:status")
        return responses.reply(ex, Answer(str(status), [], b""))

    return Step("mock", answer, responses.told, (*build.at, "integration"))


def _status(rendered: bytes) -> int | None:
    """Read the `statusCode` of what the request template has written; None: it is no whole number."""
    try:
        document = read_tolerant(rendered.decode("utf-8", "replace"))
    except TolerantJsonError:
        return None
    status = document.get("statusCode") if isinstance(document, dict) else None
    return status if type(status) is int else None

"""Owns which operation of the Lambda API a request asks for: one table of methods and paths.

Source: AWS Lambda API Reference, the request syntax of each operation.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from frontdesk.aws.lambda_api.aliases import Aliases
from frontdesk.aws.lambda_api.asked import Asked
from frontdesk.aws.lambda_api.concurrency import Concurrency
from frontdesk.aws.lambda_api.event_invoke import EventInvokeConfigs, Later
from frontdesk.aws.lambda_api.event_sources import EventSourceMappings
from frontdesk.aws.lambda_api.functions import Functions
from frontdesk.aws.lambda_api.invocations import Invocations
from frontdesk.aws.lambda_api.layers import Layers
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, error_reply
from frontdesk.base.clock import Clock
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.events.query import joined

Operation = Callable[[Asked], Awaitable[Reply]]
Operations = dict[tuple[str, str], Operation]
"""By method and path; `{name}` stands for one segment."""

_DATED: Final = re.compile(r"/20\d\d-\d\d-\d\d/")
"""How all paths of this API begin, those of operations that are not here, too."""


class LambdaService:
    """The Lambda API. See wire.Service."""

    scope = "lambda"

    def __init__(self, operations: Operations) -> None:
        """operations: those that are served; `invoking` and `managing` list them."""
        self._operations = [
            (method, path.split("/")[1:], run) for (method, path), run in operations.items()
        ]

    def serves(self, ex: Exchange) -> bool:
        """See Service."""
        return _DATED.match(ex.path) is not None

    async def answer(self, ex: Exchange) -> Reply:
        """See Service. A path that nobody knows is 404, as at AWS."""
        segments = ex.path.rstrip("/").split("/")[1:]
        for method, pattern, run in self._operations:
            if method == ex.method and len(pattern) == len(segments):
                names = _matched(pattern, segments)
                if names is not None:
                    return await run(Asked(ex, names, joined(ex.query)))
        raise ApiError(
            404, "UnknownOperationException", f"No such operation: {ex.method} {ex.path}"
        )

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        return error_reply(error)


def _matched(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    names = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{"):
            names[part[1:-1]] = unquote(segment)
        elif part != segment:
            return None
    return names


def invoking(invocations: Invocations) -> Operations:
    """List the operations that run functions."""
    return {
        ("POST", "/2015-03-31/functions/{function}/invocations"): invocations.invoke,
        (
            "POST",
            "/2021-11-15/functions/{function}/response-streaming-invocations",
        ): invocations.invoke_with_response_stream,
    }


def mapping(mappings: EventSourceMappings) -> Operations:
    """List the operations on event source mappings."""
    every = "/2015-03-31/event-source-mappings"
    return {
        ("POST", every): mappings.create,
        ("GET", every): mappings.list_mappings,
        ("GET", f"{every}/{{mapping}}"): mappings.get,
        ("PUT", f"{every}/{{mapping}}"): mappings.update,
        ("DELETE", f"{every}/{{mapping}}"): mappings.delete,
    }


def managing(registry: Registry, clock: Clock, later: Later) -> Operations:
    """List the operations that look at functions and layers, and change them."""
    functions = Functions(registry, clock, later)
    events = EventInvokeConfigs(registry, clock, later)
    aliases = Aliases(registry)
    concurrency = Concurrency(registry, clock)
    layers = Layers(registry, clock)
    one = "/2015-03-31/functions/{function}"
    reserved = "/2017-10-31/functions/{function}/concurrency"
    provisioned = "/2019-09-30/functions/{function}/provisioned-concurrency"
    event = "/2019-09-25/functions/{function}/event-invoke-config"
    layer = "/2018-10-31/layers/{layer}/versions"
    return {
        ("POST", "/2015-03-31/functions"): functions.create,
        ("GET", "/2015-03-31/functions"): functions.list_functions,
        ("GET", one): functions.get,
        ("DELETE", one): functions.delete,
        ("GET", f"{one}/configuration"): functions.get_configuration,
        ("PUT", f"{one}/configuration"): functions.update_configuration,
        ("PUT", f"{one}/code"): functions.update_code,
        ("POST", f"{one}/versions"): functions.publish,
        ("GET", f"{one}/versions"): functions.list_versions,
        ("POST", f"{one}/aliases"): aliases.create,
        ("GET", f"{one}/aliases"): aliases.list_aliases,
        ("GET", f"{one}/aliases/{{alias}}"): aliases.get,
        ("PUT", f"{one}/aliases/{{alias}}"): aliases.update,
        ("DELETE", f"{one}/aliases/{{alias}}"): aliases.delete,
        ("PUT", reserved): concurrency.put_reserved,
        ("DELETE", reserved): concurrency.delete_reserved,
        ("GET", "/2019-09-30/functions/{function}/concurrency"): concurrency.get_reserved,
        ("PUT", provisioned): concurrency.put_provisioned,
        ("GET", provisioned): _either(
            "List", concurrency.list_provisioned, concurrency.get_provisioned
        ),
        ("DELETE", provisioned): concurrency.delete_provisioned,
        ("PUT", event): events.put,
        ("POST", event): events.update,
        ("GET", event): events.get,
        ("DELETE", event): events.delete,
        ("GET", f"{event}/list"): events.list_configs,
        ("GET", "/2018-10-31/layers"): layers.list_layers,
        ("POST", layer): layers.publish,
        ("GET", layer): layers.list_versions,
        ("GET", f"{layer}/{{number}}"): layers.get,
        ("DELETE", f"{layer}/{{number}}"): layers.delete,
    }


def _either(parameter: str, given: Operation, absent: Operation) -> Operation:
    """Choose between two operations of one path: `given` where the query has `parameter=ALL`."""

    def run(asked: Asked) -> Awaitable[Reply]:
        return (given if asked.query.get(parameter) == "ALL" else absent)(asked)

    return run

"""Owns running one method of a REST API by hand: in a gateway that runs, through its admin listener, or alone.

    POST /test-invoke  {"api", "method", "path", "query", "resource", "headers": [[name, value]],
                        "body": base64, "variables": {name: text}}

answers 200 with what AWS's TestInvokeMethod answers, or 422 with why there is nothing to run.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

import orjson

from frontdesk.app.actions import json_reply, refused
from frontdesk.app.data_plane import Candidate
from frontdesk.app.functions import function_definition, invokers
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import FrontdeskError
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import Loaded
from frontdesk.config.models.rest_api import RestApi
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.remote import RemoteFunctions
from frontdesk.gateway.identity.fetch import fetch
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.method_test import MethodAnswer, MethodRequest, try_method
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.stores.memory.ledger import MemoryLedger

PATH: Final = "/test-invoke"


class MethodTests:
    """The face of these requests."""

    needs_token = True

    def __init__(self, in_force: Callable[[], Candidate]) -> None:
        """in_force: gives what is configured now, and the parts that run."""
        self._in_force = in_force

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        if ex.method != "POST":
            return refusal(405, "method", (b"allow", b"POST"))
        return self._answer(ex)

    async def _answer(self, ex: Exchange) -> Reply:
        now = self._in_force()
        try:
            answer = await try_method(now.loaded, now.parts, _read(ex.body))
        except FrontdeskError as error:
            return refused(error)
        return json_reply(200, answer.document())


def asked(request: MethodRequest) -> Mapping[str, object]:
    """Write a request as the admin listener takes it."""
    return {
        "api": request.api,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "resource": request.resource,
        "headers": [list(pair) for pair in request.headers],
        "body": b64encode(request.body).decode(),
        "variables": dict(request.variables),
    }


def _read(body: bytes) -> MethodRequest:
    """Raises: FrontdeskError where it is no such request."""
    try:
        given = orjson.loads(body)
        return MethodRequest(
            api=given["api"],
            method=given["method"],
            path=given.get("path", ""),
            query=given.get("query", ""),
            resource=given.get("resource", ""),
            headers=[(str(name), str(value)) for name, value in given.get("headers", ())],
            body=b64decode(given.get("body", ""), validate=True),
            variables=dict(given.get("variables", {})),
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise FrontdeskError('expected a body such as {"api", "method", "path"}') from error


async def try_alone(
    loaded: Loaded, request: MethodRequest, log: Callable[[str, bytes], None]
) -> MethodAnswer:
    """Run a method without a gateway: its function, where it has one, in a process of its own.

    log: takes (function, lines) of what functions write. Raises: FrontdeskError.
    """
    clock: Clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    async with AsyncExitStack() as opened:
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        opened.callback(heartbeat.close)
        config = loaded.config
        host = FunctionHost(clock, wheel, data_dir=config.data_dir, processes=1, log=log)
        names = _functions(loaded, request.api)
        await host.start([function_definition(config, name) for name in names])
        opened.push_async_callback(host.stop, 0.0)
        remote = RemoteFunctions(clock, wheel)
        opened.callback(remote.close)
        parts = Parts(
            clock,
            wheel,
            MemoryLedger(),
            invokers(config, host, remote),
            KeyRing(clock, wheel, fetch),
            Upstreams(clock, wheel),
        )
        opened.callback(parts.stop)
        return await try_method(loaded, parts, request)


def _functions(loaded: Loaded, api_name: str) -> list[str]:
    """List the functions of this process that methods of an API call."""
    api = loaded.config.apis.get(api_name)
    called = [
        operation.integration.function.partition(":")[0]
        for _, _, operation in (api.operations() if isinstance(api, RestApi) else ())
        if operation.integration.function is not None
    ]
    return [name for name in dict.fromkeys(called) if name in loaded.config.local_functions]

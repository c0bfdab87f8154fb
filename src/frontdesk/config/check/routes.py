"""Finds what will hurt in APIs and their routes."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import Api
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_api import Method
from frontdesk.config.models.websocket_api import SocketRoute, WebSocketApi
from frontdesk.config.route_keys import DEFAULT
from frontdesk.config.tree import Path
from frontdesk.rules.events.websocket import DISCONNECT

_ANY_ORIGIN = ("*", "http://*", "https://*")


def operations(loaded: Loaded) -> Iterator[tuple[Path, Api, str, Operation]]:
    """Go through all routes and methods, with the path of each, and its key such as `GET /pets`."""
    for name, api in loaded.config.apis.items():
        for below, key, operation in api.operations():
            yield ("apis", name, *below), api, key, operation


def routes(loaded: Loaded) -> Iterator[tuple[Path, HttpApi, Route]]:
    """Go through the routes of HTTP APIs, with the path of each."""
    for name, api in loaded.config.apis.items():
        if isinstance(api, HttpApi):
            for below, _, route in api.operations():
                yield ("apis", name, *below), api, route


def any_origin(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """CORS that lets every page in."""
    for name, api in loaded.config.apis.items():
        for origin in api.cors.allow_origins if api.cors else ():
            if origin in _ANY_ORIGIN:
                where = loaded.tree.position(("apis", name, "cors", "allow_origins"))
                yield where, f"any origin is allowed: {origin}"


def open_without_throttle(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Operations with neither authorizer, API key nor a throttle of their own, their API or their stage.

    Mocks are left out: they cost no more than the refusal would. Webhooks have a lint of their own.
    """
    for path, api, key, operation in operations(loaded):
        if key == DISCONNECT:
            continue  # as seldom as handshakes
        asking = api.handshake if isinstance(api, WebSocketApi) else operation
        nobody = (asking.authorizer or api.authorizer or "none") == "none"
        is_open = nobody and not asking.api_key
        throttled = (
            operation.throttle
            or api.throttle
            or all(stage.throttle for stage in api.stages.values())
        )
        if is_open and not throttled and not _is_answered_otherwise(operation):
            yield loaded.tree.position(path, of_key=True), "public route without a throttle"


def _is_answered_otherwise(operation: Operation) -> bool:
    return is_mock(operation) or (isinstance(operation, Route) and operation.webhook is not None)


def is_mock(operation: Operation) -> bool:
    """Whether requests are answered at the door, by what the file says."""
    if isinstance(operation, Method):
        return operation.integration.type == "mock"
    if isinstance(operation, SocketRoute) and operation.integration is not None:
        return operation.integration.type == "mock"
    return isinstance(operation, Route | SocketRoute) and operation.mock is not None


def unreachable(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Routes whose requests all go to another route, or to another API with a longer base path."""
    for path, api, key, _ in operations(loaded):
        taken_by = None
        if isinstance(api, WebSocketApi):
            continue  # what a message takes is known when it says so
        if key == DEFAULT:
            assert isinstance(api, HttpApi)  # the only one that has it
            taken_by = _takes_everything(api)
        elif list(api.stages) == [DEFAULT] and str(path[1]) not in loaded.config.mapped:
            taken_by = _api_in_front(loaded, api, api.base_path.rstrip("/") + key.partition(" ")[2])
        if taken_by:
            yield loaded.tree.position(path, of_key=True), f"never reached: {taken_by}"


def _takes_everything(api: HttpApi) -> str | None:
    greedy = next(
        (key for key in api.routes if key.startswith("ANY /{") and key.endswith("+}")), None
    )
    return f"ANY / and {greedy} take all requests" if greedy and "ANY /" in api.routes else None


def _api_in_front(loaded: Loaded, api: Api, path: str) -> str | None:
    for name, other in loaded.config.apis.items():
        if not loaded.config.has_own_place(name):
            continue
        base = other.base_path.rstrip("/")
        longer = len(base) > len(api.base_path.rstrip("/"))
        if other.host == api.host and longer and f"{path}/".startswith(f"{base}/"):
            shown = loaded.shown(base, "apis", name, "base_path")
            return f"API {name} takes all paths below {shown}"
    return None

"""Finds what will hurt in APIs and their routes."""

from collections.abc import Iterator
from pathlib import Path as FilePath

from frontdesk.base.durations import write_duration
from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import HttpApi, Route
from frontdesk.config.route_keys import DEFAULT, parse_route_key
from frontdesk.config.tree import Path
from frontdesk.config.validation import shown
from frontdesk.config.validation import shown

_ANY_ORIGIN = ("*", "http://*", "https://*")


def _routes(loaded: Loaded) -> Iterator[tuple[Path, HttpApi, Route]]:
    for name, api in loaded.config.apis.items():
        for key, route in api.routes.items():
            yield ("apis", name, "routes", key), api, route


def any_origin(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """CORS that lets every page in."""
    for name, api in loaded.config.apis.items():
        for origin in api.cors.allow_origins if api.cors else ():
            if origin in _ANY_ORIGIN:
                where = loaded.tree.position(("apis", name, "cors", "allow_origins"))
                yield where, f"any origin is allowed: {origin}"


def function_outlives_gateway(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Functions that may run as long as, or longer than, a route waits for them."""
    for path, _, route in _routes(loaded):
        if route.function is None:
            continue
        timeout = loaded.config.functions[route.function].timeout
        if timeout >= route.timeout:
            may, waits = write_duration(timeout), write_duration(route.timeout)
            where = loaded.tree.position(("functions", route.function, "timeout"))
            yield where, f"the function may take {may}, but {path[-1]} waits only {waits}"


def open_without_throttle(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Routes with neither authorizer nor a throttle of their own, their API or their stage.

    Mocks are left out: they cost no more than the refusal would.
    """
    for path, api, route in _routes(loaded):
        is_open = (route.authorizer or api.authorizer or "none") == "none"
        throttled = (
            route.throttle or api.throttle or all(stage.throttle for stage in api.stages.values())
        )
        if is_open and not throttled and route.mock is None:
            yield loaded.tree.position(path, of_key=True), "public route without a throttle"


def static_files_missing(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Roots of static routes that are not there, or are no folder where the route needs one."""
    for path, _, route in _routes(loaded):
        if route.static is None:
            continue
        root, of_folder = route.static.root, parse_route_key(str(path[-1])).is_greedy
        if not _is_there(root, of_folder=of_folder):
            kind = "folder" if of_folder else "file"
            tree, at = loaded.tree, (*path, "static")
            # As written: what a reference stands for is not shown.
            written = shown(tree.value_at((*at, "root")) or tree.value_at(at))
            yield tree.position((*at, "root")), f"no such {kind}: {written}"


def _is_there(root: FilePath, *, of_folder: bool) -> bool:
    try:
        return root.is_dir() if of_folder else root.is_file()
    except OSError:  # a name too long, say
        return False


def timeouts_that_never_act(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Written timeouts beyond another limit that ends the request first."""
    tree = loaded.tree
    for path, _, route in _routes(loaded):
        if (route.mock or route.static) and tree.node_at((*path, "timeout")):
            where = tree.position((*path, "timeout"), of_key=True)
            yield where, "a route that is answered at the door waits for nothing"
    for name, upstream in loaded.config.upstreams.items():
        limits = upstream.timeout
        longest = max(
            (route.timeout for _, _, route in _routes(loaded) if _calls(route, name)), default=None
        )
        bounds = [("connect", limits.total, "total"), ("read", limits.total, "total")]
        if longest is not None:
            bounds.append(("total", longest, "the longest timeout of its routes"))
        for key, bound, other in bounds:
            path = ("upstreams", name, "timeout", key)
            if tree.node_at(path) and getattr(limits, key) > bound:
                shown = write_duration(getattr(limits, key))
                yield tree.position(path), f"{shown} is beyond {other}, {write_duration(bound)}"


def _calls(route: Route, upstream: str) -> bool:
    return route.http is not None and route.http.upstream == upstream


def unreachable(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Routes whose requests all go to another route, or to another API with a longer base path."""
    for path, api, _ in _routes(loaded):
        key = str(path[-1])
        taken_by = None
        if key == DEFAULT:
            taken_by = _takes_everything(api)
        elif list(api.stages) == [DEFAULT]:
            taken_by = _api_in_front(loaded, api, api.base_path.rstrip("/") + key.partition(" ")[2])
        if taken_by:
            yield loaded.tree.position(path, of_key=True), f"never reached: {taken_by}"


def _takes_everything(api: HttpApi) -> str | None:
    greedy = next(
        (key for key in api.routes if key.startswith("ANY /{") and key.endswith("+}")), None
    )
    return f"ANY / and {greedy} take all requests" if greedy and "ANY /" in api.routes else None


def _api_in_front(loaded: Loaded, api: HttpApi, path: str) -> str | None:
    for name, other in loaded.config.apis.items():
        base = other.base_path.rstrip("/")
        longer = len(base) > len(api.base_path.rstrip("/"))
        if other.host == api.host and longer and f"{path}/".startswith(f"{base}/"):
            return f"API {name} takes all paths below {base}"
    return None

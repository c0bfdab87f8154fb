"""Models of the resources that tell of an execution which a route has started."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator

from frontdesk.config.models.operation import Operation
from frontdesk.config.route_keys import parse_route_key

VARIABLE: Final = "{execution}"

Access = Literal["status", "stop", "result"]

ACCESSES: Final[dict[Access, tuple[str, str]]] = {
    "status": ("GET", ""),
    "stop": ("DELETE", ""),
    "result": ("GET", "/result"),
}
"""What may be done with an execution: its method, and its path below that of the status."""


def _location(path: str) -> str:
    try:
        parsed = parse_route_key(f"GET {path}")
    except ValueError:
        raise ValueError("expected a path such as /payments/{execution}") from None
    if VARIABLE not in parsed.segments or parsed.is_greedy:
        raise ValueError("expected a path such as /payments/{execution}, with this variable")
    return path


Location = Annotated[str, AfterValidator(_location)]


class ExecutionAccess(Operation):
    """One of the resources of an execution: made of the route that starts it, and written in no file.

    machine: the state machine, without alias. about: path of the status.
    """

    machine: str
    about: str
    access: Access

    @property
    def called(self) -> None:
        """See Operation."""
        return None

    @property
    def upstream(self) -> None:
        """See Operation."""
        return None

    def calling(self, function: str) -> Self:
        """See Operation."""
        raise NotImplementedError(function)


def status_path(key: str, location: object) -> str:
    """Return the path of the status of executions that a route starts. location: as the file says it.

    Raises: ValueError, where it must say another one.
    """
    route = parse_route_key(key)
    if location is None and (route.is_greedy or not route.segments):
        raise ValueError("expected a location: a path like this has nothing below it")
    path = str(location or f"{route.path.rstrip('/')}/executions/{VARIABLE}")
    usable = route.variables[:-1] if route.is_greedy else route.variables
    unknown = set(parse_route_key(f"GET {path}").variables) - {*usable, VARIABLE[1:-1]}
    if unknown:
        raise ValueError(
            f"expected variables of one segment of the route's own path, not {{{min(unknown)}}}"
        )
    return path


def accesses(route: Operation, about: str, machine: str) -> Iterator[tuple[str, ExecutionAccess]]:
    """Make the resources of the executions of a route, by route key. Who may start, and how often, may look."""
    for access, (method, below) in ACCESSES.items():
        # Its values are valid already, and some have no form of the file's any more.
        made = ExecutionAccess.model_construct(
            authorizer=route.authorizer,
            scopes=route.scopes,
            api_key=route.api_key,
            throttle=route.throttle,
            compression=route.compression,
            cache=None,
            machine=machine,
            about=about,
            access=access,
        )
        yield f"{method} {about}{below}", made

"""Owns the links to executions that routes have started: what stands in a Location, and what it leads to.

Nobody can guess one, or make one of the name of an execution: the name is sealed for one place of one API.
"""

from urllib.parse import quote

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange


class ExecutionLinks:
    """The links to executions of one machine below one path of an API."""

    __slots__ = ("_about", "_arn", "_names", "_purpose")

    def __init__(self, build: RouteBuild, about: str, machine: str) -> None:
        """about: path of the status, with {execution}. machine: its name."""
        facts = build.facts
        self._names = build.parts.sealed_names
        self._purpose = f"{facts.name} {about} {machine}"
        self._about = _as_clients_say(build, about)
        self._arn = f"arn:aws:states:{facts.region}:{facts.account}:execution:{machine}:"

    def location(self, ex: Exchange, arn: str) -> str:
        """Write the path of the status of an execution. ex: the request that has started it."""
        sealed = self._names.seal(self._purpose, arn.removeprefix(self._arn))
        values = {**ex.params, "execution": sealed}
        below = "/".join(
            quote(values[segment[1:-1]], safe="") if segment.startswith("{") else segment
            for segment in self._about.split("/")
        )
        return ex.path.removesuffix(ex.stage_path) + below

    def arn(self, ex: Exchange) -> str | None:
        """Return the ARN of the execution that a link leads to; None: it is no link of ours."""
        name = self._names.open(self._purpose, ex.params["execution"])
        return None if name is None else self._arn + name


def _as_clients_say(build: RouteBuild, path: str) -> str:
    """Leave out the version of a path where clients say it in another way."""
    versioning = build.api.versioning
    if versioning is None or versioning.by == "path" or not build.version:
        return path
    return path.removeprefix(f"/{build.version}") if path.startswith(f"/{build.version}/") else path

"""Turns stages into entries of `stages`, and their settings for single routes into limits and caches."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from frontdesk.config.imports.documents import as_json
from frontdesk.config.imports.resources import Declared, Part, Resource
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_api_gateway_method_settings",
    "aws_api_gateway_stage",
    "aws_apigatewayv2_stage",
)
"""What is read here."""


class _Words(NamedTuple):
    """What a stage calls things."""

    stage: str
    api: str
    name: str
    variables: str


_REST: Final = _Words("aws_api_gateway_stage", "rest_api_id", "stage_name", "variables")
_HTTP: Final = _Words("aws_apigatewayv2_stage", "api_id", "name", "stage_variables")

_ALL: Final = "*/*"
"""Where settings of methods are those of a whole stage."""


def read_stages(declared: Declared, content: Branch, entry: Branch, api: Resource) -> None:
    """Add the stages of an API to its entry, and the format of their access log."""
    words = _REST if api.type == "aws_api_gateway_rest_api" else _HTTP
    for stage in _stages_of(declared, api):
        name = stage.text(words.name, "$default")
        settings = dict(_settings(declared, api, stage, words))
        if settings or name != "$default":
            entry.branch("stages", stage.origin).put(name, settings, stage.origin)
        _log(declared, content, stage)


def _stages_of(declared: Declared, api: Resource) -> Iterator[Resource]:
    words = _REST if api.type == "aws_api_gateway_rest_api" else _HTTP
    for stage in declared.of(words.stage):
        if stage.text(words.api) == api.id:
            yield stage


def _settings(
    declared: Declared, api: Resource, stage: Resource, words: _Words
) -> Iterator[tuple[str, Any]]:
    variables = stage.mapping(words.variables)
    if variables:
        yield "variables", {key: str(value) for key, value in variables.items()}
    speed = speed_of(stage.part("default_route_settings"))
    for path, settings in _method_settings(declared, api, stage):
        if path == _ALL:
            speed = speed_of(settings) or speed
    if speed is not None:
        yield "throttle", speed
    canary = stage.part("canary_settings")
    if canary.values:
        overrides = canary.mapping("stage_variable_overrides")
        said = {"percent": canary.number("percent_traffic") or 0, "judge": "off"}  # as at AWS
        yield "canary", {**said, "variables": dict(overrides)} if overrides else said


def speeds_of_routes(declared: Declared, api: Resource) -> dict[str, dict[str, Any]]:
    """Collect the limits that stages set for single routes of an HTTP API, by route key."""
    speeds: dict[str, dict[str, Any]] = {}
    for stage in _stages_of(declared, api):
        for settings in stage.parts("route_settings"):
            speed, key = speed_of(settings), settings.text("route_key")
            if speed is not None:
                _once(declared, stage, speeds, key, speed)
    return speeds


def settings_of_methods(declared: Declared, api: Resource) -> dict[str, dict[str, Any]]:
    """Collect the limits and caches of single methods of a REST API, in our keys.

    By route key; `*/*` has what holds for all, which is a cache alone. A cache of None is turned off.
    """
    found: dict[str, dict[str, Any]] = {}
    for stage in _stages_of(declared, api):
        for path, settings in _method_settings(declared, api, stage):
            ours: dict[str, Any] = {}
            speed = speed_of(settings) if path != _ALL else None
            if speed is not None:
                ours["throttle"] = speed
            if settings.flag("caching_enabled") and stage.flag("cache_cluster_enabled"):
                seconds = settings.number("cache_ttl_in_seconds")
                ours["cache"] = {"ttl": f"{300 if seconds is None else seconds}s"}
            elif settings.values.get("caching_enabled") is not None:
                ours["cache"] = None
            if ours:
                _once(declared, stage, found, path, ours)
    return found


def _method_settings(
    declared: Declared, api: Resource, stage: Resource
) -> Iterator[tuple[str, Part]]:
    """Go through settings of methods by route key. AWS writes `pets/{id}/GET`, and `*/*` for all."""
    for each in declared.of("aws_api_gateway_method_settings"):
        same = each.text("stage_name") == stage.text("stage_name")
        if same and each.text("rest_api_id") == api.id:
            path, _, method = each.text("method_path").rpartition("/")
            whole = (path, method) == ("*", "*")
            yield _ALL if whole else route_key(path, method), each.part("settings")


def route_key(path: str, method: str) -> str:
    """Write the key of a method as we do. path: with or without its first slash, `~1` for the others."""
    way = path.replace("~1", "/").strip("/")
    return f"{'ANY' if method == '*' else method} /{way}"


def _once(
    declared: Declared,
    stage: Resource,
    found: dict[str, dict[str, Any]],
    key: str,
    ours: dict[str, Any],
) -> None:
    """Take what a stage says of a route."""
    # Differs: [import-stages] here it holds for all stages of the API.
    if found.setdefault(key, ours) != ours:
        message = f"{stage.address}: another stage has set {key}, for all stages"
        declared.left(stage.at, message)


def speed_of(settings: Part) -> dict[str, Any] | None:
    """Read the throttle of a stage, route, method or plan; None where there is none."""
    rates = (settings.number(name) for name in ("throttling_rate_limit", "rate_limit"))
    bursts = (settings.number(name) for name in ("throttling_burst_limit", "burst_limit"))
    rate = next((each for each in rates if each is not None), None)
    burst = next((each for each in bursts if each is not None), None)
    if not rate or (isinstance(rate, int | float) and rate < 0):  # -1 says that there is none
        return None
    return {"rate": rate_of(rate), **({"burst": burst} if burst and burst != -1 else {})}


def rate_of(limit: float | str) -> str:
    """Write AWS's requests per second; what is no whole number counts by the day."""
    if isinstance(limit, str):
        return f"{limit}/s"
    return f"{limit:g}/s" if float(limit).is_integer() else f"{max(1, int(limit * 86400))}/d"


def _log(declared: Declared, content: Branch, stage: Resource) -> None:
    """Read the format of the access log: there is one for all APIs."""
    text = stage.part("access_log_settings").text("format")
    if not text:
        return
    access = content.branch("logs", stage.origin).branch("access", stage.origin)
    written: Mapping[str, Any] | str = as_json(text)
    if access.value.get("format", written) != written:
        declared.left(stage.at, f"{stage.address}: another stage has given the format of the log")
    else:
        access.put("format", written, stage.origin)

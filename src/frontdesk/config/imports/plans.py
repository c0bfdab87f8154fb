"""Turns usage plans and API keys into entries of `plans` and `keys`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from frontdesk.config.imports.resources import Declared, Resource, name_of
from frontdesk.config.imports.stages import route_key, speed_of
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_api_gateway_api_key",
    "aws_api_gateway_usage_plan",
    "aws_api_gateway_usage_plan_key",
)
"""What is read here."""


def read_plans(declared: Declared, content: Branch, names: Mapping[str, str]) -> None:
    """Add plans and keys. names: of our APIs by the ids of theirs."""
    plans = {}
    for plan in declared.of("aws_api_gateway_usage_plan"):
        targets = list(_targets(declared, plan, names))
        if not targets:
            message = f"{plan.address} is not carried: no API here belongs to it"
            declared.left(plan.at, message)
            continue
        plans[plan.id] = name_of(plan.name)
        entry = content.branch("plans", plan.origin).branch(plans[plan.id], plan.origin)
        for key, value in _settings(plan, targets):
            entry.put(key, value, plan.origin)
    for client in declared.of("aws_api_gateway_api_key"):
        _key(declared, content, client, plans)


def _targets(declared: Declared, plan: Resource, names: Mapping[str, str]) -> Iterator[str]:
    for stage in plan.parts("api_stages"):
        api, name = stage.text("api_id"), stage.text("stage")
        if api in names:
            yield f"{names[api]}/{name}" if name and "${" not in name else names[api]
        else:
            declared.missing(plan.at, f"{plan.address}: nothing here says what its API {api} is")


def _settings(plan: Resource, targets: list[str]) -> Iterator[tuple[str, Any]]:
    yield "apis", targets
    speed, quota = speed_of(plan.part("throttle_settings")), plan.part("quota_settings")
    if speed is not None:
        yield "throttle", speed
    if quota.values:
        limit = {"limit": quota.number("limit"), "period": quota.text("period").lower()}
        offset = quota.number("offset")
        yield "quota", {**limit, **({"offset": offset} if offset else {})}
    methods = dict(_methods(plan))
    if methods:
        yield "methods", methods


def _methods(plan: Resource) -> Iterator[tuple[str, Any]]:
    """Yield the throttles of single methods: AWS writes them as `/pets/GET`."""
    for stage in plan.parts("api_stages"):
        for limit in stage.parts("throttle"):
            path, _, method = limit.text("path").rpartition("/")
            speed = speed_of(limit)
            if speed is not None:
                yield route_key(path, method), {"throttle": speed}


def _key(declared: Declared, content: Branch, key: Resource, plans: Mapping[str, str]) -> None:
    names = [
        plans[joined.text("usage_plan_id")]
        for joined in declared.of("aws_api_gateway_usage_plan_key")
        if joined.text("key_id") == key.id and joined.text("usage_plan_id") in plans
    ]
    if not names:
        message = f"{key.address} is not carried: it belongs to no plan here"
        declared.left(key.at, message, "it would open nothing")
        return
    name = name_of(key.name)
    entry = content.branch("keys", key.origin).branch(name, key.origin)
    entry.put("plan", names[0] if len(names) == 1 else names, key.origin)
    entry.put("value", declared.secret(f"{name.removesuffix('-key')}-key", key.at), key.origin)
    if key.values.get("enabled") is not None and not key.flag("enabled"):
        entry.put("enabled", value=False, origin=key.origin)

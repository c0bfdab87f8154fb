"""Turns usage plans and API keys into entries of `plans` and `keys`."""

from typing import Any, Final

from frontdesk.config.imports.functions import name_of
from frontdesk.config.imports.http_documents import speed_of
from frontdesk.config.imports.resources import MISSING, Declared, Resource
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_api_gateway_api_key",
    "aws_api_gateway_usage_plan",
    "aws_api_gateway_usage_plan_key",
)
"""What is read here."""


def read_plans(declared: Declared, content: Branch) -> None:
    """Add plans and keys."""
    apis = declared.by_id("aws_api_gateway_rest_api")
    for plan in declared.of("aws_api_gateway_usage_plan"):
        entry = content.branch("plans", plan.origin).branch(_name(plan), plan.origin)
        said: dict[str, Any] = {
            "apis": [_target(apis, block) for block in plan.blocks("api_stages")]
        }
        speed = speed_of(plan.block("throttle_settings"))
        if speed is not None:
            said["throttle"] = speed
        quota = plan.block("quota_settings")
        if quota:
            limit = {"limit": quota["limit"], "period": str(quota["period"]).lower()}
            said["quota"] = limit | ({"offset": quota["offset"]} if quota.get("offset") else {})
        methods = dict(_methods(plan))
        if methods:
            said["methods"] = methods
        for word, value in said.items():
            entry.put(word, value, plan.origin)
    plans = declared.by_id("aws_api_gateway_usage_plan")
    for key in declared.of("aws_api_gateway_api_key"):
        names = [
            _name(plans[joined.text("usage_plan_id")])
            for joined in declared.of("aws_api_gateway_usage_plan_key")
            if joined.text("key_id") == key.id and joined.text("usage_plan_id") in plans
        ]
        if not names:
            message = f"{key.address}: it belongs to no plan here, so it would open nothing"
            declared.tell(MISSING, key.at, message)
            continue
        entry = content.branch("keys", key.origin).branch(_name(key), key.origin)
        variable = f"{_name(key).upper().replace('-', '_')}_KEY"
        hint = f"set {variable} to its value when you start"
        declared.tell(MISSING, key.at, f"{key.address}: values of keys are not copied", hint)
        entry.put("plan", names[0] if len(names) == 1 else names, key.origin)
        entry.put("value", f"${{env:{variable}}}", key.origin)
        if key.values.get("enabled") is False:
            entry.put("enabled", value=False, origin=key.origin)


def _name(resource: Resource) -> str:
    return name_of(resource.text("name") or resource.name)


def _target(apis: dict[str, Resource], block: Any) -> str:
    api = apis.get(str(block.get("api_id")))
    name = _name(api) if api is not None else name_of(str(block.get("api_id")))
    stage = str(block.get("stage") or "")
    return f"{name}/{stage}" if stage and "${" not in stage else name


def _methods(plan: Resource) -> Any:
    """Yield the throttles of single methods: AWS writes them as `/pets/GET`."""
    for block in plan.blocks("api_stages"):
        for limit in block.get("throttle") or []:
            path, _, verb = str(limit.get("path", "")).rpartition("/")
            speed = speed_of(limit)
            if speed is not None:
                yield f"{verb} {path or '/'}", {"throttle": speed}

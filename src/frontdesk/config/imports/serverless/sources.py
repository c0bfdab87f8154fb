"""Writes events of the Serverless Framework that bring messages as SAM says them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.config.imports.arns import arn_of

Said = dict[str, Any]
"""What is said of an event; the value itself where it is a text alone."""

_OF_QUEUES: Final = {
    "arn": "Queue",
    "batchSize": "BatchSize",
    "maximumBatchingWindow": "MaximumBatchingWindowInSeconds",
    "enabled": "Enabled",
}
_OF_RULES: Final = {
    "eventBus": "EventBusName",
    "inputPath": "InputPath",
    "name": "RuleName",
    "pattern": "Pattern",
}


def _queue(said: Said) -> Said:
    written = _renamed(said, _OF_QUEUES)
    if "maximumConcurrency" in said:
        written["ScalingConfig"] = {"MaximumConcurrency": said["maximumConcurrency"]}
    patterns = said.get("filterPatterns")
    if isinstance(patterns, list):
        filters = [{"Pattern": json.dumps(each)} for each in patterns]
        written["FilterCriteria"] = {"Filters": filters}
    return written


def _topic(said: Said) -> Said:
    """A topic is told by its ARN, or by the name that it is made under."""
    arn = said.get("arn")
    name = arn if isinstance(arn, str) and not arn.startswith("arn:") else said.get("topicName")
    written = {"Topic": arn_of("sns", name) if isinstance(name, str) else arn}
    return written | _renamed(
        said, {"filterPolicy": "FilterPolicy", "filterPolicyScope": "FilterPolicyScope"}
    )


def _rule(said: Said) -> Said:
    written = _renamed(said, _OF_RULES)
    if "input" in said:
        given = said["input"]
        written["Input"] = given if isinstance(given, str) else json.dumps(given)
    made = said.get("inputTransformer")
    if isinstance(made, dict):
        words = {"inputPathsMap": "InputPathsMap", "inputTemplate": "InputTemplate"}
        written["InputTransformer"] = _renamed(made, words)
    if said.get("enabled") is False:
        written["State"] = "DISABLED"
    return written


def _renamed(said: Mapping[str, Any], words: Mapping[str, str]) -> Said:
    return {word: said[name] for name, word in words.items() if name in said}


KINDS: Final[Mapping[str, tuple[str, Callable[[Said], Said]]]] = {
    "eventBridge": ("EventBridgeRule", _rule),
    "sns": ("SNS", _topic),
    "sqs": ("SQS", _queue),
}
"""Kind of an event → what SAM calls it, and how it is written there."""


def source_of(kind: str, value: Any) -> dict[str, Any]:
    """Write an event of one of `KINDS`. value: a mapping, or the ARN of its source."""
    name, write = KINDS[kind]
    said = value if isinstance(value, dict) and not _is_function(value) else {"arn": value}
    return {"Type": name, "Properties": write(said)}


def _is_function(value: Mapping[str, Any]) -> bool:
    """Tell whether a mapping is a function of CloudFormation, which stands for an ARN."""
    return any(key.startswith("Fn::") or key == "Ref" for key in value)

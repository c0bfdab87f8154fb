"""Owns what AWS's names of resources mean here: the last part of an ARN names the local one. Pure."""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

_FUNCTION: Final = re.compile(
    r"function:(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?(?:/|$)"
    r"|functions/\$\{(?P<logical>[A-Za-z0-9]+)\.Arn\}"
)
"""A function's ARN, alone or in API Gateway's path to it, or the reference of a template to one."""

_ACTION: Final = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:states:action/"
    r"(DescribeExecution|StartExecution|StartSyncExecution|StopExecution)"
)
_SERVICE: Final = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:(?P<service>sqs|sns|events):(?P<kind>path|action)/(?P<rest>.*)"
)
_NAMED: Final = {
    "sqs": re.compile(r"(?:sqs[^\s\"'&]*|queue\.amazonaws\.com)[/:]\w*[/:]([\w-]+(?:\.fifo)?)"),
    "sns": re.compile(r":sns:[^:\s]*:[^:\s]*:([\w-]+(?:\.fifo)?)"),
    "events": re.compile(r":event-bus/([\w./-]+)|EventBusName\W+(?!arn:)([\w./-]+)"),
}
"""What names a queue, a topic or a bus in the templates and parameters of an integration, by service."""

_ASKED: Final = re.compile(r"\bAction\W+(\w+)")
_USER_POOL: Final = re.compile(r"arn:[^:]*:cognito-idp:([a-z0-9-]+):[^:]*:userpool/(\S+)")
_STREAMED: Final = "/response-streaming-invocations"
_PATH: Final = "arn:aws:apigateway:{region}:lambda:path/{version}/functions/{arn}/{action}"


class FunctionCall(NamedTuple):
    """What a URI of an integration calls. function: NAME or NAME:QUALIFIER. streamed: part by part."""

    function: str
    streamed: bool


def called_function(uri: str) -> FunctionCall | None:
    """Read the URI of an integration or authorizer; None where it names no function for certain."""
    found = _FUNCTION.search(uri)
    if found is None or not uri.startswith("arn:"):
        return None
    name = found["name"] or found["logical"]
    qualifier = f":{found['qualifier']}" if found["qualifier"] else ""
    return FunctionCall(name + qualifier, uri.endswith(_STREAMED))


def called_action(uri: str) -> str | None:
    """Return which action of Step Functions the URI of an integration asks for, such as `StartExecution`."""
    found = _ACTION.fullmatch(uri)
    return found[1] if found else None


class ServiceCall(NamedTuple):
    """What an integration asks of a service. key: `queue`, `topic` or `event_bus`. name: "" where none is told.

    action: the one that is asked for.
    """

    key: str
    name: str
    action: str


SERVICE_ACTIONS: Final = {"queue": "SendMessage", "topic": "Publish", "event_bus": "PutEvents"}
"""What integrations with services may ask for here, by our key."""
_KEYS: Final = {"sqs": "queue", "sns": "topic", "events": "event_bus"}


def called_service(uri: str, said: str) -> ServiceCall | None:
    """Read the URI of an integration with SQS, SNS or EventBridge. said: its templates and parameters."""
    found = _SERVICE.fullmatch(uri)
    if found is None:
        return None
    service, text = found["service"], unquote(said)
    key, asked = _KEYS[found["service"]], _ASKED.search(text)
    by_action = found["kind"] == "action"
    action = found["rest"] if by_action else asked[1] if asked else SERVICE_ACTIONS[key]
    place = "" if by_action or service != "sqs" else found["rest"].strip("/").rpartition("/")[2]
    named = _NAMED[service].search(text)
    name = place or (next(filter(None, named.groups()), "") if named else "")
    return ServiceCall(key, name or ("default" if service == "events" else ""), action)


def service_uri(key: str, name: str, account: str, region: str) -> str:
    """Write what `called_service` reads; it reads a topic and a bus from the templates."""
    place = {
        "queue": f"sqs:path/{account}/{name}",
        "topic": "sns:action/Publish",
        "event_bus": "events:action/PutEvents",
    }
    return f"arn:aws:apigateway:{region}:{place[key]}"


def action_uri(action: str, region: str) -> str:
    """Write what `called_action` reads."""
    return f"arn:aws:apigateway:{region}:states:action/{action}"


def machine_arn(machine: str, account: str, region: str) -> str:
    """Write the ARN of a state machine. machine: NAME or NAME:QUALIFIER."""
    return f"arn:aws:states:{region}:{account}:stateMachine:{machine}"


def function_uri(function: str, account: str, region: str, *, streamed: bool = False) -> str:
    """Write what `called_function` reads. function: NAME or NAME:QUALIFIER."""
    arn = f"arn:aws:lambda:{region}:{account}:function:{function}"
    version, action = (
        ("2021-11-15", "response-streaming-invocations")
        if streamed
        else ("2015-03-31", "invocations")
    )
    return _PATH.format(region=region, version=version, arn=arn, action=action)


def issuer_of_pool(arn: str) -> str | None:
    """Say who issues the tokens of a Cognito user pool."""
    found = _USER_POOL.fullmatch(arn)
    return f"https://cognito-idp.{found[1]}.amazonaws.com/{found[2]}" if found else None

"""Owns what AWS's names of resources mean here: the last part of an ARN names the local one. Pure."""

import re
from typing import Final, NamedTuple

_FUNCTION: Final = re.compile(
    r"function:(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?(?:/|$)"
    r"|functions/\$\{(?P<logical>[A-Za-z0-9]+)\.Arn\}"
)
"""A function's ARN, alone or in API Gateway's path to it, or the reference of a template to one."""

_ACTION: Final = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:states:action/"
    r"(DescribeExecution|StartExecution|StartSyncExecution|StopExecution)"
)
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

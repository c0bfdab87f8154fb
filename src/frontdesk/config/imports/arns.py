"""Makes up the ARNs that only AWS would tell. The last part of each names the local thing."""

from typing import Final

from frontdesk.config.openapi.arns import function_uri

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
"""Where everything is said to be: the defaults of our own keys."""


def arn_of(service: str, rest: str) -> str:
    """Write an ARN."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def function_arn(function: str) -> str:
    """Write the ARN of a function. function: NAME or NAME:QUALIFIER."""
    return arn_of("lambda", f"function:{function}")


def machine_arn(machine: str) -> str:
    """Write the ARN of a state machine."""
    return arn_of("states", f"stateMachine:{machine}")


def invoke_arn(function: str) -> str:
    """Write the URI of an integration with a function. function: NAME or NAME:QUALIFIER."""
    return function_uri(function, ACCOUNT, REGION)

"""What stands for attributes that only a provider could tell: ARNs and addresses as AWS writes them.

The last part of an ARN names the local thing, so whatever refers to one finds it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from frontdesk.config.imports.arns import (
    ACCOUNT,
    REGION,
    arn_of,
    function_arn,
    invoke_arn,
    machine_arn,
)
from frontdesk.config.imports.resources import name_of


class Told(Protocol):
    """A resource, as far as its own block tells of it."""

    address: str

    def told(self, *names: str) -> Any:
        """Return the first of some attributes that the block has; its label where it has none."""
        ...

    def secret(self, name: str) -> str:
        """Return a reference to the environment in place of a secret."""
        ...


def _function(made: Told) -> str:
    return name_of(str(made.told("function_name")))


def _alias(made: Told) -> str:
    function = str(made.told("function_name")).rpartition(":")[2]
    return f"{name_of(function)}:{made.told('name')}"


def _api_arn(made: Told) -> str:
    return arn_of("execute-api", made.address)


def _machine(made: Told) -> str:
    return machine_arn(str(made.told("name")))


def _topic(made: Told) -> str:
    return arn_of("sns", str(made.told("name")))


def _bus(made: Told) -> str:
    return arn_of("events", f"event-bus/{made.told('name')}")


def _queue_url(made: Told) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{made.told('name')}"


MADE_UP: Final[Mapping[tuple[str, str], Callable[[Told], Any]]] = {
    ("archive_file", "output_base64sha256"): lambda made: f"sha256 of {made.address}",
    ("archive_file", "output_path"): lambda made: made.told("source_dir", "source_file"),
    ("aws_api_gateway_domain_name", "id"): lambda made: made.told("domain_name"),
    ("aws_api_gateway_rest_api", "execution_arn"): _api_arn,
    ("aws_api_gateway_rest_api", "root_resource_id"): lambda made: f"{made.address}/",
    ("aws_apigatewayv2_api", "execution_arn"): _api_arn,
    ("aws_apigatewayv2_domain_name", "id"): lambda made: made.told("domain_name"),
    ("aws_apigatewayv2_stage", "id"): lambda made: made.told("name"),
    ("aws_caller_identity", "account_id"): lambda _made: ACCOUNT,
    ("aws_cloudwatch_event_bus", "arn"): _bus,
    ("aws_cloudwatch_event_bus", "id"): lambda made: made.told("name"),
    ("aws_cloudwatch_event_bus", "name"): lambda made: made.told("name"),
    ("aws_cloudwatch_event_rule", "name"): lambda made: made.told("name"),
    ("aws_lambda_alias", "arn"): lambda made: function_arn(_alias(made)),
    ("aws_lambda_alias", "invoke_arn"): lambda made: invoke_arn(_alias(made)),
    ("aws_lambda_function", "arn"): lambda made: function_arn(_function(made)),
    ("aws_lambda_function", "invoke_arn"): lambda made: invoke_arn(_function(made)),
    ("aws_lambda_function", "qualified_arn"): lambda made: function_arn(
        f"{_function(made)}:$LATEST"
    ),
    ("aws_lambda_function", "version"): lambda _made: "$LATEST",
    ("aws_partition", "partition"): lambda _made: "aws",
    ("aws_region", "id"): lambda _made: REGION,
    ("aws_region", "name"): lambda _made: REGION,
    ("aws_region", "region"): lambda _made: REGION,
    ("aws_secretsmanager_secret_version", "secret_string"): (
        lambda made: made.secret(str(made.told("secret_id")))
    ),
    ("aws_sfn_state_machine", "arn"): _machine,
    ("aws_sfn_state_machine", "id"): _machine,
    ("aws_sns_topic", "arn"): _topic,
    ("aws_sns_topic", "id"): _topic,
    ("aws_sns_topic", "name"): lambda made: made.told("name"),
    ("aws_sqs_queue", "arn"): lambda made: arn_of("sqs", str(made.told("name"))),
    ("aws_sqs_queue", "id"): _queue_url,
    ("aws_sqs_queue", "name"): lambda made: made.told("name"),
    ("aws_sqs_queue", "url"): _queue_url,
    ("aws_ssm_parameter", "value"): lambda made: made.secret(str(made.told("name"))),
}
"""Type and attribute that a provider would tell → what stands for it."""

NEVER_MADE_UP: Final = frozenset(("aws_cognito_user_pool", "aws_cognito_user_pool_client"))
"""Types whose ids and ARNs say which tokens are trusted: the operator gives them."""

NOT_COPIED: Final = frozenset(
    (
        ("archive_file", "output_path"),
        ("aws_secretsmanager_secret_version", "secret_string"),
        ("aws_ssm_parameter", "value"),
    )
)
"""What a block may say and is made up all the same: archives are not built, secrets are not copied."""

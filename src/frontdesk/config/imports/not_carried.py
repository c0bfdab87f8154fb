"""Why resources of some types are not carried: there is no need of them, or no room yet."""

from collections.abc import Mapping
from typing import Final

_DEPLOYED: Final = "the whole file is what is deployed"
_USER: Final = "functions run as the gateway's user"
_QUEUES: Final = "whoever may ask this gateway may use its queues"

_REASONS: Final[Mapping[str, str]] = {
    "archive_file": "the folder itself is used",
    "aws_api_gateway_account": "logs are written where `logs` says",
    "aws_api_gateway_deployment": _DEPLOYED,
    "aws_apigatewayv2_deployment": _DEPLOYED,
    "aws_apigatewayv2_vpc_link": "add an entry of `upstreams` of its name",
    "aws_api_gateway_vpc_link": "add an entry of `upstreams` of its name",
    "aws_cloudwatch_log_group": "logs are written where `logs` says",
    "aws_iam_policy": _USER,
    "aws_iam_role": _USER,
    "aws_iam_role_policy": _USER,
    "aws_iam_role_policy_attachment": _USER,
    "aws_lambda_permission": "a route may call the function that it names",
    "aws_lambda_version": "an alias names a version of `versions`",
    "aws_scheduler_schedule_group": "schedules stand in no groups",
    "aws_secretsmanager_secret": "secrets are read from the environment or from files",
    "aws_secretsmanager_secret_version": "secrets are read from the environment or from files",
    "aws_sfn_activity": "make it with CreateActivity of the Step Functions API",
    "aws_sfn_alias": "make it with CreateStateMachineAlias of the Step Functions API",
    "aws_sqs_queue_policy": _QUEUES,
    "aws_sqs_queue_redrive_allow_policy": _QUEUES,
    "aws_ssm_parameter": "parameters are read from the environment or from files",
    "AWS::Serverless::Application": "import its template, too",
    "AWS::Serverless::Connector": _USER,
}


def reason_of(type_name: str) -> str:
    """Say why a resource of a type is not carried."""
    return _REASONS.get(type_name, "there is nothing here that it could become")

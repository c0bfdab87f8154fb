"""Owns the members of every request to the Step Functions API: one table.

Source: AWS, Step Functions, API reference, the request syntax of each operation.
"""

from typing import Final

from frontdesk.aws.constraints import (
    Constraint,
    Flag,
    Listed,
    Number,
    Structure,
    Text,
)

LONGEST_DEFINITION: Final = 1_048_576
LONGEST_DATA: Final = 262_144
LONGEST_CAUSE: Final = 32_768

_ARN: Final = Text(least=1, most=256)
_LONG_ARN: Final = Text(least=1, most=2000)
_NAME: Final = Text(least=1, most=80)
_DEFINITION: Final = Text(least=1, most=LONGEST_DEFINITION, secret=True)
_DATA: Final = Text(most=LONGEST_DATA, secret=True)
_STATE: Final = Text(least=1, most=80, secret=True)
_DESCRIPTION: Final = Text(most=256, secret=True)
_ERROR: Final = Text(most=256, secret=True)
_CAUSE: Final = Text(most=LONGEST_CAUSE, secret=True)
_TOKEN: Final = Text(least=1, most=2048, secret=True)
_TYPE: Final = Text(among=("STANDARD", "EXPRESS"))
_INCLUDED: Final = Text(among=("ALL_DATA", "METADATA_ONLY"))
_TRACE: Final = Text(most=256, pattern=r"[\x00-\x7f]*")
_ALIAS: Final = Text(least=1, most=80, pattern=r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$")
_PAGE: Final[dict[str, Constraint]] = {
    "maxResults": Number(most=1000),
    "nextToken": Text(least=1, most=1024),
}
_TAGS: Final = Listed(of=Structure({"key": Text(most=128), "value": Text(most=256)}))
_ROUTES: Final = Listed(
    of=Structure(
        {"stateMachineVersionArn": _ARN, "weight": Number(most=100)},
        ("stateMachineVersionArn", "weight"),
    ),
    least=1,
    most=2,
)
_LOGGING: Final = Structure(
    {
        "level": Text(among=("ALL", "ERROR", "FATAL", "OFF")),
        "includeExecutionData": Flag(),
        "destinations": Listed(
            of=Structure({"cloudWatchLogsLogGroup": Structure({"logGroupArn": _ARN})})
        ),
    }
)
_TRACING: Final = Structure({"enabled": Flag()})
_ENCRYPTION: Final = Structure(
    {
        "type": Text(among=("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY")),
        "kmsKeyId": Text(least=1, most=2048),
        "kmsDataKeyReusePeriodSeconds": Number(least=60, most=900),
    },
    ("type",),
)
_SETTINGS: Final[dict[str, Constraint]] = {
    "definition": _DEFINITION,
    "roleArn": _ARN,
    "loggingConfiguration": _LOGGING,
    "tracingConfiguration": _TRACING,
    "publish": Flag(),
    "versionDescription": _DESCRIPTION,
    "encryptionConfiguration": _ENCRYPTION,
}
_START: Final[dict[str, Constraint]] = {
    "stateMachineArn": _ARN,
    "name": _NAME,
    "input": _DATA,
    "traceHeader": _TRACE,
}
_STATUSES: Final = ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING")
"""In the order in which AWS lists them."""


def _one(name: str, constraint: Constraint = _ARN) -> Structure:
    return Structure({name: constraint}, (name,))


SHAPES: Final[dict[str, Structure]] = {
    "CreateStateMachine": Structure(
        {"name": _NAME, **_SETTINGS, "type": _TYPE, "tags": _TAGS},
        ("name", "definition", "roleArn"),
    ),
    "UpdateStateMachine": Structure({"stateMachineArn": _ARN, **_SETTINGS}, ("stateMachineArn",)),
    "DescribeStateMachine": Structure(
        {"stateMachineArn": _ARN, "includedData": _INCLUDED}, ("stateMachineArn",)
    ),
    "DeleteStateMachine": _one("stateMachineArn"),
    "ListStateMachines": Structure(_PAGE),
    "DescribeStateMachineForExecution": Structure(
        {"executionArn": _ARN, "includedData": _INCLUDED}, ("executionArn",)
    ),
    "StartExecution": Structure(_START, ("stateMachineArn",)),
    "StartSyncExecution": Structure({**_START, "includedData": _INCLUDED}, ("stateMachineArn",)),
    "DescribeExecution": Structure(
        {"executionArn": _ARN, "includedData": _INCLUDED}, ("executionArn",)
    ),
    "ListExecutions": Structure(
        {
            **_PAGE,
            "nextToken": Text(least=1, most=3096),
            "stateMachineArn": _ARN,
            "mapRunArn": _LONG_ARN,
            "statusFilter": Text(among=_STATUSES),
            "redriveFilter": Text(among=("REDRIVEN", "NOT_REDRIVEN")),
        }
    ),
    "GetExecutionHistory": Structure(
        {"executionArn": _ARN, **_PAGE, "reverseOrder": Flag(), "includeExecutionData": Flag()},
        ("executionArn",),
    ),
    "StopExecution": Structure(
        {"executionArn": _ARN, "error": _ERROR, "cause": _CAUSE}, ("executionArn",)
    ),
    "RedriveExecution": Structure(
        {"executionArn": _ARN, "clientToken": Text(least=1, most=64, pattern="[!-~]+")},
        ("executionArn",),
    ),
    "SendTaskSuccess": Structure({"taskToken": _TOKEN, "output": _DATA}, ("taskToken", "output")),
    "SendTaskFailure": Structure(
        {"taskToken": _TOKEN, "error": _ERROR, "cause": _CAUSE}, ("taskToken",)
    ),
    "SendTaskHeartbeat": _one("taskToken", _TOKEN),
    "CreateActivity": Structure(
        {"name": _NAME, "tags": _TAGS, "encryptionConfiguration": _ENCRYPTION}, ("name",)
    ),
    "DescribeActivity": _one("activityArn"),
    "DeleteActivity": _one("activityArn"),
    "ListActivities": Structure(_PAGE),
    "GetActivityTask": Structure({"activityArn": _ARN, "workerName": _NAME}, ("activityArn",)),
    "PublishStateMachineVersion": Structure(
        {"stateMachineArn": _ARN, "revisionId": Text(), "description": _DESCRIPTION},
        ("stateMachineArn",),
    ),
    "ListStateMachineVersions": Structure({"stateMachineArn": _ARN, **_PAGE}, ("stateMachineArn",)),
    "DeleteStateMachineVersion": _one("stateMachineVersionArn", _LONG_ARN),
    "CreateStateMachineAlias": Structure(
        {"name": _ALIAS, "routingConfiguration": _ROUTES, "description": _DESCRIPTION},
        ("name", "routingConfiguration"),
    ),
    "UpdateStateMachineAlias": Structure(
        {
            "stateMachineAliasArn": _ARN,
            "routingConfiguration": _ROUTES,
            "description": _DESCRIPTION,
        },
        ("stateMachineAliasArn",),
    ),
    "DescribeStateMachineAlias": _one("stateMachineAliasArn"),
    "DeleteStateMachineAlias": _one("stateMachineAliasArn"),
    "ListStateMachineAliases": Structure({"stateMachineArn": _ARN, **_PAGE}, ("stateMachineArn",)),
    "TagResource": Structure({"resourceArn": _ARN, "tags": _TAGS}, ("resourceArn", "tags")),
    "UntagResource": Structure(
        {"resourceArn": _ARN, "tagKeys": Listed(of=Text(most=128))}, ("resourceArn", "tagKeys")
    ),
    "ListTagsForResource": _one("resourceArn"),
    "DescribeMapRun": _one("mapRunArn", _LONG_ARN),
    "ListMapRuns": Structure({"executionArn": _ARN, **_PAGE}, ("executionArn",)),
    "UpdateMapRun": Structure(
        {
            "mapRunArn": _LONG_ARN,
            "maxConcurrency": Number(),
            "toleratedFailureCount": Number(),
            "toleratedFailurePercentage": Number(most=100, whole=False),
        },
        ("mapRunArn",),
    ),
    "TestState": Structure(
        {
            "definition": _DEFINITION,
            "roleArn": _ARN,
            "input": _DATA,
            "inspectionLevel": Text(among=("INFO", "DEBUG", "TRACE")),
            "revealSecrets": Flag(),
            "variables": _DATA,
            "stateName": _STATE,
            "mock": Structure(
                {
                    "result": _DATA,
                    "errorOutput": Structure({"error": _ERROR, "cause": _CAUSE}),
                    "fieldValidationMode": Text(among=("STRICT", "PRESENT", "NONE")),
                }
            ),
            "context": _DATA,
            "stateConfiguration": Structure(
                {
                    "retrierRetryCount": Number(),
                    "errorCausedByState": _STATE,
                    "mapIterationFailureCount": Number(),
                    "mapItemReaderData": _DATA,
                }
            ),
        },
        ("definition",),
    ),
    "ValidateStateMachineDefinition": Structure(
        {
            "definition": _DEFINITION,
            "type": _TYPE,
            "severity": Text(among=("ERROR", "WARNING")),
            "maxResults": Number(most=100),
        },
        ("definition",),
    ),
}

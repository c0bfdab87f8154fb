"""State machines through the Step Functions API, asked by boto3."""

import json

import pytest

from tests.live.states import ROLE, StatesApi, definition, machine_arn

PASS = definition(a={"Type": "Pass", "Result": 1})
OTHER = definition(a={"Type": "Pass", "Result": 2})
GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:states:*"
LOGGING = {
    "level": "ALL",
    "includeExecutionData": True,
    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
}


async def test_what_is_created_is_described(api):
    made = await api.create(
        "charge",
        type="EXPRESS",
        loggingConfiguration=LOGGING,
        tracingConfiguration={"enabled": True},
    )
    found = await api("describe_state_machine", stateMachineArn=made["stateMachineArn"])
    assert found == {
        "stateMachineArn": machine_arn("charge"),
        "name": "charge",
        "status": "ACTIVE",
        "definition": PASS,
        "roleArn": ROLE,
        "type": "EXPRESS",
        "creationDate": made["creationDate"],
        "loggingConfiguration": LOGGING,
        "tracingConfiguration": {"enabled": True},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


async def test_metadata_are_without_the_definition(api):
    await api.create("charge")
    arn = machine_arn("charge")
    found = await api("describe_state_machine", stateMachineArn=arn, includedData="METADATA_ONLY")
    assert "definition" not in found


async def test_creating_the_same_again_is_nothing_new(api):
    first = await api.create("charge", publish=True)
    again = await api.create("charge", publish=True, tags=[{"key": "a", "value": "b"}])
    assert again == first


DIFFERENCES = {
    "definition": {"definition": OTHER},
    "white space": {"definition": PASS + " "},
    "type": {"type": "EXPRESS"},
    "logging": {"loggingConfiguration": LOGGING},
    "tracing": {"tracingConfiguration": {"enabled": True}},
    "publish": {"publish": True},
}


@pytest.mark.parametrize("other", DIFFERENCES.values(), ids=DIFFERENCES)
async def test_creating_another_of_the_same_name_is_refused(api, other):
    await api.create("charge")
    parameters = {"name": "charge", "definition": PASS, "roleArn": ROLE, **other}
    assert await api.refusal("create_state_machine", **parameters) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{machine_arn('charge')}'",
    )


INVALID = {
    "name": (
        {"name": "a b"},
        ("InvalidName", "Invalid Name: 'a b'"),
    ),
    "long name": (
        {"name": "a" * 81},
        (
            "ValidationException",
            (
                f"1 validation error detected: Value '{'a' * 81}' at 'name' failed to satisfy "
                "constraint: Member must have length less than or equal to 80"
            ),
        ),
    ),
    "role": (
        {"roleArn": "me"},
        ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: me'"),
    ),
    "definition": (
        {"definition": "{}"},
        (
            "InvalidDefinition",
            (
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are "
                "required: [States, StartAt] at /'"
            ),
        ),
    ),
    "logging": (
        {"loggingConfiguration": {"level": "ALL"}},
        (
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
    ),
    "description": (
        {"versionDescription": "first"},
        ("ValidationException", "Version description can only be set when publish is true"),
    ),
    "key": (
        {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}},
        (
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: 'There is no KMS here: use AWS_OWNED_KEY.'",
        ),
    ),
    "tags": (
        {"tags": [{"key": str(one), "value": ""} for one in range(51)]},
        ("TooManyTags", "Too Many Tags: a resource can have 50."),
    ),
    "type": (
        {"type": "FAST"},
        (
            "ValidationException",
            (
                "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: "
                "Member must satisfy enum value set: [STANDARD, EXPRESS]"
            ),
        ),
    ),
    "nothing": (
        {"name": None, "roleArn": None},
        (
            "ValidationException",
            (
                "2 validation errors detected: Value null at 'name' failed to satisfy constraint: "
                "Member must not be null; Value null at 'roleArn' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
    ),
}


@pytest.mark.parametrize(("given", "refusal"), INVALID.values(), ids=INVALID)
async def test_what_cannot_be_is_refused(api, given, refusal):
    parameters = {"name": "charge", "definition": PASS, "roleArn": ROLE, **given}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    assert await api.refusal("create_state_machine", **parameters) == refusal


async def test_an_update_makes_a_revision_only_where_something_changes(api):
    arn = (await api.create("charge"))["stateMachineArn"]
    same = await api("update_state_machine", stateMachineArn=arn, definition=PASS, roleArn=ROLE)
    assert "revisionId" not in same
    changed = await api("update_state_machine", stateMachineArn=arn, definition=OTHER)
    found = await api("describe_state_machine", stateMachineArn=arn)
    assert (found["revisionId"], found["definition"]) == (changed["revisionId"], OTHER)
    again = await api("update_state_machine", stateMachineArn=arn, definition=OTHER)
    assert again["revisionId"] == changed["revisionId"]


async def test_an_update_of_nothing_is_refused(api):
    arn = (await api.create("charge"))["stateMachineArn"]
    assert await api.refusal("update_state_machine", stateMachineArn=arn) == (
        "MissingRequiredParameter",
        (
            "Either the definition, the role ARN, the LoggingConfiguration, or the "
            "TracingConfiguration must be specified"
        ),
    )


@pytest.mark.parametrize("operation", ["update_state_machine", "describe_state_machine"])
async def test_what_is_not_there_is_told(api, operation):
    more = {"definition": PASS} if operation.startswith("update") else {}
    arn = machine_arn("nobody")
    assert await api.refusal(operation, stateMachineArn=arn, **more) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{arn}'",
    )


ARNS = {
    "no ARN": ("charge", "Invalid ARN prefix: charge"),
    "an execution": (
        "arn:aws:states:us-east-1:111111111111:execution:a:b",
        "Resource type not valid in this context: execution",
    ),
}


@pytest.mark.parametrize(("arn", "why"), ARNS.values(), ids=ARNS)
async def test_other_arns_are_refused(api, arn, why):
    refusal = await api.refusal("describe_state_machine", stateMachineArn=arn)
    assert refusal == ("InvalidArn", f"Invalid Arn: '{why}'")


async def test_an_incomplete_arn_finds_its_machine(api):
    await api.create("apiProxyStateMachine")
    arn = "arn:aws:states::stateMachine:apiProxyStateMachine"
    found = await api("describe_state_machine", stateMachineArn=arn)
    assert found["stateMachineArn"] == machine_arn("apiProxyStateMachine")


async def test_a_deleted_machine_is_gone_and_its_name_is_free(api):
    arn = (await api.create("charge", publish=True))["stateMachineArn"]
    await api("delete_state_machine", stateMachineArn=arn)
    await api("delete_state_machine", stateMachineArn=arn)
    assert (await api.refusal("start_execution", stateMachineArn=arn))[0] == (
        "StateMachineDoesNotExist"
    )
    again = await api.create("charge", OTHER, type="EXPRESS", publish=True)
    assert again["stateMachineVersionArn"] == machine_arn("charge", "1")


async def test_all_machines_are_listed_page_by_page(api):
    for name in ("c", "a", "b"):
        await api.create(name)
    first = await api("list_state_machines", maxResults=3)
    rest = await api("list_state_machines", nextToken=first["nextToken"])
    names = [one["name"] for one in first["stateMachines"] + rest["stateMachines"]]
    assert names == ["a", "b", "c", "from_file"]
    assert "nextToken" not in rest


async def test_tokens_of_nowhere_are_refused(api):
    first = await api.create("a", publish=True)
    await api.create("b")
    page = await api("list_state_machines", maxResults=1)
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    for token in ("InvalidToken", "bnVsbA==", "WyJtYWNoaW5lcyIsIHt9XQ=="):
        assert await api.refusal("list_state_machines", nextToken=token) == invalid
    assert invalid == await api.refusal(
        "list_state_machine_versions",
        stateMachineArn=first["stateMachineArn"],
        nextToken=page["nextToken"],
    )


async def test_machines_of_the_file_are_shown_and_run_and_only_the_file_changes_them(api):
    arn = machine_arn("from_file")
    found = await api("describe_state_machine", stateMachineArn=arn)
    assert (found["status"], found["loggingConfiguration"]["level"]) == ("ACTIVE", "ERROR")
    assert json.loads(found["definition"])["StartAt"] == "only"
    await api("start_execution", stateMachineArn=arn)
    told = (
        "ConflictException",
        (
            "State machine from_file is in the configuration file: change it there. "
            "The API changes only the state machines that it has made."
        ),
    )
    changes = {
        "update_state_machine": {"definition": PASS},
        "delete_state_machine": {},
        "publish_state_machine_version": {},
    }
    for operation, more in changes.items():
        assert await api.refusal(operation, stateMachineArn=arn, **more) == told
    refusal = await api.refusal(
        "create_state_machine", name="from_file", definition=PASS, roleArn=ROLE
    )
    assert refusal[0] == "StateMachineAlreadyExists"


async def test_machines_outlive_the_process():
    async with StatesApi().serving() as api:
        await api.create("charge", publish=True)
        await api("update_state_machine", stateMachineArn=machine_arn("charge"), definition=OTHER)
    async with StatesApi(catalog=api.catalog).serving() as api:
        newest = await api("describe_state_machine", stateMachineArn=machine_arn("charge"))
        version = await api("describe_state_machine", stateMachineArn=machine_arn("charge", "1"))
    assert (newest["definition"], version["definition"]) == (OTHER, PASS)


async def test_an_execution_keeps_the_definition_that_it_was_started_with(api):
    wait = definition(a={"Type": "Wait", "Seconds": 60})
    arn = (await api.create("slow", wait))["stateMachineArn"]
    started = await api("start_execution", stateMachineArn=arn)
    before = await api("describe_state_machine_for_execution", executionArn=started["executionArn"])
    await api("update_state_machine", stateMachineArn=arn, definition=PASS, roleArn=ROLE + "2")
    after = await api("describe_state_machine_for_execution", executionArn=started["executionArn"])
    await api("delete_state_machine", stateMachineArn=arn)
    gone = await api("describe_state_machine_for_execution", executionArn=started["executionArn"])
    for found in (before, after, gone):
        assert (found["definition"], found["roleArn"], found["name"]) == (wait, ROLE, "slow")
    assert (await api("describe_execution", executionArn=started["executionArn"]))["status"] == (
        "RUNNING"
    )


async def test_variables_that_states_read_are_told(api):
    text = json.dumps(
        {
            "StartAt": "keep",
            "States": {
                "keep": {"Type": "Pass", "Assign": {"answer": 42}, "Next": "tell"},
                "tell": {"Type": "Pass", "InputPath": "$answer", "End": True},
            },
        }
    )
    await api.create("charge", text)
    found = await api("describe_state_machine", stateMachineArn=machine_arn("charge"))
    assert found["variableReferences"] == {"tell": ["answer"]}

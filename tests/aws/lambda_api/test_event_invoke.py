"""What is done with asynchronous invocations of functions of the API, asked by boto3."""

import pytest
from botocore.exceptions import ClientError

from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.registry import Arns, Registry
from frontdesk.rules.asynchronous.progress import Policy
from tests.aws.lambda_api.test_functions import told

DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"
FILE = "arn:aws:lambda:us-east-1:000000000000:function:from_file"


@pytest.fixture
async def made(api):
    await api("create_function", **told(Publish=True))
    return api


async def put(api, **members):
    return await api("put_function_event_invoke_config", **{"FunctionName": "made", **members})


async def test_a_configuration_is_kept_shown_changed_and_removed(made):
    shown = await put(made, MaximumRetryAttempts=0)
    assert shown["FunctionArn"].endswith(":function:made:$LATEST")
    assert shown["MaximumRetryAttempts"] == 0
    assert shown["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert shown["LastModified"].timestamp() == pytest.approx(made.clock.time(), abs=60)
    to = {"OnSuccess": {"Destination": DEAD}, "OnFailure": {"Destination": FILE}}
    changed = await made(
        "update_function_event_invoke_config",
        FunctionName="made",
        MaximumEventAgeInSeconds=60,
        DestinationConfig=to,
    )
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (0, 60)
    found = await made("get_function_event_invoke_config", FunctionName="made")
    assert found["DestinationConfig"] == to
    assert made.registry.policy(Target("made", "")) == Policy(0, 60.0, DEAD, FILE)
    await made("delete_function_event_invoke_config", FunctionName="made")
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        await made("get_function_event_invoke_config", FunctionName="made")
    assert made.registry.policy(Target("made", "")) == Policy()


async def test_a_configuration_is_that_of_one_version_or_alias(made):
    await put(made, Qualifier="1", MaximumRetryAttempts=1)
    await put(made, MaximumEventAgeInSeconds=100)
    listed = await made("list_function_event_invoke_configs", FunctionName="made")
    assert [
        each["FunctionArn"].rpartition(":")[2] for each in listed["FunctionEventInvokeConfigs"]
    ] == [
        "$LATEST",
        "1",
    ]
    assert made.registry.policy(Target("made", "1")) == Policy(retries=1)
    assert made.registry.policy(Target("made", "$LATEST")) == Policy(max_age=100.0)


async def test_a_configuration_is_there_after_a_restart(made):
    await put(made, MaximumRetryAttempts=1)
    again = Registry(
        made.catalog, made.host, made.code, made.file, Arns("us-east-1", "000000000000")
    )
    await again.start()
    assert again.policy(Target("made", "")) == Policy(retries=1)


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        pytest.param({}, "InvalidParameterValueException", "at least one of error", id="nothing"),
        pytest.param(
            {"MaximumRetryAttempts": 1, "Qualifier": "7"},
            "ResourceNotFoundException",
            "Function not found",
            id="no-version",
        ),
        pytest.param(
            {"DestinationConfig": {"OnFailure": {"Destination": DEAD + "er"}}},
            "InvalidParameterValueException",
            "There is no such queue",
            id="no-queue",
        ),
        pytest.param(
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}},
            "InvalidParameterValueException",
            "It must be a queue or a function",
            id="bucket",
        ),
        pytest.param(
            {
                "DestinationConfig": {
                    "OnSuccess": {"Destination": FILE.replace("from_file", "made")}
                }
            },
            "InvalidParameterValueException",
            "as a destination for itself",
            id="itself",
        ),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(made, members, code, message):
    made.later.known.add("function:made")
    with pytest.raises(ClientError, match=message) as raised:
        await put(made, **members)
    assert raised.value.response["Error"]["Code"] == code
    assert made.registry.policy(Target("made", "")) == Policy()


async def test_functions_of_the_file_show_what_it_says_and_are_not_changed(api):
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        await api("get_function_event_invoke_config", FunctionName="from_file")
    api.file.told = Policy(1, 120.0, "", "queue:dead")
    found = await api("get_function_event_invoke_config", FunctionName="from_file")
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (1, 120)
    assert found["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": DEAD}}
    with pytest.raises(ClientError, match="change it there"):
        await put(api, FunctionName="from_file", MaximumRetryAttempts=1)


async def test_a_dead_letter_queue_is_part_of_a_version(api):
    letters = {"TargetArn": DEAD}
    shown = await api("create_function", **told(DeadLetterConfig=letters, Publish=True))
    assert shown["DeadLetterConfig"] == letters
    await api(
        "update_function_configuration", FunctionName="made", DeadLetterConfig={"TargetArn": ""}
    )
    assert api.registry.policy(Target("made", "1")).dead_letter == DEAD
    assert api.registry.policy(Target("made", "")).dead_letter == ""


@pytest.mark.parametrize("target", [DEAD + "er", FILE, "arn:aws:sns:us-east-1:000000000000:t"])
async def test_dead_letters_go_to_queues_that_are_there(api, target):
    with pytest.raises(ClientError, match=r"destination ARN .* is invalid") as raised:
        await api("create_function", **told(DeadLetterConfig={"TargetArn": target}))
    assert raised.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert api.host.definitions == {}


async def test_what_waits_for_a_removed_function_is_forgotten(made):
    await made("delete_function", FunctionName="made", Qualifier="1")
    assert made.later.forgotten == []
    await made("delete_function", FunctionName="made")
    assert made.later.forgotten == ["made"]

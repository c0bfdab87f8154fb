"""Secrets Manager's API, asked by boto3: versions and their stages, lists, deletion, refusals."""

import re
from types import SimpleNamespace

import pytest

from frontdesk.aws.constraints import Structure
from frontdesk.aws.json_service import JsonService, Operation
from frontdesk.aws.wire import ApiError
from frontdesk.base.errors import StoreError
from frontdesk.ports.executions import ExecutionError
from tests.live.vaults import WallClock, serving, vault_in

VALUE = "hunter2-hunter2"
TOKENS = [f"{number}" * 32 for number in range(9)]
MISSING = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


@pytest.fixture
def clock():
    return WallClock()


@pytest.fixture
async def ask(tmp_path, clock):
    async with serving(vault_in(tmp_path, clock=clock)) as client:
        yield client("secretsmanager")


async def test_a_secret_is_made_and_read(ask):
    made = await ask("create_secret", Name="prod/vendor", SecretString=VALUE, Description="d")
    arn = r"arn:aws:secretsmanager:us-east-1:111111111111:secret:prod/vendor-[A-Za-z0-9]{6}"
    assert re.fullmatch(arn, made["ARN"])
    read = await ask("get_secret_value", SecretId="prod/vendor")
    assert read.pop("CreatedDate").year == 2026
    assert read == {**made, "SecretString": VALUE, "VersionStages": ["AWSCURRENT"]}
    for identity in (made["ARN"], made["ARN"][:-7]):
        assert (await ask("get_secret_value", SecretId=identity))["SecretString"] == VALUE


async def test_bytes_stay_bytes(ask):
    await ask("create_secret", Name="a", SecretBinary=b"\x00\xff")
    read = await ask("get_secret_value", SecretId="a")
    assert (read["SecretBinary"], "SecretString" in read) == (b"\x00\xff", False)


async def test_a_new_value_leaves_the_former_one_as_previous(ask):
    first = await ask("create_secret", Name="a", SecretString="1")
    second = await ask("put_secret_value", SecretId="a", SecretString="2")
    assert second["VersionStages"] == ["AWSCURRENT"]
    assert (await ask("get_secret_value", SecretId="a"))["SecretString"] == "2"
    former = await ask("get_secret_value", SecretId="a", VersionStage="AWSPREVIOUS")
    assert (former["SecretString"], former["VersionId"]) == ("1", first["VersionId"])
    same = await ask("get_secret_value", SecretId="a", VersionId=first["VersionId"])
    assert same["SecretString"] == "1"
    assert (await ask("describe_secret", SecretId="a"))["VersionIdsToStages"] == {
        first["VersionId"]: ["AWSPREVIOUS"],
        second["VersionId"]: ["AWSCURRENT"],
    }


async def test_a_rotation_by_hand_goes_through_pending(ask):
    first = await ask("create_secret", Name="a", SecretString="1")
    put = {"SecretId": "a", "SecretString": "2", "VersionStages": ["AWSPENDING"]}
    second = await ask("put_secret_value", **put)
    assert (await ask("get_secret_value", SecretId="a"))["SecretString"] == "1"
    pending = await ask("get_secret_value", SecretId="a", VersionStage="AWSPENDING")
    assert pending["SecretString"] == "2"
    await ask(
        "update_secret_version_stage",
        SecretId="a",
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=first["VersionId"],
        MoveToVersionId=second["VersionId"],
    )
    assert (await ask("get_secret_value", SecretId="a"))["SecretString"] == "2"


async def test_the_same_request_again_does_nothing_and_another_value_is_refused(ask):
    for operation, name in (("create_secret", "Name"), ("put_secret_value", "SecretId")):
        members = {name: "a", "ClientRequestToken": TOKENS[1]}
        for _ in range(2):
            made = await ask(operation, **members, SecretString="1")
            assert made["VersionId"] == TOKENS[1]
        code, _ = await ask.refusal(operation, **members, SecretString="2")
        assert code == "ResourceExistsException"
    assert len((await ask("list_secret_version_ids", SecretId="a"))["Versions"]) == 1


async def test_update_says_other_things_and_gives_a_value(ask):
    made = await ask("create_secret", Name="a", Description="old")
    assert "VersionId" not in made
    assert "VersionId" not in await ask("update_secret", SecretId="a", Description="new")
    assert "VersionId" in await ask("update_secret", SecretId="a", SecretString="1", KmsKeyId="k")
    told = await ask("describe_secret", SecretId="a")
    assert (told["Description"], told["KmsKeyId"]) == ("new", "k")


async def test_tags_come_and_go(ask):
    await ask("create_secret", Name="a", Tags=[{"Key": "team", "Value": "desk"}])
    await ask("tag_resource", SecretId="a", Tags=[{"Key": "env", "Value": "dev"}])
    await ask("untag_resource", SecretId="a", TagKeys=["team"])
    assert (await ask("describe_secret", SecretId="a"))["Tags"] == [{"Key": "env", "Value": "dev"}]


async def test_lists_come_in_pages(ask):
    for name in ("c", "a", "e", "b", "d"):
        await ask("create_secret", Name=name, SecretString="1")
    pages = await ask.pages("list_secrets", "SecretList", MaxResults=2)
    assert [[each["Name"] for each in page] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert list(pages[0][0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]
    batches = await ask.pages(
        "batch_get_secret_value",
        "SecretValues",
        Filters=[{"Key": "name", "Values": ["a", "b", "c"]}],
        MaxResults=2,
    )
    assert [len(batch) for batch in batches] == [2, 1]
    code, _ = await ask.refusal("list_secrets", NextToken="\N{SNOWMAN}")
    assert code == "InvalidNextTokenException"


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([{"Key": "name", "Values": ["prod/"]}], ["prod/a", "prod/b"]),
        ([{"Key": "name", "Values": ["!prod/"]}], ["dev/a"]),
        ([{"Key": "tag-key", "Values": ["team"]}], ["prod/b"]),
        ([{"Key": "tag-value", "Values": ["desk"]}], ["prod/b"]),
        ([{"Key": "description", "Values": ["FOR"]}], ["dev/a"]),
        ([{"Key": "all", "Values": ["desk", "dev"]}], ["dev/a", "prod/b"]),
        ([{"Key": "name", "Values": ["prod"]}, {"Key": "tag-key", "Values": ["team"]}], ["prod/b"]),
    ],
)
async def test_lists_are_filtered(ask, filters, names):
    await ask("create_secret", Name="prod/a")
    await ask("create_secret", Name="prod/b", Tags=[{"Key": "team", "Value": "desk"}])
    await ask("create_secret", Name="dev/a", Description="for tests")
    found = (await ask("list_secrets", Filters=filters))["SecretList"]
    assert [each["Name"] for each in found] == names


async def test_several_are_read_at_once(ask):
    await ask("create_secret", Name="a", SecretString="1")
    read = await ask("batch_get_secret_value", SecretIdList=["a", "nope"])
    assert [each["SecretString"] for each in read["SecretValues"]] == ["1"]
    assert read["Errors"] == [{"SecretId": "nope", "ErrorCode": MISSING[0], "Message": MISSING[1]}]
    code, _ = await ask.refusal("batch_get_secret_value")
    assert code == "InvalidParameterException"


async def test_deleted_secrets_wait_can_be_restored_and_go(ask, clock):
    await ask("create_secret", Name="a", SecretString="1")
    gone = await ask("delete_secret", SecretId="a", RecoveryWindowInDays=7)
    assert 6.9 < (gone["DeletionDate"].timestamp() - clock.time()) / 86400 <= 7
    refusal = (
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
    assert await ask.refusal("get_secret_value", SecretId="a") == refusal
    assert await ask.refusal("create_secret", Name="a", SecretString="2") == refusal
    assert (await ask("list_secrets"))["SecretList"] == []
    (planned,) = (await ask("list_secrets", IncludePlannedDeletion=True))["SecretList"]
    assert "DeletedDate" in planned
    await ask("restore_secret", SecretId="a")
    assert (await ask("get_secret_value", SecretId="a"))["SecretString"] == "1"
    await ask("delete_secret", SecretId="a")
    clock.wall += 31 * 86400
    assert await ask.refusal("describe_secret", SecretId="a") == MISSING


async def test_a_secret_is_deleted_at_once(ask):
    await ask("create_secret", Name="a", SecretString="1")
    await ask("delete_secret", SecretId="a", ForceDeleteWithoutRecovery=True)
    assert await ask.refusal("get_secret_value", SecretId="a") == MISSING
    await ask("create_secret", Name="a", SecretString="2")


async def test_versions_are_listed(ask):
    await ask("create_secret", Name="a", SecretString="1", ClientRequestToken=TOKENS[1])
    for number in (2, 3):
        await ask(
            "put_secret_value",
            SecretId="a",
            SecretString=f"{number}",
            ClientRequestToken=TOKENS[number],
        )
    usual = (await ask("list_secret_version_ids", SecretId="a"))["Versions"]
    assert [each["VersionId"] for each in usual] == [TOKENS[2], TOKENS[3]]
    pages = await ask.pages(
        "list_secret_version_ids", "Versions", SecretId="a", IncludeDeprecated=True, MaxResults=2
    )
    assert [len(page) for page in pages] == [2, 1]


async def test_passwords_have_what_is_asked_for(ask):
    made = (await ask("get_random_password"))["RandomPassword"]
    assert len(made) == 32
    assert re.search(r"[a-z]", made)
    assert re.search(r"[A-Z]", made)
    assert re.search(r"\d", made)
    digits = await ask(
        "get_random_password",
        PasswordLength=8,
        ExcludeLowercase=True,
        ExcludeUppercase=True,
        ExcludePunctuation=True,
        ExcludeCharacters="01",
    )
    assert re.fullmatch(r"[2-9]{8}", digits["RandomPassword"])
    code, _ = await ask.refusal("get_random_password", PasswordLength=2)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("operation", "members", "code", "why"),
    [
        ("get_secret_value", {"SecretId": "nope"}, *MISSING),
        (
            "get_secret_value",
            {"SecretId": "bare"},
            MISSING[0],
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        ),
        (
            "get_secret_value",
            {"SecretId": "a", "VersionId": TOKENS[2]},
            MISSING[0],
            f"Secrets Manager can't find the specified secret value for VersionId: {TOKENS[2]}",
        ),
        (
            "get_secret_value",
            {"SecretId": "a", "VersionId": TOKENS[1], "VersionStage": "AWSPENDING"},
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
        ),
        (
            "create_secret",
            {"Name": "a", "SecretString": "2"},
            "ResourceExistsException",
            "The operation failed because the secret a already exists.",
        ),
        ("create_secret", {"Name": "a b"}, "ValidationException", "Invalid name"),
        ("create_secret", {}, "ValidationException", "'Name'"),
        ("put_secret_value", {"SecretId": "a"}, "InvalidRequestException", "You must provide"),
        (
            "put_secret_value",
            {"SecretId": "a", "SecretString": "x" * 65_537},
            "InvalidParameterException",
            "65536",
        ),
        (
            "put_secret_value",
            {"SecretId": "a", "SecretString": "1", "SecretBinary": b"1"},
            "InvalidParameterException",
            "both",
        ),
        (
            "update_secret_version_stage",
            {"SecretId": "a", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": TOKENS[1]},
            "InvalidParameterException",
            "only be moved",
        ),
        (
            "delete_secret",
            {"SecretId": "a", "ForceDeleteWithoutRecovery": True, "RecoveryWindowInDays": 7},
            "InvalidParameterException",
            "in conjunction",
        ),
        ("delete_secret", {"SecretId": "a", "RecoveryWindowInDays": 3}, "ValidationException", "7"),
        ("rotate_secret", {"SecretId": "a"}, "InvalidRequestException", "No Lambda rotation"),
        ("get_resource_policy", {"SecretId": "a"}, "UnknownOperationException", "GetResource"),
    ],
)
async def test_a_refusal_has_the_words_of_aws(ask, operation, members, code, why):
    await ask("create_secret", Name="bare")
    await ask("create_secret", Name="a", SecretString=VALUE, ClientRequestToken=TOKENS[1])
    found, message = await ask.refusal(operation, **members)
    assert found == code
    assert why in message
    assert VALUE not in message


async def test_another_signature_is_refused(tmp_path):
    async with serving(vault_in(tmp_path), token="t0ken") as client:
        ask = client("secretsmanager", key="frontdesk", secret="t0ken")
        await ask("create_secret", Name="a", SecretString="1")
        code, _ = await client("secretsmanager", key="frontdesk", secret="other").refusal(
            "get_secret_value", SecretId="a"
        )
        assert code in {"SignatureDoesNotMatch", "InvalidSignatureException"}
        code, _ = await client("ssm").refusal("get_parameter", Name="a")
        assert code == "UnrecognizedClientException"


async def test_a_lost_master_key_is_told_as_aws_does(tmp_path):
    vault = vault_in(tmp_path)
    async with serving(vault) as client:
        ask = client("secretsmanager")
        await ask("create_secret", Name="a", SecretString=VALUE)
        (tmp_path / "secret.key").unlink()
        code, message = await ask.refusal("get_secret_value", SecretId="a")
        assert (code, "there is no master key" in message) == ("DecryptionFailure", True)


async def test_a_store_that_does_not_answer_is_no_fault_of_the_caller():
    async def fail(_members):
        raise StoreError("disk full")

    operations = {"Get": Operation(Structure(), fail)}
    service = JsonService("x", "x", operations, refused=ExecutionError, internal="Internal")
    asked = SimpleNamespace(headers={b"x-amz-target": b"x.Get"}, body=b"")
    with pytest.raises(ApiError, match="disk full") as caught:
        await service.answer(asked)
    assert (caught.value.status, caught.value.code) == (500, "Internal")

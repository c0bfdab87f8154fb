import asyncio
import base64
import hashlib

import pytest
from botocore.exceptions import ClientError

from frontdesk.base.errors import StartError
from frontdesk.functions.environment import RUNTIME
from frontdesk.functions.settings import Alias
from tests.aws.conftest import zipped

ZIP = zipped(app="def handler(event, context): return event\n")
OTHER = zipped(app="def handler(event, context): return 2\n")
ROLE = "arn:aws:iam::000000000000:role/any"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def told(**changes):
    return {
        "FunctionName": "made",
        "Runtime": RUNTIME,
        "Role": ROLE,
        "Handler": "app.handler",
        "Code": {"ZipFile": ZIP},
        **changes,
    }


def hashed(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


async def refused(api, operation, **parameters):
    with pytest.raises(ClientError) as raised:
        await api(operation, **parameters)
    answer = raised.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


# -- made ---------------------------------------------------------------------------------------------


async def test_a_function_is_made_and_runs_as_it_was_told(api):
    made = await api(
        "create_function",
        **told(
            Description="d",
            Timeout=7,
            MemorySize=256,
            Environment={"Variables": {"TABLE": "slots"}},
            Tags={"team": "desk"},
        ),
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionArn"] == ARN + "made"
    assert made["Version"] == "$LATEST"
    assert made["CodeSha256"] == hashed(ZIP)
    assert made["CodeSize"] == len(ZIP)
    assert (made["State"], made["LastUpdateStatus"]) == ("Active", "Successful")
    assert (made["Runtime"], made["Handler"], made["Role"]) == (RUNTIME, "app.handler", ROLE)
    assert made["Environment"] == {"Variables": {"TABLE": "slots"}}
    assert made["PackageType"] == "Zip"
    settings = api.host.definitions["made"].latest
    assert (settings.handler, settings.timeout, settings.memory) == ("app.handler", 7.0, 256)
    assert settings.environment == {"TABLE": "slots"}
    assert settings.code.read_bytes() == ZIP

    found = await api("get_function", FunctionName="made")
    assert found["Configuration"] == without_metadata(made)
    assert found["Tags"] == {"team": "desk"}


async def test_defaults_are_those_of_lambda(api):
    made = await api("create_function", **told())
    assert (made["Timeout"], made["MemorySize"], made["Description"]) == (3, 128, "")
    assert made["EphemeralStorage"] == {"Size": 512}
    assert made["Architectures"] == ["x86_64"]
    assert "Environment" not in made


async def test_a_bootstrap_is_a_command(api):
    await api("create_function", **told(Runtime="provided.al2023", Handler="x"))
    settings = api.host.definitions["made"].latest
    assert (settings.command, settings.handler) == (("./bootstrap",), "")


async def test_waiters_of_the_sdk_come_to_an_end(api):
    await api("create_function", **told())
    with api.client() as client:
        for name in ("function_active_v2", "function_updated_v2", "function_exists"):
            await asyncio.to_thread(client.get_waiter(name).wait, FunctionName="made")


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        pytest.param(
            {"FunctionName": "from_file"},
            409,
            "ResourceConflictException",
            "Function already exist: from_file",
            id="name-of-the-file",
        ),
        pytest.param(
            {"Runtime": "nodejs20.x"},
            400,
            "InvalidParameterValueException",
            f"Runtime nodejs20.x is not there: this Frontdesk runs {RUNTIME}, provided",
            id="runtime",
        ),
        pytest.param(
            {"Timeout": 901},
            400,
            "ValidationException",
            "Value at 'timeout' failed to satisfy constraint: Member must be less than or equal to 900",
            id="timeout",
        ),
        pytest.param(
            {"Architectures": ["sparc"]},
            400,
            "ValidationException",
            "Value at 'architectures.0' failed to satisfy constraint: Member must be 'x86_64' or 'arm64'",
            id="architecture",
        ),
        pytest.param(
            {"Architectures": ["x86_64", "arm64"]},
            400,
            "ValidationException",
            "Value at 'architectures' failed to satisfy constraint",
            id="two-architectures",
        ),
        pytest.param(
            {"Handler": ""},
            400,
            "InvalidParameterValueException",
            "Handler is needed",
            id="handler",
        ),
        pytest.param(
            {"Environment": {"Variables": {"AWS_REGION": "x", "AWS_ACCESS_KEY_ID": "y"}}},
            400,
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_ACCESS_KEY_ID, AWS_REGION",
            id="reserved-variables",
        ),
        pytest.param(
            {"Environment": {"Variables": {"A=B": "x"}}},
            400,
            "ValidationException",
            "Value at 'environment.variables.a=B.[key]' failed to satisfy constraint",
            id="name-of-a-variable",
        ),
        pytest.param(
            {"Environment": {"Variables": {"TABLE": "secret\0"}}},
            400,
            "ValidationException",
            "Value at 'environment.variables.tABLE' failed to satisfy constraint",
            id="value-of-a-variable",
        ),
        pytest.param(
            {"Environment": {"Variables": {"A": "x" * 4096}}},
            400,
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
            id="large-environment",
        ),
        pytest.param(
            {"Code": {"S3Bucket": "bbb", "S3Key": "k"}},
            400,
            "InvalidParameterValueException",
            "Code must come as ZipFile",
            id="s3",
        ),
        pytest.param(
            {"Code": {"ZipFile": b"no zip"}},
            400,
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
            id="not-a-zip",
        ),
        pytest.param(
            {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]},
            404,
            "ResourceNotFoundException",
            "The resource you requested does not exist.",
            id="layer",
        ),
    ],
)
async def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    api, changes, status, code, message
):
    found = await refused(api, "create_function", **told(**changes))
    assert found[:2] == (status, code)
    assert message in found[2]
    assert api.host.definitions == {}
    assert await api.catalog.list("function") == []


async def test_a_name_is_taken_once(api):
    await api("create_function", **told())
    assert await refused(api, "create_function", **told()) == (
        409,
        "ResourceConflictException",
        "Function already exist: made",
    )


# -- kept ---------------------------------------------------------------------------------------------


async def test_functions_come_back_after_a_restart(make_api):
    async with make_api().serving() as first:
        await first("create_function", **told(Publish=True))
        await first("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    async with make_api(catalog=first.catalog).serving() as second:
        definition = second.host.definitions["made"]
        assert definition.latest.code.read_bytes() == ZIP
        assert list(definition.versions) == ["1"]
        assert definition.aliases == {"live": Alias(version="1")}
        # And it can still be changed.
        await second("update_function_configuration", FunctionName="made", Timeout=9)


async def test_a_function_gives_way_to_one_of_the_file(make_api, caplog):
    async with make_api().serving() as first:
        await first("create_function", **told())
    second = make_api(catalog=first.catalog)
    second.file.functions["made"] = second.file.functions["from_file"]
    async with second.serving():
        assert second.host.definitions == {}
        names = [one["FunctionName"] for one in (await second("list_functions"))["Functions"]]
    assert "gives way to the file's: made" in caplog.text
    assert len(names) == 2


# -- listed ---------------------------------------------------------------------------------------------


async def test_lists_come_in_pages(api):
    for name in ("a", "b", "c"):
        await api("create_function", **told(FunctionName=name))
    first = await api("list_functions", MaxItems=2)
    assert [one["FunctionName"] for one in first["Functions"]] == ["a", "b"]
    second = await api("list_functions", Marker=first["NextMarker"])
    assert [one["FunctionName"] for one in second["Functions"]] == ["c", "from_file"]
    assert "NextMarker" not in second


async def test_a_list_may_have_all_versions(api):
    listed = await api("list_functions", FunctionVersion="ALL")
    assert [one["Version"] for one in listed["Functions"]] == ["$LATEST", "1"]


async def test_functions_of_the_file_are_shown_without_their_environment(api):
    found = await api("get_function", FunctionName="from_file", Qualifier="1")
    configuration = found["Configuration"]
    assert (configuration["Handler"], configuration["Version"]) == ("app.old", "1")
    assert configuration["State"] == "Active"
    assert "Environment" not in configuration
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 3}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("update_function_code", {"ZipFile": ZIP}),
        ("update_function_configuration", {"Timeout": 5}),
        ("publish_version", {}),
        ("delete_function", {}),
        ("create_alias", {"Name": "live", "FunctionVersion": "1"}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
    ],
)
async def test_functions_of_the_file_are_changed_there(api, operation, parameters):
    found = await refused(api, operation, FunctionName="from_file", **parameters)
    assert found[:2] == (409, "ResourceConflictException")
    assert "Function from_file is in the configuration file: change it there." in found[2]


# -- changed --------------------------------------------------------------------------------------------


async def test_new_code_runs_and_the_old_zip_goes(api):
    made = await api("create_function", **told())
    old = api.host.definitions["made"].latest.code
    changed = await api("update_function_code", FunctionName="made", ZipFile=OTHER)
    assert changed["CodeSha256"] == hashed(OTHER)
    assert changed["RevisionId"] != made["RevisionId"]
    assert api.host.definitions["made"].latest.code.read_bytes() == OTHER
    assert not old.exists()


async def test_a_dry_run_of_new_code_changes_nothing(api):
    await api("create_function", **told())
    tried = await api("update_function_code", FunctionName="made", ZipFile=OTHER, DryRun=True)
    assert tried["CodeSha256"] == hashed(OTHER)
    found = await api("get_function_configuration", FunctionName="made")
    assert found["CodeSha256"] == hashed(ZIP)


async def test_a_configuration_changes_where_it_is_told(api):
    await api("create_function", **told(Timeout=5, Environment={"Variables": {"A": "1"}}))
    changed = await api("update_function_configuration", FunctionName="made", MemorySize=512)
    assert (changed["Timeout"], changed["MemorySize"]) == (5, 512)
    assert changed["Environment"] == {"Variables": {"A": "1"}}
    assert api.host.definitions["made"].latest.memory == 512


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("update_function_code", {"ZipFile": OTHER}),
        ("update_function_configuration", {"Timeout": 5}),
        ("publish_version", {}),
    ],
)
async def test_a_stale_revision_is_refused(api, operation, parameters):
    made = await api("create_function", **told())
    await api("update_function_configuration", FunctionName="made", Description="new")
    found = await refused(
        api, operation, FunctionName="made", RevisionId=made["RevisionId"], **parameters
    )
    assert found[:2] == (412, "PreconditionFailedException")


async def test_a_removed_function_is_gone(api):
    await api("create_function", **told())
    answer = await api("delete_function", FunctionName="made")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert api.host.definitions == {}
    assert (await refused(api, "get_function", FunctionName="made"))[:2] == (
        404,
        "ResourceNotFoundException",
    )
    assert list(api.code.path(hashed(ZIP)).parent.iterdir()) == []


# -- versions -------------------------------------------------------------------------------------------


async def test_a_version_stays_as_it_was_published(api):
    await api("create_function", **told())
    published = await api("publish_version", FunctionName="made", Description="first")
    assert published["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (published["Version"], published["FunctionArn"]) == ("1", ARN + "made:1")
    assert published["Description"] == "first"
    await api("update_function_code", FunctionName="made", ZipFile=OTHER)
    definition = api.host.definitions["made"]
    assert definition.versions["1"].code.read_bytes() == ZIP
    assert definition.versions["1"].version == "1"
    listed = await api("list_versions_by_function", FunctionName="made")
    assert [one["Version"] for one in listed["Versions"]] == ["$LATEST", "1"]


async def test_nothing_new_publishes_nothing_new(api):
    await api("create_function", **told(Publish=True))
    assert (await api("publish_version", FunctionName="made"))["Version"] == "1"
    await api("update_function_configuration", FunctionName="made", Timeout=4)
    assert (await api("publish_version", FunctionName="made"))["Version"] == "2"


async def test_code_that_is_not_the_expected_one_is_not_published(api):
    await api("create_function", **told())
    found = await refused(api, "publish_version", FunctionName="made", CodeSha256=hashed(OTHER))
    assert found[:2] == (400, "InvalidParameterValueException")
    assert "is different from current CodeSHA256 in $LATEST" in found[2]


async def test_a_version_is_removed_alone_and_its_number_is_not_used_again(api):
    await api("create_function", **told(Publish=True))
    await api("delete_function", FunctionName="made", Qualifier="1")
    assert api.host.definitions["made"].versions == {}
    assert (await api("publish_version", FunctionName="made"))["Version"] == "2"


@pytest.mark.parametrize(
    ("qualifier", "status", "message"),
    [
        ("live", 404, "Function not found"),
        ("7", 404, "Function not found"),
        ("$LATEST", 400, "$LATEST version cannot be deleted without deleting the function."),
        ("1", 409, "Unable to delete version because the following aliases reference it: [live]"),
    ],
)
async def test_some_versions_cannot_be_removed(api, qualifier, status, message):
    await api("create_function", **told(Publish=True))
    await api("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    found = await refused(api, "delete_function", FunctionName="made", Qualifier=qualifier)
    assert found[0] == status
    assert message in found[2]


async def test_a_function_runs_again_when_the_file_gives_its_name_back(api):
    await api("create_function", **told())
    api.file.functions["made"] = api.file.functions["from_file"]
    api.host.remove("made")  # what a reload does with a name that has gone from the file
    del api.file.functions["made"]
    await api.registry.run()
    assert api.host.definitions["made"].latest.handler == "app.handler"


async def test_what_is_committed_and_cannot_run_is_a_fault_of_the_service(api):
    async def full(_definition):
        raise StartError("function made: cannot unpack: no space left on device")

    api.host.put = full
    assert await refused(api, "create_function", **told()) == (
        500,
        "ServiceException",
        "function made: cannot unpack: no space left on device",
    )
    assert (await api("get_function", FunctionName="made"))["Configuration"]["State"] == "Active"


@pytest.mark.parametrize("most", [10_001, 10**4000], ids=["too many", "4,000 digits"])
async def test_a_page_of_another_size_is_refused(api, most):
    with pytest.raises(ClientError, match="from 1 to 10000"):
        await api("list_functions", MaxItems=most)

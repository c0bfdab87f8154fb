"""Parameter Store's API, asked by boto3: values, versions, labels, paths, refusals."""

import pytest

from frontdesk.stores.vault.secrets import Value
from tests.live.vaults import serving, vault_in

VALUE = "hunter2-hunter2"


@pytest.fixture
def vault(tmp_path):
    return vault_in(tmp_path)


@pytest.fixture
async def ask(vault):
    async with serving(vault) as client:
        yield client("ssm")


async def put(ask, name, value="v", kind="String", **more):
    return await ask("put_parameter", Name=name, Value=value, Type=kind, **more)


async def value(ask, name, **more):
    return (await ask("get_parameter", Name=name, **more))["Parameter"]["Value"]


async def test_a_parameter_is_put_and_read(ask):
    assert await put(ask, "/clinic/host", "db") == {"Version": 1, "Tier": "Standard"}
    read = (await ask("get_parameter", Name="/clinic/host"))["Parameter"]
    assert read.pop("LastModifiedDate").year == 2026
    assert read == {
        "Name": "/clinic/host",
        "Type": "String",
        "Value": "db",
        "Version": 1,
        "ARN": "arn:aws:ssm:us-east-1:111111111111:parameter/clinic/host",
        "DataType": "text",
    }


@pytest.mark.parametrize("name", ["/clinic/host", "host"])
async def test_an_arn_is_as_good_as_a_name(ask, name):
    await put(ask, name, "db")
    arn = (await ask("get_parameter", Name=name))["Parameter"]["ARN"]
    assert await value(ask, arn) == await value(ask, f"{arn}:1") == "db"


async def test_a_secure_string_is_told_when_it_is_asked_for(ask):
    await put(ask, "/key", VALUE, "SecureString")
    hidden = await value(ask, "/key")
    assert VALUE not in hidden
    assert await value(ask, "/key", WithDecryption=True) == VALUE


async def test_versions_and_labels_select(ask):
    await put(ask, "/a", "1")
    await put(ask, "/a", "2", Overwrite=True)
    labelled = await ask(
        "label_parameter_version", Name="/a", ParameterVersion=1, Labels=["good", "1st", "aws-x"]
    )
    assert labelled == {"InvalidLabels": ["1st", "aws-x"], "ParameterVersion": 1}
    assert [await value(ask, name) for name in ("/a", "/a:1", "/a:2", "/a:good")] == list("2121")
    assert (await ask("get_parameter", Name="/a:good"))["Parameter"]["Selector"] == ":good"
    await ask("label_parameter_version", Name="/a", Labels=["good"])
    assert await value(ask, "/a:good") == "2"
    pages = await ask.pages("get_parameter_history", "Parameters", Name="/a", MaxResults=1)
    shown = [(each["Version"], each["Value"], each["Labels"]) for (each,) in pages]
    assert shown == [(1, "1", []), (2, "2", ["good"])]


async def test_several_are_read_at_once(ask):
    await put(ask, "/a", "1")
    read = await ask("get_parameters", Names=["/a", "/nope", "/a:9"])
    assert [each["Value"] for each in read["Parameters"]] == ["1"]
    assert read["InvalidParameters"] == ["/nope", "/a:9"]


async def test_a_path_is_read_in_pages(ask):
    for name in ("/p/a", "/p/b", "/p/c/d", "/q/a", "/pp"):
        await put(ask, name)
    pages = await ask.pages("get_parameters_by_path", "Parameters", Path="/p", MaxResults=1)
    assert [each["Name"] for page in pages for each in page] == ["/p/a", "/p/b"]
    below = await ask("get_parameters_by_path", Path="/p/", Recursive=True)
    assert [each["Name"] for each in below["Parameters"]] == ["/p/a", "/p/b", "/p/c/d"]
    everything = await ask("get_parameters_by_path", Path="/", Recursive=True)
    assert len(everything["Parameters"]) == 5
    assert (await ask("get_parameters_by_path", Path="/nope"))["Parameters"] == []


async def test_a_path_is_read_by_label(ask):
    await put(ask, "/p/a", "1")
    await ask("label_parameter_version", Name="/p/a", Labels=["live"])
    await put(ask, "/p/a", "2", Overwrite=True)
    await put(ask, "/p/b")
    filters = [{"Key": "Label", "Option": "Equals", "Values": ["live"]}]
    read = await ask("get_parameters_by_path", Path="/p", ParameterFilters=filters)
    assert [each["Value"] for each in read["Parameters"]] == ["1"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([], ["/p/a", "/p/b", "/q/r/s"]),
        ([{"Key": "Name", "Option": "BeginsWith", "Values": ["/p"]}], ["/p/a", "/p/b"]),
        ([{"Key": "Name", "Option": "Contains", "Values": ["r"]}], ["/q/r/s"]),
        ([{"Key": "Type", "Values": ["SecureString"]}], ["/p/b"]),
        ([{"Key": "tag:team", "Values": ["desk"]}], ["/p/a"]),
        ([{"Key": "Path", "Option": "OneLevel", "Values": ["/q"]}], []),
        ([{"Key": "Path", "Option": "Recursive", "Values": ["/q"]}], ["/q/r/s"]),
    ],
)
async def test_parameters_are_described_without_their_values(ask, filters, names):
    await put(ask, "/p/a", VALUE, Tags=[{"Key": "team", "Value": "desk"}], Description="d")
    await put(ask, "/p/b", VALUE, "SecureString")
    await put(ask, "/q/r/s", VALUE)
    told = await ask("describe_parameters", ParameterFilters=filters)
    assert [each["Name"] for each in told["Parameters"]] == names
    assert VALUE not in str(told)


async def test_tags_come_and_go(ask):
    await put(ask, "/a", Tags=[{"Key": "x", "Value": "1"}])
    of = {"ResourceType": "Parameter", "ResourceId": "/a"}
    await ask("add_tags_to_resource", **of, Tags=[{"Key": "y", "Value": "2"}])
    await ask("remove_tags_from_resource", **of, TagKeys=["x"])
    assert (await ask("list_tags_for_resource", **of))["TagList"] == [{"Key": "y", "Value": "2"}]


async def test_parameters_are_deleted(ask):
    for name in ("/a", "/b"):
        await put(ask, name)
    await ask("delete_parameter", Name="/a")
    gone = await ask("delete_parameters", Names=["/a", "/b"])
    assert gone == {"DeletedParameters": ["/b"], "InvalidParameters": ["/a"]}


async def test_a_secret_is_read_as_a_parameter(ask, vault):
    await vault.secrets.set("vendor", Value(VALUE.encode()))
    name = "/aws/reference/secretsmanager/vendor"
    assert await value(ask, name, WithDecryption=True) == VALUE
    assert (await ask.refusal("get_parameter", Name=name))[0] == "ValidationException"
    missing = await ask.refusal("get_parameter", Name=f"{name}s", WithDecryption=True)
    assert missing[0] == "ParameterNotFound"


async def test_a_new_version_keeps_what_it_does_not_say(ask):
    await put(ask, "/a", "12", AllowedPattern=r"\d+", Description="digits", Tier="Advanced")
    await ask("put_parameter", Name="/a", Value="13", Overwrite=True)
    (told,) = (await ask("describe_parameters"))["Parameters"]
    kept = {"Type": "String", "Tier": "Advanced", "AllowedPattern": r"\d+", "Version": 2}
    assert told.items() >= kept.items()


async def test_a_large_value_is_advanced_by_itself(ask):
    assert (await put(ask, "/a", "x" * 5000, Tier="Intelligent-Tiering"))["Tier"] == "Advanced"
    assert (await put(ask, "/b", "x", Tier="Intelligent-Tiering"))["Tier"] == "Standard"


async def test_the_oldest_of_a_hundred_versions_goes_unless_it_has_a_label(ask):
    for number in range(101):
        await put(ask, "/a", f"v{number}", Overwrite=True)
    assert (await ask.refusal("get_parameter", Name="/a:1"))[0] == "ParameterVersionNotFound"
    await ask("label_parameter_version", Name="/a", ParameterVersion=2, Labels=["keep"])
    code, _ = await ask.refusal("put_parameter", Name="/a", Value="x", Overwrite=True)
    assert code == "ParameterMaxVersionLimitExceeded"


@pytest.mark.parametrize(
    ("operation", "members", "code", "why"),
    [
        ("get_parameter", {"Name": "/nope"}, "ParameterNotFound", ""),
        (
            "get_parameter",
            {"Name": "/a:5"},
            "ParameterVersionNotFound",
            "Systems Manager could not find version 5 of /a. Verify the version and try again.",
        ),
        (
            "put_parameter",
            {"Name": "/a", "Value": "x", "Type": "String"},
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ),
        ("put_parameter", {"Name": "/b", "Value": "x"}, "ValidationException", "type is required"),
        ("put_parameter", {"Name": "/b"}, "ValidationException", "'Value'"),
        ("put_parameter", {"Name": "/b", "Value": "x", "Type": "y"}, "ValidationException", "enum"),
        (
            "put_parameter",
            {"Name": "/b", "Value": VALUE, "Type": "String", "AllowedPattern": "[0-9]+"},
            "ParameterPatternMismatchException",
            "allowedPattern",
        ),
        (
            "put_parameter",
            {"Name": "/b", "Value": VALUE, "Type": "String", "AllowedPattern": "("},
            "InvalidAllowedPatternException",
            "pattern",
        ),
        (
            "put_parameter",
            {"Name": "/b", "Value": "x" * 4097, "Type": "String"},
            "ValidationException",
            "4096",
        ),
        (
            "put_parameter",
            {"Name": "/a", "Value": "x", "Overwrite": True, "Tags": [{"Key": "k", "Value": "v"}]},
            "ValidationException",
            "tags and overwrite",
        ),
        *(
            (
                "put_parameter",
                {"Name": name, "Value": "x", "Type": "String"},
                "ValidationException",
                "name",
            )
            for name in ("/aws/x", "SSMx", "a/b", "/a b", "/a//b", "/a/", "/x" * 16)
        ),
        ("get_parameters_by_path", {"Path": "a"}, "ValidationException", "forward slash"),
        ("get_parameters_by_path", {"Path": "/", "MaxResults": 11}, "ValidationException", "10"),
        (
            "describe_parameters",
            {"ParameterFilters": [{"Key": "Nope", "Values": ["x"]}]},
            "InvalidFilterKey",
            "Nope",
        ),
        (
            "describe_parameters",
            {"ParameterFilters": [{"Key": "Name", "Option": "Nope", "Values": ["x"]}]},
            "InvalidFilterOption",
            "Nope",
        ),
        ("describe_parameters", {"NextToken": "?"}, "InvalidNextToken", "not valid"),
        ("delete_parameter", {"Name": "/nope"}, "ParameterNotFound", ""),
        (
            "label_parameter_version",
            {"Name": "/a", "ParameterVersion": 7, "Labels": ["x"]},
            "ParameterVersionNotFound",
            "7",
        ),
        (
            "list_tags_for_resource",
            {"ResourceType": "Parameter", "ResourceId": "/nope"},
            "InvalidResourceId",
            "",
        ),
        ("list_commands", {}, "UnknownOperationException", "ListCommands"),
    ],
)
async def test_a_refusal_has_the_words_of_aws(ask, operation, members, code, why):
    await put(ask, "/a", VALUE)
    found, message = await ask.refusal(operation, **members)
    assert found == code
    assert why in message
    assert VALUE not in message

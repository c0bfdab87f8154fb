import pytest

from frontdesk.functions.settings import Alias
from tests.aws.lambda_api.test_functions import ARN, refused, told


@pytest.fixture
async def versions(api):
    """A function with versions 1 and 2."""
    await api("create_function", **told(Publish=True))
    await api("update_function_configuration", FunctionName="made", Timeout=9)
    await api("publish_version", FunctionName="made")
    return api


async def test_an_alias_shares_calls_among_two_versions(versions):
    made = await versions(
        "create_alias",
        FunctionName="made",
        Name="live",
        FunctionVersion="1",
        Description="d",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["AliasArn"] == ARN + "made:live"
    assert made["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.1}}
    definition = versions.host.definitions["made"]
    assert definition.aliases == {"live": Alias(version="1", weights={"2": 0.1})}
    found = await versions("get_alias", FunctionName="made", Name="live")
    assert (found["FunctionVersion"], found["Description"]) == ("1", "d")
    called = await versions("get_function_configuration", FunctionName="made", Qualifier="live")
    assert (called["Version"], called["FunctionArn"]) == ("1", ARN + "made:live")


async def test_an_alias_moves_on(versions):
    made = await versions("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    moved = await versions("update_alias", FunctionName="made", Name="live", FunctionVersion="2")
    assert moved["FunctionVersion"] == "2"
    assert moved["RevisionId"] != made["RevisionId"]
    assert "RoutingConfig" not in moved
    stale = {"FunctionName": "made", "Name": "live", "RevisionId": made["RevisionId"]}
    assert (await refused(versions, "update_alias", **stale))[:2] == (
        412,
        "PreconditionFailedException",
    )


async def test_aliases_are_listed_by_version(versions):
    for name, version in [("live", "1"), ("next", "2")]:
        await versions("create_alias", FunctionName="made", Name=name, FunctionVersion=version)
    listed = await versions("list_aliases", FunctionName="made")
    assert [one["Name"] for one in listed["Aliases"]] == ["live", "next"]
    listed = await versions("list_aliases", FunctionName="made", FunctionVersion="2")
    assert [one["Name"] for one in listed["Aliases"]] == ["next"]


async def test_an_alias_is_removed_once_and_again(versions):
    await versions("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    for _ in range(2):
        answer = await versions("delete_alias", FunctionName="made", Name="live")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    found = await refused(versions, "get_alias", FunctionName="made", Name="live")
    assert found == (404, "ResourceNotFoundException", f"Cannot find alias arn: {ARN}made:live")


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({"FunctionVersion": "7"}, 404, f"Function not found: {ARN}made:7"),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"7": 0.5}}},
            404,
            f"Function not found: {ARN}made:7",
        ),
        (
            {
                "FunctionVersion": "$LATEST",
                "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}},
            },
            400,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            400,
            "Function version 1 is already included in routing configuration.",
        ),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}},
            400,
            "Value at 'routingConfig.additionalVersionWeights.2' failed to satisfy constraint",
        ),
        ({"FunctionVersion": "1", "Name": "12"}, 400, "Value at 'name' failed"),
    ],
)
async def test_some_aliases_cannot_be(versions, parameters, status, message):
    found = await refused(
        versions, "create_alias", **{"FunctionName": "made", "Name": "live", **parameters}
    )
    assert found[0] == status
    assert message in found[2]


async def test_a_name_is_taken_once(versions):
    parameters = {"FunctionName": "made", "Name": "live", "FunctionVersion": "1"}
    await versions("create_alias", **parameters)
    assert await refused(versions, "create_alias", **parameters) == (
        409,
        "ResourceConflictException",
        f"Alias already exists: {ARN}made:live",
    )

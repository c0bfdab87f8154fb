"""Versions and aliases through the Step Functions API, asked by boto3."""

import pytest

from tests.live.states import ROLE, definition, machine_arn

ONE, TWO = (definition(a={"Type": "Pass", "Result": number}) for number in (1, 2))


@pytest.fixture
async def charge(api):
    """Make a machine with two versions; return its ARN."""
    arn = (await api.create("charge", ONE, publish=True))["stateMachineArn"]
    await api("update_state_machine", stateMachineArn=arn, definition=TWO, publish=True)
    return arn


def routed(*weights):
    return [
        {"stateMachineVersionArn": machine_arn("charge", version), "weight": weight}
        for version, weight in weights
    ]


async def test_a_version_stays_what_it_was(api, charge):
    found = await api("describe_state_machine", stateMachineArn=f"{charge}:1")
    assert (found["definition"], found["stateMachineArn"]) == (ONE, f"{charge}:1")
    started = await api("start_execution", stateMachineArn=f"{charge}:1")
    ended = await api.executions.settled(started["executionArn"], within=10)
    described = await api("describe_execution", executionArn=started["executionArn"])
    assert (ended.output, described["stateMachineVersionArn"]) == ("1", f"{charge}:1")


async def test_publishing_what_is_published_gives_the_same_version(api, charge):
    again = await api("publish_state_machine_version", stateMachineArn=charge, description="x")
    assert again["stateMachineVersionArn"] == f"{charge}:2"


async def test_a_revision_that_is_none_is_not_published(api, charge):
    current = (await api("describe_state_machine", stateMachineArn=charge))["revisionId"]
    assert await api.refusal(
        "publish_state_machine_version", stateMachineArn=charge, revisionId="mine"
    ) == (
        "ConflictException",
        (
            "Failed to publish the State Machine version for revision mine. "
            f"The current State Machine revision is {current}."
        ),
    )
    await api.create("fresh")
    fresh = machine_arn("fresh")
    made = await api("publish_state_machine_version", stateMachineArn=fresh, revisionId="INITIAL")
    assert made["stateMachineVersionArn"] == f"{fresh}:1"


async def test_numbers_are_never_given_twice(api, charge):
    await api("delete_state_machine_version", stateMachineVersionArn=f"{charge}:2")
    made = await api("publish_state_machine_version", stateMachineArn=charge)
    listed = await api("list_state_machine_versions", stateMachineArn=charge)
    numbers = [
        one["stateMachineVersionArn"].rpartition(":")[2] for one in listed["stateMachineVersions"]
    ]
    assert (made["stateMachineVersionArn"], numbers) == (f"{charge}:3", ["3", "1"])


async def test_a_description_is_the_versions(api, charge):
    await api(
        "update_state_machine",
        stateMachineArn=charge,
        roleArn=ROLE + "2",
        publish=True,
        versionDescription="third",
    )
    third = await api("describe_state_machine", stateMachineArn=f"{charge}:3")
    whole = await api("describe_state_machine", stateMachineArn=charge)
    assert third["description"] == "third"
    assert "description" not in whole


async def test_an_alias_leads_to_its_version(api, charge):
    await api(
        "create_state_machine_alias",
        name="live",
        description="for all",
        routingConfiguration=routed(("1", 100)),
    )
    alias = f"{charge}:live"
    found = await api("describe_state_machine_alias", stateMachineAliasArn=alias)
    assert (found["name"], found["description"]) == ("live", "for all")
    assert found["routingConfiguration"] == routed(("1", 100))
    shown = await api("describe_state_machine", stateMachineArn=alias)
    assert (shown["stateMachineArn"], shown["definition"]) == (f"{charge}:1", ONE)
    started = await api("start_execution", stateMachineArn=alias)
    described = await api("describe_execution", executionArn=started["executionArn"])
    assert described["stateMachineAliasArn"] == alias
    assert described["stateMachineVersionArn"] == f"{charge}:1"


async def test_an_alias_of_two_versions_gives_each_its_share(api, charge):
    routes = routed(("1", 70), ("2", 30))
    await api("create_state_machine_alias", name="live", routingConfiguration=routes)
    picked = [
        api.machines.target(f"{charge}:live", tenth / 10).version_arn[-1] for tenth in range(10)
    ]
    assert picked == ["1"] * 7 + ["2"] * 3


async def test_an_alias_is_moved(api, charge):
    await api("create_state_machine_alias", name="live", routingConfiguration=routed(("1", 100)))
    alias = f"{charge}:live"
    await api(
        "update_state_machine_alias",
        stateMachineAliasArn=alias,
        routingConfiguration=routed(("2", 100)),
    )
    await api("update_state_machine_alias", stateMachineAliasArn=alias, description="moved")
    found = await api("describe_state_machine_alias", stateMachineAliasArn=alias)
    assert found["routingConfiguration"] == routed(("2", 100))
    assert found["description"] == "moved"
    await api("delete_state_machine_version", stateMachineVersionArn=f"{charge}:1")


async def test_the_same_alias_again_is_the_one_that_is_there(api, charge):
    given = {"name": "live", "routingConfiguration": routed(("1", 100))}
    first = await api("create_state_machine_alias", **given)
    assert await api("create_state_machine_alias", **given) == first
    other = {"description": "another", **given}
    assert await api.refusal("create_state_machine_alias", **other) == (
        "ConflictException",
        (
            "Failed to create alias because an alias with the same name and a different routing "
            "configuration already exists."
        ),
    )


async def test_aliases_of_a_version_are_listed(api, charge):
    for name, version in (("b", "1"), ("a", "2"), ("c", "1")):
        routes = routed((version, 100))
        await api("create_state_machine_alias", name=name, routingConfiguration=routes)

    async def names(arn):
        listed = await api("list_state_machine_aliases", stateMachineArn=arn)
        return [one["stateMachineAliasArn"][-1] for one in listed["stateMachineAliases"]]

    assert await names(charge) == ["b", "a", "c"]
    assert await names(f"{charge}:1") == ["b", "c"]


INVALID = {
    "weights": (
        {"routingConfiguration": routed(("1", 70), ("2", 29))},
        "ValidationException",
        "Sum of routing configuration weights must equal 100. Received: [70, 29]",
    ),
    "twice": (
        {"routingConfiguration": routed(("1", 50), ("1", 50))},
        "ValidationException",
        "Routing configuration must contain distinct state machine versions.",
    ),
    "other machines": (
        {
            "routingConfiguration": [
                {"stateMachineVersionArn": machine_arn(name, "1"), "weight": 50}
                for name in ("charge", "other")
            ]
        },
        "ValidationException",
        "Routing configuration must contain versions of one state machine only.",
    ),
    "no such version": (
        {"routingConfiguration": routed(("9", 100))},
        "ResourceNotFound",
        f"Resource not found: '{machine_arn('charge', '9')}'",
    ),
    "no version": (
        {
            "routingConfiguration": [
                {"stateMachineVersionArn": machine_arn("charge"), "weight": 100}
            ]
        },
        "InvalidArn",
        f"Invalid Arn: 'Neither a version nor an alias: {machine_arn('charge')}'",
    ),
    "too heavy": (
        {"routingConfiguration": routed(("1", 101))},
        "ValidationException",
        (
            "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed "
            "to satisfy constraint: Member must have value less than or equal to 100"
        ),
    ),
    "number": (
        {"name": "12", "routingConfiguration": routed(("1", 100))},
        "ValidationException",
        (
            "1 validation error detected: Value '12' at 'name' failed to satisfy constraint: Member "
            r"must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
        ),
    ),
}


@pytest.mark.parametrize(("given", "code", "message"), INVALID.values(), ids=INVALID)
async def test_aliases_that_cannot_be_are_refused(api, charge, given, code, message):
    parameters = {"name": "live", **given}
    assert await api.refusal("create_state_machine_alias", **parameters) == (code, message)


async def test_what_is_not_there_is_told_or_passed_over(api, charge):
    absent = f"{charge}:nobody"
    told = ("ResourceNotFound", f"Resource not found: '{absent}'")
    describe = await api.refusal("describe_state_machine_alias", stateMachineAliasArn=absent)
    update = await api.refusal(
        "update_state_machine_alias", stateMachineAliasArn=absent, description="x"
    )
    assert describe == update == told
    assert (await api.refusal("update_state_machine_alias", stateMachineAliasArn=absent))[0] == (
        "ValidationException"
    )
    for arn in (absent, machine_arn("none", "x")):
        assert await api("delete_state_machine_alias", stateMachineAliasArn=arn) == {}
    for arn in (f"{charge}:9", machine_arn("none", "1")):
        assert await api("delete_state_machine_version", stateMachineVersionArn=arn) == {}

"""Tags through the Step Functions API, asked by boto3."""

import pytest

from tests.live.states import machine_arn

ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:pack"
RESOURCES = {"machine": machine_arn("charge"), "activity": ACTIVITY}
OLD, NEW = {"key": "team", "value": "billing"}, {"key": "team", "value": "shop"}
MORE = {"key": "cost", "value": ""}


@pytest.mark.parametrize("arn", RESOURCES.values(), ids=RESOURCES)
async def test_tags_are_given_replaced_and_taken_away(api, arn):
    await api.create("charge", tags=[OLD])
    await api("create_activity", name="pack", tags=[OLD])
    assert await api("list_tags_for_resource", resourceArn=arn) == {"tags": [OLD]}
    await api("tag_resource", resourceArn=arn, tags=[NEW, MORE])
    assert await api("list_tags_for_resource", resourceArn=arn) == {"tags": [NEW, MORE]}
    await api("untag_resource", resourceArn=arn, tagKeys=["team", "none"])
    assert await api("list_tags_for_resource", resourceArn=arn) == {"tags": [MORE]}


@pytest.mark.parametrize("arn", RESOURCES.values(), ids=RESOURCES)
async def test_there_are_fifty_tags_at_most(api, arn):
    await api.create("charge")
    await api("create_activity", name="pack")
    many = [{"key": str(one), "value": ""} for one in range(51)]
    refusal = await api.refusal("tag_resource", resourceArn=arn, tags=many)
    assert refusal == ("TooManyTags", "Too Many Tags: a resource can have 50.")


ABSENT = {
    "machine": machine_arn("none"),
    "version": machine_arn("charge", "1"),
    "activity": ACTIVITY,
}


@pytest.mark.parametrize("arn", ABSENT.values(), ids=ABSENT)
async def test_what_is_not_there_has_no_tags(api, arn):
    await api.create("charge", publish=True)
    told = ("ResourceNotFound", f"Resource not found: '{arn}'")
    assert await api.refusal("list_tags_for_resource", resourceArn=arn) == told
    assert await api.refusal("tag_resource", resourceArn=arn, tags=[OLD]) == told
    assert await api.refusal("untag_resource", resourceArn=arn, tagKeys=["team"]) == told


async def test_machines_of_the_file_have_none(api):
    arn = machine_arn("from_file")
    assert await api("list_tags_for_resource", resourceArn=arn) == {"tags": []}
    assert (await api.refusal("tag_resource", resourceArn=arn, tags=[OLD]))[0] == (
        "ConflictException"
    )

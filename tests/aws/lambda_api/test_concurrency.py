import asyncio

import pytest

from frontdesk.rules.pool import Standing
from tests.aws.lambda_api.test_functions import refused, told
from tests.live.calls import call

LOWER = (
    " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned "
    "concurrency [2]."
)


@pytest.fixture
async def made(api):
    await api("create_function", **told(Publish=True))
    return api


async def test_a_reservation_is_kept_shown_and_given_up(made):
    put = await made(
        "put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=5
    )
    assert put["ReservedConcurrentExecutions"] == 5
    assert made.host.definitions["made"].reserved_concurrency == 5
    found = await made("get_function_concurrency", FunctionName="made")
    assert found["ReservedConcurrentExecutions"] == 5
    assert (await made("get_function", FunctionName="made"))["Concurrency"] == {
        "ReservedConcurrentExecutions": 5
    }
    await made("delete_function_concurrency", FunctionName="made")
    assert made.host.definitions["made"].reserved_concurrency is None
    found = await made("get_function_concurrency", FunctionName="made")
    assert "ReservedConcurrentExecutions" not in found


async def test_a_reservation_of_nothing_is_refused_and_keeps_the_one_before(made):
    await made("put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=5)
    path = "/2017-10-31/functions/made/concurrency"
    answer = await asyncio.to_thread(call, made.address, "PUT", path, body=b"{}")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert "'reservedConcurrentExecutions'" in answer.json["message"]
    assert made.host.definitions["made"].reserved_concurrency == 5


async def test_provisioned_concurrency_of_a_version(made):
    parameters = {"FunctionName": "made", "Qualifier": "1"}
    put = await made(
        "put_provisioned_concurrency_config", ProvisionedConcurrentExecutions=2, **parameters
    )
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert put["RequestedProvisionedConcurrentExecutions"] == 2
    assert made.host.definitions["made"].provisioned == {"1": 2}
    found = await made("get_provisioned_concurrency_config", **parameters)
    assert found["RequestedProvisionedConcurrentExecutions"] == 2
    listed = await made("list_provisioned_concurrency_configs", FunctionName="made")
    (one,) = listed["ProvisionedConcurrencyConfigs"]
    assert one["FunctionArn"].endswith(":function:made:1")
    await made("delete_provisioned_concurrency_config", **parameters)
    assert (await refused(made, "get_provisioned_concurrency_config", **parameters))[:2] == (
        404,
        "ProvisionedConcurrencyConfigNotFoundException",
    )


async def test_sums_that_do_not_fit_are_refused_in_lambdas_words(made):
    provision = {"FunctionName": "made", "Qualifier": "1", "ProvisionedConcurrentExecutions": 2}
    await made("put_provisioned_concurrency_config", **provision)
    assert await refused(
        made, "put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=1
    ) == (
        400,
        "InvalidParameterValueException",
        LOWER,
    )
    await made("put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=2)
    found = await refused(
        made,
        "put_provisioned_concurrency_config",
        **{**provision, "ProvisionedConcurrentExecutions": 3},
    )
    assert found[2] == (
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function"
    )


async def test_a_reservation_beyond_the_pool_is_refused(make_api):
    async with make_api().serving(pool=10) as api:
        await api("create_function", **told())
        # The function of the file has 3 of the 10.
        await api("put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=7)
        found = await refused(
            api, "put_function_concurrency", FunctionName="made", ReservedConcurrentExecutions=8
        )
        assert found[:2] == (400, "InvalidParameterValueException")


@pytest.mark.parametrize(("qualifier", "status"), [("$LATEST", 400), ("7", 404), ("live", 404)])
async def test_only_what_is_published_can_be_provisioned(made, qualifier, status):
    found = await refused(
        made,
        "put_provisioned_concurrency_config",
        FunctionName="made",
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=1,
    )
    assert found[0] == status


@pytest.mark.parametrize(
    ("standing", "numbers", "status"),
    [
        (Standing(2, 0, 0, faulty=False), (0, 0), ("IN_PROGRESS", None)),
        (Standing(2, 2, 1, faulty=False), (2, 1), ("READY", None)),
        (Standing(2, 1, 1, faulty=True), (1, 1), ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")),
    ],
)
@pytest.mark.parametrize("qualifier", ["1", "live"])
async def test_the_status_is_that_of_the_children(made, standing, numbers, status, qualifier):
    await made("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    parameters = {"FunctionName": "made", "Qualifier": qualifier}
    await made(
        "put_provisioned_concurrency_config", ProvisionedConcurrentExecutions=2, **parameters
    )
    made.host.standings["made", "1"] = standing
    found = await made("get_provisioned_concurrency_config", **parameters)
    assert (
        found["AllocatedProvisionedConcurrentExecutions"],
        found["AvailableProvisionedConcurrentExecutions"],
    ) == numbers
    assert (found["Status"], found.get("StatusReason")) == status


@pytest.mark.parametrize(("first", "second"), [("1", "live"), ("live", "1")])
async def test_a_version_is_not_provisioned_twice(made, first, second):
    await made("create_alias", FunctionName="made", Name="live", FunctionVersion="1")
    both = {"FunctionName": "made", "ProvisionedConcurrentExecutions": 1}
    await made("put_provisioned_concurrency_config", Qualifier=first, **both)
    await made("put_provisioned_concurrency_config", Qualifier=first, **both)
    found = await refused(made, "put_provisioned_concurrency_config", Qualifier=second, **both)
    assert found[:2] == (409, "ResourceConflictException")
    assert made.host.definitions["made"].provisioned == {first: 1}

"""Map runs through the Step Functions API, asked by boto3."""

import json

import pytest

from tests.live.states import definition, machine_arn

NO_RUN = "arn:aws:states:us-east-1:111111111111:mapRun:many/each:none"


def distributed(*, kind="STANDARD", inner=None, **fields):
    """Write a machine with a distributed Map over its input."""
    processor = inner or {"Type": "Pass"}
    return definition(
        each={
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
                **json.loads(definition(one=processor)),
            },
            **fields,
        }
    )


@pytest.fixture
def run(api):
    """Start a machine over items; return the ARN of the execution once it has begun its map run."""

    async def run(text, items, *, ends=True):
        await api.create("many", text)
        arn = (
            await api(
                "start_execution", stateMachineArn=machine_arn("many"), input=json.dumps(items)
            )
        )["executionArn"]
        if ends:
            await api.executions.settled(arn, within=10)
        return arn

    return run


def counted(counts):
    """Return the counts that are not 0."""
    return {name: count for name, count in counts.items() if count}


async def test_a_run_that_has_ended_is_described(api, run):
    arn = await run(distributed(MaxConcurrency=2), [1, 2, 3])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert (found["executionArn"], found["status"]) == (arn, "SUCCEEDED")
    assert (found["maxConcurrency"], found["redriveCount"]) == (2, 0)
    assert counted(found["executionCounts"]) == {"succeeded": 3, "total": 3}
    assert counted(found["itemCounts"]) == {"succeeded": 3, "total": 3}
    assert found["startDate"] <= found["stopDate"] == listed["stopDate"]


async def test_results_that_were_written_are_counted(api, run, tmp_path):
    api.files.adopt({"out": tmp_path})
    resource, place = "arn:aws:states:::s3:putObject", {"Bucket": "out", "Prefix": "sums"}
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "bad"}],
        "Default": "good",
    }
    inner = {"one": choice, "bad": {"Type": "Fail"}, "good": {"Type": "Succeed"}}
    writer = {"Resource": resource, "Parameters": place}
    text = json.loads(distributed(MaxConcurrency=1, ResultWriter=writer))
    text["States"]["each"]["ItemProcessor"]["States"] = inner
    arn = await run(json.dumps(text), [0, 1, 2])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert found["status"] == "FAILED"
    assert counted(found["executionCounts"]) == {
        "succeeded": 1,
        "failed": 1,
        "pending": 1,
        "total": 3,
        "resultsWritten": 2,
    }
    folder = tmp_path / "sums" / listed["mapRunArn"].rpartition(":")[2]
    files = ["FAILED_0.json", "PENDING_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert sorted(one.name for one in folder.iterdir()) == files


async def test_the_executions_of_a_run_are_listed(api, run):
    arn = await run(distributed(), [1, 2, 3])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    page = await api("list_executions", mapRunArn=listed["mapRunArn"], maxResults=2)
    rest = await api("list_executions", mapRunArn=listed["mapRunArn"], nextToken=page["nextToken"])
    children = page["executions"] + rest["executions"]
    assert {one["mapRunArn"] for one in children} == {listed["mapRunArn"]}
    assert [one["status"] for one in children] == ["SUCCEEDED"] * 3
    none = await api("list_executions", mapRunArn=listed["mapRunArn"], redriveFilter="REDRIVEN")
    assert none["executions"] == []
    child = await api("describe_execution", executionArn=children[0]["executionArn"])
    assert child["stateMachineArn"] == machine_arn("many") + "/each"


async def test_an_item_runs_the_processor_of_its_map(api, run):
    arn = await run(distributed(Label="batch"), [1])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    page = await api("list_executions", mapRunArn=listed["mapRunArn"])
    found = await api(
        "describe_state_machine_for_execution", executionArn=page["executions"][0]["executionArn"]
    )
    assert (found["name"], found["label"]) == ("many", "batch")
    assert (found["mapRunArn"], found["stateMachineArn"]) == (
        listed["mapRunArn"],
        machine_arn("many") + "/batch",
    )
    assert json.loads(found["definition"])["StartAt"] == "one"


async def test_items_that_fail_are_counted(api, run):
    failing = {"Type": "Fail", "Error": "Bad"}
    tolerant = await run(distributed(inner=failing, ToleratedFailurePercentage=100), [1, 2])
    (listed,) = (await api("list_map_runs", executionArn=tolerant))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert (found["status"], found["toleratedFailurePercentage"]) == ("SUCCEEDED", 100.0)
    assert counted(found["executionCounts"]) == {"failed": 2, "total": 2}


async def test_a_run_that_fails_says_how_far_it_came(api, run):
    failing = {"Type": "Fail", "Error": "Bad"}
    arn = await run(distributed(inner=failing, MaxConcurrency=1), [1, 2, 3])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert found["status"] == "FAILED"
    assert counted(found["executionCounts"]) == {"failed": 1, "pending": 2, "total": 3}


async def test_batches_count_their_items(api, run):
    arn = await run(distributed(ItemBatcher={"MaxItemsPerBatch": 2}), [1, 2, 3])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert counted(found["executionCounts"]) == {"succeeded": 2, "total": 2}
    assert counted(found["itemCounts"]) == {"succeeded": 3, "total": 3}


@pytest.fixture
def running(api, run):
    """Start a machine whose items wait, and return its execution and its map run once a child has begun."""

    async def running(items, **fields):
        waiting = {"Type": "Wait", "Seconds": 60}
        arn = await run(distributed(inner=waiting, **fields), items, ends=False)
        while not (runs := (await api("list_map_runs", executionArn=arn))["mapRuns"]):
            await api.executions.settled(arn, within=0.01)
        map_run = runs[0]["mapRunArn"]
        while not (await api("list_executions", mapRunArn=map_run))["executions"]:
            await api.executions.settled(arn, within=0.01)
        return arn, map_run

    return running


async def test_a_run_that_is_stopped_is_aborted(api, running):
    arn, map_run = await running([1, 2], MaxConcurrency=1)
    found = await api("describe_map_run", mapRunArn=map_run)
    assert found["status"] == "RUNNING"
    assert counted(found["executionCounts"]) == {"running": 1, "pending": 1, "total": 2}
    await api("stop_execution", executionArn=arn)
    found = await api("describe_map_run", mapRunArn=map_run)
    assert (found["status"], counted(found["executionCounts"])) == (
        "ABORTED",
        {"aborted": 1, "pending": 1, "total": 2},
    )


async def test_a_run_that_goes_on_gets_other_bounds(api, running):
    arn, map_run = await running([1, 2, 3], MaxConcurrency=1)
    await api("update_map_run", mapRunArn=map_run, maxConcurrency=2, toleratedFailureCount=5)
    found = await api("describe_map_run", mapRunArn=map_run)
    assert (found["maxConcurrency"], found["toleratedFailureCount"]) == (2, 5)
    assert counted(found["executionCounts"]) == {"running": 2, "pending": 1, "total": 3}
    await api("update_map_run", mapRunArn=map_run, toleratedFailurePercentage=12.5)
    found = await api("describe_map_run", mapRunArn=map_run)
    assert (found["maxConcurrency"], found["toleratedFailurePercentage"]) == (2, 12.5)
    await api("stop_execution", executionArn=arn)
    code, message = await api.refusal("update_map_run", mapRunArn=map_run, maxConcurrency=3)
    assert (code, message) == ("ValidationException", f"Map Run is ABORTED: '{map_run}'")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "ValidationException"),
        ({"toleratedFailurePercentage": 100.5}, "ValidationException"),
        ({"maxConcurrency": 1}, "ResourceNotFound"),
    ],
    ids=["nothing", "too much", "no such run"],
)
async def test_bounds_that_cannot_be_are_refused(api, given, expected):
    code, _ = await api.refusal("update_map_run", mapRunArn=NO_RUN, **given)
    assert code == expected


async def test_a_run_of_express_children_is_listed(api, run):
    arn = await run(distributed(kind="EXPRESS"), [1, 2])
    (listed,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    assert "stopDate" in listed


async def test_what_is_not_there_is_told(api):
    assert await api.refusal("describe_map_run", mapRunArn=NO_RUN) == (
        "ResourceNotFound",
        f"Resource not found: '{NO_RUN}'",
    )


async def test_a_run_within_an_item_is_described_with_its_children(api, run):
    within = json.loads(distributed())["States"]["each"]
    inner = json.loads(definition(two={"Type": "Pass"}))
    within |= {"ItemProcessor": within["ItemProcessor"] | inner, "Label": "within"}
    arn = await run(distributed(inner=within), [[1, 2]])
    (outer,) = (await api("list_map_runs", executionArn=arn))["mapRuns"]
    (item,) = (await api("list_executions", mapRunArn=outer["mapRunArn"]))["executions"]
    (listed,) = (await api("list_map_runs", executionArn=item["executionArn"]))["mapRuns"]
    found = await api("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert (found["executionArn"], found["status"]) == (item["executionArn"], "SUCCEEDED")
    children = (await api("list_executions", mapRunArn=listed["mapRunArn"]))["executions"]
    assert [one["status"] for one in children] == ["SUCCEEDED", "SUCCEEDED"]
    told = await api(
        "describe_state_machine_for_execution", executionArn=children[0]["executionArn"]
    )
    assert (told["label"], json.loads(told["definition"])["StartAt"]) == ("within", "two")

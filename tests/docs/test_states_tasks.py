"""docs/states-tasks.md: its table has every service that is done here, and its examples run."""

import asyncio
import contextlib
import json
import re

import boto3
import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.check.state_machines import DONE
from frontdesk.durable.tasks.files import FileTasks
from frontdesk.durable.tasks.http import HttpTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.publishing import PublishTasks
from frontdesk.durable.tasks.queues import QueueTasks
from frontdesk.durable.tasks.table import services
from frontdesk.rules.asl.resources import Kind, read_resource
from tests.docs.pages import ROOT, codes, examples, spliced, tables
from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project, serving
from tests.live.vendors import vendor

FILE = ROOT / "docs" / "states-tasks.md"
PAGE = FILE.read_text()


def resources():
    """The Resources of the first table."""
    cells = [row[0] for row in tables(PAGE)[0].rows]
    texts = [text.replace("…", "eu-west-1:1") for cell in cells for text in codes(cell)]
    return [read_resource(text) for text in texts if text.startswith("arn:")]


def test_the_table_has_each_service_that_is_done():
    told = {(one.service, one.action) for one in resources() if one.kind is Kind.SERVICE}
    clock = SystemClock()
    jobs = Jobs(clock, wheel := Wheel(0.0))
    http, files = HttpTasks(jobs, clock, wheel, region="").rows, FileTasks(jobs).rows
    queues = QueueTasks(None, jobs).rows
    publishing = PublishTasks(None, None, jobs, clock).rows
    rows = (services(None, None, None, None, None), http, files, queues, publishing)
    done = {name for some in rows for name in some}
    assert done == told
    assert {f"{service}:{action}" for service, action in done} == DONE
    assert {one.kind for one in resources()} == set(Kind)


def test_the_worker_of_the_page_ends_a_task(tmp_path):
    port = free_port()
    config = f"""
        admin: {{listen: 127.0.0.1:{port}}}
        state_machines:
          sign:
            definition:
              StartAt: Sign
              States:
                Sign: {{Type: Task, Resource: "arn:aws:states:us-east-1:000000000000:activity:sign", End: true}}
    """
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    first, worker = code.split("\n\n")
    with gateway(project(tmp_path, config)):
        states = boto3.client(
            "stepfunctions",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
        )
        scope = {"states": states}
        exec(first, scope)  # our own page
        started = states.start_execution(stateMachineArn="arn:aws:states::stateMachine:sign")
        exec(worker, scope)
        found = {"status": "RUNNING"}
        while found["status"] == "RUNNING":
            found = states.describe_execution(executionArn=started["executionArn"])
        states.close()
    assert (found["status"], found["output"]) == ("SUCCEEDED", '{"signed":true}')


# -- calls and files ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def desk(folder, change):
    """Run the page's example; yields what starts its machines and waits for them."""
    whole, part = examples(FILE)
    content = spliced(whole.content, part)
    change(content)
    content["listen"] = "127.0.0.1:0"
    content["admin"] = {"listen": f"127.0.0.1:{free_port()}"}
    content["logs"] = {"access": False}
    (folder / "frontdesk.yaml").write_text(json.dumps(content))
    async with serving(folder / "frontdesk.yaml", {"VENDOR_KEY": "k3y"}) as app:

        async def asked(target, body):
            return await asyncio.to_thread(
                call,
                app.addresses[0],
                "POST",
                target,
                body=json.dumps(body),
                headers={"Content-Type": "application/json"},
            )

        yield asked


def tired(asked):
    """A vendor that has had enough of two of the page's three addresses."""
    if asked.peer in ("127.0.0.2", "127.0.0.3"):
        return 429, {"Retry-After": "60"}, {"message": "slow down"}
    return {"from": asked.peer}


@pytest.mark.parametrize(
    ("addresses", "status", "peers"),
    [
        (["127.0.0.2"], 502, ["127.0.0.2"]),
        (None, 200, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]),
    ],
    ids=["one", "three"],
)
async def test_three_addresses_succeed_where_one_fails(tmp_path, addresses, status, peers):
    async with vendor(tired) as api:

        def change(content):
            charge = content["state_machines"]["charge"]["definition"]["States"]["Charge"]
            charge["Parameters"]["ApiEndpoint"] = f"{api.url}/v1/charges"
            del charge["Retry"]
            if addresses:
                content["egress"]["vendor_ips"]["addresses"] = addresses

        async with desk(tmp_path, change) as asked:
            answer = await asked("/charges", {"amount": 5})
    assert answer.status == status
    assert [one.peer for one in api.seen] == peers
    assert {one.headers["x-api-key"] for one in api.seen} == {"k3y"}
    assert {one.body for one in api.seen} == {b'{"amount":5}'}


async def test_invoices_are_read_and_sums_are_written(tmp_path):
    folder = tmp_path / "data" / "invoices"
    folder.mkdir(parents=True)
    (folder / "october.csv").write_text("patient,cents\nada,1200\ngrace,50\n")

    def change(content):
        content["apis"]["desk"]["routes"]["POST /sums"] = {
            "state_machine": "invoices",
            "mode": "sync",
        }

    async with desk(tmp_path, change) as asked:
        answer = await asked("/sums", {})
    assert answer.status == 200, answer.body
    key = json.loads(answer.body)["ResultWriterDetails"]["Key"]
    (listed,) = json.loads((folder / key).read_text())["ResultFiles"]["SUCCEEDED"]
    lines = (folder / listed["Key"]).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"for": "ada", "cents": 1200},
        {"for": "grace", "cents": 50},
    ]

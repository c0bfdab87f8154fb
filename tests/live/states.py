"""The Step Functions API on a real listener: machines, executions and activities in memory, asked by boto3."""

import asyncio
import contextlib
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from frontdesk.aws.keys import Keys
from frontdesk.aws.states.service import operations, states_service
from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.durable.activities import Activities
from frontdesk.durable.driver import Driver
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.durable.tasks.activities import ActivityTasks
from frontdesk.durable.tasks.files import FileTasks
from frontdesk.durable.tasks.functions import FunctionTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers, services
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.ports.invoker import Outcome
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.journal import MemoryJournal

REGION, ACCOUNT = "us-east-1", "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states-role"


def machine_arn(name, qualifier=""):
    """Write the ARN of a machine, or of a version or alias."""
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def definition(**states):
    """Write a definition of states in a row."""
    names = list(states)
    for at, name in enumerate(names):
        following = {"Next": names[at + 1]} if at + 1 < len(names) else {"End": True}
        if states[name]["Type"] not in {"Succeed", "Fail", "Choice"}:
            states[name] = {**states[name], **following}
    return json.dumps({"StartAt": names[0], "States": states})


class FunctionError(Exception):
    """What a function of a test raises to fail. Its argument: the error document of Lambda."""


class Function:
    """An Invoker: a Python function that is given the event."""

    def __init__(self, run):
        self.run = run

    def invoke(self, invocation, done):
        error = ""
        try:
            result = self.run(json.loads(invocation.event))
        except FunctionError as failure:
            result, error = failure.args[0], "Unhandled"
        outcome = Outcome(json.dumps(result).encode(), error=error, request_id="id")
        asyncio.get_running_loop().call_soon(done, outcome)
        return self

    def cancel(self, *, kill):
        pass


class StatesApi:
    """A running API. functions: by name, what their tasks do. file: the machines of the file."""

    def __init__(self, *, token=None, catalog=None, functions=(), file=()):
        self.clock = SystemClock()
        self.catalog = catalog or MemoryCatalog(self.clock)
        self.journal = MemoryJournal()
        self.keys = Keys(token)
        self.functions = dict(functions)
        self.file = {name: FileMachine(name, text, False, 90.0, "ERROR") for name, text in file}
        self.address = ""
        self._client = None

    @contextlib.asynccontextmanager
    async def serving(self):
        """Serve while the context is open."""
        clock, wheel = self.clock, Wheel(self.clock.monotonic())
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        self.machines = machines = Machines(self.catalog, clock, region=REGION, account=ACCOUNT)
        await machines.start()
        await machines.adopt(self.file)
        rows, jobs = {}, Jobs(clock, wheel)
        activities = Activities(self.catalog, clock, region=REGION, account=ACCOUNT)
        functions = FunctionTasks(self._function, clock)
        doers = Doers(functions, ActivityTasks(activities, jobs), rows)
        process = Process(machines, doers, jobs, clock, wheel, log=lambda *_: None)
        workflows = {"execution": process, "express": ExpressWorkflow(process)}
        process.driver = driver = Driver(self.journal, clock, wheel, workflows)
        self.executions = DurableExecutions(process, driver, machines, clock)
        self.files = FileTasks(jobs)
        rows |= services(self._function, clock, self.executions, jobs, None)
        rows |= self.files.rows
        await driver.start()
        states = states_service(
            operations(
                machines=machines,
                catalog=self.catalog,
                clock=clock,
                executions=self.executions,
                activities=activities,
                post_started=self.executions.started_activity,
                trials=StateTrials(doers, clock, region=REGION, account=ACCOUNT),
            )
        )
        door = AdminDoor([WireApi([states], self.keys, clock)], None)
        server = Server(
            door, clock=clock, wheel=wheel, log=lambda _ex: None, trusted=TrustedProxies(())
        )
        self.address = "{}:{}".format(*await server.open("127.0.0.1", 0))
        try:
            yield self
        finally:
            if self._client is not None:
                self._client.close()
                self._client = None  # the next time it has another address
            await server.drain(0.0)
            await driver.stop(0.0)
            await jobs.stop()
            machines.stop()
            heartbeat.close()

    @contextlib.contextmanager
    def client(self, *, key="any", secret="thing", **settings):
        """Make a client of boto3 that tries once."""
        with contextlib.closing(self._new_client(key, secret, **settings)) as client:
            yield client

    def _new_client(self, key, secret, **settings):
        return boto3.client(
            "stepfunctions",
            endpoint_url=f"http://{self.address}",
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, **settings),
        )

    async def __call__(self, operation, **parameters):
        """Call an operation of boto3's client in a thread; return its answer."""
        if self._client is None:
            self._client = self._new_client("any", "thing", parameter_validation=False)
        answer = await asyncio.to_thread(getattr(self._client, operation), **parameters)
        answer.pop("ResponseMetadata")
        return answer

    async def refusal(self, operation, **parameters):
        """Call an operation that is refused; return (code, message)."""
        try:
            answer = await self(operation, **parameters)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AssertionError(answer)

    async def create(self, name, text=None, **parameters):
        """Make a machine."""
        text = text or definition(a={"Type": "Pass", "Result": 1})
        return await self(
            "create_state_machine", name=name, definition=text, roleArn=ROLE, **parameters
        )

    def _function(self, name, _qualifier):
        run = self.functions.get(name)
        return None if run is None else Function(run)

import asyncio
import json
from base64 import b64decode, b64encode

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.functions import FunctionTasks, LambdaTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.ports.invoker import Outcome
from tests.durable.tasks.asking import KEY, Answers, a_task

EVENT = {"FunctionName": "charge", "InvocationType": "Event"}
INVOKE = "arn:aws:states:::lambda:invoke"
TOKEN = "arn:aws:states:::lambda:invoke.waitForTaskToken"
SDK = "arn:aws:states:::aws-sdk:lambda:invoke"
DIRECT = "arn:aws:lambda:us-east-1:111111111111:function:charge"


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


class Function:
    """An Invoker whose outcomes the test gives."""

    def __init__(self):
        self.invocations = []
        self.done = []
        self.cancelled = []

    def invoke(self, invocation, done):
        self.invocations.append(invocation)
        self.done.append(done)
        return self

    def cancel(self, *, kill):
        self.cancelled.append(kill)

    @property
    def custom(self):
        return json.loads(self.invocations[-1].client_context)["custom"]


class World:
    """One function, `charge`, and what was asked for."""

    def __init__(self):
        self.clock = Clock()
        self.function = Function()
        self.found = []
        self.wheel = Wheel(self.clock.now)
        self.jobs = Jobs(self.clock, self.wheel)
        self.accepted = []
        self.trouble = []

    async def accept(self, function, qualifier, event, *, trace="", client_context=""):
        if self.trouble:
            raise self.trouble.pop()
        self.accepted.append((function, qualifier, json.loads(event), trace, client_context))
        return None if qualifier == "gone" else "r-2"

    def functions(self, name, qualifier):
        self.found.append((name, qualifier))
        return self.function if name == "charge" else None

    def do(self, resource, arguments=None, **more):
        self.answers = Answers()
        task = a_task(resource, arguments, **more)
        if ":states:" in resource:
            tasks = LambdaTasks(self.functions, self.clock, self, self.jobs)
        else:
            tasks = FunctionTasks(self.functions, self.clock)
        self.work = tasks.do(task, self.answers)
        return self.answers.all

    def ask(self, outcome, resource=INVOKE, **arguments):
        """Have `lambda:invoke` done; return the answers to an outcome."""
        self.do(resource, {"FunctionName": "charge", **arguments})
        self.function.done[-1](outcome)
        return self.answers.all


@pytest.fixture
def world():
    return World()


def outcome(payload=b'{"ok":true}', **more):
    return Outcome(payload, request_id="r-1", version="3", log_tail=b"a log", **more)


def failed(document):
    return outcome(json.dumps(document).encode(), error="Unhandled")


async def test_function_gets_the_input_and_gives_the_result(world):
    assert world.do(DIRECT, {"amount": 5}, trace="Root=1-5-6") == []
    (invocation,) = world.function.invocations
    assert json.loads(invocation.event) == {"amount": 5}
    assert (invocation.trace, invocation.trigger) == ("Root=1-5-6", "other")
    world.function.done[0](outcome())
    assert world.answers.all == [("succeeded", {"ok": True})]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (DIRECT, ("charge", "")),
        ("arn:aws:lambda:ap-south-1:378343485419:function:charge:$LATEST", ("charge", "$LATEST")),
        ("arn:aws-cn:lambda::function:charge:live", ("charge", "live")),
        ("charge", ("charge", "")),
    ],
)
async def test_function_is_found_by_its_last_parts_whatever_the_place(world, text, found):
    world.do(text)
    world.do(INVOKE, {"FunctionName": text})
    assert world.found == [found, found]


async def test_lambda_invoke_wraps_the_result(world):
    ((how, result),) = world.ask(outcome(), Payload={"amount": 5})
    assert how == "succeeded"
    assert json.loads(world.function.invocations[0].event) == {"amount": 5}
    assert (result["Payload"], result["StatusCode"]) == ({"ok": True}, 200)
    assert result["ExecutedVersion"] == "3"
    assert result["SdkResponseMetadata"] == {"RequestId": "r-1"}
    assert "LogResult" not in result


async def test_log_tail_comes_where_it_is_asked_for(world):
    ((_, result),) = world.ask(outcome(), LogType="Tail")
    assert b64decode(result["LogResult"]) == b"a log"


async def test_token_task_is_submitted_with_the_functions_answer(world):
    ((how, result),) = world.ask(outcome(), TOKEN)
    assert (how, result["Payload"]) == ("submitted", {"ok": True})


@pytest.mark.parametrize("resource", [INVOKE, TOKEN])
async def test_error_of_a_function_fails_the_task_by_its_name(world, resource):
    document = {"errorMessage": "no", "errorType": "Declined", "stackTrace": []}
    ((how, error, cause),) = world.ask(failed(document), resource)
    assert (how, error, json.loads(cause)) == ("failed", "Declined", document)


@pytest.mark.parametrize(
    ("came", "error", "words"),
    [
        (failed({"errorType": "Sandbox.Timedout", "errorMessage": "m"}), "Sandbox.Timedout", "m"),
        (failed({"errorMessage": "Task timed out"}), "Lambda.Unknown", "did not return an error"),
        (
            outcome(
                b'{"errorType": "Deep", "a": ' + b"[" * 300 + b"]" * 300 + b"}", error="Unhandled"
            ),
            "Deep",
            "[[[",
        ),
        (outcome(b"", error="Unhandled"), "Lambda.Unknown", "did not return an error"),
        (outcome(error="Throttled"), "Lambda.TooManyRequestsException", "Status Code: 429"),
        (
            outcome(error="Unavailable", reason="gone"),
            "Lambda.ServiceException",
            "gone (Service: AWSLambda; Status Code: 500",
        ),
    ],
    ids=["timeout", "no type", "nested deeply", "no document", "throttled", "unavailable"],
)
@pytest.mark.parametrize("resource", [INVOKE, DIRECT])
async def test_what_else_goes_wrong_has_lambdas_names(world, resource, came, error, words):
    world.do(resource, {"FunctionName": "charge"})
    world.function.done[0](came)
    ((how, told, cause),) = world.answers.all
    assert (how, told) == ("failed", error)
    assert words in cause


@pytest.mark.parametrize(
    ("resource", "arguments", "arn"),
    [
        (
            "arn:aws:lambda:us-east-1:1:function:none",
            {},
            "arn:aws:lambda:eu-west-1:123456789012:function:none:$LATEST",
        ),
        (
            INVOKE,
            {"FunctionName": "none", "Qualifier": "live"},
            "arn:aws:lambda:eu-west-1:123456789012:function:none:live",
        ),
    ],
)
async def test_missing_function_is_told_with_awss_cause(world, resource, arguments, arn):
    ((how, error, cause),) = world.do(resource, arguments)
    assert (how, error) == ("failed", "Lambda.ResourceNotFoundException")
    assert cause.startswith(
        f"Function not found: {arn} (Service: AWSLambda; Status Code: 404; "
        "Error Code: ResourceNotFoundException; Request ID: "
    )
    assert cause.endswith("; Proxy: null)")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, "States.Runtime", "The field 'FunctionName' is required but was missing"),
        ({"FunctionName": 7}, "States.Runtime", "must be a STRING"),
        ("charge", "States.Runtime", "must be an OBJECT"),
        (
            {"FunctionName": "charge:a", "Qualifier": "b"},
            "Lambda.InvalidParameterValueException",
            "derived qualifier",
        ),
        (
            {"FunctionName": "charge", "InvocationType": "Later"},
            "Lambda.ValidationException",
            "Value 'Later' at 'invocationType'",
        ),
        (
            {"FunctionName": "charge", "Payload": "[" * 300 + "]" * 300},
            "States.Runtime",
            "cannot be written as JSON",
        ),
        (
            {"FunctionName": "charge", "ClientContext": "%"},
            "Lambda.InvalidRequestContentException",
            "Client context",
        ),
        (
            {"FunctionName": "charge", "ClientContext": b64encode(b'{"custom":1}').decode()},
            "Lambda.InvalidRequestContentException",
            "Client context",
        ),
    ],
)
async def test_arguments_that_lambda_refuses(world, arguments, error, words):
    ((how, told, cause),) = world.do(INVOKE, arguments)
    assert (how, told) == ("failed", error)
    assert words in cause
    assert world.function.invocations == []


async def test_dry_run_runs_nothing(world):
    ((how, result),) = world.do(INVOKE, {"FunctionName": "charge", "InvocationType": "DryRun"})
    assert (how, result["StatusCode"]) == ("succeeded", 204)
    assert world.function.invocations == []


async def test_event_is_answered_when_it_is_kept_and_runs_later(world):
    payload = {"amount": 5}
    arguments = {**EVENT, "Payload": payload, "Qualifier": "live"}
    assert world.do(INVOKE, arguments, trace="Root=1") == []
    how, result = await world.answers.until()
    assert (how, result["StatusCode"], result["Payload"]) == ("succeeded", 202, "")
    ((name, qualifier, event, trace, context),) = world.accepted
    assert (name, qualifier, event, trace) == ("charge", "live", payload, "Root=1")
    assert json.loads(context)["custom"] == {"idempotency_key": KEY}
    assert world.function.invocations == []


async def test_event_for_a_function_that_was_removed_meanwhile_fails(world):
    world.do(INVOKE, {**EVENT, "Qualifier": "gone"})
    how, error, _ = await world.answers.until()
    assert (how, error) == ("failed", "Lambda.ResourceNotFoundException")


async def test_event_that_cannot_be_kept_is_tried_again(world):
    world.trouble.append(StoreError("the disk is full"))
    world.do(INVOKE, EVENT)
    while not len(world.wheel):  # noqa: ASYNC110 - nobody tells of what happens in between
        await asyncio.sleep(0)
    assert world.answers.all == []
    world.wheel.advance(world.clock.now + 2)
    assert (await world.answers.until())[0] == "succeeded"


async def test_sdk_gives_text_and_takes_errors_for_results(world):
    assert world.ask(outcome(), SDK, LogType="Tail") == [
        (
            "succeeded",
            {
                "ExecutedVersion": "3",
                "LogResult": b64encode(b"a log").decode(),
                "Payload": '{"ok":true}',
                "StatusCode": 200,
            },
        )
    ]
    ((how, result),) = world.ask(failed({"errorType": "Declined"}), SDK)
    assert (how, result["FunctionError"]) == ("succeeded", "Unhandled")
    ((how, error, _),) = world.ask(outcome(error="Throttled"), SDK)
    assert (how, error) == ("failed", "Lambda.TooManyRequestsException")
    world.do(SDK, EVENT)
    assert await world.answers.until() == ("succeeded", {"Payload": "", "StatusCode": 202})


@pytest.mark.parametrize("resource", [INVOKE, DIRECT])
async def test_every_attempt_has_the_same_idempotency_key(world, resource):
    for attempt in (1, 2):
        world.do(resource, {"FunctionName": "charge"}, attempt=attempt)
        assert world.function.custom == {"idempotency_key": KEY}


async def test_client_context_is_handed_on_beside_the_key(world):
    given = {"env": {"a": "b"}, "custom": {"mine": 1}}
    context = b64encode(json.dumps(given).encode()).decode()
    world.do(INVOKE, {"FunctionName": "charge", "ClientContext": context})
    told = json.loads(world.function.invocations[0].client_context)
    assert told == {"env": {"a": "b"}, "custom": {"mine": 1, "idempotency_key": KEY}}


async def test_key_of_a_state_with_any_name_fits_into_a_header_field(world):
    world.do(DIRECT, key="execution:Prüfen\n\u2713:7")
    assert world.function.invocations[0].client_context.isascii()
    assert "\n" not in world.function.invocations[0].client_context
    assert world.function.custom["idempotency_key"] == "execution:Prüfen\n\u2713:7"


async def test_timeout_of_the_task_is_the_deadline_and_others_tell_of_it(world):
    world.do(DIRECT, timeout=5)
    world.do(INVOKE, {"FunctionName": "charge"})
    assert [one.deadline for one in world.function.invocations] == [1005.0, float("inf")]
    world.do(DIRECT, timeout=5)
    world.clock.now = 1005.0
    world.function.done[-1](failed({"errorType": "Sandbox.Timedout"}))
    assert world.answers.all == []


async def test_given_up_task_lets_the_function_run_on(world):
    world.do(DIRECT)
    world.work.cancel()
    assert world.function.cancelled == [False]

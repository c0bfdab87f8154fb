import asyncio
import base64
import json

import pytest
from botocore.exceptions import ClientError

from frontdesk.base.errors import StoreError
from frontdesk.ports.invoker import Outcome
from tests.aws.conftest import ID
from tests.live.calls import call

NO_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:nobody"


def answering(api, outcome):
    api.host.answer = lambda _invocation, done: done(outcome)


async def test_a_result_is_200_with_the_headers_of_lambda(api):
    answering(api, Outcome(b'{"a": 1}', request_id=ID, version="1"))
    answer = await api("invoke", FunctionName="from_file", Payload=b'{"x": [1]}')
    assert answer["StatusCode"] == 200
    assert answer["Payload"] == b'{"a": 1}'
    assert answer["ExecutedVersion"] == "1"
    assert "FunctionError" not in answer
    assert "LogResult" not in answer
    metadata = answer["ResponseMetadata"]
    assert metadata["RequestId"] == ID
    assert metadata["HTTPHeaders"]["content-type"] == "application/json"
    assert metadata["HTTPHeaders"]["x-amzn-trace-id"].startswith("Root=1-")
    ((name, qualifier, invocation),) = api.host.calls
    assert (name, qualifier, invocation.event) == ("from_file", "", b'{"x": [1]}')


@pytest.mark.parametrize("error", ["Unhandled", "Unloadable"])
async def test_an_error_of_the_function_is_200_too(api, error):
    body = {"errorMessage": "no", "errorType": "ValueError", "requestId": ID, "stackTrace": []}
    answering(api, Outcome(json.dumps(body).encode(), error, request_id=ID))
    answer = await api("invoke", FunctionName="from_file")
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"]) == body


async def test_a_throttled_call_is_429_with_lambdas_reason(api):
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    answering(api, Outcome(b"{}", "Throttled", reason))
    with pytest.raises(ClientError) as raised:
        await api("invoke", FunctionName="from_file")
    answer = raised.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    assert answer["Error"]["Code"] == "TooManyRequestsException"
    assert (answer["Reason"], answer["Type"], answer["message"]) == (
        reason,
        "User",
        "Rate Exceeded.",
    )


async def test_the_log_comes_only_when_it_is_asked_for(api):
    answering(api, Outcome(b"1", log_tail=b"START\nEND\n"))
    answer = await api("invoke", FunctionName="from_file", LogType="Tail")
    assert base64.b64decode(answer["LogResult"]) == b"START\nEND\n"


@pytest.mark.parametrize(
    ("name", "qualifier", "reached"),
    [
        ("from_file", "1", "1"),
        ("from_file:1", None, "1"),
        ("from_file:$LATEST", "$LATEST", "$LATEST"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:from_file", None, ""),
        ("arn:aws:lambda:eu-west-1:123456789012:function:from_file:1", None, "1"),
        ("123456789012:function:from_file", "1", "1"),
    ],
)
async def test_a_function_has_many_names(api, name, qualifier, reached):
    more = {} if qualifier is None else {"Qualifier": qualifier}
    await api("invoke", FunctionName=name, **more)
    assert api.host.calls[0][:2] == ("from_file", reached)


@pytest.mark.parametrize(
    ("parameters", "status", "code", "message"),
    [
        pytest.param(
            {"FunctionName": "nobody"},
            404,
            "ResourceNotFoundException",
            f"Function not found: {NO_FUNCTION}",
            id="unknown",
        ),
        pytest.param(
            {"FunctionName": "nobody", "Qualifier": "$LATEST"},
            404,
            "ResourceNotFoundException",
            f"Function not found: {NO_FUNCTION}:$LATEST",
            id="unknown-with-qualifier",
        ),
        pytest.param(
            {"FunctionName": "from_file", "Qualifier": "live"},
            404,
            "ResourceNotFoundException",
            f"Function not found: {NO_FUNCTION.replace('nobody', 'from_file')}:live",
            id="unknown-qualifier",
        ),
        pytest.param(
            {"FunctionName": "from_file:1", "Qualifier": "2"},
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
            id="two-qualifiers",
        ),
        pytest.param(
            {"FunctionName": "from_file", "Payload": b"{"},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: ",
            id="not-json",
        ),
        pytest.param(
            {"FunctionName": "from_file", "Payload": b'"' + b"x" * 6_291_456 + b'"'},
            413,
            "RequestTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            id="too-large",
        ),
        pytest.param(
            {"FunctionName": "from_file", "ClientContext": "e30"},
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object",
            id="client-context",
        ),
        pytest.param(
            {
                "FunctionName": "from_file",
                "InvocationType": "Event",
                "Payload": b'"' + b"x" * 1_048_576 + b'"',
            },
            413,
            "RequestTooLargeException",
            "Request must be smaller than 1048576 bytes for the InvokeFunction operation",
            id="large-event",
        ),
        pytest.param(
            {"FunctionName": "from_file:none", "InvocationType": "Event"},
            404,
            "ResourceNotFoundException",
            "Function not found",
            id="event-for-nobody",
        ),
        pytest.param(
            {"FunctionName": "from_file", "InvocationType": "Event", "Payload": b"{"},
            400,
            "InvalidRequestContentException",
            "Could not parse payload into json",
            id="event-not-json",
        ),
        pytest.param(
            {"FunctionName": "from_file", "InvocationType": "Later"},
            400,
            "ValidationException",
            "Value 'Later' at 'invocationType'",
            id="kind",
        ),
    ],
)
async def test_what_cannot_be_invoked_is_refused_as_at_aws(api, parameters, status, code, message):
    with pytest.raises(ClientError) as raised:
        await api("invoke", **parameters)
    answer = raised.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["Error"]["Code"] == code
    assert message in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RequestId"]
    assert api.host.calls == []


async def test_no_payload_is_an_empty_object(api):
    await api("invoke", FunctionName="from_file")
    assert api.host.calls[0][2].event == b"{}"


async def test_the_client_context_reaches_the_function(api):
    context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    await api("invoke", FunctionName="from_file", ClientContext=context)
    assert api.host.calls[0][2].client_context == '{"custom": {"k": "v"}}'


async def test_a_dry_run_runs_nothing(api):
    answer = await api("invoke", FunctionName="from_file", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"]) == (204, b"")
    assert api.host.calls == []


async def test_an_event_is_accepted_and_nothing_runs_yet(api):
    context = base64.b64encode(b'{"custom": {}}').decode()
    answer = await api(
        "invoke",
        FunctionName="from_file",
        Qualifier="1",
        InvocationType="Event",
        Payload=b'{"a": 1}',
        ClientContext=context,
    )
    assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
    assert answer["ResponseMetadata"]["RequestId"] == ID
    assert "ExecutedVersion" not in answer
    assert api.later.accepted == [("from_file", "1", b'{"a": 1}', "")]
    assert api.host.calls == []


async def test_functions_that_are_served_alone_refuse_events(make_api):
    api = make_api()
    api.later = None
    async with api.serving():
        with pytest.raises(ClientError, match="have no store") as raised:
            await api("invoke", FunctionName="from_file", InvocationType="Event")
    assert raised.value.response["Error"]["Code"] == "UnsupportedOperationException"
    assert api.host.calls == []


async def test_an_event_that_is_not_committed_is_not_accepted(api, monkeypatch):
    async def fail(*_given, **_named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(api.later, "accept", fail)
    with pytest.raises(ClientError, match="the disk is full") as raised:
        await api("invoke", FunctionName="from_file", InvocationType="Event")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


async def test_a_host_that_cannot_is_a_fault_of_the_service(api):
    answering(api, Outcome(b"", "Unavailable", "host stopped"))
    with pytest.raises(ClientError) as raised:
        await api("invoke", FunctionName="from_file")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert raised.value.response["Error"]["Code"] == "ServiceException"


async def test_a_function_whose_caller_goes_away_runs_on(api):
    asked = asyncio.Event()
    api.host.answer = lambda _invocation, _done: asked.set()
    _reader, writer = await asyncio.open_connection(*api.address.split(":"))
    writer.write(
        b"POST /2015-03-31/functions/from_file/invocations HTTP/1.1\r\n"
        b"Host: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
    )
    await asked.wait()
    writer.close()
    await api.host.left.wait()
    assert api.host.cancelled == [False]


# -- streams ------------------------------------------------------------------------------------------


class Parts:
    """A result in parts, as the host gives it."""

    length = None
    content_type = "text/plain"
    request_id = ID

    def __init__(self, *parts):
        self.parts = parts

    def attach(self, sink):
        for part in self.parts:
            sink.write(part)
        sink.end()

    def pause(self):
        pass

    resume = cancel = pause


def streaming(api, stream, outcome):
    def answer(invocation, done):
        invocation.stream(stream)
        asyncio.get_running_loop().call_soon(done, outcome)

    api.host.answer = answer


async def test_a_stream_comes_in_events_and_ends_with_its_outcome(api):
    streaming(api, Parts(b"one", b"two"), Outcome(b"", log_tail=b"END\n"))
    answer = await api("invoke_with_response_stream", FunctionName="from_file", LogType="Tail")
    assert answer["ResponseMetadata"]["RequestId"] == ID
    assert answer["EventStream"] == [
        {"PayloadChunk": {"Payload": b"one"}},
        {"PayloadChunk": {"Payload": b"two"}},
        {"InvokeComplete": {"LogResult": base64.b64encode(b"END\n").decode()}},
    ]


async def test_a_stream_that_breaks_off_tells_the_error_at_its_end(api):
    streaming(api, Parts(b"one"), Outcome(b'{"errorType": "E"}', "Unhandled"))
    answer = await api("invoke_with_response_stream", FunctionName="from_file")
    assert answer["EventStream"] == [
        {"PayloadChunk": {"Payload": b"one"}},
        {"InvokeComplete": {"ErrorCode": "Unhandled", "ErrorDetails": '{"errorType": "E"}'}},
    ]


async def test_a_result_that_is_no_stream_is_one_event(api):
    answering(api, Outcome(b'{"a": 1}'))
    answer = await api("invoke_with_response_stream", FunctionName="from_file")
    assert answer["EventStream"] == [
        {"PayloadChunk": {"Payload": b'{"a": 1}'}},
        {"InvokeComplete": {}},
    ]


async def test_an_error_before_any_part_is_the_end_alone(api):
    answering(api, Outcome(b'{"errorType": "E"}', "Unhandled"))
    answer = await api("invoke_with_response_stream", FunctionName="from_file")
    assert [list(event) for event in answer["EventStream"]] == [["InvokeComplete"]]


@pytest.mark.parametrize(
    "path",
    [
        "/2015-03-31/functions/f/nonsense",
        "/2015-03-31/event-source-mappings/",
        "/2017-03-31/tags/f",
    ],
)
async def test_a_path_that_is_no_operation_is_404(api, path):
    answer = await asyncio.to_thread(call, api.address, "GET", path)
    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"

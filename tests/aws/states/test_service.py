"""The protocol of the Step Functions API: who may ask, what is refused, how errors look."""

import asyncio
import json
import urllib.request
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from frontdesk.base.errors import StoreError
from tests.live.states import StatesApi, machine_arn


def _post(address, operation, body):
    request = urllib.request.Request(
        f"http://{address}/",
        data=body,
        headers={
            "X-Amz-Target": f"AWSStepFunctions.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        },
    )
    try:
        answer = urllib.request.urlopen(request)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, dict(answer.headers), json.loads(answer.read())


REFUSED = {
    "unknown operation": (
        "Fly",
        b"{}",
        "UnknownOperationException",
        "No such operation: Fly",
    ),
    "no JSON": (
        "ListStateMachines",
        b"{",
        "SerializationException",
        "Could not parse request body into json",
    ),
    "no object": (
        "ListStateMachines",
        b"[]",
        "SerializationException",
        "START_ARRAY can not be converted to a Structure",
    ),
    "number": (
        "DescribeActivity",
        b'{"activityArn": 7}',
        "SerializationException",
        "NUMBER_VALUE can not be converted to a String",
    ),
    "text": (
        "ListStateMachines",
        b'{"maxResults": "7"}',
        "SerializationException",
        "STRING_VALUE can not be converted to an Integer",
    ),
    "flag": (
        "ListStateMachines",
        b'{"maxResults": true}',
        "SerializationException",
        "TRUE_VALUE can not be converted to an Integer",
    ),
    "no flag": (
        "GetExecutionHistory",
        b'{"executionArn": "arn", "reverseOrder": 1}',
        "SerializationException",
        "NUMBER_VALUE can not be converted to a Boolean",
    ),
    "no list": (
        "TagResource",
        b'{"resourceArn": "arn", "tags": {}}',
        "SerializationException",
        "START_OBJECT can not be converted to a List",
    ),
    "negative": (
        "ListStateMachines",
        b'{"maxResults": -1}',
        "ValidationException",
        (
            "Value '-1' at 'maxResults' failed to satisfy constraint: Member must have value greater "
            "than or equal to 0"
        ),
    ),
}


@pytest.mark.parametrize(("operation", "body", "code", "message"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_read_is_refused(api, operation, body, code, message):
    status, headers, told = await asyncio.to_thread(_post, api.address, operation, body)
    assert (status, told["__type"], headers["x-amzn-errortype"]) == (400, code, code)
    assert message in told["message"]
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert len(headers["x-amzn-requestid"]) == 36


async def test_members_that_are_null_or_unknown_are_passed_over(api):
    body = b'{"maxResults": null, "colour": "red"}'
    status, _, told = await asyncio.to_thread(_post, api.address, "ListStateMachines", body)
    assert (status, len(told["stateMachines"])) == (200, 1)


async def test_a_store_that_cannot_is_the_servers_fault(api, monkeypatch):
    async def full(_changes):
        raise StoreError("the disk is full")

    monkeypatch.setattr(api.catalog, "commit", full)
    body = json.dumps({"name": "pack"}).encode()
    status, _, told = await asyncio.to_thread(_post, api.address, "CreateActivity", body)
    assert (status, told) == (500, {"__type": "InternalFailure", "message": "the disk is full"})


async def test_only_who_has_a_key_may_ask():
    async with StatesApi(token="t0ken").serving() as api:
        arn = machine_arn("charge")
        told = await api.refusal("describe_state_machine", stateMachineArn=arn)
        assert told[0] == "UnrecognizedClientException"
        own = api.keys.functions
        for pair in (("frontdesk", "t0ken"), (own.access_key_id, own.secret_access_key)):
            with api.client(key=pair[0], secret=pair[1]) as client:
                answer = await asyncio.to_thread(client.list_state_machines)
                assert answer["stateMachines"] == []
        with (
            api.client(key="frontdesk", secret="guessed") as client,
            pytest.raises(ClientError, match="InvalidSignature"),
        ):
            await asyncio.to_thread(client.list_state_machines)

"""Who may ask, ids and errors, over a real listener and with boto3's signatures."""

import asyncio

import pytest
from botocore.exceptions import ClientError

from frontdesk.base.errors import StoreError
from tests.live.calls import call

LIST = "/2015-03-31/functions"


@pytest.fixture
async def guarded(make_api):
    async with make_api(token="t0ken").serving() as api:
        yield api


async def refused(api, **keys):
    with pytest.raises(ClientError) as raised:
        await api("list_functions", **keys)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


async def test_without_a_token_any_credentials_pass(api):
    assert await api("list_functions", key="whoever", secret="whatever")


async def test_the_operator_signs_with_the_token(guarded):
    assert await guarded("list_functions", key="frontdesk", secret="t0ken")


async def test_a_process_of_a_function_signs_with_its_own_pair(guarded):
    pair = guarded.keys.environment()
    assert set(pair) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert await guarded(
        "list_functions", key=pair["AWS_ACCESS_KEY_ID"], secret=pair["AWS_SECRET_ACCESS_KEY"]
    )


async def test_pairs_that_functions_were_given_are_good_as_long_as_they_are_there(guarded):
    given = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    guarded.keys.accept([{}, given, {"AWS_ACCESS_KEY_ID": "half"}])
    assert await guarded("list_functions", key="AKIA1", secret="s", token="t")
    guarded.keys.accept([])
    assert await refused(guarded, key="AKIA1", secret="s", token="t") == (
        403,
        "UnrecognizedClientException",
    )


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        pytest.param(
            {"key": "frontdesk", "secret": "wrong"}, "InvalidSignatureException", id="secret"
        ),
        pytest.param({"key": "nobody", "secret": "t0ken"}, "UnrecognizedClientException", id="key"),
        pytest.param(
            {"key": "half", "secret": ""}, "UnrecognizedClientException", id="half-a-pair"
        ),
        pytest.param(
            {"key": "frontdesk", "secret": "t0ken", "token": "t"},
            "UnrecognizedClientException",
            id="session-token",
        ),
    ],
)
async def test_others_are_refused_as_at_aws(guarded, keys, code):
    assert await refused(guarded, **keys) == (403, code)


async def test_who_does_not_sign_is_refused(guarded):
    answer = await asyncio.to_thread(call, guarded.address, "GET", LIST)
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert answer.json == {"Type": "User", "message": "Missing Authentication Token"}


@pytest.mark.parametrize("field", ["Origin", "Sec-Fetch-Site"])
async def test_a_web_page_needs_a_key(api, field):
    headers = {field: "http://127.0.0.1"}
    answer = await asyncio.to_thread(call, api.address, "GET", LIST, headers=headers)
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


async def test_every_answer_has_an_id_of_its_own(api):
    answers = [await asyncio.to_thread(call, api.address, "GET", LIST) for _ in range(2)]
    ids = {answer.headers["x-amzn-requestid"] for answer in answers}
    assert len(ids) == 2
    assert {len(one) for one in ids} == {36}


async def test_a_store_that_fails_is_a_fault_of_the_service(api):
    async def full(_changes):
        raise StoreError("the store did not do it: disk full")

    api.catalog.commit = full
    with pytest.raises(ClientError) as raised:
        await api(
            "publish_layer_version", LayerName="l", Content={"ZipFile": b"PK\x05\x06" + bytes(18)}
        )
    answer = raised.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert answer["Error"] == {
        "Code": "ServiceException",
        "Message": "the store did not do it: disk full",
    }


@pytest.mark.parametrize(("secret", "status"), [("t0ken", 200), ("wrong", 403)])
async def test_long_bodies_are_verified_too(guarded, secret, status):
    payload = b'"' + bytes(b"x" * 500_000) + b'"'
    try:
        answer = await guarded(
            "invoke", key="frontdesk", secret=secret, FunctionName="from_file", Payload=payload
        )
    except ClientError as error:
        answer = error.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


async def test_without_a_token_a_name_of_somebody_else_that_leads_here_is_refused(api):
    """DNS rebinding: a page of that name sends no `Origin` with what it reads from its own."""
    answer = await asyncio.to_thread(
        call, api.address, "GET", LIST, headers={"host": "evil.example"}
    )
    assert answer.status == 403


@pytest.mark.parametrize("token", [None, "t0ken"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        pytest.param("dynamodb", "list_tables", id="json"),
        pytest.param("sts", "get_caller_identity", id="query"),
        pytest.param("s3", "list_buckets", id="rest-xml"),
        pytest.param("scheduler", "list_schedules", id="rest-json"),
    ],
)
async def test_services_that_are_not_here_say_so_in_their_clients_form(
    make_api, token, service, operation
):
    async with make_api(token=token).serving() as api:
        with pytest.raises(ClientError) as raised, api.client(service=service) as client:
            await asyncio.to_thread(getattr(client, operation))
    answer = raised.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert answer["ResponseMetadata"]["RequestId"]
    assert answer["Error"]["Code"] == "UnknownOperationException"
    assert answer["Error"]["Message"] == f"There is no {service} at this endpoint; there is lambda"


async def test_what_is_signed_for_a_service_that_is_here_and_is_none_of_its_operations_is_told(api):
    signed = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request, Signature=0"
    answer = await asyncio.to_thread(
        call, api.address, "GET", "/tags", headers={"Authorization": signed}
    )
    assert (answer.status, answer.json["message"]) == (404, "No such operation: GET /tags")

"""The recorded answers of Invoke, each by a function that is made through the API, in a whole Frontdesk.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import asyncio
import contextlib
import io
import json
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from frontdesk.functions.environment import RUNTIME
from tests.conformance.cases.matching import differences
from tests.live.gateways import project, serving

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "lambda-invoke"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
async def test_recorded_invocation(name, tmp_path):
    case = CASES[name]
    async with serving(project(tmp_path, "limits: {concurrency: 10}")) as app:
        client = boto3.client(
            "lambda",
            endpoint_url=f"http://{app.config.admin.listen}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with contextlib.closing(client):
            found = await asyncio.to_thread(_ask, client, case)
    assert found == []


def _ask(client, case):
    function = case["function"]
    if function is not None:
        _make(client, function)
    request, expect = case["request"], case["expect"]
    parameters = {"FunctionName": request.get("function", "f"), "Payload": request["payload"]}
    for ours, theirs in {"invocationType": "InvocationType", "qualifier": "Qualifier"}.items():
        if ours in request:
            parameters[theirs] = request[ours]
    try:
        answer = client.invoke(**parameters)
    except ClientError as error:
        return list(_error_differences(expect, error.response))
    return list(_answer_differences(expect, answer, answer["Payload"].read()))


def _make(client, function):
    if "exitStatus" in function:
        runtime, files = (
            "provided.al2023",
            {"bootstrap": f"#!/bin/sh\nexit {function['exitStatus']}\n"},
        )
    else:
        code = function.get("code", "def handler(event, context):\n    return event\n")
        runtime, files = RUNTIME, {f"{function.get('module', 'index')}.py": code}
    client.create_function(
        FunctionName="f",
        Runtime=runtime,
        Role="any",
        Handler=f"{function.get('module', 'index')}.handler",
        Timeout=function.get("timeout", 20),
        Code={"ZipFile": _zipped(files)},
        Publish=True,
    )
    if "reservedConcurrency" in function:
        client.put_function_concurrency(
            FunctionName="f", ReservedConcurrentExecutions=function["reservedConcurrency"]
        )
    for qualifier, count in function.get("provisionedConcurrency", {}).items():
        client.put_provisioned_concurrency_config(
            FunctionName="f", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
        )


def _zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return content.getvalue()


def _answer_differences(expect, answer, payload):
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    yield from differences(expect["status"], answer["StatusCode"], at="status")
    yield from differences(expect.get("functionError"), answer.get("FunctionError"), at="error")
    if "executedVersion" in expect:
        yield from differences(expect["executedVersion"], answer["ExecutedVersion"], at="version")
    if "payloadText" in expect:
        yield from differences(expect["payloadText"], payload.decode(), at="payload")
    if "payload" in expect:
        yield from differences(expect["payload"], _as_in_lambda(json.loads(payload)), at="payload")
    for name in expect.get("headersAbsent", []):
        if name.lower() in headers:
            yield f"{name}: not expected"


def _as_in_lambda(payload):
    """Name the folder of the code as AWS does: ours is where the zip was unpacked."""
    if "stackTrace" in payload:
        trace = payload["stackTrace"]
        payload["stackTrace"] = [
            line.replace(str(Path(line.split('"')[1]).parent), "/var/task") for line in trace
        ]
    return payload


def _error_differences(expect, answer):
    yield from differences(
        expect["status"], answer["ResponseMetadata"]["HTTPStatusCode"], at="status"
    )
    wanted = dict(expect.get("error", {}))
    seen = {"code": answer["Error"]["Code"], **answer, "message": answer["Error"]["Message"]}
    yield from differences(wanted, seen, subset=True, at="error")

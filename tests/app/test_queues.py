"""What a gateway does with those who wait at its queues."""

import asyncio

import boto3
from botocore.config import Config

from tests.live.calls import free_port
from tests.live.gateways import project, serving


async def test_who_waits_for_messages_is_answered_when_a_gateway_stops(tmp_path):
    port = free_port()
    path = project(tmp_path, f"admin: {{listen: 127.0.0.1:{port}}}\nqueues: {{jobs: {{}}}}\n")
    address = f"http://127.0.0.1:{port}"
    sqs = boto3.client(
        "sqs",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    async with serving(path) as app:
        url = f"{address}/000000000000/jobs"
        receiving = asyncio.create_task(
            asyncio.to_thread(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        )
        async with asyncio.timeout(10):
            while "jobs" not in app._works.part.durable.queues.queues._news:  # noqa: ASYNC110 - nobody tells of who waits
                await asyncio.sleep(0.002)
    answer = await receiving
    assert "Messages" not in answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    sqs.close()

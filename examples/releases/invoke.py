"""Invokes a function as programs written for AWS do: `python invoke.py quote:2`."""

import sys

import boto3

client = boto3.client(
    "lambda",
    endpoint_url="http://localhost:8081",
    region_name="us-east-1",
    aws_access_key_id="frontdesk",
    aws_secret_access_key="unused",
)
answer = client.invoke(FunctionName=sys.argv[1], Payload=b"{}")
print(answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"].read().decode())

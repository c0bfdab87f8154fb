"""Asks Frontdesk about groups of connections. boto3 knows none, but signs for them as for everything else."""

import os
from urllib.parse import quote

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

_CREDENTIALS = boto3.Session().get_credentials()
_REGION = os.environ.get("AWS_REGION", "us-east-1")
_ENDPOINT = os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"]
_HTTP = URLLib3Session()


def join(group: str, connection_id: str) -> None:
    """Make a connection a member of a group of the API `live`."""
    _ask("PUT", f"{quote(group, safe='')}/{quote(connection_id)}")


def post(group: str, message: bytes) -> None:
    """Send a message to all members of a group: one call, however many they are."""
    _ask("POST", quote(group, safe=""), message)


def _ask(method: str, path: str, body: bytes = b"") -> None:
    request = AWSRequest(method, f"{_ENDPOINT}/live/$default/@groups/{path}", data=body)
    SigV4Auth(_CREDENTIALS, "execute-api", _REGION).add_auth(request)
    answer = _HTTP.send(request.prepare())
    if answer.status_code >= 300:
        raise RuntimeError(f"{method} @groups: {answer.status_code} {answer.text}")

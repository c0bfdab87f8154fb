"""Owns how TestState tells of the request and the answer of an HTTP task.

Source: AWS, API reference, InspectionDataRequest and InspectionDataResponse.
"""

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from frontdesk.base.streams import Fields
from frontdesk.rules.asl.http_tasks import HttpTask, Request


def told_request(task: HttpTask, request: Request) -> dict[str, str]:
    """Tell of a request: {protocol, method, url, headers, body?}."""
    line, *lines = request.head.decode("latin-1").splitlines()
    parts = urlsplit(task.url)
    told = {
        "protocol": parts.scheme,
        "method": request.method,
        "url": f"{parts.scheme}://{parts.netloc}{line.split(' ')[1]}",
        "headers": _listed(lines),
    }
    if request.body:
        told["body"] = request.body.decode("utf-8", "replace")
    return told


def told_answer(task: HttpTask, status: int, fields: Fields, body: bytes) -> dict[str, str]:
    """Tell of an answer: {protocol, statusCode, statusMessage, headers, body?}."""
    lines = (f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in fields)
    told = {
        "protocol": urlsplit(task.url).scheme,
        "statusCode": str(status),
        "statusMessage": HTTPStatus(status).phrase if status in _KNOWN else "",
        "headers": _listed(lines),
    }
    if body:
        told["body"] = body.decode("utf-8", "replace")
    return told


_KNOWN = frozenset(HTTPStatus)


def _listed(lines: Iterable[str]) -> str:
    return f"[{', '.join(lines)}]"

"""Owns how the services behind AWS integrations are asked and answer: forms or JSON in, XML or JSON out. Pure.

Source: AWS, "Integrate an API Gateway REST API with an Amazon SQS queue"; SQS and SNS API references,
"Making Query API requests".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.ports.service_actions import Action, ActionAnswer
from frontdesk.rules.query_protocol import FORM, FormError, read_form, write_answer, write_document
from frontdesk.rules.sqs_errors import names

XML: Final[Field] = (b"content-type", b"text/xml")


def _alike(code: str) -> tuple[str, str]:
    return code, code


class Service(NamedTuple):
    """One of the services. action: what is asked of it. namespace: of its XML, "" where it speaks JSON only.

    optional: members of its answers, which JSON of the Query protocol has as null. names: the names of an
    error in JSON and in the Query protocol.
    """

    action: Action
    namespace: str = ""
    optional: tuple[str, ...] = ()
    names: Callable[[str], tuple[str, str]] = _alike


SERVICES: Final = {
    "queue": Service(
        "SendMessage",
        "http://queue.amazonaws.com/doc/2012-11-05/",
        (
            "MD5OfMessageAttributes",
            "MD5OfMessageBody",
            "MD5OfMessageSystemAttributes",
            "MessageId",
            "SequenceNumber",
        ),
        names,
    ),
    "topic": Service(
        "Publish", "http://sns.amazonaws.com/doc/2010-03-31/", ("MessageId", "SequenceNumber")
    ),
    "event_bus": Service("PutEvents"),
}
"""By the key that an integration says it with."""


class Asked(NamedTuple):
    """One request. query: whether it is of the Query protocol. xml: whether it wants XML then."""

    members: Mapping[str, Any]
    query: bool
    xml: bool


def read(service: Service, body: bytes, query: bytes, content_type: str, accept: str) -> Asked:
    """Read a request. query: of its URL. Raises: FormError."""
    kind = content_type.partition(";")[0].strip().lower()
    if not service.namespace or kind.startswith("application/x-amz-json"):
        return Asked(_json(body), query=False, xml=False)
    if kind != FORM and not query:
        raise FormError(f"expected Content-Type {FORM}")
    members = read_form(b"&".join(filter(None, (query, body if kind == FORM else b""))))
    action = members.pop("Action", service.action)
    members.pop("Version", None)
    if action != service.action:
        raise FormError(f"expected Action={service.action}")
    return Asked(_members(members), query=True, xml="json" not in accept)


def written(
    service: Service, asked: Asked, answer: ActionAnswer, request_id: str
) -> tuple[Field, bytes]:
    """Write an answer in the form that was asked for."""
    if not asked.query:
        return JSON, orjson.dumps(_document(service, answer))
    if asked.xml:
        return XML, _xml(service, answer, request_id)
    if answer.error:
        return JSON, orjson.dumps({"Error": _told(service, answer), "RequestId": request_id})
    result = dict.fromkeys(service.optional) | dict(answer.document)
    action = service.action
    document = {
        f"{action}Result": result,
        "ResponseMetadata": {"RequestId": request_id},
    }
    return JSON, orjson.dumps({f"{action}Response": document})


def _document(service: Service, answer: ActionAnswer) -> Mapping[str, Any]:
    if answer.error:
        return {"__type": service.names(answer.error)[0], "message": answer.message}
    return answer.document


def _xml(service: Service, answer: ActionAnswer, request_id: str) -> bytes:
    if answer.error:
        content = {"Error": _told(service, answer), "RequestId": request_id}
        return write_document("ErrorResponse", content, service.namespace)
    return write_answer(service.action, answer.document, request_id, service.namespace)


def _told(service: Service, answer: ActionAnswer) -> dict[str, str]:
    fault = "Receiver" if answer.status >= 500 else "Sender"
    return {"Type": fault, "Code": service.names(answer.error)[1], "Message": answer.message}


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise FormError("expected a JSON object")
    return found


def _members(form: dict[str, Any]) -> dict[str, Any]:
    """Make the members of JSON of those of a form: numbers, and SQS's maps, which have a number each."""
    for theirs, ours in _NUMBERED.items():
        entries = form.pop(theirs, None)
        if isinstance(entries, dict):
            named = [each for each in entries.values() if isinstance(each, dict)]
            form[ours] = {str(each.get("Name", "")): each.get("Value") for each in named}
    delay = form.get("DelaySeconds")
    if isinstance(delay, str) and delay.isdecimal() and len(delay) <= _DIGITS:
        form["DelaySeconds"] = int(delay)
    return form


_DIGITS: Final = 9
_NUMBERED: Final = {
    "MessageAttribute": "MessageAttributes",
    "MessageSystemAttribute": "MessageSystemAttributes",
}

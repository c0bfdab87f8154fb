"""Answers what is signed for a service of AWS that is not here, in the form that its clients read.

Without that, a program that is led here by mistake sees what the console or the admin API says to its path.
"""

import re
from collections.abc import Collection
from typing import Final

import orjson

from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.rules.query_protocol import FORM, write_document

_CODE: Final = "UnknownOperationException"
_SCOPE: Final = re.compile(
    rb"AWS4-HMAC-SHA256 .*?Credential=[^,\s]*/([a-z0-9-]{1,64})/aws4_request"
)
_READ_XML: Final = frozenset({"cloudfront", "route53", "s3"})
"""Services whose clients read XML, and send no form that would tell."""


def asked_service(ex: Exchange) -> str:
    """Return which service a request is signed for, as signatures call it; "" where it is not signed."""
    found = _SCOPE.match(ex.headers.get(b"authorization", b""))
    return "" if found is None else found[1].decode()


def refuse_absent(ex: Exchange, here: Collection[str], request_id: str) -> Reply:
    """Refuse a request that is signed, and that no service takes. here: the names of those that there are."""
    asked = asked_service(ex)
    message = f"No such operation: {ex.method} {ex.path}"
    if asked not in here:
        message = f"There is no {asked} at this endpoint; there is {', '.join(sorted(here))}"
    if asked in _READ_XML or ex.headers.get(b"content-type", b"").startswith(FORM.encode()):
        told = {"Type": "Sender", "Code": _CODE, "Message": message}
        body = write_document("ErrorResponse", {"Error": told, "RequestId": request_id}, "")
        return Reply(404, [(b"content-type", b"text/xml")], body)
    document = {"__type": _CODE, "message": message}
    return Reply(404, [JSON, (b"x-amzn-errortype", _CODE.encode())], orjson.dumps(document))

"""Owns requests to the admin listener of a gateway that runs: where it is, and by which token and certificate."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.base.addresses import Address
from frontdesk.base.errors import StartError
from frontdesk.config.models.door import Admin

PATIENCE: Final = 600.0
"""Seconds to wait for an answer: installing a function's requirements may take minutes."""

PICTURE: Final = "image/svg+xml"


class NoGatewayError(StartError):
    """Nobody answers at the admin listener's address."""


def ask(
    admin: Admin,
    method: str,
    target: str,
    document: Mapping[str, object] | None = None,
    *,
    patience: float = PATIENCE,
) -> tuple[int, Any]:
    """Send a request to the admin listener; return the answer's status and JSON, or the text of a picture.

    Raises: NoGatewayError when nobody answers there.
    """
    address = admin.listen.from_here
    headers = {"Content-Type": "application/json"}
    if admin.token is not None:
        headers["Authorization"] = f"Bearer {admin.token.reveal()}"
    connection = _connection(admin, address, patience)
    try:
        connection.request(method, target, json.dumps(document or {}), headers)
        answer = connection.getresponse()
        data = answer.read()
        is_picture = answer.headers.get_content_type() == PICTURE
        return answer.status, data.decode() if is_picture else json.loads(data)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoGatewayError(
            f"no gateway answers at its admin address {address}: {error}",
            hint="is it running, and with this file? see `admin.listen`",
        ) from error
    finally:
        connection.close()


def _connection(admin: Admin, address: Address, patience: float) -> http.client.HTTPConnection:
    if admin.tls is None:
        return http.client.HTTPConnection(address.host, address.port, timeout=patience)
    # The file has the very certificate: nothing else is trusted, by whatever name it is reached.
    context = ssl.create_default_context(cafile=admin.tls.all_certificates[0].cert)
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(
        address.host, address.port, timeout=patience, context=context
    )

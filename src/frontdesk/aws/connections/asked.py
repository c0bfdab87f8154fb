"""Owns what a request about connections names: the API's stage, and a connection or a group.

Source: AWS, "Use @connections commands in your backend service".
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from frontdesk.aws.wire import ApiError
from frontdesk.gateway.pipeline.exchange import Exchange

Places = Callable[[], Mapping[tuple[str, str], tuple[str, str]]]
"""Lists the stages of WebSocket APIs: name or id of the API, and stage → name of the API, and stage."""

MAX_MESSAGE: Final = 128 * 1024
"""Bytes of the largest message."""

_LONGEST_NAME: Final = 128


class Asked(NamedTuple):
    """A request. place: name of the API, and stage; None: whichever the connection is of.

    group, connection_id: "" where the path names none.
    """

    ex: Exchange
    place: tuple[str, str] | None
    group: str
    connection_id: str

    @property
    def message(self) -> bytes:
        """The body, as what is sent. Raises: ApiError."""
        if len(self.ex.body) > MAX_MESSAGE:
            raise ApiError(413, "PayloadTooLargeException", "Message too long")
        try:
            self.ex.body.decode()
        except UnicodeDecodeError:
            raise ApiError(400, "BadRequestException", "The message is no UTF-8.") from None
        return bytes(self.ex.body)


def connection_id(segment: str) -> str:
    """Read a connection id from a segment of a path. Raises: ApiError for what can be none."""
    found = unquote_to_bytes(segment).decode("latin-1")
    try:
        b64decode(found, altchars=b"-_", validate=True)
    except ValueError:
        raise ApiError(400, "BadRequestException", f"Invalid connectionId: {found}") from None
    return found


def group_name(segment: str) -> str:
    """Read the name of a group from a segment of a path: 1 to 128 characters. Raises: ApiError."""
    try:
        found = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        found = ""
    if not 0 < len(found) <= _LONGEST_NAME:
        raise ApiError(400, "BadRequestException", f"Invalid group name: {segment}")
    return found


def gone() -> ApiError:
    """Make the refusal of a connection that there is not, or not any more."""
    return ApiError(410, "GoneException", "")


def forbidden() -> ApiError:
    """Make the refusal of a stage that there is not, or that is not the connection's."""
    return ApiError(403, "ForbiddenException", "Forbidden")

"""Owns what must hold of requests beyond the constraints of single members. Texts as recorded from AWS."""

import platform
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.lambda_api.models import Code, Configuration
from frontdesk.aws.wire import ApiError
from frontdesk.config.models.function import RESERVED
from frontdesk.functions.environment import RUNTIME

MAX_ZIP: Final = 50 * 1024**2
MAX_ENVIRONMENT: Final = 4 * 1024

RUNTIMES: Final = (RUNTIME, "provided", "provided.al2", "provided.al2023")
_RESERVED: Final = RESERVED | {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
}

_STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the "
    "GetFunction/GetAlias API to retrieve the latest Revision Id"
)


def zip_bytes(told: object) -> bytes:
    """Read the code of a request. Raises: ApiError."""
    code = Code.read(told if isinstance(told, dict) else {})
    if code.zip_file is None:
        # Differs: [zip-only] AWS also reads S3 and images.
        raise invalid_parameter("Code must come as ZipFile: S3 and container images are not read.")
    try:
        content = b64decode(code.zip_file, validate=True)
    except ValueError:
        raise invalid_parameter("ZipFile must be base64.") from None
    if len(content) > MAX_ZIP:
        raise ApiError(
            413,
            "RequestEntityTooLargeException",
            f"The zip of a function must be at most {MAX_ZIP} bytes.",
        )
    return content


def check_runnable(version: Configuration) -> None:
    """Raises: ApiError for a configuration that cannot run here."""
    if version.runtime not in RUNTIMES:
        # Differs: [runtimes] AWS has managed runtimes of many languages.
        raise invalid_parameter(
            f"Runtime {version.runtime or '(none)'} is not there: this Frontdesk runs "
            f"{', '.join(RUNTIMES)} (Python {platform.python_version()})."
        )
    if version.runtime == RUNTIME and not version.handler:
        raise invalid_parameter("Handler is needed: a module and a callable, such as app.handler.")
    variables = version.environment.variables
    reserved = sorted(_RESERVED.intersection(variables))
    if reserved:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    if sum(len(name) + len(value.encode()) for name, value in variables.items()) > MAX_ENVIRONMENT:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit."
        )


def check_revision(members: Mapping[str, Any], revision_id: str) -> None:
    """Raises: ApiError when somebody else has changed it since the caller looked."""
    if members.get("RevisionId", revision_id) != revision_id:
        raise ApiError(412, "PreconditionFailedException", _STALE)


def check_hash(members: Mapping[str, Any], sha256: str) -> None:
    """Raises: ApiError when the code is another than the caller thinks."""
    given = members.get("CodeSha256") or sha256
    if given != sha256:
        raise invalid_parameter(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


def invalid_parameter(message: str) -> ApiError:
    """Make the error of a value that cannot be."""
    return ApiError(400, "InvalidParameterValueException", message)

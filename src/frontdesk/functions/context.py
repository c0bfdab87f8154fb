"""Owns the second argument of a handler. Standard library only: it runs in the function's process.

Source: AWS, "Using the Lambda context object to retrieve Python function information".
"""

import json
import sys
import time
from typing import Any


class CognitoIdentity:
    """`context.identity`: always there, always empty without a Cognito caller."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self) -> None:
        self.cognito_identity_id: str | None = None
        self.cognito_identity_pool_id: str | None = None


class Client:
    """`context.client_context.client`: the mobile application that called."""

    __slots__ = (
        "app_package_name",
        "app_title",
        "app_version_code",
        "app_version_name",
        "installation_id",
    )

    def __init__(self, values: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))


class ClientContext:
    """`context.client_context`, from the caller's X-Amz-Client-Context."""

    __slots__ = ("client", "custom", "env")

    def __init__(self, values: dict[str, Any]) -> None:
        self.custom = values.get("custom")
        self.env = values.get("env")
        client = values.get("client")
        self.client = None if client is None else Client(client)


class Context:
    """One call as its handler sees it. The class attributes are set once, when a child starts."""

    function_name: str
    function_version: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    invoked_function_arn: str
    tenant_id: str | None = None

    def __init__(self, request_id: str, deadline_ms: int, client_context: str) -> None:
        self.aws_request_id = request_id
        self._deadline_ms = deadline_ms
        self.identity = CognitoIdentity()
        self.client_context = ClientContext(json.loads(client_context)) if client_context else None

    @property
    def idempotency_key(self) -> str | None:
        """What is the same whenever the same work is asked for again; None: nobody says so.

        A state machine names a stay in a state by it, in `custom` of the client context.
        """
        custom = self.client_context.custom if self.client_context else None
        return custom.get("idempotency_key") if isinstance(custom, dict) else None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this process is killed, at least 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))  # noqa: TID251 - runs alone

    def log(self, message: object) -> None:
        """Write to the function's log as it is."""
        sys.stdout.write(str(message))

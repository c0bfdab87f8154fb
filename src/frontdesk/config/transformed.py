"""Owns which operations have an integration in the words of REST APIs."""

from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_api import Method
from frontdesk.config.models.rest_integration import Integration
from frontdesk.config.models.websocket_api import SocketRoute


def integration_of(operation: Operation) -> Integration | None:
    """Return the integration of a method, or of a WebSocket API's route that has one."""
    return operation.integration if isinstance(operation, Method | SocketRoute) else None

"""Model of the integration of a REST API's method."""

from typing import Literal

from frontdesk.config.models.integration import FunctionName, Url
from frontdesk.config.models.model import Model


class Integration(Model):
    """What answers the requests of a method."""

    type: Literal["aws", "aws_proxy", "http", "http_proxy", "mock"]
    """`aws_proxy` and `http_proxy` pass requests and answers through; the others transform them."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias, of an `aws` or `aws_proxy` integration."""

    uri: Url | None = None
    """Where an `http` or `http_proxy` integration sends requests, with `{variable}` of the path and
    `${stage.name}`."""

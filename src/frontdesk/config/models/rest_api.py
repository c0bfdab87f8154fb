"""Models of a REST API: its resources, their methods, and what answers in place of a backend."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from frontdesk.config.models.api import Api
from frontdesk.config.models.gateway_response import GatewayResponse, ResponseTypeName
from frontdesk.config.models.model import HintedError, OneOrMore, file_path
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_integration import Integration, MethodResponses
from frontdesk.config.route_keys import DEFAULT, parse_route_key
from frontdesk.rules.auth.resource_policy import LONGEST, read_resource_policy


def _resource_path(text: str) -> str:
    if text == DEFAULT:
        raise ValueError("expected a path such as /pets/{id}: a REST API has no default route")
    parse_route_key(f"ANY {text}")
    if text != "/" and text.endswith("/"):
        raise HintedError(
            "expected a path without a slash at its end",
            "requests may have one: it is passed over when resources are matched",
        )
    return text


def _policy(value: object, info: ValidationInfo) -> dict[str, Any] | Path:
    if not isinstance(value, dict):
        return file_path(value, info)
    if read_resource_policy(value) is None or len(json.dumps(value)) > LONGEST:
        raise HintedError(
            f"expected a resource policy of at most {LONGEST} characters",
            "Version and a list of Statement, each with Effect, Principal, Action and Resource",
        )
    return value


ResourcePolicy = Annotated[
    dict[str, Any] | Path,
    PlainValidator(_policy),
    WithJsonSchema({"type": ["object", "string"], "minLength": 1}),
]


ResourcePath = Annotated[str, AfterValidator(_resource_path)]
"""`/`, `/pets`, `/pets/{id}` or `/pets/{proxy+}`."""

HttpMethod = Literal["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


class Method(Operation):
    """What happens to the requests of one method of one resource."""

    integration: Integration
    """What answers."""

    responses: MethodResponses = Field(default_factory=dict)
    """What clients are told of the answers, by status. It changes none of them."""

    @property
    def called(self) -> str | None:
        """See Operation."""
        return self.integration.function

    @property
    def upstream(self) -> str | None:
        """See Operation."""
        return self.integration.upstream

    def calling(self, function: str) -> Self:
        """See Operation."""
        integration = self.integration.model_copy(update={"function": function})
        return self.model_copy(update={"integration": integration})


class RestApi(Api):
    """A REST API: methods of resources, behind one host or base path."""

    type: Literal["rest"]
    """`rest`"""

    binary_media_types: Annotated[tuple[str, ...], OneOrMore()] = ()
    """Media types whose bodies are bytes, not text."""

    policy: ResourcePolicy | None = None
    """Who may call it, from where and what: an IAM policy document, or the path of a JSON file."""

    gateway_responses: dict[ResponseTypeName, GatewayResponse] = Field(default_factory=dict)
    """What is said where the API itself answers, by type such as `DEFAULT_4XX`."""

    resources: dict[ResourcePath, dict[HttpMethod, Method]] = Field(default_factory=dict)
    """Methods by resource."""

    def operations(self) -> Iterator[tuple[tuple[str, ...], str, Method]]:
        """See Api."""
        for path, methods in self.resources.items():
            for name, method in methods.items():
                yield ("resources", path, name), f"{name} {path}", method

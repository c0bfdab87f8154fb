"""Finds integrations by templates that can only answer 500."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.check.routes import operations
from frontdesk.config.load import Loaded
from frontdesk.config.transformed import integration_of
from frontdesk.rules.rest.expressions import REQUEST_TARGETS, parse_target
from frontdesk.rules.rest.headers import ILLEGAL


def illegal_headers(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Parameters that set a header field which AWS keeps for itself."""
    for path, _, _, operation in operations(loaded):
        integration = integration_of(operation)
        if integration is None:
            continue
        for text in integration.request_parameters:
            target = parse_target(text, REQUEST_TARGETS)
            if target.kind.endswith(".header") and target.name.lower() in ILLEGAL[integration.type]:
                at = (*path, "integration", "request_parameters", text)
                where = loaded.tree.position(at, of_key=True)
                yield (
                    where,
                    f"a field that may not be mapped with {integration.type}: {target.name}",
                )


def without_response(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Integrations whose answers nothing turns into an answer of the method."""
    for path, _, _, operation in operations(loaded):
        integration = integration_of(operation)
        if integration is None:
            continue
        if not integration.type.endswith("_proxy") and not integration.responses:
            where = loaded.tree.position((*path, "integration"), of_key=True)
            yield where, f"no responses with type: {integration.type}"

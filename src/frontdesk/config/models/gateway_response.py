"""Model of a gateway response: what a REST API says where it answers itself."""

from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, Field

from frontdesk.config.models.api import MediaType
from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import HintedError, Model, Whole, within
from frontdesk.rules.rest.expressions import ExpressionError, parse_source
from frontdesk.rules.rest.gateway_responses import TYPES
from frontdesk.rules.rest.substitution import SOURCES, parse_substitutions


def _expression(text: str) -> str:
    try:
        parse_source(text, SOURCES)
    except ExpressionError as error:
        raise HintedError(error.message.partition(":")[0], error.hint) from error
    return text


def _template(text: str) -> str:
    try:
        parse_substitutions(text)
    except ExpressionError as error:
        # A template is long: the message names the place in it.
        raise HintedError(error.message, error.hint) from error
    return text


def _type(name: str) -> str:
    if name not in TYPES:
        close = get_close_matches(name.upper(), TYPES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(TYPES)}"
        raise HintedError("expected a type of gateway response", hint)
    return name


ResponseTypeName = Annotated[str, AfterValidator(_type)]


class GatewayResponse(Model):
    """What is said for one type; what is left out stays as it is built in."""

    status: Annotated[Whole, within(200, 599)] | None = None
    """Status code. Default: the type's own."""

    headers: dict[HeaderName, Annotated[str, AfterValidator(_expression)]] = Field(
        default_factory=dict
    )
    """Header fields, each `'text'`, `method.request.header.NAME` (or `.path.`, `.querystring.`),
    `context.NAME` or `stageVariables.NAME`."""

    templates: dict[MediaType, Annotated[str, AfterValidator(_template)]] = Field(
        default_factory=dict
    )
    """Bodies by media type, chosen by the client's Accept: text in which `$context.NAME`,
    `$stageVariables.NAME` and `$method.request.…` are replaced."""

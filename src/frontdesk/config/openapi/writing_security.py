"""Owns writing authorizers as security schemes. Key pairs, passwords and keys stay in our file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from frontdesk.config.models.authorizer import (
    ApiKeyAuthorizer,
    Authorizer,
    FunctionAuthorizer,
    JwtAuthorizer,
)
from frontdesk.config.models.root import Config
from frontdesk.config.openapi.arns import function_uri
from frontdesk.config.openapi.document import AWS
from frontdesk.config.openapi.security import IDENTITY_SOURCES

OURS_ALONE: Final = ("api_key", "basic", "iam", "mtls")
"""Types of authorizers that hold what no document may say, or that AWS has no word for."""

_HEADER: Final = "$request.header."

Scheme = dict[str, Any]

_UNUSED: Final = {"type": "apiKey", "name": "Unused", "in": "header"}
"""AWS's scheme of an authorizer that looks at no header field in particular."""


def scheme_of(
    real: Authorizer, shown: Authorizer | None, config: Config, *, rest: bool, is_swagger: bool
) -> Scheme:
    """Write the scheme of an authorizer. shown: as its file has it, None where that has no AWS words."""
    if real.type in OURS_ALONE:
        return _SCHEMES[real.type](real, is_swagger=is_swagger)
    if shown is None:
        return dict(_UNUSED)
    scheme = _SCHEMES[shown.type](shown, is_swagger=is_swagger)
    return {**scheme, f"{AWS}authorizer": _AUTHORIZERS[shown.type](shown, config, rest=rest)}


def _header_of(entry: Any, *, is_swagger: bool) -> Scheme:  # noqa: ARG001 - one form in all versions
    """Write the scheme of who looks at one header field, or at several things: "Unused", says AWS."""
    identity = entry.identity
    of_one = len(identity) == 1 and identity[0].startswith(_HEADER)
    name = identity[0].removeprefix(_HEADER) if of_one else "Unused"
    return {"type": "apiKey", "name": name, "in": "header"}


def _key_of(entry: ApiKeyAuthorizer, *, is_swagger: bool) -> Scheme:  # noqa: ARG001 - as above
    place, _, name = entry.identity[0].removeprefix("$request.").partition(".")
    return {"type": "apiKey", "name": name, "in": "header" if place == "header" else "query"}


def _token_of(entry: JwtAuthorizer, *, is_swagger: bool) -> Scheme:
    if is_swagger:
        return _header_of(entry, is_swagger=is_swagger)
    discovery = f"{entry.issuer.rstrip('/')}/.well-known/openid-configuration"
    return {"type": "openIdConnect", "openIdConnectUrl": discovery}


def _password_of(_entry: Any, *, is_swagger: bool) -> Scheme:
    return {"type": "basic"} if is_swagger else {"type": "http", "scheme": "basic"}


def _certificate_of(_entry: Any, *, is_swagger: bool) -> Scheme:  # noqa: ARG001 - as above
    return dict(_UNUSED)  # versions before 3.1 have no word for a client's certificate


def _signature_of(_entry: Any, *, is_swagger: bool) -> Scheme:  # noqa: ARG001 - as above
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        f"{AWS}authtype": "awsSigv4",
    }


_SCHEMES: Final[Mapping[str, Callable[..., Scheme]]] = {
    "api_key": _key_of,
    "basic": _password_of,
    "function": _header_of,
    "iam": _signature_of,
    "jwt": _token_of,
    "mtls": _certificate_of,
}


def _jwt(entry: JwtAuthorizer, _config: Config, *, rest: bool) -> Scheme:
    settings: Scheme = {"issuer": entry.issuer}
    if entry.audience is not None:
        settings["audience"] = list(entry.audience)
    sources = _sources(entry.identity, rest=rest)
    return {"type": "jwt", "identitySource": sources, "jwtConfiguration": settings}


def _function(entry: FunctionAuthorizer, config: Config, *, rest: bool) -> Scheme:
    words: Scheme = {
        "type": "token" if entry.form == "token" else "request",
        "authorizerUri": function_uri(entry.function, config.account, config.region),
        "authorizerResultTtlInSeconds": int(entry.cache),
    }
    if entry.form != "token":
        words["authorizerPayloadFormatVersion"] = entry.payload
    if entry.form == "simple":
        words["enableSimpleResponses"] = True
    words["identitySource"] = _sources(entry.identity, rest=rest)
    if entry.pattern is not None:
        words["identityValidationExpression"] = entry.pattern
    return words


def _sources(identity: Iterable[str], *, rest: bool) -> str:
    """Write where an identity is found; REST APIs have words of their own for that."""
    return ",".join(_source(each) if rest else each for each in identity)


def _source(selector: str) -> str:
    for theirs, ours in IDENTITY_SOURCES.items():
        if selector.startswith(ours):
            return theirs + selector.removeprefix(ours)
    return selector


_AUTHORIZERS: Final[Mapping[str, Callable[..., Scheme]]] = {"function": _function, "jwt": _jwt}

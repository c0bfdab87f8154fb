"""Owns security schemes: which authorizer each of them is, and what an operation's `security` asks for."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from frontdesk.config.openapi.arns import called_function, issuer_of_pool
from frontdesk.config.openapi.document import AWS, OURS, Document, text_of
from frontdesk.config.placed import Branch, Placed

_AUTHORIZER: Final = f"{AWS}authorizer"
_OURS: Final = f"{OURS}authorizer"
_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")

IDENTITY_SOURCES: Final = {
    "method.request.header.": "$request.header.",
    "method.request.querystring.": "$request.querystring.",
    "context.": "$context.",
    "stageVariables.": "$stageVariables.",
}
"""Where an identity source of a REST API is found here."""


class Protection(NamedTuple):
    """What an operation asks of its callers. authorizer: a name, None where there is none."""

    authorizer: str | None = None
    scopes: tuple[str, ...] = ()
    api_key: bool = False


class Schemes:
    """The security schemes of one document, as entries of `authorizers`."""

    def __init__(
        self, document: Document, known: Mapping[str, Any], made: Branch, *, rest: bool
    ) -> None:
        """known: entries that there are already, which win. made: gets those of this document."""
        self._document = document
        self._known = known
        self._made = made
        self._rest = rest
        self._names: dict[str, str | None] = {}

    def protection(self, security: Placed) -> Protection:
        """Read `security`: what it lists must all be there, as in AWS's exports."""
        authorizer, api_key = None, False
        scopes: tuple[str, ...] = ()
        for requirement in security.members():
            for scheme, asked in requirement.items():
                name = self._authorizer(scheme, asked)
                if name is None:
                    api_key = True
                elif authorizer not in (None, name):
                    self._document.refuse(asked, "expected one authorizer", value=scheme)
                else:
                    authorizer = name
                    scopes = tuple(str(member.value) for member in asked.members())
        return Protection(authorizer, scopes, api_key)

    def signed(self, at: Placed) -> str:
        """Name the authorizer of signed requests, AWS_IAM: the one of type iam that there is."""
        entries = {**self._known, **self._made.value}
        names = [
            name
            for name, entry in entries.items()
            if isinstance(entry, dict) and entry.get("type") == "iam"
        ]
        if len(names) == 1:
            return names[0]
        hint = "its key pairs stand in no OpenAPI document"
        self._document.refuse(at, "expected one entry of authorizers of type iam", hint)
        return "none"

    def _authorizer(self, scheme: str, at: Placed) -> str | None:
        """Name the authorizer that a scheme is, or None for a key of a usage plan."""
        if scheme not in self._names:
            self._names[scheme] = self._read(scheme, at)
        return self._names[scheme]

    def _read(self, scheme: str, at: Placed) -> str | None:
        document = self._document
        name = _NOT_OF_A_NAME.sub("-", scheme)
        if name in self._known:
            return name
        placed = document.section("securitySchemes").get(scheme)
        if placed is None:
            document.refuse(at, "expected the name of a security scheme", value=scheme)
            return name
        placed = document.follow(placed)
        aws, ours = placed.get(_AUTHORIZER), placed.get(_OURS)
        if aws is None and ours is None:
            if _is_api_key(placed):
                return None
            if placed.text(f"{AWS}authtype") == "awsSigv4":
                return self.signed(placed)
            hint = f"add authorizers.{name} to the file, or {_AUTHORIZER} here"
            document.refuse(placed, "expected a scheme that says who authorizes", hint)
            return name
        entry, faults = Branch.at(placed), len(document.findings)
        if aws is not None:
            self._entry(entry, placed, document.follow(aws))
        if len(document.findings) > faults:
            return "none"  # what is left of it would only be told to be incomplete
        if ours is not None:
            entry.lay_over(ours)
        self._made.value[name], self._made.node.children[name] = entry.value, entry.node
        return name

    def _entry(self, entry: Branch, scheme: Placed, aws: Placed) -> None:
        kind = aws.text("type").lower()
        read = _KINDS.get(kind)
        if read is None:
            known = ", ".join(_KINDS)
            self._document.refuse(aws.get("type") or aws, f"expected one of {known}")
            return
        read(self, entry, scheme, aws)
        for key, member in aws.items():
            if key not in _READ[kind]:
                self._document.left_out(member, f"{key} of an authorizer is not carried")

    def _jwt(self, entry: Branch, _scheme: Placed, aws: Placed) -> None:
        settings = aws.get("jwtConfiguration") or aws
        entry.put("type", "jwt", aws)
        for key in ("issuer", "audience"):
            member = settings.get(key)
            if member is not None:
                entry.graft(key, member)
        self._identity(entry, aws)

    def _function(self, entry: Branch, scheme: Placed, aws: Placed) -> None:
        entry.put("type", "function", aws)
        uri = aws.get("authorizerUri") or aws
        called = called_function(text_of(uri))
        if called is None:
            self._document.refuse(uri, "expected the ARN of a function", value=uri.value)
        else:
            entry.put("function", called.function, uri)
        of_token = aws.text("type").lower() == "token"
        form = "token" if of_token else "simple" if aws.says("enableSimpleResponses") else "iam"
        entry.put("form", form, aws)
        version = aws.get("authorizerPayloadFormatVersion")
        if not of_token:
            entry.put("payload", str(version.value) if version else "1.0", version or aws)
        if not self._identity(entry, aws):
            name = scheme.text("name") if of_token else ""
            entry.put("identity", [f"$request.header.{name}"] if name else [], scheme)
        lifetime = aws.get("authorizerResultTtlInSeconds")
        if lifetime is not None:
            entry.graft("cache", lifetime)
        elif not self._rest:
            entry.put("cache", 0, aws)  # AWS's default at HTTP APIs; at REST APIs it is ours
        expression = aws.get("identityValidationExpression")
        if expression is not None:
            entry.graft("pattern", expression)

    def _pool(self, entry: Branch, _scheme: Placed, aws: Placed) -> None:
        entry.put("type", "jwt", aws)
        pools = list((aws.get("providerARNs") or aws).members())
        arn = str(pools[0].value) if len(pools) == 1 else ""
        issuer = arn if "${input:" in arn else issuer_of_pool(arn)  # an import may leave it open
        if issuer is None:
            at = aws.get("providerARNs") or aws
            self._document.refuse(at, "expected the ARN of one user pool", value=arn or None)
            return
        entry.put("issuer", issuer, pools[0])
        entry.put("audience", "none", pools[0])
        self._identity(entry, aws)

    def _identity(self, entry: Branch, aws: Placed) -> bool:
        """Read the identity sources; False where there are none."""
        source = aws.get("identitySource")
        if source is None:
            return False
        listed = source.value if isinstance(source.value, list) else str(source.value).split(",")
        entry.put("identity", [_selector(str(each).strip()) for each in listed], source)
        return True


_KINDS: Final[dict[str, Callable[[Schemes, Branch, Placed, Placed], None]]] = {
    "cognito_user_pools": Schemes._pool,  # noqa: SLF001 - the class's own table
    "jwt": Schemes._jwt,  # noqa: SLF001
    "request": Schemes._function,  # noqa: SLF001
    "token": Schemes._function,  # noqa: SLF001
}
_OF_FUNCTIONS: Final = {
    "type",
    "authorizerUri",
    "authorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds",
    "enableSimpleResponses",
    "identitySource",
    "identityValidationExpression",
}
_READ: Final = {
    "cognito_user_pools": {"type", "providerARNs", "identitySource"},
    "jwt": {"type", "jwtConfiguration", "identitySource"},
    "request": _OF_FUNCTIONS,
    "token": _OF_FUNCTIONS,
}
"""Members of an authorizer that say something here."""


def _selector(source: str) -> str:
    for theirs, ours in IDENTITY_SOURCES.items():
        if source.startswith(theirs):
            return ours + source.removeprefix(theirs)
    return source


def _is_api_key(scheme: Placed) -> bool:
    of_header = scheme.text("type") == "apiKey" and scheme.text("in") == "header"
    return of_header and scheme.text("name").lower() == "x-api-key"

"""Owns operations: what one says as a route of an HTTP API, or as a method of a REST API."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from frontdesk.config.openapi.document import ANY_METHOD, AWS, OURS, Document, Operation
from frontdesk.config.openapi.integrations import read_method, read_route
from frontdesk.config.openapi.schemas import Schemas, contents
from frontdesk.config.openapi.security import Protection, Schemes
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.route_keys import DEFAULT

INTEGRATION: Final = f"{AWS}integration"
OURS_OF_OPERATION: Final = f"{OURS}operation"

_READ: Final = {f"{AWS}auth", INTEGRATION, f"{AWS}request-validator", ANY_METHOD}
VALIDATES: Final = ("validateRequestBody", "validateRequestParameters")
"""Members of a request validator."""

_NAMES: Final = {"header": "headers", "query": "query"}


class Validator(NamedTuple):
    """Which parts of a request a request validator looks at."""

    body: bool = False
    parameters: bool = False


class Operations:
    """What all operations of one document have in common, and each of them as a branch."""

    def __init__(
        self,
        document: Document,
        schemes: Schemes,
        schemas: Schemas,
        *,
        rest: bool,
    ) -> None:
        self._document = document
        self._schemes = schemes
        self._schemas = schemas
        self._read_integration: Callable[[Document, Branch, Placed], None] = (
            read_method if rest else read_route
        )
        self._rest = rest
        self._validators = dict(_validators(document))
        root = document.root
        self._validator = root.get(f"{AWS}request-validator")
        # Differs: [root-security] AWS passes over it, so that such operations are open there.
        security = root.get("security")
        self.default = schemes.protection(security) if security else Protection()
        """What operations without a `security` of their own ask for."""

    def read(self, operation: Operation) -> Branch:
        """Make a route or method of an operation. What is wrong with it is told by the document."""
        placed = operation.placed
        branch = Branch.at(placed)
        self._protect(branch, placed)
        self._validate(branch, operation)
        if self._rest:
            self._answers(branch, placed)
        integration, ours = placed.get(INTEGRATION), placed.get(OURS_OF_OPERATION)
        if integration is not None:
            self._read_integration(self._document, branch, self._document.follow(integration))
        elif ours is None:
            # Differs: [no-integration] AWS imports it, and fails when it is called or deployed.
            hint = f"add {INTEGRATION}, or give this operation in the file, which then wins"
            self._document.refuse(placed, "expected an operation with an integration", hint)
        for key, member in placed.items():
            if key.startswith(AWS) and key not in _READ:
                self._document.left_out(member, f"{key} of an operation is not carried")
        if ours is not None:
            branch.lay_over(ours)
        return branch

    def _protect(self, branch: Branch, placed: Placed) -> None:
        security, auth = placed.get("security"), placed.get(f"{AWS}auth")
        own = self._schemes.protection(security) if security else None
        asked = own or self.default
        if auth is not None and auth.text("type").upper() == "AWS_IAM":
            branch.put("authorizer", self._schemes.signed(auth), auth)
        elif auth is not None:
            branch.put("authorizer", "none", auth)
        elif own is not None and own.authorizer != self.default.authorizer:
            branch.put("authorizer", own.authorizer or "none", security or placed)
        if asked.scopes:
            branch.put("scopes", asked.scopes, security or placed)
        if asked.api_key:
            branch.put("api_key", value=True, origin=security or placed)

    def _validate(self, branch: Branch, operation: Operation) -> None:
        word = operation.placed.get(f"{AWS}request-validator") or self._validator
        validator = self._validators.get(str(word.value)) if word else Validator()
        if word is not None and validator is None:
            self._document.refuse(
                word, "expected the name of a request validator", value=word.value
            )
        elif validator is not None and validator.parameters:
            self._parameters(branch, operation)
        if validator is not None and validator.body:
            self._body(branch, operation)

    def _parameters(self, branch: Branch, operation: Operation) -> None:
        for placed in self._parameters_of(operation):
            group, required = _NAMES.get(placed.text("in")), placed.says("required")
            if group is not None:
                names = branch.branch("validate", placed).branch(group, placed)
                names.put(placed.text("name"), "required" if required else "optional", placed)
            elif required and placed.text("in") == "cookie":
                self._document.left_out(placed, "a required cookie is not looked for")

    def _parameters_of(self, operation: Operation) -> Iterator[Placed]:
        """Find the parameters of an operation; its own take the place of its path's."""
        found: dict[tuple[str, str], Placed] = {}
        for holder in (operation.item, operation.placed):
            for member in holder.below("parameters").members():
                placed = self._document.follow(member)
                found[placed.text("in"), placed.text("name")] = placed
        yield from found.values()

    def _body(self, branch: Branch, operation: Operation) -> None:
        for media_type, schema in self._bodies(operation):
            body = branch.branch("validate", schema).branch("body", schema)
            body.put(media_type, self._schemas.model(schema) or self._schemas.whole(schema), schema)

    def _bodies(self, operation: Operation) -> Iterator[tuple[str, Placed]]:
        """Find the schemas of a body by media type, in either version of the format."""
        body = operation.placed.get("requestBody")
        if body is not None:
            yield from contents(self._document, self._document.follow(body))
        for placed in self._parameters_of(operation):
            if placed.text("in") == "body":
                yield from contents(self._document, placed)

    def _answers(self, branch: Branch, placed: Placed) -> None:
        """Read the method's responses, which tell clients what to expect."""
        for status, member in placed.below("responses").items():
            if not status.isdecimal():
                continue  # `default`, or a class of statuses, names no answer in particular
            answer = self._document.follow(member)
            response = branch.branch("responses", member).branch(status, member)
            headers = answer.get("headers")
            if headers is not None:
                response.put("headers", [name for name, _ in headers.items()], headers)
            for media_type, schema in contents(self._document, answer):
                named = self._schemas.model(schema)
                if named:
                    response.branch("models", answer).put(media_type, named, schema)


def route_key(operation: Operation) -> str:
    """Write the route key of an operation: METHOD /path, or $default."""
    if operation.path == f"/{DEFAULT}" or operation.placed.says("isDefaultRoute"):
        return DEFAULT
    return f"{operation.method} {operation.path}"


def _validators(document: Document) -> Iterator[tuple[str, Validator]]:
    for name, placed in document.root.below(f"{AWS}request-validators").items():
        body, parameters = (placed.says(key) for key in VALIDATES)
        yield name, Validator(body, parameters)

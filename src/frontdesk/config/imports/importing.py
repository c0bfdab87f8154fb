"""Turns the resources of a template into our configuration, and lists what it could not carry."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports import (
    domains,
    functions,
    http_documents,
    plans,
    publishing,
    queues,
    rest_documents,
    schedules,
    socket_documents,
    stages,
    state_machines,
)
from frontdesk.config.imports.cloudformation.sam import read_sam
from frontdesk.config.imports.documents import IAM, document_of
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.plan_json import read_plan
from frontdesk.config.imports.hcl.root import read_terraform
from frontdesk.config.imports.http_documents import HttpDrawing
from frontdesk.config.imports.not_carried import reason_of
from frontdesk.config.imports.resources import LEFT, Declared, Resource, name_of
from frontdesk.config.imports.rest_documents import RestDrawing
from frontdesk.config.imports.serverless.service import read_serverless
from frontdesk.config.imports.socket_documents import SocketDrawing, socket_api
from frontdesk.config.names import unknown_names
from frontdesk.config.openapi.importing import Imported
from frontdesk.config.openapi.reading import read_api
from frontdesk.config.openapi.writing import as_written
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Node

_HTTP: Final = "aws_apigatewayv2_api"
_REST: Final = "aws_api_gateway_rest_api"

_READ: Final = frozenset(
    (
        *(_HTTP, _REST, *domains.TYPES, *functions.TYPES, *http_documents.TYPES),
        *(*plans.TYPES, *publishing.TYPES, *queues.TYPES, *rest_documents.TYPES),
        *(*schedules.TYPES, *socket_documents.TYPES, *stages.TYPES),
        *state_machines.TYPES,
    )
)
"""Types of which something is carried; what of them is not is told where they are read."""

_OF_AN_API: Final = {
    type_name: "api_id" if type_name.startswith("aws_apigatewayv2_") else "rest_api_id"
    for type_name in (*http_documents.TYPES, *rest_documents.TYPES, *stages.TYPES)
    if not type_name.endswith("integration_response")
}
"""Types that belong to one API → where they say it."""


def import_terraform(
    path: Path,
    name: str,
    given: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    var_files: Sequence[Path] = (),
    root: Path | None = None,
) -> Imported:
    """Import a folder of `.tf` files, one file, or what `terraform show -json` has printed.

    name: of the configuration. given: values by address. environ: for TF_VAR_… variables. root: folder
    that no file is read outside of.
    Raises: ConfigError for what is no Terraform, or cannot be evaluated.
    """
    declared = _begin(path, root)
    try:
        if path.suffix == ".json":
            read_plan(path, declared)
        else:
            read_terraform(path, declared, given, environ, var_files)
        return import_resources(declared, name, path, given)
    except RecursionError:
        raise _too_deep(path) from None


def import_sam(
    path: Path, name: str, given: Mapping[str, str], *, root: Path | None = None
) -> Imported:
    """Import a template of SAM, or of plain CloudFormation.

    name, root: see `import_terraform`. given: values of parameters, exports, and attributes as `Pool.Arn`.
    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    declared = _begin(path, root)
    try:
        read_sam(path, given, declared)
        return import_resources(declared, name, path, given)
    except RecursionError:
        raise _too_deep(path) from None


def import_serverless(
    path: Path,
    name: str,
    given: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    root: Path | None = None,
) -> Imported:
    """Import a `serverless.yml`.

    name, root: see `import_terraform`. given: options, parameters, and what other stacks say. environ:
    for `${env:…}`.
    Raises: ConfigError for what is no service, or has variables that cannot be known.
    """
    declared = _begin(path, root)
    try:
        read_serverless(path, given, environ, declared)
        return import_resources(declared, name, path, given)
    except RecursionError:
        raise _too_deep(path) from None


def _begin(path: Path, root: Path | None) -> Declared:
    return Declared(Project.around(path) if root is None else Project(root))


def _too_deep(path: Path) -> ConfigError:
    where = Position(str(path), 1, 1, "")
    return ConfigError((Finding("error", "import", where, "its values are nested too deep"),))


def import_resources(
    declared: Declared, name: str, path: Path, given: Mapping[str, str]
) -> Imported:
    """Make our configuration of resources. path: of the template. given: see the sources."""
    content = Branch.at(Placed({}, Node(str(path), 1, 1, 1, 1, {})))
    top = Placed({}, content.node)
    content.put("name", name_of(name), top)
    made = Branch.at(top)
    functions.read_functions(declared, made, given)
    if made.value:
        _set(content, "functions", made)
    state_machines.read_machines(declared, content, given)
    schedules.read_schedules(declared, content)
    queues.read_queues(declared, content)
    publishing.read_publishing(declared, content)
    _add_signers(declared, content)
    names = dict(_names(declared))
    findings: list[Finding] = []
    for api in declared.of(_HTTP, _REST):
        findings += _read_api(declared, content, api, names[api.id])
    domains.read_domains(declared, content, names)
    plans.read_plans(declared, content, names)
    _apart(declared, content, top)
    _tell_rest(declared)
    found = (*findings, *declared.findings, *unknown_names(content))
    return Imported(as_written(content.value), tuple(_at_line(each) for each in found))


def _at_line(finding: Finding) -> Finding:
    """Leave out the path within a document that nobody has written."""
    where = finding.where
    return replace(finding, where=Position(where.file, where.line, where.column, ""))


def _set(branch: Branch, key: str, value: Branch) -> None:
    branch.value[key], branch.node.children[key] = value.value, value.node


def _names(declared: Declared) -> Iterator[tuple[str, str]]:
    """Yield the id of each API, and its name here."""
    taken: set[str] = set()
    for api in declared.of(_HTTP, _REST):
        name = base = name_of(api.name)
        count = 1
        while name in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name)
        yield api.id, name


def _read_api(declared: Declared, content: Branch, api: Resource, name: str) -> Iterator[Finding]:
    kind = _REST if api.type == _REST else api.text("protocol_type", "HTTP")
    drawing = _DRAWINGS.get(kind, HttpDrawing)(declared)
    document = document_of(drawing.draw(api), api, declared)
    known = content.value.get("authorizers", {})
    of_http = isinstance(drawing, HttpDrawing)
    reading = read_api(document, {"type": "http" if of_http else "rest"}, known)
    if reading.authorizers.value:
        merged = content.branch("authorizers", api.origin)
        merged.lay_over(Placed(reading.authorizers.value, reading.authorizers.node))
    made = reading.api
    if isinstance(drawing, SocketDrawing):
        made = socket_api(api, drawing, reading.api)
    stages.read_stages(declared, content, made, api)
    _set(content.branch("apis", api.origin), name, made)
    yield from document.findings
    yield from (Finding("warning", LEFT, note.where, note.message) for note in document.notes)


_DRAWINGS: Final[Mapping[str, Callable[[Declared], RestDrawing | SocketDrawing]]] = {
    _REST: RestDrawing,
    "WEBSOCKET": SocketDrawing,
}
"""What draws APIs that are no HTTP APIs, by their type or protocol."""


def _add_signers(declared: Declared, content: Branch) -> None:
    """Add the authorizer of signed requests where one is asked for: its key pairs are in no template."""
    for each in declared.of("aws_apigatewayv2_route", "aws_api_gateway_method"):
        if IAM in (each.text("authorization_type"), each.text("authorization")):
            secret = declared.secret("iam-secret-access-key", each.at)
            credential = {"secret": secret, "principal": "client"}
            entry = content.branch("authorizers", each.origin).branch("iam", each.origin)
            entry.put("type", "iam", each.origin)
            entry.put("credentials", {_ACCESS_KEY: credential}, each.origin)
            return


_ACCESS_KEY: Final = "AKIA0000000000000000"
"""What stands for the id of the key pair: whoever imports it puts in the true one."""


def _apart(declared: Declared, content: Branch, top: Placed) -> None:
    """Serve several APIs below their names: at AWS each has a host of its own."""
    domains_of_all: Mapping[str, Any] = content.value.get("domains", {})
    targets = [to for domain in domains_of_all.values() for to in domain["mappings"].values()]
    mapped = {to.partition(":")[0] for to in targets}
    alone = [name for name in content.value.get("apis", {}) if name not in mapped]
    if len(alone) < 2:
        return
    for name in alone:
        content.branch("apis", top).branch(name, top).put("base_path", f"/{name}", top)
    hint = "give them hosts instead, with `host`"
    declared.left(top.position(), "several APIs: each is served below its name", hint)


def _tell_rest(declared: Declared) -> None:
    """Tell of what nobody has read, and of parts of APIs that are not here."""
    apis = declared.by_id(_HTTP, _REST)
    for resource in declared.resources:
        if resource.type not in _READ:
            message = f"{resource.address} is not carried: {reason_of(resource.type)}"
            declared.left(resource.at, message)
        owner = _OF_AN_API.get(resource.type)
        if owner is not None and resource.text(owner) not in apis:
            message = f"{resource.address}: nothing here says what its API is"
            declared.missing(resource.at, message, "declare it")

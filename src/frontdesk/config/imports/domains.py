"""Turns domain names and their mappings into entries of `domains`."""

from collections.abc import Mapping
from typing import Final

from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.placed import Branch

_MAPPINGS: Final = {
    "aws_api_gateway_base_path_mapping": ("api_id", "base_path", "stage_name"),
    "aws_apigatewayv2_api_mapping": ("api_id", "api_mapping_key", "stage"),
}
"""Type → where it says its API, the beginning of paths, and the stage."""

_NAMES: Final = ("aws_api_gateway_domain_name", "aws_apigatewayv2_domain_name")

TYPES: Final = (*_MAPPINGS, *_NAMES)
"""What is read here."""


def read_domains(declared: Declared, content: Branch, names: Mapping[str, str]) -> None:
    """Add the domains. names: of our APIs by the ids of theirs."""
    known = declared.by_id(*_NAMES)
    mapped: set[str] = set()
    for mapping in declared.of(*_MAPPINGS):
        api, path, stage = (mapping.text(key) for key in _MAPPINGS[mapping.type])
        domain = mapping.text("domain_name")
        name = known[domain].text("domain_name") if domain in known else domain
        if api not in names:
            message = f"{mapping.address}: nothing here says what its API is"
            declared.missing(mapping.at, message, "declare it")
            continue
        entry = content.branch("domains", mapping.origin).branch(name.lower(), mapping.origin)
        to = f"{names[api]}:{stage}" if stage else names[api]
        entry.branch("mappings", mapping.origin).put(path, to, mapping.origin)
        mapped.add(domain)
    for own in known.values():
        if own.id in mapped:
            _secure(declared, own)
        else:
            message = f"{own.address} is not carried: no mapping leads from it to an API"
            declared.left(own.at, message)


def _secure(declared: Declared, domain: Resource) -> None:
    """Tell what a domain needs that no template has: keys, and who may sign client certificates."""
    name = domain.text("domain_name")
    message = f"{name}: its certificate is at AWS"
    hint = f"give one with its key, as domains.{name}.tls: {{cert: FILE, key: FILE}}"
    declared.missing(domain.at, message, hint)
    if domain.part("mutual_tls_authentication").values:
        hint = "give the authorities of client certificates as client_ca of the listener's tls"
        declared.missing(domain.at, f"{name}: its truststore is at AWS", hint)

"""Turns functions with their aliases, concurrency and URLs into entries of `functions`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from frontdesk.config.imports.resources import LEFT, MISSING, Declared, Resource
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_lambda_alias",
    "aws_lambda_function",
    "aws_lambda_function_url",
    "aws_lambda_layer_version",
    "aws_lambda_provisioned_concurrency_config",
)
"""What is read here."""

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_URL_CORS: Final = (
    *("allow_credentials", "allow_headers", "allow_methods", "allow_origins"),
    *("expose_headers", "max_age"),
)


def name_of(text: str) -> str:
    """Make a name of ours of theirs."""
    return _NOT_OF_A_NAME.sub("-", text).strip("-") or "unnamed"


def read_functions(declared: Declared, made: Branch) -> None:
    """Add the functions. made: becomes `functions`."""
    for function in declared.of("aws_lambda_function"):
        name = name_of(function.text("function_name") or function.name)
        settings = made.branch(name, function.origin)
        for key, value in _settings(declared, function):
            settings.put(key, value, function.origin)
    for alias in declared.of("aws_lambda_alias"):
        said = {"version": alias.text("function_version") or "$LATEST"}
        weights = alias.block("routing_config").get("additional_version_weights")
        if weights:
            said["weights"] = weights
        entry = _called(declared, made, alias)
        if entry is not None:
            entry.branch("aliases", alias.origin).put(alias.text("name"), said, alias.origin)
    for ready in declared.of("aws_lambda_provisioned_concurrency_config"):
        number = ready.values.get("provisioned_concurrent_executions")
        entry = _called(declared, made, ready)
        if entry is not None:
            place = entry.branch("provisioned_concurrency", ready.origin)
            place.put(ready.text("qualifier"), number, ready.origin)
    for url in declared.of("aws_lambda_function_url"):
        entry = _called(declared, made, url)
        if entry is not None:
            entry.put("url", _url(url), url.origin)


def _called(declared: Declared, made: Branch, resource: Resource) -> Branch | None:
    """Find the entry of the function that a resource belongs to."""
    text = resource.text("function_name")
    functions = declared.by_id("aws_lambda_function")
    if text in functions:
        text = functions[text].text("function_name") or functions[text].name
    name = name_of(text.rpartition(":function:")[2].partition(":")[0] or text)
    if name in made.value:
        return made.branch(name, resource.origin)
    message = f"{resource.address}: nothing here says what its function is"
    declared.tell(MISSING, resource.at, message, "declare it")
    return None


def _settings(declared: Declared, function: Resource) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a function that differ from their defaults."""
    values = function.values
    yield from _handler(declared, function)
    yield "code", _code(declared, function)
    if values.get("timeout") is not None:
        yield "timeout", f"{values['timeout']}s"
    if values.get("memory_size") is not None:
        yield "memory", f"{values['memory_size']}MB"
    variables = function.block("environment").get("variables")
    if variables:
        yield "environment", {key: str(value) for key, value in variables.items()}
    reserved = values.get("reserved_concurrent_executions")
    if isinstance(reserved, int) and reserved >= 0:
        yield "reserved_concurrency", reserved
    layers = [_layer(declared, function, layer) for layer in values.get("layers") or []]
    if layers:
        yield "layers", layers
    for key in ("dead_letter_config", "image_uri"):
        if values.get(key):
            declared.tell(LEFT, function.at, f"{function.address}: {key} is not carried")


def _handler(declared: Declared, function: Resource) -> Iterator[tuple[str, Any]]:
    runtime, handler = function.text("runtime"), function.text("handler")
    if runtime.startswith("python") or not runtime:
        yield "handler", handler.replace("/", ".") or "handler.handler"
        return
    yield "handler", {"command": ["./bootstrap"]}
    if not runtime.startswith("provided"):
        hint = "add a bootstrap that speaks Lambda's Runtime API to its code"
        message = f"{function.address}: the runtime {runtime} runs by a bootstrap of its own"
        declared.tell(MISSING, function.at, message, hint)


def _code(declared: Declared, function: Resource) -> str:
    name = function.text("filename")
    if name:
        return name
    address = f"{function.address}.filename"
    message = f"{function.address}: its code is not here, but in S3 or an image"
    declared.tell(MISSING, function.at, message, f"give its folder with --set {address}=FOLDER")
    return f"${{input:{address}}}"


def _layer(declared: Declared, function: Resource, arn: Any) -> str:
    for layer in declared.of("aws_lambda_layer_version"):
        if layer.address in str(arn):  # what stands for the ARN of a layer names it
            return layer.text("filename")
    message = f"{function.address}: nothing here says what the layer {arn} is"
    declared.tell(MISSING, function.at, message, "give a folder or zip in its place")
    return str(arn)


def _url(url: Resource) -> Mapping[str, Any]:
    said: dict[str, Any] = {"auth": url.text("authorization_type").removeprefix("AWS_").lower()}
    cors = {key: value for key, value in url.block("cors").items() if key in _URL_CORS and value}
    if cors:
        said["cors"] = cors
    if url.text("invoke_mode") == "RESPONSE_STREAM":
        said["invoke_mode"] = "response_stream"
    return said

"""Turns functions with their aliases, concurrency and URLs into entries of `functions`."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from frontdesk.config.imports.queues import queue_name
from frontdesk.config.imports.resources import Declared, Resource, name_of, open_input
from frontdesk.config.openapi.arns import called_function
from frontdesk.config.placed import Branch

_CORS: Final = {
    name: name
    for name in (
        *("allow_credentials", "allow_headers", "allow_methods", "allow_origins"),
        *("expose_headers", "max_age"),
    )
}
_PYTHON: Final = f"python3.{sys.version_info.minor}"
_NOT_CARRIED: Final = ("dead_letter_config", "image_config", "file_system_config", "snap_start")
"""What acts at AWS and not here."""


def read_functions(declared: Declared, made: Branch, given: Mapping[str, str]) -> None:
    """Add the functions. made: becomes `functions`. given: their code, where it is not here."""
    for function in declared.of("aws_lambda_function"):
        settings = made.branch(_name(function), function.origin)
        for key, value in _settings(declared, function, given):
            settings.put(key, value, function.origin)
    _tell_of_pythons(declared)
    for resource in declared.of(*_PARTS):
        entry = _owner(declared, made, resource)
        if entry is not None:
            _PARTS[resource.type](declared, entry, resource)


def _name(function: Resource) -> str:
    return name_of(function.text("function_name", function.label))


def _owner(declared: Declared, made: Branch, resource: Resource) -> Branch | None:
    """Find the entry of the function that a resource belongs to, by its name, id or ARN."""
    text = resource.text("function_name")
    known = declared.by_id("aws_lambda_function").get(text)
    arn = text.rpartition(":function:")[2].partition(":")[0]
    name = _name(known) if known is not None else name_of(arn)
    if name in made.value:
        return made.branch(name, resource.origin)
    message = f"{resource.address}: nothing here says what its function is"
    declared.missing(resource.at, message, "declare it")
    return None


def _settings(
    declared: Declared, function: Resource, given: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a function that differ from their defaults."""
    yield "handler", _handler(declared, function)
    yield "code", _code(declared, function, given)
    timeout, memory = function.number("timeout"), function.number("memory_size")
    if timeout is not None:
        yield "timeout", f"{timeout}s"
    if memory is not None:
        yield "memory", f"{memory}MB"
    variables = function.part("environment").mapping("variables")
    if variables:
        yield "environment", {key: _variable(value) for key, value in variables.items()}
    reserved = function.number("reserved_concurrent_executions")
    if isinstance(reserved, int) and reserved >= 0:  # -1 says that there are none
        yield "reserved_concurrency", reserved
    layers = [_layer(declared, function, layer) for layer in function.texts("layers")]
    if layers:
        yield "layers", layers
    for key in _NOT_CARRIED:
        if function.values.get(key):
            declared.left(function.at, f"{function.address}: {key} is not carried")


def _variable(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _handler(declared: Declared, function: Resource) -> Any:
    runtime, handler = function.text("runtime"), function.text("handler")
    if runtime.startswith("python") or not runtime:
        return handler.replace("/", ".") or "handler.handler"
    if not runtime.startswith("provided"):
        message = f"{function.address}: the runtime {runtime} runs by a bootstrap of its own"
        hint = "add a bootstrap that speaks Lambda's Runtime API to its code"
        declared.missing(function.at, message, hint)
    return {"command": ["./bootstrap"]}


def _tell_of_pythons(declared: Declared) -> None:
    """Tell once of each version of Python that is asked for and is not the one here."""
    functions = reversed(list(declared.of("aws_lambda_function")))
    for runtime, function in {each.text("runtime"): each for each in functions}.items():
        if runtime.startswith("python") and runtime != _PYTHON:
            message = f"functions of the runtime {runtime} run on {_PYTHON} here"
            hint = "see that their code and packages do, or run Frontdesk on that Python"
            declared.missing(function.at, message, hint)


def _code(declared: Declared, function: Resource, given: Mapping[str, str]) -> str:
    name = function.text("filename")
    if name:
        return name
    address = f"{function.address}.filename"
    if address in given:
        return given[address]
    message = f"{function.address}: its code is not in a folder or zip here"
    declared.missing(function.at, message, f"give its folder with --set {address}=FOLDER")
    return open_input(address)


def _layer(declared: Declared, function: Resource, arn: str) -> str:
    for layer in declared.of("aws_lambda_layer_version"):
        if arn == layer.id or arn.endswith(f":{layer.address}"):  # the ARN that was made up for it
            return layer.text("filename")
    message = f"{function.address}: nothing here says what the layer {arn} is"
    declared.missing(function.at, message, "give a folder or zip in its place")
    return arn


def _alias(_declared: Declared, entry: Branch, alias: Resource) -> None:
    said: dict[str, Any] = {"version": alias.text("function_version", "$LATEST")}
    weights = alias.part("routing_config").mapping("additional_version_weights")
    if weights:
        said["weights"] = dict(weights)
    entry.branch("aliases", alias.origin).put(alias.name, said, alias.origin)


def _ready(_declared: Declared, entry: Branch, ready: Resource) -> None:
    number = ready.number("provisioned_concurrent_executions")
    place = entry.branch("provisioned_concurrency", ready.origin)
    place.put(ready.text("qualifier"), number, ready.origin)


def _url(_declared: Declared, entry: Branch, url: Resource) -> None:
    said: dict[str, Any] = {
        "auth": "iam" if url.text("authorization_type") == "AWS_IAM" else "none"
    }
    cors = url.part("cors").said(_CORS)
    if cors:
        said["cors"] = cors
    if url.text("invoke_mode") == "RESPONSE_STREAM":
        said["invoke_mode"] = "response_stream"
    entry.put("url", said, url.origin)


def _later(declared: Declared, entry: Branch, config: Resource) -> None:
    """Add what is done with asynchronous invocations."""
    retries, age = (
        config.number("maximum_retry_attempts"),
        config.number("maximum_event_age_in_seconds"),
    )
    if retries is not None:
        entry.put("retries", retries, config.origin)
    if age is not None:
        entry.put("max_age", f"{age}s", config.origin)
    if config.text("qualifier") not in _ALL:
        message = f"{config.address} is of one version or alias, and holds for all of them here"
        declared.left(config.at, message)
    for key in ("on_success", "on_failure"):
        destination = config.part("destination_config").part(key).text("destination")
        called = called_function(destination)
        if called is not None:
            entry.put(key, f"function:{called.function}", config.origin)
        elif ":sqs:" in destination:
            entry.put(key, f"queue:{queue_name(destination)}", config.origin)
        elif destination:
            message = f"{config.address}: {key} is not carried: {destination}"
            declared.left(config.at, message)


_ALL: Final = ("", "$LATEST")

_PARTS: Final[Mapping[str, Callable[[Declared, Branch, Resource], None]]] = {
    "aws_lambda_alias": _alias,
    "aws_lambda_function_event_invoke_config": _later,
    "aws_lambda_function_url": _url,
    "aws_lambda_provisioned_concurrency_config": _ready,
}
"""Type of what belongs to a function → how it is added to the function's entry."""

TYPES: Final = (*_PARTS, "aws_lambda_function", "aws_lambda_layer_version")
"""What is read here."""

"""Owns the forms of an access-log line: each format compiles into one function from Exchange to bytes.

Text that came from outside is masked where it looks like a secret, and written as JSON text is, so that
no line end in it can begin a line of its own.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from frontdesk.gateway.pipeline.context import CONTEXT, Variable, variable
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.auth.api_keys import prefix_of
from frontdesk.rules.http.trace_context import write_root
from frontdesk.rules.lang.context import LONGEST_TEMPLATE, TEMPLATE_VARIABLE
from frontdesk.rules.redaction import MASK, SecretNames, mask_secrets

Format = Callable[[Exchange], bytes]
"""Gives a whole line, with its line end."""

CLF: Final = (
    "$context.identity.sourceIp - - [$context.requestTime] "
    '"$context.httpMethod $context.routeKey $context.protocol" '
    "$context.status $context.responseLength $context.requestId"
)
"""AWS's example of the Common Log Format."""

_NOTHING: Final = "-"  # what AWS writes for a variable without value


def compile_format(form: str | Mapping[str, str] | Format, secrets: SecretNames) -> Format:
    """Compile a log format.

    form: "json", "clf", a text with `$context` variables, or a mapping from member names to such texts,
    which gives one JSON object per line; or one that is compiled.
    Raises: ValueError for unknown variables and too long texts.
    """
    if callable(form):
        return form
    if form == "json":
        return json_record
    if isinstance(form, str):
        template = _compile_text(CLF if form == "clf" else form, secrets)
        return lambda ex: (template(ex) + "\n").encode()
    members = tuple((name, _compile_member(name, text, secrets)) for name, text in form.items())
    return lambda ex: orjson.dumps(
        {name: value(ex) for name, value in members}, option=orjson.OPT_APPEND_NEWLINE
    )


def json_record(ex: Exchange) -> bytes:
    """Write the default record. Members that have no value for this request are left out."""
    plan = ex.plan
    api = plan.api
    total = ex.ended - ex.started
    record: dict[str, Any] = {
        "requestId": ex.request_id,
        "routeKey": plan.route_key,
        "status": ex.status,
        "time": _iso(int(ex.time * 1000)),
        "method": ex.method,
        "path": _shown(ex.path),
        "host": ex.host,
        "protocol": ex.version,
        "api": api.name,
        "stage": api.stage,
        "sourceIp": ex.client_ip,
        "requestLength": ex.request_length,
        "responseLength": ex.response_length,
        "totalMs": int(total * 1e6) / 1e3,
    }
    agent = ex.headers.get(b"user-agent")
    if agent is not None:
        record["userAgent"] = _shown(agent.decode("latin-1"))
    latency = ex.integration_latency
    if latency >= 0:
        record["latency"] = int(latency * 1e6) / 1e3
        record["gatewayMs"] = int(max(0.0, ex.own_time) * 1e6) / 1e3
        if ex.integration_status:
            record["integrationStatus"] = ex.integration_status
        if ex.upstream:
            record["upstream"] = ex.upstream
    if api.side:
        record["canary"] = api.side == "canary"
    _record_caller(ex, record)
    if ex.error:
        record["errorCode"] = ex.error
        if ex.authorizer_error:
            record["authorizer"] = ex.authorizer_error
    trace = ex.trace_id
    if trace:  # digits only: no card number, whatever they look like
        record["traceId"] = trace
        caller = ex.caller
        if ex.invoke_status or (caller is not None and caller.amazon is not None):
            record["xrayTraceId"] = write_root(trace)
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def terminal_line(ex: Exchange) -> bytes:
    """Write a line for a developer's terminal: what was asked, what came of it, and why."""
    line = _ON_A_TERMINAL(ex)
    reasons = [_escape(each) for each in (ex.error, ex.authorizer_error) if each]
    return f"{line}: {', '.join(reasons)}\n".encode() if reasons else f"{line}\n".encode()


def _record_caller(ex: Exchange, record: dict[str, Any]) -> None:
    """Write who the caller is, as far as anybody knows."""
    if ex.principal:
        record["principal"] = _shown(ex.principal)
    if ex.api_key is not None:
        record["consumer"] = ex.api_key.name
    if ex.client_cert is not None:
        record["clientCert"] = _shown(ex.client_cert.subject)


_shown = lru_cache(512)(mask_secrets)
"""For texts that come again and again: most requests repeat the path or the agent of another one."""


@lru_cache(16)
def _iso(milliseconds: int) -> str:
    """Write a moment, milliseconds since 1970: under load many requests share one."""
    second, rest = divmod(milliseconds, 1000)
    return f"{_iso_second(second)}.{rest:03}Z"


@lru_cache(4)
def _iso_second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


def _compile_member(name: str, text: str, secrets: SecretNames) -> Callable[[Exchange], Any]:
    """Compile the value of one member: a lone variable keeps its JSON type."""
    if name in secrets:
        return lambda _ex: MASK
    alone = TEMPLATE_VARIABLE.fullmatch(text)
    if alone is None:
        return _compile_text(text, secrets, escape=lambda value: value)
    value = _find(alone[1], secrets)

    def member(ex: Exchange) -> Any:
        found = value(ex)
        return _NOTHING if found is None else found

    return member


def _compile_text(
    text: str, secrets: SecretNames, *, escape: Callable[[str], str] | None = None
) -> Callable[[Exchange], str]:
    if len(text.encode()) > LONGEST_TEMPLATE:
        raise ValueError(f"longer than {LONGEST_TEMPLATE} bytes: {text[:40]}…")
    parts = TEMPLATE_VARIABLE.split(text)  # text, name, text, name, …, text
    fixed = parts[::2]
    values = tuple(_find(name, secrets) for name in parts[1::2])
    pattern = "%s".join(part.replace("%", "%%") for part in fixed)
    written = escape or _escape
    return lambda ex: pattern % tuple([written(_text(value(ex))) for value in values])


def _find(name: str, secrets: SecretNames) -> Variable:
    found = variable(name)
    if found is None:
        raise ValueError(f"unknown variable: $context.{name}")
    if name.startswith("authorizer.") and name.rpartition(".")[2] in secrets:
        return lambda _ex: MASK
    if name == "identity.apiKey":
        # Differs: [key-in-logs] AWS writes the whole key.
        return lambda ex: (key := found(ex)) and prefix_of(key)
    if name in CONTEXT and name not in _FREE_TEXT:
        return found
    return lambda ex: _masked(found(ex))


_FREE_TEXT: Final = frozenset({"path", "identity.userAgent", "authorizer.principalId"})
"""Variables whose text the client chooses; so are those of an authorizer's claims and context."""


def _masked(value: Any) -> Any:
    return mask_secrets(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _escape(text: str) -> str:
    """Escape as inside a JSON string: templates are often JSON themselves."""
    return orjson.dumps(text)[1:-1].decode()


_ON_A_TERMINAL: Final = _compile_text(
    "$context.status $context.httpMethod $context.path "
    "$context.responseLatency ms, route $context.routeKey",
    SecretNames(()),
)

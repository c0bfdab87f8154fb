"""Owns the one table of lints: id, severity, why and fix. How each is found stands beside it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from frontdesk.base.errors import Finding, Position
from frontdesk.config.check import (
    authorizers,
    certificates,
    concurrency,
    destinations,
    door,
    files,
    function_urls,
    handlers,
    integrations,
    openapi,
    outgoing,
    plans,
    publishing,
    queues,
    records,
    releases,
    resilience,
    routes,
    schedules,
    state_machines,
    timeouts,
    webhooks,
)
from frontdesk.config.load import Loaded

Severity = Literal["error", "warning"]
Spots = Iterator[tuple[Position, str]]
"""Where something was found, and what."""

ERROR: Final[Mapping[str, Severity]] = {"dev": "error", "staging": "error", "prod": "error"}
WARNING: Final[Mapping[str, Severity]] = {
    "dev": "warning",
    "staging": "warning",
    "prod": "warning",
}
ERROR_IN_PROD: Final[Mapping[str, Severity]] = {**WARNING, "prod": "error"}
NOT_IN_DEV: Final[Mapping[str, Severity]] = {"staging": "warning", "prod": "error"}


@dataclass(frozen=True, slots=True)
class Lint:
    """One kind of finding. severity: by environment; absent there: not looked for."""

    severity: Mapping[str, Severity]
    find: Callable[[Loaded], Spots]
    why: str
    fix: str


LINTS: Final[dict[str, Lint]] = {
    "admin-open": Lint(
        ERROR,
        door.admin_without_token,
        "whoever reaches that address could administer the door",
        "set admin.token, or listen on 127.0.0.1",
    ),
    "admin-plain": Lint(
        ERROR_IN_PROD,
        certificates.admin_in_plain,
        "whoever is on the way reads the token, and may use it",
        "give it certificates with admin.tls, or listen on 127.0.0.1",
    ),
    "api-key-without-plan": Lint(
        ERROR,
        plans.opened_by_no_plan,
        "every request gets 403, whatever its key",
        "add the API to the apis of a plan",
    ),
    "api-key-without-source": Lint(
        ERROR,
        plans.without_source,
        "every request gets 403: nobody tells its key",
        "give it an authorizer of type function, or set api_key_source: header",
    ),
    "any-origin": Lint(
        NOT_IN_DEV,
        routes.any_origin,
        "every web page may call the API with the visitor's network and read the answers",
        "list the origins of your own pages in allow_origins",
    ),
    "bucket-missing": Lint(
        WARNING,
        files.buckets_missing,
        "every task that reads from it fails",
        "correct the path, which is relative to this file, or make the folder before the start",
    ),
    "canary-without-difference": Lint(
        WARNING,
        releases.canary_without_difference,
        "whatever it is judged, the judgement says nothing",
        "give it an alias that functions of the API have, or variables",
    ),
    "certificate-expires": Lint(
        WARNING,
        certificates.expiring,
        "from then on clients refuse the connection",
        "renew it now; a changed file is noticed within seconds, without a restart",
    ),
    "certificate-name": Lint(
        ERROR_IN_PROD,
        certificates.uncovered,
        "clients refuse a connection whose certificate has another name",
        "add a certificate for it, as tls of its domain or among certificates",
    ),
    "certificate-refused": Lint(
        ERROR,
        certificates.refused,
        "clients refuse the connection",
        "renew it; put the certificates that lead to its authority behind it, each before its issuer",
    ),
    "certificate-unusable": Lint(
        ERROR,
        certificates.unusable,
        "Frontdesk does not start with it, and a reload changes nothing",
        "correct the path, which is relative to this file, or the file itself",
    ),
    "dead-letter-circle": Lint(
        ERROR,
        queues.circles,
        "a message that nobody can handle would go round for ever",
        "let the last of them keep its messages: leave out its dead_letter and max_receives",
    ),
    "dead-letter-kind": Lint(
        ERROR,
        queues.mixed,
        "the dead letters of a FIFO queue belong in a FIFO queue, as at AWS, and others in no such one",
        "set fifo alike on both, and end the names of FIFO queues with .fifo",
    ),
    "destination-circle": Lint(
        ERROR,
        destinations.circles,
        "one asynchronous invocation would lead to the next for ever",
        "let the last of them tell a queue, or nobody",
    ),
    "development-issuer": Lint(
        NOT_IN_DEV,
        authorizers.of_development,
        "`frontdesk run` does not serve it: every token is refused, and /readyz answers 503",
        "write the issuer of your identity provider",
    ),
    "function-outlives-gateway": Lint(
        ERROR,
        timeouts.function_outlives_gateway,
        "the client gets an error while the function goes on, and may try again",
        "give the function a shorter timeout, or answer 202 and go on in the background",
    ),
    "handler-leaks-exception": Lint(
        WARNING,
        handlers.leaked_exceptions,
        "messages of exceptions tell strangers about queries, files and other internals",
        "log the exception and answer with a fixed text",
    ),
    "handler-not-found": Lint(
        ERROR,
        handlers.unusable_handlers,
        "every invocation of the function would fail",
        "correct handler or code, paths being relative to this file",
    ),
    "handler-shares-state": Lint(
        WARNING,
        handlers.shared_state,
        "a child process serves many callers one after another, and any of them may be a new process",
        "keep state in a database or cache, or make it anew in each call",
    ),
    "handshake-unasked": Lint(
        WARNING,
        webhooks.never_asked,
        "the vendor asks the address before it sends anything, and would get 404",
        "write the route as ANY /path, or add one with this method",
    ),
    "illegal-header": Lint(
        ERROR,
        integrations.illegal_headers,
        "every call of the method gets 500, as at AWS",
        "remove the parameter, or map the value to a field of another name",
    ),
    "keys-apart": Lint(
        ERROR,
        resilience.keys_apart,
        "a request that is sent again may reach another worker, and is carried out twice",
        "leave store out, or set it to sqlite",
    ),
    "layer-missing": Lint(
        ERROR,
        files.layers_missing,
        "the function could not be run, and Frontdesk would not start",
        "correct the path, which is relative to this file",
    ),
    "literal-secret": Lint(
        ERROR,
        door.literal_secrets,
        "whoever can read this file or its history has the secret",
        "keep it with `frontdesk secrets set NAME` and write ${secret:NAME}, or use ${env:NAME} or ${file:path}",
    ),
    "mtls-never-asked": Lint(
        ERROR,
        certificates.nobody_is_asked,
        "every request to its routes gets 403",
        "give the listener a client_ca",
    ),
    "no-response": Lint(
        ERROR,
        integrations.without_response,
        "every call of the method gets 500, as at AWS",
        "add responses: {default: {}}, which answers 200 with what came",
    ),
    "open-route": Lint(
        ERROR_IN_PROD,
        routes.open_without_throttle,
        "anybody may call it as often as the whole account allows",
        "give the route an authorizer, or a throttle such as {rate: 10/s, by: $context.identity.sourceIp}",
    ),
    "open-webhook": Lint(
        ERROR_IN_PROD,
        webhooks.open_to_all,
        "anybody may have signatures verified as often as the whole account allows",
        "give the route a throttle such as 100/s, or the webhook the vendor's addresses as allow_ips",
    ),
    "openapi-not-carried": Lint(
        WARNING,
        openapi.noted_as("openapi-not-carried"),
        "AWS does something here that Frontdesk does not",
        "say it in the file in our words, or take it out of the document",
    ),
    "openapi-overridden": Lint(
        WARNING,
        openapi.noted_as("openapi-overridden"),
        "what the document says here is not in force, which its readers cannot see",
        "take it out of the document, or out of the file",
    ),
    "policy-never-acts": Lint(
        WARNING,
        resilience.never_acting,
        "it protects from nothing, although the file looks as if it did",
        "correct it, or leave it out",
    ),
    "open-url": Lint(
        ERROR_IN_PROD,
        function_urls.open_without_reservation,
        "calls by anybody could take the places of all other functions",
        "give the function a reserved_concurrency, or its url auth: iam",
    ),
    "plan-never-asked": Lint(
        WARNING,
        plans.never_asked_for,
        "its limits never act",
        "set api_key: true on the operations that its keys are for",
    ),
    "provisioned-beyond-share": Lint(
        ERROR,
        concurrency.provisioned_beyond_share,
        "children that stand ready are taken out of the function's share, or else of the pool",
        "provision less, or raise reserved_concurrency or limits.concurrency",
    ),
    "provisioned-twice": Lint(
        ERROR,
        concurrency.provisioned_twice,
        "a version has children that stand ready of its own or by an alias",
        "provision either the version or the alias",
    ),
    "records-out-of-reach": Lint(
        WARNING,
        records.out_of_reach,
        "functions run in processes of their own, and find no record there",
        "store: sqlite, or a PostgreSQL",
    ),
    "requirements-missing": Lint(
        ERROR,
        files.requirements_missing,
        "nothing could be installed, and Frontdesk would not start",
        "correct the path, which is relative to this file",
    ),
    "reserved-beyond-pool": Lint(
        ERROR,
        concurrency.reserved_beyond_pool,
        "what is reserved is taken out of limits.concurrency, and it cannot all be had",
        "reserve less, or raise limits.concurrency if the machine carries them all",
    ),
    "retry-without-key": Lint(
        WARNING,
        resilience.retry_without_key,
        "a request that is not idempotent is only safe to send again if its key tells that it is the same",
        "add idempotency to the route, or `retry: off` to its http",
    ),
    "schedule-over": Lint(
        WARNING,
        schedules.over,
        "nothing is started by it",
        "remove it, or give it times to come",
    ),
    "static-missing": Lint(
        WARNING,
        files.static_missing,
        "every request for it gets 404",
        "correct the path, which is relative to this file, or make the files before the start",
    ),
    "sunset-without-guide": Lint(
        WARNING,
        releases.sunset_without_guide,
        "clients that still call it learn nothing but that it is gone",
        "add guide, the page that tells how to move on",
    ),
    "timeout-never-acts": Lint(
        WARNING,
        timeouts.never_acting,
        "another limit always ends the request first",
        "lower it below the other one, or leave it out",
    ),
    "topic-kind": Lint(
        ERROR,
        publishing.unordered,
        "a FIFO queue needs a topic that keeps the order, as at AWS, and names tell what is one",
        "set fifo alike on both, and end the names of FIFO topics with .fifo",
    ),
    "unknown-resource": Lint(
        WARNING,
        state_machines.unknown_entries,
        "every attempt of the task fails",
        "add it to the file, or correct the definition",
    ),
    "unknown-version": Lint(
        ERROR,
        releases.unknown_version,
        "it is neither announced as deprecated nor retired, and by header or host nobody reaches it",
        "add it under versioning.versions, or correct the path",
    ),
    "unreachable-route": Lint(
        ERROR,
        routes.unreachable,
        "every request that it could match is taken by another entry",
        "remove the route, or move one of the two",
    ),
    "unused": Lint(
        WARNING,
        door.unused_entries,
        "an entry that nothing names is often a misspelt or forgotten reference",
        "use it or remove it; a function that only programs invoke may stay",
    ),
    "version-without-routes": Lint(
        WARNING,
        releases.version_without_routes,
        "the routes of a version are those below its name, whatever `by` says: `GET /v1/visits`",
        "put its name before the paths of its routes, or name a stage like it",
    ),
    "visibility-too-short": Lint(
        ERROR,
        queues.received_again,
        "another call would get the messages while the first one is still at work",
        "raise visibility above the function's timeout; AWS advises six times the timeout",
    ),
    "state-machine": Lint(
        WARNING,
        openapi.noted_as("state-machine"),
        "AWS accepts such a definition, with this warning",
        "mend the definition; `frontdesk states validate` tells the same",
    ),
    "url-without-keys": Lint(
        ERROR,
        function_urls.without_keys,
        "every request to it gets 403",
        "add an authorizer of type iam with the key pairs of its callers",
    ),
    "webhooks-inward": Lint(
        NOT_IN_DEV,
        outgoing.inward,
        "whoever may name an endpoint could reach what is in that network",
        "name single hosts in allow_hosts, or leave the network out",
    ),
    "webhooks-plain": Lint(
        NOT_IN_DEV,
        outgoing.in_plain,
        "everybody on the way can read the messages, and answer in the receiver's place",
        "leave allow_http out",
    ),
}


def check(loaded: Loaded) -> list[Finding]:
    """Lint a valid configuration, its handlers' source among it. Returns findings in order of place."""
    environment = loaded.config.environment
    findings = [
        Finding(lint.severity[environment], name, where, message, why=lint.why, hint=lint.fix)
        for name, lint in LINTS.items()
        if environment in lint.severity
        for where, message in lint.find(loaded)
    ]
    return sorted(
        findings, key=lambda found: (found.where.file, found.where.line, found.where.column)
    )

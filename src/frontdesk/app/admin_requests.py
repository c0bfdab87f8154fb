"""Owns the table of what can be asked of the admin listener by operators: one row for each action of its faces.

Whoever adds a request to a face adds its row here. How it is served: `admin_openapi`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from frontdesk.app.actions import MOST
from frontdesk.gateway.operators import Role

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
TRUE_OR_FALSE: Final[Schema] = {"type": "boolean"}


class Row(NamedTuple):
    """One request.

    path: with `{name}` for its variables. role: who may. query: schemas of parameters by name. body: schemas of
    the members of a JSON object by name; a name with `*` behind it must be there. status, kind: of the answer.
    """

    method: str
    path: str
    summary: str
    role: Role = Role.VIEWER
    query: Mapping[str, Schema] = {}
    body: Mapping[str, Schema] = {}
    status: int = 200
    kind: str = "application/json"


def texts(names: str) -> dict[str, Schema]:
    """Describe parameters that are texts. names: with blanks between them."""
    return dict.fromkeys(names.split(), TEXT)


def members(names: str) -> dict[str, Schema]:
    """Describe members whose values are whatever their action takes."""
    return {name: {} for name in names.split()}


def whole(least: int, most: int) -> Schema:
    """Describe a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(*words: str) -> Schema:
    """Describe a word out of several."""
    return {"type": "string", "enum": list(words)}


_PART: Final = {"after": whole(0, 1_000_000_000), "most": whole(1, MOST)}
"""Which part of a list: how many are passed over, and how many are told."""

_PAGE: Final = {"after": TEXT, "most": whole(1, MOST)}
"""Which part of a list: behind what `next` has said, and how many are told."""

_HEADERS: Final[Schema] = {
    "type": "array",
    "items": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2},
}

OBSERVING: Final = (
    Row(
        "GET",
        "/api/overview",
        "Figures of the last minute; what needs somebody, and the busiest routes, of the last minutes",
        query={"minutes": whole(1, 1440)},
    ),
    Row(
        "GET",
        "/api/metrics/history",
        "Series of the last minutes, in steps of seconds",
        query={
            "series": TEXT,
            "minutes": whole(1, 1440),
            "step": whole(10, 86_400),
            "api": TEXT,
            "route": TEXT,
        },
    ),
    Row(
        "GET",
        "/api/requests",
        "The last requests of clients that were watched, newest first; asking has them watched for a minute",
        query={
            "last": whole(1, 500),
            "kind": one_of("request", "unrouted", "message"),
            "status": {"type": "string", "pattern": "^[1-5]([0-9]{2}|[xX]{2})$"},
            **texts("method api route key q"),
        },
    ),
    Row(
        "GET", "/api/requests/{id}", "All of one: stages, attempts, fields, bodies; secrets masked"
    ),
    Row(
        "POST",
        "/api/requests/replay",
        "Send a request to the door again, as a new one",
        Role.OPERATOR,
        body={
            "method*": TEXT,
            "path*": TEXT,
            "query": TEXT,
            "host": TEXT,
            "headers": _HEADERS,
            "body": TEXT,
        },
    ),
)

USERS: Final = (
    Row("GET", "/api/users", "All users, with their roles", Role.ADMIN, query=_PART),
    Row(
        "PUT",
        "/api/users/{name}",
        "Make a user, or change one",
        Role.ADMIN,
        body={
            "role": one_of("viewer", "operator", "admin"),
            "password": TEXT,
            "new": TRUE_OR_FALSE,
        },
    ),
    Row("DELETE", "/api/users/{name}", "Remove a user; their sessions are over", Role.ADMIN),
    Row(
        "GET",
        "/api/audit",
        "Who has changed what, or signed in, newest first",
        Role.ADMIN,
        query={"most": whole(1, 1000), "after": whole(0, 1_000_000), "text": TEXT},
    ),
)

ROUTES: Final = (
    Row(
        "GET",
        "/api/routes",
        "All APIs with their stages and routes, or those that match",
        query={**texts("q api route"), **_PART},
    ),
    Row(
        "GET",
        "/api/routes/compiled",
        "The compiled stages of one route",
        query=texts("api stage route"),
    ),
    Row(
        "GET",
        "/api/routes/explain",
        "The stages that a request would take",
        query=texts("method url header message"),
    ),
    Row(
        "POST",
        "/api/routes/test",
        "Send a request to the door by hand",
        Role.OPERATOR,
        body=members("method path query headers body host"),
    ),
    Row(
        "POST",
        "/test-invoke",
        "Run one method of a REST API",
        Role.OPERATOR,
        body=members("api method path query resource headers body variables"),
    ),
    Row("GET", "/versions", "The versions of all APIs"),
    Row(
        "GET",
        "/versions/calls",
        "Who has called a version, by day",
        query={**texts("version api days"), **_PAGE},
    ),
    Row("GET", "/canaries", "All canaries, with what was counted"),
    Row(
        "GET",
        "/canaries/records",
        "Every check of a canary",
        query={**texts("api stage"), **_PART},
    ),
    Row(
        "POST",
        "/canaries/promote",
        "Give a canary all requests",
        Role.OPERATOR,
        body=members("api stage"),
    ),
    Row(
        "POST", "/canaries/rollback", "Give a canary none", Role.OPERATOR, body=members("api stage")
    ),
    Row(
        "POST", "/canaries/start", "Begin a canary again", Role.OPERATOR, body=members("api stage")
    ),
    Row("GET", "/cache", "How many answers are kept, and their bytes"),
    Row(
        "POST", "/cache/flush", "Drop kept answers", Role.OPERATOR, body=members("api stage route")
    ),
)

KEYS: Final = (
    Row("GET", "/api/keys", "All keys", query=_PAGE),
    Row(
        "POST",
        "/api/keys",
        "Make a key; its value is told this once",
        Role.ADMIN,
        body=members("name plans description enabled"),
        status=201,
    ),
    Row(
        "POST",
        "/api/keys/import",
        "Make keys with values of their own",
        Role.ADMIN,
        body=members("keys"),
        status=201,
    ),
    Row("GET", "/api/keys/{key}", "One key, by name or id"),
    Row("POST", "/api/keys/{key}/revoke", "Refuse a key from now on", Role.ADMIN),
    Row("POST", "/api/keys/{key}/enable", "Let a key in again", Role.ADMIN),
    Row(
        "GET",
        "/api/usage",
        "Requests by key, plan and day; all of them as CSV with format=csv",
        query={**texts("from to key keys plan format"), "by": one_of("plan"), **_PAGE},
    ),
    Row("GET", "/api/plans", "What the keys of each plan may take"),
)

SOCKETS: Final = (
    Row(
        "GET",
        "/api/sockets",
        "Who is connected by WebSocket: counts, groups, the latest connections",
        query={"most": whole(1, 1000)},
    ),
    Row("GET", "/api/sockets/{connection}", "One connection"),
    Row(
        "POST",
        "/api/sockets/{connection}/send",
        "Send a text to it",
        Role.OPERATOR,
        body={"message*": TEXT},
    ),
    Row("POST", "/api/sockets/{connection}/close", "Close it with 1001", Role.OPERATOR),
    Row(
        "POST",
        "/api/socket-groups/send",
        "Send a text to all members of a group",
        Role.OPERATOR,
        body={"api*": TEXT, "stage*": TEXT, "group*": TEXT, "message*": TEXT},
    ),
)

UPSTREAMS: Final = (
    Row("GET", "/api/upstreams", "How all upstreams are, in every worker"),
    Row("GET", "/api/upstreams/{upstream}", "How one is"),
    Row("POST", "/api/upstreams/{upstream}/trip", "Refuse all its requests", Role.OPERATOR),
    Row(
        "POST",
        "/api/upstreams/{upstream}/disable",
        "Let all its requests pass, whatever comes of them",
        Role.OPERATOR,
    ),
    Row("POST", "/api/upstreams/{upstream}/reset", "Close its breaker", Role.OPERATOR),
)

FUNCTIONS: Final = (
    Row(
        "GET",
        "/api/functions",
        "All functions with their figures, or those that match",
        query={"q": TEXT, **_PART},
    ),
    Row("GET", "/api/functions/{function}", "One function with its versions", query=_PART),
    Row("GET", "/api/functions/{function}/log", "What it has written since", query=texts("after")),
    Row(
        "POST",
        "/api/functions/{function}/invoke",
        "Run it",
        Role.OPERATOR,
        body=members("event qualifier"),
    ),
    Row(
        "POST",
        "/api/functions/{function}/publish",
        "Make a version of what it is now",
        Role.OPERATOR,
        body=members("description"),
    ),
    Row(
        "PUT",
        "/api/functions/{function}/aliases/{alias}",
        "Make or shift an alias",
        Role.OPERATOR,
        body=members("version weights"),
    ),
    Row("GET", "/invocations", "Functions that are invoked later, and what waits"),
    Row(
        "POST",
        "/invocations/{function}",
        "Accept an event to be dealt with later",
        Role.OPERATOR,
        body=members("event"),
        status=202,
    ),
    Row("POST", "/invocations/{function}/drop", "Drop what waits", Role.OPERATOR),
)

STATE_MACHINES: Final = (
    Row("GET", "/api/state-machines", "All state machines", query={"counts": TEXT, **_PART}),
    Row("GET", "/api/state-machines/{machine}", "One: definition, versions, aliases", query=_PART),
    Row(
        "GET",
        "/api/state-machines/{machine}/graph.svg",
        "Its picture",
        query=texts("style"),
        kind="image/svg+xml",
    ),
    Row(
        "GET",
        "/api/state-machines/{machine}/executions",
        "Its executions, newest first",
        query={**texts("status name token"), "most": whole(1, MOST)},
    ),
    Row(
        "POST",
        "/api/state-machines/{machine}/executions",
        "Start one",
        Role.OPERATOR,
        body=members("input name"),
        status=201,
    ),
    Row(
        "POST",
        "/api/definitions/validation",
        "Say what is wrong with a definition",
        Role.OPERATOR,
        body=members("definition type"),
    ),
    Row(
        "GET",
        "/api/executions/{execution}",
        "How an execution stands, what it waits for",
        query=texts("wait"),
    ),
    Row(
        "GET",
        "/api/executions/{execution}/history",
        "Its events",
        query={**texts("token newest_first"), "most": whole(1, MOST)},
    ),
    Row(
        "GET",
        "/api/executions/{execution}/graph.svg",
        "Its picture",
        query=texts("style"),
        kind="image/svg+xml",
    ),
    Row(
        "GET",
        "/api/executions/{execution}/states",
        "What each state came to, and all about one of them",
        query=texts("of"),
    ),
    Row("GET", "/api/executions/{execution}/map-runs", "Its distributed Maps", query=_PART),
    Row("GET", "/api/executions/{execution}/definition", "What it was started with"),
    Row(
        "GET",
        "/api/executions/{execution}/steps",
        "Its steps as the journal has them, a hundred from the first that is asked for",
        query=texts("first"),
    ),
    Row(
        "POST",
        "/api/executions/{execution}/stop",
        "Stop it",
        Role.OPERATOR,
        body=members("error cause"),
    ),
    Row(
        "POST", "/api/executions/{execution}/redrive", "Let it go on where it failed", Role.OPERATOR
    ),
    Row("GET", "/api/map-runs/{run}", "How a distributed Map stands"),
    Row(
        "POST",
        "/api/tasks/{token}/success",
        "Answer a task that waits",
        Role.OPERATOR,
        body=members("output"),
    ),
    Row(
        "POST",
        "/api/tasks/{token}/failure",
        "Fail a task that waits",
        Role.OPERATOR,
        body=members("error cause"),
    ),
    Row("POST", "/api/tasks/{token}/heartbeat", "Tell that a task is alive", Role.OPERATOR),
)

QUEUES: Final = (
    Row("GET", "/queues", "All queues with what they have", query=_PART),
    Row("GET", "/queues/{queue}", "One with its rules and redrives"),
    Row(
        "GET",
        "/queues/{queue}/messages",
        "Its messages, without receiving them",
        query={"after": whole(0, 2**53), "most": whole(1, 100)},
    ),
    Row("GET", "/queues/{queue}/message", "One message, whole", query=texts("number")),
    Row(
        "POST",
        "/queues/{queue}/send",
        "Send a message",
        Role.OPERATOR,
        body=members(
            "MessageBody MessageGroupId MessageDeduplicationId DelaySeconds MessageAttributes"
        ),
    ),
    Row(
        "POST",
        "/queues/{queue}/replace",
        "Send a message instead of one",
        Role.OPERATOR,
        body=members("number to MessageBody"),
    ),
    Row(
        "POST",
        "/queues/{queue}/redrive",
        "Move dead letters back, or elsewhere",
        Role.OPERATOR,
        body=members("to rate numbers wait"),
    ),
    Row("POST", "/queues/{queue}/cancel", "Give up a redrive", Role.OPERATOR, body=members("id")),
    Row("POST", "/queues/{queue}/drop", "Remove messages", Role.OPERATOR, body=members("numbers")),
    Row("POST", "/queues/{queue}/purge", "Drop all its messages", Role.OPERATOR),
)

RECORDS: Final = (
    Row("GET", "/records", "All modules, and who is told of changes"),
    Row(
        "GET",
        "/records/{module}",
        "Records as they are now",
        query={**texts("pk prefix after_pk after_sk"), "most": whole(1, MOST)},
    ),
    Row("GET", "/records/{module}/item", "One record, or a version of it", query=texts("pk sk")),
    Row(
        "GET",
        "/records/{module}/history",
        "Its versions, newest first",
        query={**texts("pk sk before"), "most": whole(1, MOST)},
    ),
)

WEBHOOKS_IN: Final = (
    Row("GET", "/api/inbox", "The webhooks, and what waits or is dead"),
    Row(
        "GET",
        "/api/inbox/deliveries",
        "Deliveries, newest first",
        query={**texts("webhook state type id since until token"), "most": whole(1, MOST)},
    ),
    Row("GET", "/api/inbox/delivery", "One delivery, whole", query=texts("webhook id")),
    Row(
        "POST",
        "/api/inbox/replay",
        "Deal with deliveries again",
        Role.OPERATOR,
        body=members("webhook state type id since until most deliveries"),
    ),
)

WEBHOOKS_OUT: Final = (
    Row(
        "GET",
        "/webhooks/apps",
        "All applications, a hundred at a time",
        query=texts("after counts"),
    ),
    Row("PUT", "/webhooks/apps/{app}", "Make or name one", Role.OPERATOR, body=members("name")),
    Row("DELETE", "/webhooks/apps/{app}", "Remove one with all that it has", Role.OPERATOR),
    Row(
        "GET",
        "/webhooks/apps/{app}/endpoints",
        "Its endpoints, a hundred at a time",
        query=texts("after"),
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints",
        "Make one; its secrets are told this once",
        Role.OPERATOR,
        body=members("url types channels"),
        status=201,
    ),
    Row("GET", "/webhooks/apps/{app}/endpoints/{endpoint}", "One endpoint"),
    Row(
        "PATCH",
        "/webhooks/apps/{app}/endpoints/{endpoint}",
        "Change it",
        Role.OPERATOR,
        body=members("url types channels"),
    ),
    Row("DELETE", "/webhooks/apps/{app}/endpoints/{endpoint}", "Remove it", Role.OPERATOR),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints/{endpoint}/rotate",
        "Give it another secret",
        Role.OPERATOR,
        body=members("secret"),
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints/{endpoint}/enable",
        "Send to it again",
        Role.OPERATOR,
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints/{endpoint}/disable",
        "Send nothing more to it",
        Role.OPERATOR,
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints/{endpoint}/test",
        "Send a message that means nothing",
        Role.OPERATOR,
        status=202,
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/endpoints/{endpoint}/recover",
        "Send what it has missed",
        Role.OPERATOR,
        body=members("since until"),
        status=202,
    ),
    Row(
        "GET",
        "/webhooks/apps/{app}/endpoints/{endpoint}/deliveries",
        "What was sent there, a hundred at a time",
        query=texts("state after"),
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/messages",
        "Publish a message",
        Role.OPERATOR,
        body=members("id type payload channels"),
        status=202,
    ),
    Row(
        "GET",
        "/webhooks/apps/{app}/messages",
        "All messages, newest first, a hundred at a time",
        query=texts("after"),
    ),
    Row(
        "GET",
        "/webhooks/apps/{app}/messages/{message}",
        "One with its deliveries, a hundred at a time",
        query=texts("after"),
    ),
    Row(
        "GET",
        "/webhooks/apps/{app}/messages/{message}/attempts",
        "Every attempt to deliver it",
        query=_PART,
    ),
    Row(
        "POST",
        "/webhooks/apps/{app}/messages/{message}/resend",
        "Send it once more",
        Role.OPERATOR,
        body=members("endpoint"),
        status=202,
    ),
)

SET_UP: Final = (
    Row("GET", "/api/config", "The files in force, secrets masked; what differs, what waits"),
    Row("GET", "/api/config/history", "The last ten that were in force, newest first"),
    Row(
        "GET",
        "/api/config/changes",
        "What going back to a version, or a reload, would change",
        query={"version": TEXT, **_PART},
    ),
    Row(
        "GET",
        "/api/check",
        "Lint findings of what is in force, or of the files",
        query={"of": one_of("running", "files"), "severity": TEXT, **_PART},
    ),
    Row("GET", "/api/doctor", "What is wrong with the machine"),
    Row("POST", "/config/reload", "Put the files in force", Role.ADMIN),
    Row("POST", "/config/preview", "Tell what a reload would change", Role.ADMIN),
    Row(
        "POST",
        "/config/rollback",
        "Put a former version in force",
        Role.ADMIN,
        body=members("version"),
    ),
    Row(
        "GET",
        "/api/secrets",
        "Names and versions of secrets, without their values",
        Role.ADMIN,
        query=_PART,
    ),
    Row(
        "POST",
        "/api/secrets/set",
        "Make a secret, or give it a new value",
        Role.ADMIN,
        body=members("name value"),
    ),
    Row("POST", "/api/secrets/delete", "Delete a secret at once", Role.ADMIN, body=members("name")),
    Row(
        "POST", "/api/secrets/rotate-key", "Encrypt everything under another master key", Role.ADMIN
    ),
)

ROWS: Final[Sequence[Row]] = (
    *OBSERVING,
    *ROUTES,
    *KEYS,
    *UPSTREAMS,
    *SOCKETS,
    *FUNCTIONS,
    *STATE_MACHINES,
    *QUEUES,
    *RECORDS,
    *WEBHOOKS_IN,
    *WEBHOOKS_OUT,
    *SET_UP,
    *USERS,
    Row("GET", "/api/openapi.json", "This description"),
)

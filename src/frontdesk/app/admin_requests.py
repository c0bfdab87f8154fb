"""Owns the table of all requests of the admin API: what each is for, and what it takes.

One row for each action of a face of the admin listener; a test compares both ways.
"""

from typing import Final, NamedTuple

_SVG: Final = "image/svg+xml"


class Row(NamedTuple):
    """One request. path: with `{…}` for what it is about. query, body: names, with blanks between them.

    reserved: a change that is for admins. status, kind: of the answer.
    """

    tag: str
    method: str
    path: str
    summary: str
    query: str = ""
    body: str = ""
    reserved: bool = False
    status: int = 200
    kind: str = "application/json"


_SENT: Final = "method path query headers body host"
_MACHINE: Final = "/api/state-machines/{machine}"
_EXECUTION: Final = "/api/executions/{execution}"
_APP: Final = "/webhooks/apps/{app}"
_ENDPOINT: Final = f"{_APP}/endpoints/{{endpoint}}"
_MESSAGE: Final = f"{_APP}/messages/{{message}}"
_QUEUE: Final = "/queues/{queue}"
_RECORDS: Final = "/records/{module}"
_FUNCTION: Final = "/api/functions/{function}"

ROWS: Final[tuple[Row, ...]] = (
    # Now
    Row("Now", "GET", "/api/overview", "Figures of the last minute, and what needs somebody", "minutes"),
    Row("Now", "GET", "/api/metrics/history", "Figures of the last day, by time", "series minutes step api route"),
    Row("Now", "GET", "/api/requests", "The last requests of clients, newest first", "last method status api route key q"),
    Row("Now", "GET", "/api/requests/{id}", "All of one request, secrets masked"),
    Row("Now", "POST", "/api/requests/replay", "Send a request to the door again", body="method path headers body host"),
    # Routes
    Row("Routes", "GET", "/api/routes", "All APIs with their stages and routes"),
    Row("Routes", "GET", "/api/routes/compiled", "The compiled stages of one route", "api stage route"),
    Row("Routes", "GET", "/api/routes/explain", "The stages that a request would take", "method url header message"),
    Row("Routes", "POST", "/api/routes/test", "Send a request to the door by hand", body=_SENT),
    Row("Routes", "POST", "/test-invoke", "Run one method of a REST API", body="api method path query resource headers body variables"),
    Row("Routes", "GET", "/versions", "The versions of all APIs"),
    Row("Routes", "GET", "/versions/calls", "Who has called a version, by day", "version api days"),
    Row("Routes", "GET", "/canaries", "All canaries, with what was counted"),
    Row("Routes", "GET", "/canaries/records", "Every check of a canary", "api stage"),
    Row("Routes", "POST", "/canaries/promote", "Give a canary all requests", body="api stage"),
    Row("Routes", "POST", "/canaries/rollback", "Give a canary none", body="api stage"),
    Row("Routes", "POST", "/canaries/start", "Begin a canary again", body="api stage"),
    Row("Routes", "GET", "/cache", "How many answers are kept, and their bytes"),
    Row("Routes", "POST", "/cache/flush", "Drop kept answers", body="api stage route"),
    # Keys
    Row("Keys", "GET", "/api/keys", "All keys", "after"),
    Row("Keys", "POST", "/api/keys", "Make a key; its value is told this once", body="name plans description enabled", reserved=True, status=201),
    Row("Keys", "POST", "/api/keys/import", "Make keys with values of their own", body="keys", reserved=True, status=201),
    Row("Keys", "GET", "/api/keys/{key}", "One key, by name or id"),
    Row("Keys", "POST", "/api/keys/{key}/revoke", "Refuse a key from now on", reserved=True),
    Row("Keys", "POST", "/api/keys/{key}/enable", "Let a key in again", reserved=True),
    Row("Keys", "GET", "/api/usage", "Requests by key, plan and day; CSV with format=csv", "from to key plan format"),
    Row("Keys", "GET", "/api/plans", "What the keys of each plan may take"),
    # Functions
    Row("Functions", "GET", "/api/functions", "All functions with their figures"),
    Row("Functions", "GET", _FUNCTION, "One function with its versions"),
    Row("Functions", "GET", f"{_FUNCTION}/log", "What it has written since", "after"),
    Row("Functions", "POST", f"{_FUNCTION}/invoke", "Run it", body="event qualifier"),
    Row("Functions", "POST", f"{_FUNCTION}/publish", "Make a version of what it is now", body="description"),
    Row("Functions", "PUT", f"{_FUNCTION}/aliases/{{alias}}", "Make or shift an alias", body="version weights"),
    Row("Functions", "GET", "/invocations", "Functions that are invoked later, and what waits"),
    Row("Functions", "POST", "/invocations/{function}", "Accept an event to be dealt with later", body="event", status=202),
    Row("Functions", "POST", "/invocations/{function}/drop", "Drop what waits"),
    # State machines
    Row("State machines", "GET", "/api/state-machines", "All state machines", "counts"),
    Row("State machines", "GET", _MACHINE, "One: definition, versions, aliases"),
    Row("State machines", "GET", f"{_MACHINE}/graph.svg", "Its picture", "style", kind=_SVG),
    Row("State machines", "GET", f"{_MACHINE}/executions", "Its executions, newest first", "status name most token"),
    Row("State machines", "POST", f"{_MACHINE}/executions", "Start one", body="input name", status=201),
    Row("State machines", "POST", "/api/definitions/validation", "Say what is wrong with a definition", body="definition type"),
    Row("State machines", "GET", _EXECUTION, "How an execution stands, what it waits for", "wait"),
    Row("State machines", "GET", f"{_EXECUTION}/history", "Its events", "most token newest_first"),
    Row("State machines", "GET", f"{_EXECUTION}/graph.svg", "Its picture", "style", kind=_SVG),
    Row("State machines", "GET", f"{_EXECUTION}/states", "What each state came to, and all about one of them", "of"),
    Row("State machines", "GET", f"{_EXECUTION}/map-runs", "Its distributed Maps"),
    Row("State machines", "GET", f"{_EXECUTION}/definition", "What it was started with"),
    Row("State machines", "GET", f"{_EXECUTION}/steps", "Its steps as the journal has them", "first"),
    Row("State machines", "POST", f"{_EXECUTION}/stop", "Stop it", body="error cause"),
    Row("State machines", "POST", f"{_EXECUTION}/redrive", "Let it go on where it failed"),
    Row("State machines", "GET", "/api/map-runs/{run}", "How a distributed Map stands"),
    Row("State machines", "POST", "/api/tasks/{token}/success", "Answer a task that waits", body="output"),
    Row("State machines", "POST", "/api/tasks/{token}/failure", "Fail a task that waits", body="error cause"),
    Row("State machines", "POST", "/api/tasks/{token}/heartbeat", "Tell that a task is alive"),
    # Queues and records
    Row("Queues", "GET", "/queues", "All queues with what they have"),
    Row("Queues", "GET", _QUEUE, "One with its rules and redrives"),
    Row("Queues", "GET", f"{_QUEUE}/messages", "Its messages, without receiving them", "after most"),
    Row("Queues", "GET", f"{_QUEUE}/message", "One message, whole", "number"),
    Row("Queues", "POST", f"{_QUEUE}/send", "Send a message", body="MessageBody MessageGroupId MessageDeduplicationId DelaySeconds MessageAttributes"),
    Row("Queues", "POST", f"{_QUEUE}/replace", "Send a message instead of one", body="number to MessageBody"),
    Row("Queues", "POST", f"{_QUEUE}/redrive", "Move dead letters back, or elsewhere", body="to rate numbers wait"),
    Row("Queues", "POST", f"{_QUEUE}/cancel", "Give up a redrive", body="id"),
    Row("Queues", "POST", f"{_QUEUE}/drop", "Remove messages", body="numbers"),
    Row("Queues", "POST", f"{_QUEUE}/purge", "Drop all its messages"),
    Row("Records", "GET", "/records", "All modules, and who is told of changes"),
    Row("Records", "GET", _RECORDS, "Records as they are now", "pk prefix after_pk after_sk most"),
    Row("Records", "GET", f"{_RECORDS}/item", "One record, or a version of it", "pk sk"),
    Row("Records", "GET", f"{_RECORDS}/history", "Its versions, newest first", "pk sk before most"),
    # Webhooks
    Row("Webhooks in", "GET", "/api/inbox", "The webhooks, and what waits or is dead"),
    Row("Webhooks in", "GET", "/api/inbox/deliveries", "Deliveries, newest first", "webhook state type id since until most token"),
    Row("Webhooks in", "GET", "/api/inbox/delivery", "One delivery, whole", "webhook id"),
    Row("Webhooks in", "POST", "/api/inbox/replay", "Deal with deliveries again", body="webhook state type id since until most deliveries"),
    Row("Webhooks out", "GET", "/webhooks/apps", "All applications", "after"),
    Row("Webhooks out", "PUT", _APP, "Make or name one", body="name"),
    Row("Webhooks out", "DELETE", _APP, "Remove one with all that it has"),
    Row("Webhooks out", "GET", f"{_APP}/endpoints", "Its endpoints"),
    Row("Webhooks out", "POST", f"{_APP}/endpoints", "Make one; its secrets are told this once", body="url types channels", status=201),
    Row("Webhooks out", "GET", _ENDPOINT, "One endpoint"),
    Row("Webhooks out", "PATCH", _ENDPOINT, "Change it", body="url types channels"),
    Row("Webhooks out", "DELETE", _ENDPOINT, "Remove it"),
    Row("Webhooks out", "POST", f"{_ENDPOINT}/rotate", "Give it another secret", body="secret"),
    Row("Webhooks out", "POST", f"{_ENDPOINT}/enable", "Send to it again"),
    Row("Webhooks out", "POST", f"{_ENDPOINT}/disable", "Send nothing more to it"),
    Row("Webhooks out", "POST", f"{_ENDPOINT}/test", "Send a message that means nothing", status=202),
    Row("Webhooks out", "POST", f"{_ENDPOINT}/recover", "Send what it has missed", body="since until", status=202),
    Row("Webhooks out", "GET", f"{_ENDPOINT}/deliveries", "What was sent there", "state"),
    Row("Webhooks out", "POST", f"{_APP}/messages", "Publish a message", body="id type payload channels", status=202),
    Row("Webhooks out", "GET", f"{_APP}/messages", "All messages, newest first"),
    Row("Webhooks out", "GET", _MESSAGE, "One with its deliveries"),
    Row("Webhooks out", "GET", f"{_MESSAGE}/attempts", "Every attempt to deliver it"),
    Row("Webhooks out", "POST", f"{_MESSAGE}/resend", "Send it once more", body="endpoint", status=202),
    # Set-up
    Row("Set-up", "POST", "/config/reload", "Put the files in force", reserved=True),
    Row("Set-up", "POST", "/config/preview", "Tell what a reload would change", reserved=True),
    Row("Set-up", "POST", "/config/rollback", "Put a former version in force", body="version", reserved=True),
    Row("Set-up", "POST", "/api/secrets/set", "Make a secret, or give it a new value", body="name value", reserved=True),
    Row("Set-up", "POST", "/api/secrets/delete", "Delete a secret at once", body="name", reserved=True),
    Row("Set-up", "POST", "/api/secrets/rotate-key", "Encrypt everything under another master key", reserved=True),
    Row("Set-up", "GET", "/api/users", "Who may sign in"),
    Row("Set-up", "PUT", "/api/users/{user}", "Make or change a user", body="role password", reserved=True),
    Row("Set-up", "DELETE", "/api/users/{user}", "Remove a user", reserved=True),
    Row("Set-up", "GET", "/api/audit", "Who has changed what, newest first", "most text"),
    Row("Set-up", "GET", "/api/openapi.json", "This description"),
)  # fmt: skip

"""Owns the table of all metrics: their names, labels, buckets and meanings. Nothing else names one.

Names are those of OpenTelemetry's semantic conventions where it has one, written as Prometheus does.
"""

from collections.abc import Iterable
from typing import Final, Literal

from frontdesk.base.telemetry import Metric

SECONDS: Final = (
    *(0.0005, 0.001, 0.0025),
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
"""Buckets of durations: OpenTelemetry's advice for HTTP, and three below it."""

FUNCTION_SECONDS: Final = (*SECONDS, 30.0, 60.0, 300.0, 900.0)
"""Buckets of what functions take, up to Lambda's longest."""

BYTES: Final = (0.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str, merged: Literal["sum", "max"] = "sum") -> Metric:
    return Metric(name, "gauge", text, labels, merged=merged)


def _histogram(name: str, text: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> Metric:
    return Metric(name, "histogram", text, labels, bounds)


# -- the door -------------------------------------------------------------------------------------

REQUEST_DURATION = _histogram(
    "http_server_request_duration_seconds",
    "From the end of a request's head to the end of its answer.",
    *("http_request_method", "http_route", "http_response_status_code", "url_scheme"),
    *("network_protocol_version", "error_type", "api", "stage"),
)
ACTIVE_REQUESTS = _gauge("http_server_active_requests", "Requests under way.")
REQUEST_BODY = _histogram(
    "http_server_request_body_size_bytes",
    "Bytes of a request's body as they came, of requests that have one.",
    *("http_request_method", "http_route", "api", "stage"),
    bounds=BYTES,
)
RESPONSE_BODY = _histogram(
    "http_server_response_body_size_bytes",
    "Bytes of an answer's body.",
    *("http_request_method", "http_route", "api", "stage"),
    bounds=BYTES,
)
OVERHEAD = _histogram(
    "frontdesk_overhead_seconds",
    "The gateway's share: the time to the answer without the integration.",
    "api",
)
REJECTIONS = _counter(
    "frontdesk_rejections_total",
    "Requests that were refused before the integration, by the stage and its reason.",
    *("api", "http_route", "stage", "reason"),
)
SLOW_REQUESTS = _counter("frontdesk_slow_requests_total", "Requests slower than logs.slow.", "api")
CANARY_REQUESTS = _counter(
    "frontdesk_canary_requests_total",
    "Requests of stages with a canary that were not refused, by side and result.",
    *("api", "stage", "side", "result"),
)
HANDSHAKE_FAILURES = _counter(
    "frontdesk_tls_handshake_failures_total",
    "TLS handshakes of clients that failed, by OpenSSL's word for it, timeout or closed.",
    "reason",
)

# -- who may call, and how often ----------------------------------------------------------------

QUOTA_USED = _gauge(
    "frontdesk_quota_used_ratio",
    "Share of its quota that the key has used that has used most of it.",
    "plan",
    merged="max",
)
THROTTLE = _counter(
    "frontdesk_throttle_total",
    "Requests that a throttle let pass or refused.",
    *("policy", "scope", "result"),
)
LEASES = _counter(
    "frontdesk_ledger_leases_total",
    "Orders of tokens at the shared ledger: granted, short (fewer than wanted), refused or failed.",
    "result",
)
SHARED_LOST = _gauge(
    "frontdesk_shared_lost",
    "1 while the shared store of limits is lost, else 0.",
    merged="max",
)
AUTHORIZER = _counter(
    "frontdesk_authorizer_total",
    "Decisions of an authorizer, remembered ones among them.",
    *("authorizer", "type", "result", "cached"),
)
AUTHORIZER_DURATION = _histogram(
    "frontdesk_authorizer_duration_seconds",
    "What a decision took that was not remembered.",
    *("authorizer", "type"),
)
JWKS_REFRESH = _counter("jwks_refresh_total", "Fetches of an issuer's keys.", "result")

# -- answers that are given again ---------------------------------------------------------------

CACHE = _counter(
    "frontdesk_cache_total",
    "Requests of routes with a cache: hit, miss, stale, bypass, or collapsed (answered by another's miss).",
    *("api", "result"),
)
CACHE_BYTES = _gauge("frontdesk_cache_bytes", "Bytes of the answers that are kept.")
CACHE_EVICTIONS = _counter(
    "frontdesk_cache_evictions_total", "Answers dropped before their time for want of room."
)

# -- functions ------------------------------------------------------------------------------------

INVOKE_DURATION = _histogram(
    "faas_invoke_duration_seconds",
    "What a handler took, without waiting for a process.",
    *("faas_invoked_name", "faas_version", "faas_trigger"),
    bounds=FUNCTION_SECONDS,
)
INIT_DURATION = _histogram(
    "faas_init_duration_seconds",
    "From the fork of a process to its handler being loaded.",
    *("faas_invoked_name", "faas_version"),
    bounds=FUNCTION_SECONDS,
)
COLDSTARTS = _counter(
    "faas_coldstarts_total",
    "Processes that have loaded a handler.",
    *("faas_invoked_name", "faas_version"),
)
INVOCATIONS = _counter(
    "faas_invocations_total",
    "Calls that reached a process.",
    *("faas_invoked_name", "faas_version", "faas_trigger"),
)
FUNCTION_ERRORS = _counter(
    "faas_errors_total",
    "Calls and loads that failed, timeouts apart.",
    *("faas_invoked_name", "faas_version", "error_type"),
)
TIMEOUTS = _counter(
    "faas_timeouts_total", "Calls ended by their timeout.", "faas_invoked_name", "faas_version"
)
MEMORY_USAGE = _gauge(
    "faas_mem_usage_bytes",
    "Most memory that a process has used during its latest call.",
    *("faas_invoked_name", "faas_version"),
    merged="max",
)
CONCURRENCY = _gauge(
    "frontdesk_function_concurrency", "Processes, by what they do.", "function", "state"
)
FUNCTION_THROTTLES = _counter(
    "frontdesk_function_throttles_total",
    "Calls refused because no concurrency was free.",
    *("function", "reason"),
)
QUEUE_WAIT = _histogram(
    "frontdesk_function_queue_wait_seconds",
    "How long calls waited for a process.",
    "function",
    bounds=FUNCTION_SECONDS,
)

ASYNC_EVENTS = _counter(
    "frontdesk_async_events_total",
    "Asynchronous invocations: accepted, succeeded, dropped, and those of their attempts that failed and are "
    "made again (retried), or could not be made yet (deferred); destinations that were not told (undelivered).",
    *("function", "op"),
)
ASYNC_DEPTH = _gauge(
    "frontdesk_async_events_waiting",
    "Asynchronous invocations that are not over, in the store, counted every 15 s.",
    "function",
    merged="max",
)
ASYNC_OLDEST = _gauge(
    "frontdesk_async_oldest_age_seconds",
    "How long ago the oldest of them was accepted, 0 where there is none.",
    "function",
    merged="max",
)

# -- executions of state machines -----------------------------------------------------------------

EXECUTIONS = _counter(
    "frontdesk_executions_total",
    "Executions that ended, without children of Maps: SUCCEEDED, FAILED, TIMED_OUT, ABORTED.",
    *("machine", "status"),
)
EXECUTIONS_OPEN = _gauge(
    "frontdesk_executions_open",
    "Executions that run or wait, without children of Maps, in the store, counted every 15 s.",
    "machine",
    merged="max",
)
EXECUTION_DURATION = _histogram(
    "frontdesk_executions_duration_seconds",
    "From the start of an execution to its end.",
    "machine",
    bounds=FUNCTION_SECONDS,
)
EXECUTION_STEPS = _counter(
    "frontdesk_execution_steps_total",
    "States that were left: succeeded, aborted, failed (Fail).",
    *("machine", "state_type", "result"),
)
JOURNAL_APPEND = _histogram(
    "frontdesk_journal_append_seconds", "Commits of durable work, as the driver waits for them."
)
TIMERS_LAG = _histogram("frontdesk_timers_lag_seconds", "How late timers of durable work fired.")

# -- schedules ------------------------------------------------------------------------------------

SCHEDULE_RUNS = _counter(
    "frontdesk_schedule_runs_total",
    "Times of schedules: started, missed (and passed over), retried after a failure, or lost after the last one.",
    *("schedule", "result"),
)

# -- queues ----------------------------------------------------------------------------------------

RECORD_CHANGES = _gauge(
    "frontdesk_record_changes",
    "Changes of records that wait to be told, in the store: of versions (hook), of statuses, counted every 15 s.",
    *("module", "kind"),
    merged="max",
)
RECORD_OLDEST = _gauge(
    "frontdesk_record_oldest_age_seconds",
    "How long ago the oldest of them was made, 0 where there is none.",
    *("module", "kind"),
    merged="max",
)
RECORD_DELIVERIES = _counter(
    "frontdesk_record_deliveries_total",
    "Changes of records that a function or queue was told of, or failed to be told of and comes again.",
    *("module", "kind", "outcome"),
)
QUEUE_DEPTH = _gauge(
    "frontdesk_queue_depth",
    "Messages of a queue, in the store: visible, inflight, delayed, counted every 15 s.",
    *("queue", "state"),
    merged="max",
)
QUEUE_OLDEST = _gauge(
    "frontdesk_queue_oldest_age_seconds",
    "How long ago the oldest message of a queue was sent, 0 where there is none.",
    "queue",
    merged="max",
)
QUEUE_MESSAGES = _counter(
    "frontdesk_queue_messages_total",
    "Messages that were sent, received, deleted, redriven out of a queue, or given up to its dead letters (dead).",
    *("queue", "op"),
)

# -- topics and event buses ---------------------------------------------------------------------------

DELIVERIES = _counter(
    "frontdesk_publish_deliveries_total",
    "What topics and rules of event buses handed on to one receiver each: delivered, or failed where it is not "
    "there or did not take it.",
    *("source", "result"),
)

# -- webhooks ----------------------------------------------------------------------------------------

WEBHOOK_DELIVERIES = _counter(
    "frontdesk_webhook_deliveries_total",
    "Webhooks whose sender is proven: fresh, again (had failed, mode sync), duplicate, collision (another body), "
    "replayed (its nonce).",
    *("webhook", "outcome"),
)
WEBHOOK_TURNS = _counter(
    "frontdesk_webhook_turns_total",
    "Turns of webhooks that were not handed over as they came, by how each ended: processed, failed, dead, ignored, "
    "or received (given back).",
    *("webhook", "state"),
)
WEBHOOK_DEPTH = _gauge(
    "frontdesk_webhook_depth",
    "Webhooks that are not done with: received, processing, failed, dead, counted in the store every 15 s.",
    *("webhook", "state"),
    merged="max",
)
WEBHOOK_OLDEST = _gauge(
    "frontdesk_webhook_oldest_age_seconds",
    "How long ago the oldest webhook was received that is neither done with nor dead, 0 where there is none.",
    "webhook",
    merged="max",
)

# -- outgoing webhooks ------------------------------------------------------------------------------

OUTGOING_ATTEMPTS = _counter(
    "frontdesk_outgoing_webhook_attempts_total",
    "Attempts to deliver a message: delivered, failed, or postponed because the endpoint is left alone.",
    "outcome",
)
OUTGOING_SECONDS = _histogram(
    "frontdesk_outgoing_webhook_attempt_duration_seconds",
    "What an attempt took, with the answer.",
    bounds=FUNCTION_SECONDS,
)
OUTGOING_EVENTS = _counter(
    "frontdesk_outgoing_webhook_events_total",
    "What the operator was told of: endpoint.disabled, message.attempt.exhausted.",
    "type",
)
OUTGOING_WAITING = _gauge(
    "frontdesk_outgoing_webhook_waiting",
    "Deliveries that are not at rest, in the store, counted every 15 s.",
    merged="max",
)
OUTGOING_OLDEST = _gauge(
    "frontdesk_outgoing_webhook_lag_seconds",
    "How long the delivery is overdue that has been due longest.",
    merged="max",
)
OUTGOING_DISABLED = _gauge(
    "frontdesk_outgoing_webhook_endpoints_disabled",
    "Endpoints to which nothing is sent.",
    merged="max",
)

# -- WebSocket connections ------------------------------------------------------------------------

SOCKETS = _gauge("frontdesk_ws_connections", "WebSocket connections that are open.", "api")
SOCKET_MESSAGES = _counter(
    "frontdesk_ws_messages_total",
    "Messages of clients (in) and answers to them (out).",
    *("api", "direction", "http_route"),
)
SOCKET_PUSHES = _counter(
    "frontdesk_ws_pushes_total", "Messages that were pushed: ok, or the client was gone.", "result"
)
SOCKET_CLOSES = _counter(
    "frontdesk_ws_close_total", "Connections that have ended, by close code.", "code"
)

# -- HTTP backends ----------------------------------------------------------------------------------

CLIENT_DURATION = _histogram(
    "http_client_request_duration_seconds",
    "From the start of an attempt to the head of its answer, or to its failure.",
    *("upstream", "http_request_method", "http_response_status_code", "error_type"),
)
ATTEMPTS = _counter(
    "frontdesk_outbound_attempts_total", "Attempts to reach a backend.", "upstream", "outcome"
)
CIRCUIT_STATE = _gauge(
    "frontdesk_circuit_state", "0 closed, 1 half-open, 2 open.", "upstream", merged="max"
)
CIRCUIT_TRANSITIONS = _counter(
    "frontdesk_circuit_transitions_total", "Changes of a breaker's state.", "upstream", "to"
)
POOL_CONNECTIONS = _gauge(
    "frontdesk_pool_connections", "Connections to a backend.", "upstream", "state"
)
RETRY_BUDGET = _gauge("frontdesk_retry_budget_tokens", "Retries that may be made now.", "upstream")

# -- the process --------------------------------------------------------------------------------------

CPU = _counter("process_cpu_seconds_total", "User and system time.")
RESIDENT = _gauge("process_resident_memory_bytes", "Resident memory.")
OPEN_FDS = _gauge("process_open_fds", "Open file descriptors.")
LOOP_LAG = _histogram("frontdesk_loop_lag_seconds", "How late the event loop was, twice a second.")
GC_PAUSE = _histogram("frontdesk_gc_pause_seconds", "Pauses for the collection of garbage.")
BUILD_INFO = _gauge(
    "frontdesk_build_info",
    "Always 1: what runs here.",
    *("version", "python", "loop"),
    merged="max",
)
CONFIG_RELOAD = _counter("frontdesk_config_reload_total", "Reloads of the configuration.", "result")
CERT_EXPIRY = _gauge(
    "frontdesk_cert_expiry_seconds",
    "Seconds until a certificate expires; negative afterwards.",
    "certificate",
    merged="max",
)
ACCESS_LOG_DROPPED = _counter(
    "frontdesk_access_log_dropped_total", "Lines of the access log that could not be written."
)
SPANS_DROPPED = _counter(
    "frontdesk_spans_dropped_total", "Spans that could not be exported.", "reason"
)


def _named(metrics: Iterable[object]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics if isinstance(metric, Metric)}


METRICS: Final = _named(tuple(globals().values()))
"""All of the above, by name, in this order."""

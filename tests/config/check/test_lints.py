"""Lints: each finds its case, stays silent on the mended one, and is an error where it should be."""

import shutil

import pytest

from frontdesk.config.check import check
from frontdesk.config.check.lints import LINTS
from tests.live.certificates import Authority

OPEN = "apis: {a: {routes: {GET /: {http: 'http://x'}}}}"
FUNCTION = (
    "functions: {f: {handler: m.f%s}}\napis: {a: {throttle: 5/s, routes: {GET /: {function: f%s}}}}"
)
PROVISIONED = (
    ", versions: {1: {}, 2: {}}, aliases: {live: {version: 1}}, provisioned_concurrency: %s"
)
UPSTREAM = (
    "upstreams: {u: {url: 'http://x'%s}}\napis: {a: {routes: {GET /: {http: {upstream: u}%s}}}}"
)
AUTHORIZER = "functions: {f: {handler: m.f%s}}\nauthorizers: {a: {type: function, function: f}}"
API_KEY = "authorizers: {a: {type: api_key, keys: {practice: %s}}}"
LISTEN = "listen: {address: ':1', tls: {cert: %s.pem, key: good.key}}\n"
CLIENTS = "listen: {address: ':1', tls: {cert: good.pem, key: good.key, client_ca: %s}}\n"
HOST = "apis: {a: {host: %s, routes: {GET /: {mock: {}}}}}"
DOMAIN = "apis: {a: {routes: {GET /: {mock: {}}}}}\ndomains: {b.example: {mappings: {'': a}%s}}"
B_TLS = ", tls: {cert: b.pem, key: b.key}"
MTLS = "authorizers: {m: {type: mtls}}\napis: {a: {authorizer: m, routes: {GET /: {mock: {}}}}}\n"
IAM = "authorizers: {k: {type: iam, credentials: {AKID: {secret: '${env:T}', principal: p}}}}"

SCHEDULED = "functions: {f: {handler: m.f}}\nschedules: {s: {at: %s, function: f}}"

RETRIED = "upstreams: {u: {url: 'http://x', retry: {%s}}}\napis: {a: {throttle: 5/s, routes: {%s: {http: {upstream: u%s}%s}}}}"
TARGETS = "upstreams: {u: {targets: ['http://x', 'http://y']%s}}\napis: {a: {throttle: 5/s, routes: {GET /: {http: {upstream: u}}}}}"
SEVERAL = "upstreams: {u: {url: 'http://x'%s}, v: {url: 'http://v'}}\napis: {a: {throttle: 5/s, routes: {GET /: {http: {upstream: u}}}}}"

REST = "{type: rest, resources: {/a: {%s: {%s}}}}"
MOCKED = "integration: {type: mock, responses: {default: {}}}"
MAPPED = """integration: {type: http, uri: http://x, responses: {default: {}},
  request_parameters: {integration.request.header.%s: "'x'"}}"""
CALLED = "integration: {type: aws_proxy, function: f}"
SENT = "integration: {type: http_proxy, upstream: u}"
RETRYING = "upstreams: {u: {url: 'http://x', retry: {}}}"

KEYED = "store: memory\nworkers: %s\napis: {a: {throttle: 5/s, routes: {POST /: {mock: {}%s}}}}"

HOOK = "webhooks: {h: {scheme: %s, %s}}\napis: {a: {routes: {%s /h: {webhook: h%s}}}}"

DOCUMENT = """
openapi: 3.0.1
info: {title: x, version: "1"}
paths:
  /:
    get:
      responses: {}
      x-amazon-apigateway-integration: {type: http_proxy, uri: "http://127.0.0.1:9"%s}
"""
DOCUMENTS = {"plain.yaml": DOCUMENT % "", "more.yaml": DOCUMENT % ", tlsConfig: {}"}

TASK = """state_machines: {m: {definition:
  {StartAt: A, States: {A: {Type: Task, Resource: 'arn:aws:lambda:r:a:%s', End: true}}}}}"""
INVOKE = """state_machines: {m: {definition: {StartAt: A, States: {A: {Type: Task, End: true,
  Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: '%s'}}}}}}"""

MACHINE = """state_machines: {m: {definition:
  {StartAt: A, States: {A: {Type: Pass, End: true, Parameters: {a: %s}}}}}}"""
CALLING = """state_machines: {m: {definition: {StartAt: A, States: {A: {Type: Task, End: true,
  Resource: "arn:aws:states:::%s", Parameters: {%s}}}}}}"""
MAP = """state_machines: {m: {definition: {StartAt: A, States: {A: {Type: Map, End: true,
  ItemReader: {Resource: "arn:aws:states:::s3:listObjectsV2", Parameters: {Bucket: %s}},
  ItemProcessor: {ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD},
    StartAt: B, States: {B: {Type: Succeed}}}}}}}}"""

VERSIONED = (
    "apis: {a: {throttle: 5/s, versioning: {by: path, versions: {v1: {%s}, v2: {}}}, routes: {%s}}}"
)
BOTH = "GET /v1/a: {mock: {}}, GET /v2/a: {mock: {}}"
CANARY = "apis: {a: {throttle: 5/s, %s: {canary: {percent: 5%s}}, routes: {GET /: {mock: {}}}}}"

ASKING = (
    "apis: {a: {%sroutes: {GET /a: {mock: {}, api_key: true}}}, b: {base_path: /b}}\n"
    "plans: {p: {apis: [%s]}}"
)

ISSUED = "authorizers: {people: {type: jwt, issuer: '%s', audience: a, allow_http: true}}"

CASES = [
    (
        "development-issuer",
        "environment: staging\n" + ISSUED % "http://127.0.0.1:8081/issuer",
        "environment: staging\n" + ISSUED % "http://127.0.0.1:8090/issuer",
    ),
    (
        "development-issuer",
        "environment: prod\n" + ISSUED % "http://127.0.0.1:8081/issuer",
        "environment: dev\n" + ISSUED % "http://127.0.0.1:8081/issuer",
    ),
    (
        "sunset-without-guide",
        VERSIONED % ("sunset: 2020-01-01", BOTH),
        VERSIONED % ("sunset: 2020-01-01, guide: 'https://a.example/v1'", BOTH),
    ),
    (
        "sunset-without-guide",
        VERSIONED % ("sunset: 2020-01-01", BOTH),
        VERSIONED % ("sunset: 2999-01-01", BOTH),
    ),
    (
        "unknown-version",
        VERSIONED % ("", BOTH + ", GET /v3/a: {mock: {}}"),
        VERSIONED % ("", BOTH + ", GET /views/a: {mock: {}}, GET /v: {mock: {}}"),
    ),
    ("version-without-routes", VERSIONED % ("", "GET /v1/a: {mock: {}}"), VERSIONED % ("", BOTH)),
    (
        "version-without-routes",
        VERSIONED % ("", "GET /v1: {mock: {}}"),
        VERSIONED.replace("routes", "stages: {v1: {}, v2: {}}, routes")
        % ("", "GET /a: {mock: {}}"),
    ),
    (
        "bucket-missing",
        "buckets: {b: m.py}",
        "buckets: {b: .}",
    ),
    (
        "canary-without-difference",
        CANARY % ("stage", ""),
        CANARY % ("stage", ", variables: {colour: green}"),
    ),
    (
        "canary-without-difference",
        "apis: {a: {throttle: 5/s, canary: {percent: 5}, routes: {GET /: {mock: {}}}}}",
        (
            "functions: {f: {handler: m.f, versions: {1: {}}, aliases: {next: {version: 1}}}}\n"
            "apis: {a: {throttle: 5/s, canary: {percent: 5, alias: next}, routes: {GET /: {function: f}}}}"
        ),
    ),
    (
        "canary-without-difference",
        "apis: {a: {throttle: 5/s, stages: {b: {canary: {percent: 5}}}, routes: {GET /: {mock: {}}}}}",
        "apis: {a: {throttle: 5/s, stages: {b: {canary: {percent: 5, variables: {x: y}}}}, routes: {GET /: {mock: {}}}}}",
    ),
    (
        "openapi-not-carried",
        "apis: {a: {openapi: more.yaml}}",
        "apis: {a: {openapi: plain.yaml}}",
    ),
    (
        "openapi-overridden",
        "apis: {a: {openapi: plain.yaml, resources: {/: {GET: {integration: {type: mock}}}}}}",
        "apis: {a: {openapi: plain.yaml, resources: {/: {PUT: {integration: {type: mock}}}}}}",
    ),
    ("keys-apart", KEYED % (2, ", idempotency: {}"), KEYED % (2, "")),
    ("keys-apart", KEYED % (2, ", idempotency: {}"), KEYED % (1, ", idempotency: {}")),
    ("retry-without-key", RETRIED % ("", "POST /", "", ""), RETRIED % ("", "GET /", "", "")),
    ("retry-without-key", RETRIED % ("", "PATCH /", "", ""), RETRIED % ("", "PUT /", "", "")),
    (
        "retry-without-key",
        RETRIED % ("", "POST /", "", ""),
        RETRIED % ("", "POST /", "", ", idempotency: {}"),
    ),
    (
        "retry-without-key",
        RETRIED % ("", "POST /", ", retry: {attempts: 2}", ""),
        RETRIED % ("", "POST /", ", retry: off", ""),
    ),
    (
        "retry-without-key",
        RETRIED % ("retry_non_idempotent: true", "ANY /", "", ""),
        RETRIED % ("", "ANY /", "", ""),
    ),
    (
        "policy-never-acts",
        RETRIED % ("attempts: 1", "GET /", "", ""),
        RETRIED % ("attempts: 2", "GET /", "", ""),
    ),
    (
        "policy-never-acts",
        RETRIED % ("", "GET /", ", retry: {base: 29s, max: 29s, jitter: none}", ""),
        RETRIED % ("", "GET /", ", retry: {base: 29s, max: 28s, jitter: none}", ""),
    ),
    (
        "policy-never-acts",
        UPSTREAM % (", health: {failures: 2}", ""),
        TARGETS % ", health: {failures: 2}",
    ),
    (
        "policy-never-acts",
        UPSTREAM % (", breaker: {failure_rate: 50%, window_calls: 10}", ""),
        UPSTREAM % (", breaker: {failure_rate: 50%, window_calls: 20}", ""),
    ),
    (
        "policy-never-acts",
        UPSTREAM % (", breaker: {failure_rate: 50%, slow_call: 30s}", ""),
        UPSTREAM % (", breaker: {failure_rate: 50%, slow_call: 29s}", ""),
    ),
    ("unused", SEVERAL % "", SEVERAL % ", split: {v: 10%}"),
    ("unused", SEVERAL % "", SEVERAL % ", mirror: v"),
    ("unused", SEVERAL % "", SEVERAL % ", mirror: {upstream: v, percent: 5%}"),
    ("admin-open", "admin: {listen: ':8081'}", "admin: {listen: ':8081', token: '${env:T}'}"),
    (
        "admin-open",
        "admin: {listen: ':8081', token: '${env:NO:-}'}",
        "admin: {listen: 'localhost:1'}",
    ),
    (
        "function-outlives-gateway",
        FUNCTION % (", timeout: 29s", ""),
        FUNCTION % (", timeout: 28s", ""),
    ),
    (
        "function-outlives-gateway",
        FUNCTION % ("", ", timeout: 3s"),
        FUNCTION % ("", ", timeout: 4s"),
    ),
    (
        "function-outlives-gateway",
        FUNCTION % (", versions: {'1': {timeout: 29s}}, aliases: {l: {version: '1'}}", ":l"),
        FUNCTION % (", versions: {'1': {timeout: 29s}}, aliases: {l: {version: '1'}}", ""),
    ),
    (
        "function-outlives-gateway",
        FUNCTION % (", timeout: 15m", ""),
        FUNCTION % (", timeout: 15m", ", invoke_mode: response_stream"),
    ),
    (
        "literal-secret",
        FUNCTION % (", environment: {STRIPE_API_KEY: abc}", ""),
        FUNCTION % (", environment: {STRIPE_API_KEY: '${env:T}', TOKEN: ''}", ""),
    ),
    (
        "literal-secret",
        FUNCTION % (", environment: {AWS_SECRET_ACCESS_KEY: abc}", ""),
        FUNCTION % (", environment: {AWS_SECRET_ACCESS_KEY: '${env:T}'}", ""),
    ),
    (
        "literal-secret",
        FUNCTION % (", environment: {X: AKIAIOSFODNN7EXAMPLE}", ""),
        FUNCTION % (", environment: {X: slots}", ""),
    ),
    ("literal-secret", "admin: {token: hunter2}", "admin: {token: '${file:token}'}"),
    (
        "literal-secret",
        FUNCTION % (", environment: {DB: 'postgres://u:p@db/x'}", ""),
        "apis: {a: {routes: {GET /: {mock: {body: {token: example}}}}}}",
    ),
    (
        "literal-secret",
        "shared: 'redis://:pw@redis.internal'",
        "shared: 'redis://redis.internal'",
    ),
    (
        "literal-secret",
        API_KEY % "a-key-that-is-written-out",
        API_KEY % f"sha256:{'0' * 64}",
    ),
    (
        "admin-plain",
        "admin: {listen: ':8081', token: '${env:T}'}",
        "admin: {listen: 'localhost:1'}",
    ),
    ("certificate-expires", LISTEN % "soon", LISTEN % "good"),
    (
        "certificate-name",
        LISTEN % "good" + HOST % "b.example",
        LISTEN % "good" + HOST % "a.example",
    ),
    (
        "certificate-name",
        LISTEN % "good"
        + HOST.replace("routes", "versioning: {by: host, versions: {v1: {}}}, routes")
        % "a.example",
        LISTEN % "good"
        + HOST.replace("routes", "versioning: {by: path, versions: {v1: {}}}, routes")
        % "a.example",
    ),
    ("certificate-name", LISTEN % "good" + DOMAIN % "", LISTEN % "good" + DOMAIN % B_TLS),
    ("certificate-refused", LISTEN % "late", LISTEN % "good"),
    ("certificate-refused", LISTEN % "early", LISTEN % "good"),
    ("certificate-refused", LISTEN % "broken", LISTEN % "good"),
    ("certificate-unusable", LISTEN % "none", LISTEN % "good"),
    ("certificate-unusable", "listen: {address: ':1', tls: {cert: good.pem, key: b.key}}", ""),
    ("certificate-unusable", "admin: {tls: {cert: good.key, key: good.key}}", LISTEN % "good"),
    ("certificate-unusable", CLIENTS % "good.pem", CLIENTS % "ca.pem"),
    ("certificate-unusable", CLIENTS % "token", CLIENTS % "ca.pem"),
    ("certificate-unusable", CLIENTS % "nothing", CLIENTS % "ca.pem"),
    ("certificate-unusable", DOMAIN % ", tls: {cert: good.pem, key: b.key}", DOMAIN % B_TLS),
    ("mtls-never-asked", MTLS, MTLS + CLIENTS % "ca.pem"),
    ("open-route", OPEN, ASKING.replace("mock: {}", "http: 'http://x'") % ("", "a")),
    ("api-key-without-plan", ASKING % ("", "b"), ASKING % ("", "a")),
    ("api-key-without-plan", ASKING % ("stages: {p: {}, q: {}}, ", "a/p"), ASKING % ("", "a")),
    ("api-key-without-source", ASKING % ("api_key_source: authorizer, ", "a"), ASKING % ("", "a")),
    (
        "api-key-without-source",
        ASKING % ("api_key_source: authorizer, ", "a"),
        ASKING % ("api_key_source: authorizer, authorizer: f, ", "a")
        + "\nauthorizers: {f: {type: function, function: g}}\nfunctions: {g: {handler: m.f}}",
    ),
    ("plan-never-asked", ASKING % ("", "b"), ASKING % ("", "a")),
    ("open-route", OPEN, OPEN.replace("apis: {a: {", "apis: {a: {throttle: 5/s, ")),
    ("open-route", OPEN, OPEN.replace("'http://x'", "'http://x', throttle: 5/s")),
    ("open-route", OPEN, OPEN.replace("apis: {a: {", "apis: {a: {stage: {throttle: 5/s}, ")),
    ("open-route", OPEN, OPEN.replace("http: 'http://x'", "mock: {}")),
    (
        "open-route",
        OPEN.replace("apis: {a: {", "apis: {a: {stages: {p: {throttle: 5/s}, q: {}}, "),
        "authorizers: {j: {type: jwt, issuer: https://x, audience: x}}\n"
        + OPEN.replace("apis: {a: {", "apis: {a: {authorizer: j, "),
    ),
    (
        "illegal-header",
        f"apis: {{a: {REST % ('GET', MAPPED % 'Content-Length')}}}",
        f"apis: {{a: {REST % ('GET', MAPPED % 'Authorization')}}}",
    ),
    (
        "no-response",
        f"apis: {{a: {REST % ('GET', 'integration: {type: mock}')}}}",
        f"apis: {{a: {REST % ('GET', 'integration: {type: http_proxy, uri: http://x}')}}}",
    ),
    (
        "layer-missing",
        FUNCTION % (", layers: [m.py, no.zip]", ""),
        FUNCTION % (", layers: [., m.py]", ""),
    ),
    (
        "provisioned-beyond-share",
        FUNCTION % (", reserved_concurrency: 1, provisioned_concurrency: 2", ""),
        FUNCTION % (", reserved_concurrency: 2, provisioned_concurrency: 2", ""),
    ),
    (
        "provisioned-beyond-share",
        "limits: {concurrency: 4}\n" + FUNCTION % (", provisioned_concurrency: 5", ""),
        FUNCTION % (", provisioned_concurrency: 5", ""),
    ),
    (
        "provisioned-twice",
        FUNCTION % (PROVISIONED % "{live: 1, '1': 1}", ""),
        FUNCTION % (PROVISIONED % "{live: 1, '2': 1}", ""),
    ),
    (
        "reserved-beyond-pool",
        "limits: {concurrency: 4}\n" + FUNCTION % (", reserved_concurrency: 5", ""),
        FUNCTION % (", reserved_concurrency: 500", ""),
    ),
    (
        "reserved-beyond-pool",
        (
            "limits: {concurrency: 4}\nfunctions: {g: {handler: m.f, reserved_concurrency: 2}, "
            "f: {handler: m.f, reserved_concurrency: 3}}"
        ),
        (
            "limits: {concurrency: 5}\nfunctions: {g: {handler: m.f, reserved_concurrency: 2}, "
            "f: {handler: m.f, reserved_concurrency: 3}}"
        ),
    ),
    (
        "requirements-missing",
        FUNCTION % (", requirements: r.txt", ""),
        FUNCTION % (", requirements: m.py", ""),
    ),
    (
        "records-out-of-reach",
        "store: memory\nrecords: {orders: {}}",
        "store: sqlite\nrecords: {orders: {}}",
    ),
    (
        "dead-letter-circle",
        "queues: {q: {max_receives: 1, dead_letter: r}, r: {max_receives: 1, dead_letter: q}}",
        "queues: {q: {max_receives: 1, dead_letter: r}, r: {max_receives: 1, dead_letter: s}, s: {}}",
    ),
    (
        "dead-letter-kind",
        "queues: {q: {fifo: true, max_receives: 1, dead_letter: r}, r: {}}",
        "queues: {q: {fifo: true, max_receives: 1, dead_letter: r}, r: {fifo: true}}",
    ),
    (
        "dead-letter-kind",
        "queues: {q.fifo: {}}",
        "queues: {q.fifo: {fifo: true}}",
    ),
    (
        "destination-circle",
        "functions: {f: {handler: m.f, on_success: 'function:g'}, g: {handler: m.f, on_success: 'function:f'}}",
        "functions: {f: {handler: m.f, on_success: 'function:g'}, g: {handler: m.f, on_failure: 'function:f'}}",
    ),
    (
        "destination-circle",
        "functions: {f: {handler: m.f, on_failure: 'function:f:$LATEST'}}",
        "functions: {f: {handler: m.f, on_failure: 'function:g'}, g: {url: 'https://x/g/invocations'}}",
    ),
    (
        "topic-kind",
        "queues: {q: {fifo: true}}\ntopics: {t: {subscriptions: {queue: q}}}",
        "queues: {q: {fifo: true}}\ntopics: {t: {fifo: true, subscriptions: {queue: q}}}",
    ),
    (
        "topic-kind",
        "queues: {q: {}, d: {fifo: true}}\ntopics: {t: {subscriptions: {queue: q, dead_letter: d}}}",
        "queues: {q: {}, d: {}}\ntopics: {t: {subscriptions: {queue: q, dead_letter: d}}}",
    ),
    (
        "topic-kind",
        (
            "queues: {q: {fifo: true}, d: {}}\n"
            "topics: {t: {fifo: true, subscriptions: {queue: q, dead_letter: d}}}"
        ),
        (
            "queues: {q: {fifo: true}, d: {fifo: true}}\n"
            "topics: {t: {fifo: true, subscriptions: {queue: q, dead_letter: d}}}"
        ),
    ),
    (
        "topic-kind",
        "topics: {t.fifo: {}}",
        "topics: {t.fifo: {fifo: true}}",
    ),
    (
        "visibility-too-short",
        "functions: {f: {handler: m.f, timeout: 31s}}\nqueues: {q: {consumer: {function: f}}}",
        "functions: {f: {handler: m.f, timeout: 31s}}\nqueues: {q: {visibility: 31s, consumer: {function: f}}}",
    ),
    (
        "schedule-over",
        SCHEDULED % "at(2020-01-01T00:00:00)",
        SCHEDULED % "at(2199-01-01T00:00:00)",
    ),
    (
        "schedule-over",
        SCHEDULED % "cron(0 0 1 1 ? 2020)",
        SCHEDULED % "cron(0 0 1 1 ? 2020-2199)",
    ),
    (
        "static-missing",
        "apis: {a: {routes: {'GET /{f+}': {static: m.py}}}}",
        "apis: {a: {routes: {'GET /{f+}': {static: .}}}}",
    ),
    (
        "static-missing",
        f"apis: {{a: {{routes: {{GET /f: {{static: {'long' * 999}}}}}}}}}",
        "apis: {a: {routes: {GET /f: {static: {root: m.py}}}}}",
    ),
    (
        "timeout-never-acts",
        "apis: {a: {routes: {GET /: {mock: {}, timeout: 3s}}}}",
        "apis: {a: {routes: {GET /: {mock: {}}}}}",
    ),
    (
        "timeout-never-acts",
        "upstreams: {u: {url: 'http://x', timeout: {connect: 4s, total: 3s}}}",
        "upstreams: {u: {url: 'http://x', timeout: {connect: 3s, read: 1h, total: 3s}}}",
    ),
    (
        "timeout-never-acts",
        UPSTREAM % (", timeout: {connect: 6s}", ", timeout: 5s"),
        UPSTREAM % ("", ", timeout: 2s"),
    ),
    (
        "timeout-never-acts",
        UPSTREAM % (", timeout: {total: 4s}", ", timeout: 5s"),
        UPSTREAM % (", timeout: {total: 5s}", ", timeout: 5s"),
    ),
    (
        "timeout-never-acts",
        AUTHORIZER % ", timeout: 11s",
        AUTHORIZER % ", timeout: 10s",
    ),
    (
        "timeout-never-acts",
        UPSTREAM % (", timeout: {total: 30s}", ""),
        UPSTREAM % ("", ", timeout: 5s"),
    ),
    (
        "unreachable-route",
        "apis: {a: {routes: {ANY /: {mock: {}}, 'ANY /{p+}': {mock: {}}, $default: {mock: {}}}}}",
        "apis: {a: {routes: {'ANY /{p+}': {mock: {}}, $default: {mock: {}}}}}",
    ),
    (
        "unreachable-route",
        "apis: {a: {routes: {GET /v1/x: {mock: {}}}}, b: {base_path: /v1}}",
        "apis: {a: {routes: {GET /v12/x: {mock: {}}, 'GET /{v}/x': {mock: {}}}}, b: {base_path: /v1}}",
    ),
    (
        "unreachable-route",
        f"apis: {{a: {REST % ('GET', MOCKED)}, b: {{base_path: /a}}}}",
        f"apis: {{a: {REST % ('GET', MOCKED)}, b: {{base_path: /ab}}}}",
    ),
    (
        "open-route",
        f"{RETRYING}\napis: {{a: {REST % ('GET', SENT)}}}",
        f"{RETRYING}\napis: {{a: {REST % ('GET', MOCKED)}}}",
    ),
    (
        "function-outlives-gateway",
        f"functions: {{f: {{handler: m.f, timeout: 5s}}}}\napis: {{a: {REST % ('GET', f'timeout: 5s, {CALLED}')}}}",
        f"functions: {{f: {{handler: m.f, timeout: 5s}}}}\napis: {{a: {REST % ('GET', f'timeout: 6s, {CALLED}')}}}",
    ),
    (
        "retry-without-key",
        f"{RETRYING}\napis: {{a: {REST % ('POST', SENT)}}}",
        f"{RETRYING}\napis: {{a: {REST % ('POST', f'idempotency: {{}}, {SENT}')}}}",
    ),
    (
        "timeout-never-acts",
        f"apis: {{a: {REST % ('GET', f'timeout: 5s, {MOCKED}')}}}",
        f"apis: {{a: {REST % ('GET', MOCKED)}}}",
    ),
    (
        "timeout-never-acts",
        f"upstreams: {{u: {{url: 'http://x', timeout: {{total: 4s}}}}}}\napis: {{a: {REST % ('GET', f'timeout: 5s, {SENT}')}}}",
        f"upstreams: {{u: {{url: 'http://x', timeout: {{total: 5s}}}}}}\napis: {{a: {REST % ('GET', f'timeout: 5s, {SENT}')}}}",
    ),
    ("unused", "upstreams: {u: {url: 'http://x'}}", OPEN),
    (
        "unused",
        "webhooks: {h: {scheme: stripe, secret: '${env:T}'}}",
        HOOK % ("stripe", "secret: '${env:T}'", "POST", ""),
    ),
    (
        "open-webhook",
        HOOK % ("stripe", "secret: '${env:T}'", "POST", ""),
        HOOK % ("stripe", "secret: '${env:T}'", "POST", ", throttle: 5/s"),
    ),
    (
        "open-webhook",
        HOOK % ("stripe", "secret: '${env:T}'", "POST", ""),
        HOOK % ("stripe", "secret: '${env:T}', allow_ips: 192.0.2.1", "POST", ""),
    ),
    (
        "handshake-unasked",
        HOOK % ("whatsapp", "secret: '${env:T}'", "POST", ""),
        HOOK % ("whatsapp", "secret: '${env:T}'", "ANY", ""),
    ),
    (
        "handshake-unasked",
        HOOK % ("github", "secret: '${env:T}', handshake: {vendor: cloudevents}", "POST", ""),
        HOOK % ("github", "secret: '${env:T}'", "POST", ""),
    ),
    (
        "literal-secret",
        HOOK % ("stripe", "secrets: ['${env:T}', {value: whsec_x}]", "POST", ""),
        HOOK % ("stripe", "secrets: ['${env:T}', {value: '${env:T}', id: x}]", "POST", ""),
    ),
    (
        "literal-secret",
        HOOK % ("gitlab", "secrets: abc", "POST", ""),
        HOOK % ("aws-sns", "secret: 'arn:aws:sns:us-east-1:1:t'", "POST", ""),
    ),
    (
        "literal-secret",
        HOOK % ("basic", "secrets: 'a:b'", "POST", ""),
        HOOK % ("ip-allow", "secrets: [192.0.2.1]", "POST", ""),
    ),
    (
        "function-outlives-gateway",
        "functions: {f: {handler: m.f, timeout: 30s}}\n"
        + HOOK % ("stripe", "secret: x, mode: sync, dispatch: {a: {function: f}}", "POST", ""),
        "functions: {f: {handler: m.f, timeout: 30s}}\n"
        + HOOK % ("stripe", "secret: x, dispatch: {a: {function: f}}", "POST", ""),
    ),
    (
        "unused",
        "functions: {f: {handler: m.f}}",
        "functions: {f: {handler: m.f, url: {auth: none}}}",
    ),
    ("unused", "functions: {f: {handler: m.f}}", "functions: {f: {handler: m.f, retries: 0}}"),
    (
        "unused",
        f"functions: {{f: {{handler: m.f, url: {{auth: none}}}}}}\n{IAM}",
        f"functions: {{f: {{handler: m.f, url: {{auth: iam}}}}}}\n{IAM}",
    ),
    (
        "open-url",
        "functions: {f: {handler: m.f, url: {auth: none}}}",
        "functions: {f: {handler: m.f, url: {auth: none}, reserved_concurrency: 2}}",
    ),
    (
        "url-without-keys",
        "functions: {f: {handler: m.f, url: {auth: iam}}}",
        f"functions: {{f: {{handler: m.f, url: {{auth: iam}}}}}}\n{IAM}",
    ),
    (
        "webhooks-inward",
        "environment: prod\noutgoing_webhooks: {allow_networks: [93.184.0.0/16, 10.0.0.0/8]}",
        "environment: prod\noutgoing_webhooks: {allow_networks: [93.184.0.0/16]}",
    ),
    (
        "webhooks-plain",
        "environment: prod\noutgoing_webhooks: {allow_http: true}",
        "environment: prod\noutgoing_webhooks: {allow_http: false}",
    ),
    (
        "unused",
        "functions: {f: {handler: m.f}}",
        "functions: {f: {handler: m.f}}\napis: {a: {routes: {GET /: {function: f}}}}",
    ),
    (
        "unused",
        "functions: {f: {handler: m.f, aliases: {g: {version: $LATEST}}}}",
        (
            "functions: {f: {handler: m.f, aliases: {g: {version: $LATEST}}}}\n"
            "apis: {a: {routes: {GET /: {function: 'f:g'}}}}"
        ),
    ),
    ("state-machine", MACHINE % "$.name", MACHINE % "name"),
    *(
        (
            "unknown-resource",
            CALLING % (resource, asked),
            f"{given}\n{CALLING % (resource, asked)}",
        )
        for resource, asked, given in [
            (
                "http:invoke",
                "Authentication: {ConnectionArn: 'arn:aws:events:::connection/c/1'}",
                "connections: {c: {}}",
            ),
            ("aws-sdk:s3:getObject", "Bucket: b", "buckets: {b: .}"),
        ]
    ),
    (
        "unknown-resource",
        CALLING % ("aws-sdk:s3:getObject", "Bucket: b"),
        CALLING % ("aws-sdk:s3:getObject", "Bucket.$: $.b"),
    ),
    (
        "unknown-resource",
        MAP % "b",
        f"buckets: {{b: .}}\n{MAP % 'b'}",
    ),
    (
        "unknown-resource",
        CALLING % ("dynamodb:getItem", "TableName: m"),
        CALLING % ("states:startExecution.sync:2", "StateMachineArn: m"),
    ),
    (
        "unused",
        f"functions: {{f: {{handler: m.f}}}}\n{MACHINE % 'name'}",
        f"functions: {{f: {{handler: m.f}}}}\n{TASK % 'function:f'}",
    ),
    (
        "unused",
        f"functions: {{f: {{handler: m.f}}}}\n{TASK % 'function:g'}",
        f"functions: {{f: {{handler: m.f}}}}\n{INVOKE % 'f:$LATEST'}",
    ),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Make a folder of certificates: all of one key but `b`."""
    folder, authority = tmp_path_factory.mktemp("certificates"), Authority()
    authority.issue("b.example").write(folder, "b")
    good = authority.issue("a.example")
    good.write(folder, "good")
    authority.write(folder)
    for name, lifetime in {
        "soon": {"days": 5},
        "late": {"start": -9, "days": 5},
        "early": {"start": 2},
    }.items():
        again = authority.issue("a.example", key=good.key, **lifetime)
        (folder / f"{name}.pem").write_bytes(again.pem)
    (folder / "broken.pem").write_bytes(good.pem + Authority("Another").pem)
    return folder


@pytest.fixture
def ids_of(load_text, tmp_path, certificates):
    """Lint a text, and give the ids of its findings."""
    shutil.copytree(certificates, tmp_path, dirs_exist_ok=True)
    (tmp_path / "m.py").write_text("def f(event, context): ...\n")
    (tmp_path / "token").write_text("t")
    for name, document in DOCUMENTS.items():
        (tmp_path / name).write_text(document)

    def ids(text):
        return {finding.id for finding in check(load_text(f"name: x\n{text}\n", T="t"))}

    return ids


@pytest.mark.parametrize(("name", "bad", "good"), CASES)
def test_a_lint_finds_its_case_and_not_the_mended_one(ids_of, name, bad, good):
    assert name in ids_of(bad)
    assert name not in ids_of(good)


def test_every_lint_has_a_case():
    elsewhere = {
        "any-origin",
        "handler-leaks-exception",
        "handler-not-found",
        "handler-shares-state",
    }
    assert {case[0] for case in CASES} | elsewhere == set(LINTS)


@pytest.mark.parametrize(
    ("environment", "severities"),
    [
        ("dev", {"open-route": "warning"}),
        ("staging", {"open-route": "warning", "any-origin": "warning"}),
        ("prod", {"open-route": "error", "any-origin": "error"}),
    ],
)
def test_severity_depends_on_the_environment(load_text, environment, severities):
    text = f"name: x\nenvironment: {environment}\n" + OPEN.replace(
        "routes", "cors: {allow_origins: '*'}, routes"
    )
    assert {found.id: found.severity for found in check(load_text(text))} == severities


def test_a_finding_has_place_why_and_fix(load_text):
    (finding,) = check(load_text(f"name: x\n{OPEN}"))
    assert str(finding) == (
        "frontdesk.yaml:2:21: warning: apis.a.routes.GET /: public route without a throttle [open-route]\n"
        "  why: anybody may call it as often as the whole account allows\n"
        "  hint: give the route an authorizer, or a throttle such as "
        "{rate: 10/s, by: $context.identity.sourceIp}"
    )


def test_a_misspelt_connection_is_told_beside_the_one_that_is_meant(load_text):
    arn = "Authentication: {ConnectionArn: 'arn:aws:events:::connection/vendr/1'}"
    found = check(
        load_text(f"name: x\nconnections: {{vendor: {{}}}}\n{CALLING % ('http:invoke', arn)}")
    )
    (told,) = [one.message for one in found if one.id == "unknown-resource"]
    assert told == 'a task names "vendr", which is not under connections: did you mean vendor?'


def test_a_misspelt_action_is_told_beside_the_one_that_is_meant(load_text):
    found = check(load_text("name: x\n" + CALLING % ("aws-sdk:lambda:invok", "FunctionName: f")))
    (told,) = [one.message for one in found if one.id == "unknown-resource"]
    assert (
        told
        == 'nobody here does the task "aws-sdk:lambda:invok": did you mean aws-sdk:lambda:invoke?'
    )


@pytest.mark.parametrize(
    "text",
    ["admin: {token: hunter2}", "apis: {a: {routes: {GET /f: {static: '${env:TOKEN}'}}}}"],
    ids=["written out", "path by reference"],
)
def test_a_secret_is_not_repeated(load_text, text):
    findings = check(load_text(f"name: x\n{text}", TOKEN="hunter2"))
    assert findings
    assert "hunter2" not in "".join(map(str, findings))


@pytest.mark.parametrize(
    "text",
    [
        "functions: {f: {handler: m.f, requirements: '${env:T}'}}",
        "apis: {a: {routes: {GET /: {static: '${env:T}'}}}}",
        "apis: {a: {routes: {GET /: {static: {root: '${env:T}'}}}}}",
    ],
)
def test_a_missing_file_is_told_as_it_is_written(load_text, text):
    findings = check(load_text(f"name: x\n{text}", T="hunter2"))
    assert any('no such file: "${env:T}"' in found.message for found in findings)
    assert "hunter2" not in "".join(map(str, findings))


def test_findings_are_in_order_of_place(load_text):
    findings = check(
        load_text("name: x\nadmin: {token: a}\nupstreams: {u: {url: 'http://x'}}\n" + OPEN)
    )
    assert [finding.where.line for finding in findings] == [2, 3, 4]

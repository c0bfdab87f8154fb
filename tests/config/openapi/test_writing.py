"""A document that was written of an API reads back as the same API, whatever it says."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate as validate_document

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from frontdesk.config.openapi.writing import as_written, write_api
from frontdesk.config.openapi.writing_security import OURS_ALONE
from frontdesk.config.yaml_text import write_yaml
from tests.config.openapi.documents import ENVIRON, INTEGRATION
from tests.docs.pages import ROOT

VERSIONS = ("2.0", "3.0", "3.1")
MODEL = "https://apigateway.amazonaws.com/restapis/local/models/"

AROUND = """
name: x
functions: {f: {handler: m.f, aliases: {live: {version: "1"}}, versions: {"1": {}}}}
upstreams: {u: {url: "http://127.0.0.1:9"}}
state_machines: {charge: {definition: {StartAt: A, States: {A: {Type: Succeed}}}}}
queues: {letters: {}}
topics: {news: {}}
event_buses: {side: {}}
plans: {small: {throttle: 50/s, apis: [a]}}
authorizers:
  users: {type: jwt, issuer: "https://i.example", audience: [a, b]}
  anybody: {type: jwt, issuer: "${env:URL}", audience: none, allow_http: true, leeway: 5s}
  token: {type: function, function: f, form: token, identity: $request.header.X-Token, cache: 60s, pattern: "[a-z]+"}
  asked: {type: function, function: f, form: iam, payload: "1.0", identity: [$request.header.A, $request.querystring.b]}
  simple: {type: function, function: f:live, cache: 1500ms}
  keyed: {type: api_key, keys: {a: "${env:KEY}"}}
  signed: {type: iam, credentials: {AKIDEXAMPLE: {secret: "${env:KEY}", principal: p}}}
  cert: {type: mtls}
  desk: {type: basic, users: {a: "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$5Ix9MLGZpTLc3x1PYgTzOVUuhT6G0QWd4eRVxoEGsP0"}}
"""

REST = """
type: rest
authorizer: users
api_key_source: authorizer
binary_media_types: [image/png]
cache: {ttl: 60s, shared: true}
policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*"}]}
compression: {minimum_size: 10}
throttle: {rate: 5/s, by: $context.identity.sourceIp}
stages: {prod: {variables: {x: y}}}
gateway_responses:
  DEFAULT_4XX: {status: 418, headers: {X-A: "'b'"}, templates: {application/json: '{"a":$context.error.messageString}'}}
  THROTTLED: {}
models:
  Booking: {schema: {type: object, required: [a], properties: {a: {type: string}, nullable: {type: [string, "null"]}, b: {$ref: "%(model)sKind"}}}}
  Kind: {schema: {enum: [1, "2", {"$ref": x}]}, description: kinds}
  Newer: {schema: {$schema: "https://json-schema.org/draft/2020-12/schema", const: 1}}
  Own: {schema: {definitions: {n: {type: number}}, properties: {n: {$ref: "#/definitions/n"}}}}
  Deep: {schema: {anyOf: [{not: {type: "null"}}, {items: [{}, {}]}, {minimum: 1, exclusiveMinimum: true}]}}
resources:
  /bookings/{id}:
    PUT:
      api_key: true
      scopes: [book]
      validate: {body: Booking, query: {region: required, more: optional}, headers: {X-Practice: required}}
      integration:
        type: aws
        function: f:live
        request_parameters: {integration.request.header.X: "'a'"}
        request_templates: {application/json: "{}\\n#set($a = 1)\\n  "}
        passthrough: never
        content_handling: convert_to_text
        responses:
          default: {status: 201, templates: {application/json: x}, parameters: {method.response.header.X: integration.response.header.Y}}
          "4\\\\d\\\\d": {status: 404, content_handling: convert_to_binary}
      responses: {"201": {models: {application/json: Booking, text/plain: Kind}, headers: X}, "404": {}}
    GET: {authorizer: token, timeout: 1500ms, integration: {type: http_proxy, uri: "http://127.0.0.1/${stage.x}/{id}"}}
    ANY: {authorizer: none, integration: {type: mock, request_templates: {application/json: "{statusCode: 200}"}}}
    POST: {authorizer: asked, integration: {type: http, upstream: u, path: /x, method: PUT}}
    DELETE:
      authorizer: simple
      integration: {type: http, uri: "${env:URL}/x", method: ANY}
      validate: {body: {application/json: {type: string}, $default: Kind}, path: {id: required}}
    PATCH: {authorizer: keyed, api_key: true, integration: {type: http_proxy, upstream: u}, idempotency: {}}
  /{proxy+}:
    GET: {integration: {type: mock}, max_body: 1KB, compression: false, validate: {}, cache: off}
    POST: {authorizer: signed, integration: {type: aws_proxy, function: f}, throttle: ["${env:RATE:-5/s}"]}
    PUT: {authorizer: users, timeout: "${env:TIME:-5s}", integration: {type: mock}}
    PATCH: {integration: {type: aws, state_machine: "charge:live", action: StartExecution}}
    HEAD: {integration: {type: aws, queue: letters, request_templates: {application/json: "Action=SendMessage&MessageBody=$input.body"}}}
    OPTIONS: {integration: {type: aws, topic: news}}
    ANY: {integration: {type: aws, topic: news, request_templates: {application/json: "TopicArn=arn:aws:sns:::news"}}}
  /events:
    PUT: {integration: {type: aws, event_bus: default}}
    POST: {integration: {type: aws, event_bus: side, request_templates: {application/json: '{"Entries": [{"EventBusName": "side"}]}'}}}
    PATCH: {integration: {type: aws, event_bus: side}}
    DELETE:
      integration:
        type: aws
        state_machine: charge
        action: StopExecution
        request_templates: {application/json: '{"stateMachineArn": "arn:aws:states:::stateMachine:charge"}'}
""" % {"model": MODEL}  # noqa: UP031 - braces and dollars are YAML's here

HTTP = """
authorizer: anybody
cors: {allow_origins: ["*"], allow_methods: [GET], max_age: 1h, expose_headers: X-A}
compression: {types: [text/plain]}
stage: {name: prod, variables: {h: "127.0.0.1:9"}}
versioning: {by: header, versions: {v1: {}, v2: {}}}
models: {Pet: {schema: {type: object}}}
routes:
  GET /x/{id}: {function: f:live, payload: "1.0", authorizer: simple, invoke_mode: response_stream}
  ANY /y/{p+}:
    http: "http://${stage.h}/{p}"
    authorizer: desk
    request: {headers: {set: {X-A: "$request.header.b"}, append: {X-B: c}, remove: [X-C]}, query: {set: {a: b}, remove: q}, path: "/v2/${request.path.p}"}
    response: {headers: {set: {X-All: "1"}}, status: {404: 200, 500: {status: 503, headers: {remove: Server}}}}
  POST /z: {http: {upstream: u, path: /z, method: PUT, retry: {attempts: 3}}, authorizer: signed, timeout: 5s, api_key: true}
  PUT /z: {http: {upstream: u}, authorizer: none, response: {status: {404: {headers: {set: {X: y}}}}}}
  PATCH /z: {function: f, authorizer: cert, scopes: [], validate: {headers: {X-A: required}, body: Pet}}
  POST /p/{id}: {state_machine: charge, mode: async, location: "/p/{id}/{execution}"}
  PUT /p: {state_machine: "charge:live", timeout: 5s, input: {a: [$request.body.b, 5, null]}, name: "${request.header.a}-1"}
  PATCH /p: {state_machine: charge, input: $request.body.order}
  POST /t/{t}: {task_token: $request.path.t, outcome: failure}
  POST /q: {service: {queue: letters, parameters: {MessageBody: $request.body, DelaySeconds: "5"}}}
  PUT /q: {service: {event_bus: default, parameters: {Source: a, DetailType: $request.body.t, Detail: $request.body}}}
  PATCH /q: {queue: letters, group: $request.header.a}
  GET /m: {mock: {status: 201, headers: {X: y}, body: {a: 1, b: [null, "no"]}}}
  GET /s/{f+}: {static: public}
  $default: {function: f, authorizer: users, scopes: [a, b]}
"""


def api_in_a_file(folder, api):
    """Write a file of one API, its keys as text or as a mapping."""
    path = folder / "frontdesk.yaml"
    text = api if isinstance(api, str) else json.dumps(api, ensure_ascii=False)
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    path.write_text(f"{AROUND}\napis:\n  a:\n{indented}")
    return load([path], ENVIRON)


def again(folder, loaded, name, version):
    """Write an API as a document, and load the same file with that in its place."""
    written = write_api(loaded.config, loaded.tree, name, version)
    validate_document(json.loads(json.dumps(written)))
    (folder / "api.yaml").write_text(write_yaml(written))
    content = as_written(loaded.tree.value)
    of_http = {key: api for key, api in content["apis"].items() if api.get("type") != "websocket"}
    content["apis"] = {**of_http, name: {"openapi": "api.yaml"}}
    entries = content.get("authorizers", {})
    content["authorizers"] = {
        key: entry for key, entry in entries.items() if entry["type"] in OURS_ALONE
    }
    path = folder / "again.yaml"
    path.write_text(json.dumps(content))
    return load([path], ENVIRON)


def assert_reads_back(folder, loaded, version):
    for name, api in loaded.config.apis.items():
        if api.type == "websocket":  # OpenAPI knows none
            continue
        read = again(folder, loaded, name, version)
        assert read.config.apis[name].model_copy(update={"openapi": None}) == api
        assert read.config.authorizers.items() <= loaded.config.authorizers.items()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("api", [REST, HTTP], ids=["rest", "http"])
def test_an_api_of_every_key_reads_back(tmp_path, api, version):
    assert_reads_back(tmp_path, api_in_a_file(tmp_path, api), version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "file",
    sorted((ROOT / "examples").glob("*/frontdesk.yaml")),
    ids=lambda file: file.parent.name,
)
def test_an_example_reads_back(file, version, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(file.read_text())
    try:
        loaded = load([tmp_path / "frontdesk.yaml"], {})
    except ConfigError:
        pytest.skip("it needs other files")
    assert_reads_back(tmp_path, loaded, version)


# -- any API ------------------------------------------------------------------------------------

_WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,5}", fullmatch=True)
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8)
_FIELD = st.sampled_from(["X-A", "X-B", "x-c"])
_VALUE = st.sampled_from(["a", "$request.header.b", "${request.path.c}-d", "$context.stage", "010"])
_AUTHORIZERS = st.sampled_from(
    ["users", "anybody", "token", "asked", "simple", "keyed", "signed", "cert", "desk", "none"]
)


def _schemas(**more):
    return st.recursive(
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(
                    ["string", "number", ["string", "null"], ["null", "string"]]
                ),
                "enum": st.lists(_TEXT | st.integers(), min_size=1, max_size=3, unique=True),
                **more,
                "format": _WORD,
                "exclusiveMaximum": st.booleans(),
                "maximum": st.integers(0, 9),
                "title": _TEXT,
            },
        ),
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(
                    st.sampled_from(["nullable", "$ref", "enum", "a"]), inner, max_size=3
                ),
                "items": inner,
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "additionalProperties": inner | st.booleans(),
            },
        ),
        max_leaves=5,
    )


_SCHEMA = _schemas(**{"$ref": st.just(f"{MODEL}Pet")})
_PET = _schemas()  # no reference to itself: the validator of documents follows it for ever
_VALIDATION = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(_FIELD, st.sampled_from(["required", "optional"]), max_size=2),
        "query": st.dictionaries(_WORD, st.sampled_from(["required", "optional"]), max_size=2),
        "path": st.just({"id": "required"}),
        "body": st.just("Pet")
        | st.dictionaries(
            st.sampled_from(["application/json", "text/plain", "$default"]),
            st.just("Pet") | _SCHEMA,
            min_size=1,
        ),
    },
)
_OPERATION = {
    "authorizer": _AUTHORIZERS,
    "api_key": st.booleans(),
    "throttle": st.sampled_from(["5/s", {"rate": "5/s", "burst": 2}, ["5/s", "50/m"]]),
    "timeout": st.sampled_from(["50ms", "1.5s", 2, 29, "30s"]),
    "max_body": st.sampled_from([10, "1KB"]),
    "idempotency": st.just({}),
    "compression": st.booleans(),
    "validate": _VALIDATION,
}
_MAPPING = st.fixed_dictionaries(
    {},
    optional={
        "set": st.dictionaries(_FIELD, _VALUE, max_size=2),
        "append": st.dictionaries(_FIELD, _VALUE, max_size=2),
        "remove": _FIELD | st.lists(_FIELD, max_size=2),
    },
)
_REQUEST = st.fixed_dictionaries(
    {},
    optional={"headers": _MAPPING, "query": _MAPPING, "path": st.just("/v/${request.path.id}")},
)
_STATUS = st.sampled_from(["200", "404", "503"])
_RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.just({"set": {"X-R": "a"}}),
        "status": st.dictionaries(
            _STATUS,
            st.sampled_from([404, {"status": 500}, {"headers": {"remove": "X-R"}}]),
            max_size=2,
        ),
    },
)
_BACKEND = st.sampled_from(
    [
        "http://127.0.0.1:9",
        "http://127.0.0.1:9/{id}",
        {"url": "${env:URL}/x"},
        {"url": "http://127.0.0.1:9", "method": "GET", "host": "preserve"},
        {"upstream": "u"},
        {"upstream": "u", "path": "/", "retry": "off"},
        {"upstream": "u", "path": "/a/{id}"},
    ]
)
_ROUTE = st.one_of(
    st.fixed_dictionaries(
        {"function": st.sampled_from(["f", "f:live", "f:$LATEST"])},
        optional={
            **_OPERATION,
            "payload": st.sampled_from(["1.0", "2.0"]),
            "invoke_mode": st.sampled_from(["buffered", "response_stream"]),
            "response": _RESPONSE,
        },
    ),
    st.fixed_dictionaries(
        {"http": _BACKEND}, optional={**_OPERATION, "request": _REQUEST, "response": _RESPONSE}
    ),
    st.fixed_dictionaries(
        {"mock": st.fixed_dictionaries({}, optional={"body": _TEXT})}, optional=_OPERATION
    ),
)
_TEMPLATES = st.dictionaries(
    st.sampled_from(["application/json", "text/plain"]),
    st.sampled_from(["", "$input.body", "#set($a = 1)\n  $a\n", "{}\n", " \n", "no"]),
    max_size=2,
)
_INTEGRATION = st.sampled_from(
    [
        {"type": "mock"},
        {"type": "aws", "function": "f"},
        {"type": "aws_proxy", "function": "f:live"},
        {"type": "http", "uri": "http://127.0.0.1:9/{id}"},
        {"type": "http_proxy", "uri": "${env:URL}/x", "method": "ANY"},
        {"type": "http_proxy", "upstream": "u", "method": "GET"},
        {"type": "http", "upstream": "u", "path": "/a"},
    ]
)
_HANDLING = st.sampled_from(["convert_to_text", "convert_to_binary"])
_MORE = st.fixed_dictionaries(
    {},
    optional={
        "request_parameters": st.just({"integration.request.querystring.a": "'b'"}),
        "request_templates": _TEMPLATES,
        "passthrough": st.sampled_from(["when_no_match", "when_no_templates", "never"]),
        "content_handling": _HANDLING,
        "responses": st.dictionaries(
            st.sampled_from(["default", "2..", "404"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "status": st.sampled_from([200, 404]),
                    "templates": _TEMPLATES,
                    "content_handling": _HANDLING,
                },
            ),
            max_size=2,
        ),
    },
)
_METHOD = st.fixed_dictionaries(
    {"integration": st.builds(lambda target, more: {**target, **more}, _INTEGRATION, _MORE)},
    optional={
        **_OPERATION,
        "responses": st.dictionaries(
            _STATUS,
            st.sampled_from([{}, {"headers": "X-A"}, {"models": {"application/json": "Pet"}}]),
            max_size=2,
        ),
    },
)
_API = {
    "authorizer": _AUTHORIZERS.filter(lambda name: name != "none"),
    "cors": st.sampled_from([{}, {"allow_origins": "*", "max_age": "1.5s"}, {"max_age": 60}]),
    "compression": st.sampled_from([{}, {"minimum_size": "2KB"}, {"types": "text/plain"}]),
    "throttle": st.just("500/s"),
    "stage": st.just({"name": "prod"}),
    "api_key_source": st.sampled_from(["header", "authorizer"]),
}
_METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "ANY", "OPTIONS", "HEAD"])


_HTTP_API = st.builds(
    lambda api, routes, schema: {**api, "routes": routes, "models": {"Pet": {"schema": schema}}},
    st.fixed_dictionaries({}, optional=_API),
    st.dictionaries(
        st.builds("{} {}".format, _METHODS, st.sampled_from(["/x/{id}", "/{id+}"]))
        | st.just("$default"),
        _ROUTE,
        max_size=3,
    ),
    _PET,
)
_REST_API = st.builds(
    lambda api, methods, schema: {
        "type": "rest",
        **api,
        "resources": {"/x/{id}": methods},
        "models": {"Pet": {"schema": schema}},
    },
    st.fixed_dictionaries({}, optional={**_API, "binary_media_types": st.just(["image/png"])}),
    st.dictionaries(_METHODS, _METHOD, max_size=3),
    _PET,
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(api=_HTTP_API | _REST_API, version=st.sampled_from(VERSIONS))
def test_any_api_reads_back(tmp_path_factory, api, version):
    folder = tmp_path_factory.mktemp("api", numbered=True)
    try:
        loaded = api_in_a_file(folder, api)
    except ConfigError:
        return  # its parts do not go together
    assert_reads_back(folder, loaded, version)


# -- what a document says -----------------------------------------------------------------------


def test_what_references_stand_for_is_written_nowhere(tmp_path):
    api = {
        "authorizer": "keyed",
        "routes": {
            "GET /": {"http": "${env:URL}/x", "authorizer": "anybody"},
            "POST /": {"mock": {"body": "${env:KEY}"}},
        },
    }
    loaded = api_in_a_file(tmp_path, api)
    written = json.dumps(write_api(loaded.config, loaded.tree, "a", "3.0"))
    assert "127.0.0.1:1" not in written
    assert ENVIRON["KEY"] not in written
    assert "${env:URL}/x" in written


def test_a_key_of_a_plan_is_not_taken_for_an_authorizer_of_that_name(tmp_path):
    path = tmp_path / "frontdesk.yaml"
    path.write_text(
        "name: x\nauthorizers: {api_key: {type: mtls}, api_key_: {type: mtls}}\n"
        "apis: {a: {routes: {GET /: {mock: {}, api_key: true}, PUT /: {mock: {}, authorizer: api_key}}}}\n"
    )
    assert_reads_back(tmp_path, load([path], {}), "3.0")


def test_what_is_said_to_be_off_stays_off(tmp_path):
    loaded = api_in_a_file(tmp_path, REST)
    read = again(tmp_path, loaded, "a", "3.0").config.apis["a"]
    assert read.cache_of(read.resources["/{proxy+}"]["GET"]) is None
    assert read.cache_of(read.resources["/{proxy+}"]["POST"]) is not None


def test_a_document_has_aws_words_for_what_aws_knows(tmp_path):
    loaded = api_in_a_file(
        tmp_path, {"routes": {"GET /x/{id}": {"function": "f", "timeout": "5s"}}}
    )
    written = write_api(loaded.config, loaded.tree, "a", "3.0")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    path = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    operation = written["paths"]["/x/{id}"]["get"]
    assert operation[INTEGRATION] == {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": path,
        "payloadFormatVersion": "2.0",
        "timeoutInMillis": 5000,
    }
    assert "x-frontdesk-operation" not in operation


def test_a_start_of_an_execution_is_written_as_aws_has_it(tmp_path):
    route = {"state_machine": "charge:live", "mode": "async", "name": "$request.header.k"}
    loaded = api_in_a_file(tmp_path, {"routes": {"POST /x": route}})
    written = write_api(loaded.config, loaded.tree, "a", "3.0")
    operation = written["paths"]["/x"]["post"]
    assert operation[INTEGRATION] == {
        "type": "aws_proxy",
        "integrationSubtype": "StepFunctions-StartExecution",
        "requestParameters": {
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:charge:live",
            "Input": "$request.body",
            "Name": "$request.header.k",
        },
        "payloadFormatVersion": "1.0",
    }
    assert "x-frontdesk-operation" not in operation

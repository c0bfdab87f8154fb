"""The JSON Schema: complete, described, and in agreement with the loader."""

import jsonschema
import pytest
import yaml

from frontdesk.config.models.root import Config
from frontdesk.config.schema import json_schema
from frontdesk.config.validation import keys_at

SCHEMA = json_schema()

GOOD = [
    "name: x",
    "name: x\nlisten: ':80'",
    "name: x\nlisten: [':80', {address: ':81', half_close: true}]",
    "name: x\nlimits: {throttle: 5/s, max_body: 10MB, drain: 5, idle_timeout: 75s}",
    "name: x\nlimits: {throttle: {rate: '1,000/d', burst: 5}}",
    "name: x\nlogs: {access: off, redact: cookie}",
    "name: x\nlogs: {access: {format: {ip: $context.identity.sourceIp}}}",
    "name: x\nfunctions: {f: {handler: m.f, layers: [a.zip, b], provisioned_concurrency: 2}}",
    (
        "name: x\nfunctions: {f: {handler: {command: [./run, x]}, versions: {'1': {code: a.zip}},"
        " aliases: {l: {version: 1, weights: {}}}, provisioned_concurrency: {l: 1}}}"
    ),
    "name: x\nauthorizers: {a: {type: jwt, issuer: https://x, audience: none}}",
    "name: x\nauthorizers: {a: {type: jwt, issuer: https://x, audience: [a], algorithms: RS256}}",
    "name: x\napis: {a: {stages: {p: {}}, routes: {GET /: {http: 'http://x', throttle: [5/s]}}}}",
    "name: x\napis: {a: {routes: {GET /: {mock: {status: 404, body: [1, {a: ~}]}}}}}",
    "name: x\napis: {a: {routes: {GET /: {http: 'http://x', response: {status: {'404': 200}}}}}}",
    "name: x\nbuckets: {b: data}\nconnections: {c: {egress: e}}\negress: {e: {proxies: 'http://p:1'}}",
    (
        "name: x\nconnections: {c: {headers: {A: b}, auth: {oauth: {token_url: 'https://t/x',"
        " client_id: i, client_secret: s, auth_method: client_secret_post}}}}"
    ),
]

BAD = [
    "{}",
    "name: x\nnope: 1",
    "name: x\nlimits: {drain: 5 parsecs}",
    "name: x\nlimits: {max_body: 10mb}",
    "name: x\nenvironment: production",
    "name: x\nfunctions: {f: {}}",
    "name: x\nfunctions: {f: {handler: m.f, provisioned_concurrency: 0}}",
    "name: x\nfunctions: {f: {handler: m.f, aliases: {l: {version: x}}}}",
    "name: x\nauthorizers: {a: {type: jtw}}",
    "name: x\nconnections: {c: {auth: {oauth: {token_url: 'https://t/x'}}}}",
    "name: x\napis: {a: {routes: {GET /: {tiemout: 1s}}}}",
]


def accepts(text):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", GOOD)
def test_what_the_loader_accepts_the_schema_accepts(load_text, text):
    load_text(text)
    assert accepts(text)


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_the_loader_refuses(errors_of, text):
    assert not accepts(text)
    assert errors_of(text)


def test_every_key_is_described():
    models = [SCHEMA, *SCHEMA["$defs"].values()]
    undescribed = [
        (model["title"], key)
        for model in models
        for key, field in model.get("properties", {}).items()
        # a description equal to that of the model is written there only
        if "description" not in field
        and not SCHEMA["$defs"][field["$ref"].rpartition("/")[2]]["description"]
    ]
    assert undescribed == []


def test_every_key_is_there():
    assert set(SCHEMA["properties"]) == {
        field.alias or name for name, field in Config.model_fields.items()
    }
    of_apis = [
        set(SCHEMA["$defs"][name]["properties"]) for name in ("HttpApi", "RestApi", "WebSocketApi")
    ]
    assert set.union(*of_apis) == set(keys_at(("apis", "a")))

"""An OpenAPI document as the whole of an API, loaded beside a file that has what no document has."""

import json

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:"
URI = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{}/invocations"
CALLS_F = {"type": "aws_proxy", "httpMethod": "POST", "uri": URI.format(f"{FUNCTION}f")}
MOCK = {"type": "mock"}
BACKEND = {
    "type": "http",
    "httpMethod": "GET",
    "uri": "http://127.0.0.1:9/${stageVariables.v}/{id}",
}
OF_ROUTE = {"payloadFormatVersion": "1.0"}
VALIDATORS = {
    "all": {"validateRequestBody": True, "validateRequestParameters": True},
    "body": {"validateRequestBody": True},
    "parameters": {"validateRequestParameters": True, "validateRequestBody": False},
    "nothing": {},
}
ENVIRON = {"URL": "http://127.0.0.1:1", "KEY": "k" * 20}
OF_OPENAPI = {
    "components",
    "definitions",
    "isDefaultRoute",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "securityDefinitions",
    "servers",
    "tags",
}

AROUND = {
    "name": "x",
    "functions": {
        "f": {"handler": "m.f", "aliases": {"live": {"version": "1"}}, "versions": {"1": {}}}
    },
    "state_machines": {
        "charge": {"definition": {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}}
    },
    "upstreams": {"u": {"url": "http://127.0.0.1:9"}},
    "queues": {"letters": {}, "o.fifo": {"fifo": True}},
    "topics": {"news": {}},
    "event_buses": {"side": {}},
}


def operation(integration=MOCK, **words):
    """Write an operation. words: more of it, AWS's without their prefix and with `_`."""
    return {"responses": {}, INTEGRATION: integration, **_prefixed(words)}


def document(paths, version="3.0.1", **words):
    """Write a document. words: more at its top, as above."""
    named = {"swagger" if version == "2.0" else "openapi": version}
    return {**named, "info": {"title": "t", "version": "1"}, "paths": paths, **_prefixed(words)}


def _prefixed(words):
    return {
        key if key in OF_OPENAPI else f"x-amazon-apigateway-{key.replace('_', '-')}": value
        for key, value in words.items()
    }


def load_document(folder, content, around=None, **api):
    """Load a document as the API `a`. around: more of the file. api: more keys of the API in the file."""
    (folder / "api.json").write_text(json.dumps(content))
    path = folder / "frontdesk.yaml"
    entry = {"openapi": "api.json", **api}
    path.write_text(json.dumps({**AROUND, **(around or {}), "apis": {"a": entry}}))
    return load([path], ENVIRON)


def faults(folder, content, **more):
    """Load a document that is wrong: its findings as text."""
    try:
        load_document(folder, content, **more)
    except ConfigError as error:
        return [str(finding) for finding in error.findings]
    return []


def api_of(folder, content, **more):
    """Load a document, and give the model of its API."""
    return load_document(folder, content, **more).config.apis["a"]


def one(folder, integration, word="get", path="/x/{id}", **words):
    """Load one operation, and give its model."""
    content = document({path: {word: operation(integration, **words)}})
    (only,) = [model for _, _, model in api_of(folder, content).operations()]
    return only


def said(model):
    """Give what a model says, without what it leaves as it is."""
    return model.model_dump(exclude_defaults=True, by_alias=True)

"""Owns the configurations of Frontdesk for the bench: every feature on, as a user would write them."""

import sys
from dataclasses import replace
from pathlib import Path

import yaml

from bench.probe import ORIGIN
from bench.process import Server, free_port
from bench.scene import AUDIENCE, SMALL, Scene
from tests.live.certificates import Authority

_PLENTY = {"rate": "1000000/s", "burst": 1_000_000}
_PER_PRACTICE = _PLENTY | {"by": "$authorizer.practice_id"}
_OK = {"mock": {"status": 200, "body": {"status": "ok"}}}

_HANDLERS = '''\
"""The bench's functions: the least work that is still some."""

import json
import os


def slots(event, context):
    """Answer with the free slots of a day."""
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    body = {
        "day": event["pathParameters"]["day"],
        "practice": claims.get("practice_id"),
        "slots": ["09:00", "09:30", "11:15"],
    }
    headers = {"content-type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(body)}


def mortal(event, context):
    """End the process when asked to: the next call needs a new one."""
    if event["rawPath"] == "/die":
        os._exit(1)
    return "alive"


def pay(event, context):
    """Do one step of an order."""
    return event
'''


def full(scene: Scene, *, workers: int = 1) -> Server:
    """Everything on for the API at /; at /bare, routes with one feature more each."""
    backend = f"http://127.0.0.1:{scene.backend}"
    guard = {"authorizer": "patients", "throttle": _PER_PRACTICE}
    call = {"function": "slots"}
    (scene.folder / "handlers.py").write_text(_HANDLERS)
    apis = {
        "scheduling": {
            "cors": {
                "allow_origins": [ORIGIN],
                "allow_methods": ["GET", "POST"],
                "allow_headers": ["authorization", "content-type"],
                "max_age": "1h",
            },
            "routes": {
                "GET /health": _OK,
                "GET /limited": _OK | {"throttle": {"rate": "1/d", "burst": 1}},
                "GET /practices/{id}/slots": guard | {"http": f"{backend}/practices/{{id}}/slots"},
                "GET /files/{name}": guard | {"http": f"{backend}/files/{{name}}"},
                "GET /slots/{day}": guard | call,
                "GET /mocked/{day}": guard | _OK,
                "GET /open/{day}": call,
            },
        },
        "bare": {
            "base_path": "/bare",
            "routes": {
                "GET /open/{id}": {"http": f"{backend}/{{id}}"},
                "GET /throttled/{id}": {"http": f"{backend}/{{id}}", "throttle": _PLENTY},
                "GET /verified/{id}": guard | {"http": f"{backend}/{{id}}"},
            },
        },
    }
    functions = {"slots": {"handler": "handlers.slots", "code": ".", "timeout": "10s"}}
    name = "frontdesk" if workers == 1 else f"frontdesk-{workers}-workers"
    return _server(scene, name, {"workers": workers, "functions": functions, "apis": apis})


_CALENDAR = """\
[
#foreach($number in [1..60])
#set($hour = $number % 12 + 7)
  {"slot": $number, "at": "#if($hour < 10)0#end$hour:30", "stage": "$context.stage"}#if($foreach.hasNext),#end

#end
]
"""


def drawing(scene: Scene, *, workers: int) -> Server:
    """A route whose answer, a calendar of sixty lines, is drawn by a template: work for the processor alone."""
    drawn = {
        "type": "mock",
        "request_templates": {"$default": '{"statusCode": 200}'},
        "responses": {"default": {"templates": {"application/json": _CALENDAR}}},
    }
    resources = {"/calendar": {"GET": {"integration": drawn, "responses": {"200": {}}}}}
    apis = {
        "health": {"routes": {"GET /health": _OK}},
        "calendars": {"type": "rest", "base_path": "/drawn", "resources": resources},
    }
    return _server(scene, f"frontdesk-drawing-{workers}", {"workers": workers, "apis": apis})


def with_routes(scene: Scene, count: int) -> Server:
    """`count` guarded routes, each of its own tenant, and /health."""
    url = f"http://127.0.0.1:{scene.backend}/items/{{id}}"
    route = {"http": url, "authorizer": "patients", "throttle": _PLENTY["rate"]}
    routes = {f"GET /tenants/t{number:05}/items/{{id}}": route for number in range(count)}
    apis = {"tenants": {"routes": {"GET /health": _OK} | routes}}
    return _server(scene, f"frontdesk-{count}", {"apis": apis})


PLANNED_DATA = "frontdesk-{}-keys-data"
"""Folder of the store of a gateway with so many live keys."""


def planned(scene: Scene, keys: int) -> Server:
    """A route that asks for an API key, whose plan has a throttle and a quota, and one that does not."""
    backend = f"http://127.0.0.1:{scene.backend}/{{id}}"
    routes = {
        "GET /health": _OK,
        "GET /open/{id}": {"http": backend},
        "GET /keyed/{id}": {"http": backend, "api_key": True},
    }
    plan = {"apis": "bench", "throttle": _PLENTY, "quota": "1000000000/month"}
    parts = {"apis": {"bench": {"routes": routes}}, "plans": {"ample": plan}}
    return _server(scene, f"frontdesk-{keys}-keys", parts)


def cached(scene: Scene) -> Server:
    """A route whose answers are kept, one that is answered at the door with the same, and the bare way."""
    backend = f"http://127.0.0.1:{scene.backend}/{{id}}"
    routes = {
        "GET /health": _OK,
        "GET /open/{id}": {"http": backend},
        "GET /kept/{id}": {"http": backend, "cache": {"ttl": "1h", "key": ["path"]}},
        "GET /mocked/{id}": {"mock": {"body": SMALL}},
    }
    return _server(scene, "frontdesk-cached", {"apis": {"bench": {"routes": routes}}})


def charging(scene: Scene) -> Server:
    """A route that waits for an execution of three functions, which are real processes."""
    (scene.folder / "handlers.py").write_text(_HANDLERS)
    pay = {"Type": "Task", "Resource": "arn:aws:lambda:::function:pay"}
    states = {
        "A": pay | {"Next": "B"},
        "B": pay | {"Next": "C"},
        "C": pay | {"Next": "Answer"},
        "Answer": {"Type": "Pass", "Parameters": {"statusCode": 200, "body": "paid"}, "End": True},
    }
    parts: dict[str, object] = {
        "functions": {"pay": {"handler": "handlers.pay", "code": ".", "timeout": "10s"}},
        "state_machines": {"charge": {"definition": {"StartAt": "A", "States": states}}},
        "apis": {
            "bench": {
                "routes": {"GET /health": _OK, "GET /charge": {"state_machine": "charge"}},
            }
        },
    }
    return _server(scene, "frontdesk-charging", parts)


def hooked(scene: Scene, secret: str) -> Server:
    """Routes that take webhooks of GitHub's form: written down, and sent to a queue in the same commit."""
    hook: dict[str, object] = {"scheme": "github", "secret": secret, "retention": "1h"}
    parts: dict[str, object] = {
        "queues": {"pushed": {}},
        "webhooks": {
            "kept": hook | {"dispatch": {"default": "ignore"}},
            "sent": hook | {"dispatch": {"default": {"queue": "pushed"}}},
        },
        "apis": {
            "bench": {
                "routes": {
                    "GET /health": _OK,
                    "POST /kept": {"webhook": "kept"},
                    "POST /sent": {"webhook": "sent"},
                },
            }
        },
    }
    return _server(scene, "frontdesk-hooked", parts)


LIVE_GROUP = "/live/$default/@groups/all"
"""Path of a group of `live` on the admin listener."""


def live(scene: Scene, text: str) -> Server:
    """A WebSocket API whose messages are routed by their action, and answered with a text.

    There is no access log: none of its peers writes a line for each message.
    """
    who = {
        "type": "mock",
        "request_templates": {"$default": '{"statusCode": 200}'},
        "responses": {"default": {"templates": {"application/json": "$context.connectionId"}}},
    }
    parts: dict[str, object] = {
        "logs": {"access": False},
        "apis": {
            "health": {"routes": {"GET /health": _OK}},
            "live": {
                "type": "websocket",
                "base_path": "/live",
                "limits": {"per_address": 20_000},
                "routes": {
                    "echo": {"mock": {"body": text}, "response": True},
                    "who": {"integration": who, "response": True},
                },
            },
        },
    }
    return replace(_server(scene, "frontdesk-live", parts), name="frontdesk")


def operated(scene: Scene, *, telemetry: bool = True) -> Server:
    """Plain and TLS listeners; routes with and without policies; a function that can be ended."""
    (scene.folder / "handlers.py").write_text(_HANDLERS)
    certificate, key = Authority().issue("127.0.0.1").write(scene.folder, "bench")
    port, tls_port = free_port(), free_port()
    tls = {"cert": str(certificate), "key": str(key)}
    backend = f"http://127.0.0.1:{scene.backend}"
    policies = {
        "retry": {"attempts": 3, "on": ["connect", 502, 503, 504]},
        "breaker": {"failures": 5, "reset": "30s"},
        "bulkhead": 100,
    }
    parts = {
        "listen": [f"127.0.0.1:{port}", {"address": f"127.0.0.1:{tls_port}", "tls": tls}],
        "metrics": {} if telemetry else "off",
        "functions": {"mortal": {"handler": "handlers.mortal", "timeout": "10s"}},
        "upstreams": {"simple": {"url": backend}, "policed": {"url": backend} | policies},
        "apis": {
            "operated": {
                "routes": {
                    "GET /health": _OK,
                    "GET /open/{id}": {"http": {"upstream": "simple", "path": "/{id}"}},
                    "GET /policed/{id}": {"http": {"upstream": "policed", "path": "/{id}"}},
                    "GET /die": {"function": "mortal"},
                    "GET /live": {"function": "mortal"},
                }
            }
        },
    }
    if telemetry:
        parts["tracing"] = {"otlp": f"{backend}/v1/traces", "sample": 0.01}
    server = _server(scene, f"frontdesk{'' if telemetry else '-silent'}", parts, port)
    return replace(server, tls_port=tls_port)


def _server(scene: Scene, name: str, parts: dict[str, object], port: int = 0) -> Server:
    port = port or free_port()
    document = {
        "name": "bench",
        "listen": f"127.0.0.1:{port}",
        "admin": {"listen": f"127.0.0.1:{free_port()}"},
        "data_dir": f"{name}-data",
        "limits": {"throttle": _PLENTY},
        "logs": {"access": {"path": f"{name}-access.log", "format": "json"}, "level": "info"},
        "authorizers": {
            "patients": {
                "type": "jwt",
                "issuer": scene.issuer,
                "audience": AUDIENCE,
                "allow_http": True,
            }
        },
        **parts,
    }
    path = scene.folder / f"{name}.yaml"
    text = _Plain.written(document)
    path.write_text(text)
    program = Path(sys.executable).with_name("frontdesk")
    return Server(
        name,
        (str(program), "run", "--config", str(path)),
        port,
        scene.folder,
        settings={path.name: text if len(text) < 20_000 else f"{len(parts)} parts, generated"},
    )


class _Plain(yaml.SafeDumper):
    """YAML as a person writes it: in the given order, without anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True

    @classmethod
    def written(cls, document: object) -> str:
        return yaml.dump(document, Dumper=cls, sort_keys=False, width=120, default_flow_style=None)

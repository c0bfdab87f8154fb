"""Owns the configurations of Frontdesk for the bench: every feature on, as a user would write them."""

import sys
from pathlib import Path

import yaml

from bench.probe import ORIGIN
from bench.process import Server, free_port
from bench.scene import AUDIENCE, Scene

_PLENTY = {"rate": "1000000/s", "burst": 1_000_000}
_PER_PRACTICE = _PLENTY | {"by": "$authorizer.practice_id"}
_OK = {"mock": {"status": 200, "body": {"status": "ok"}}}

_HANDLERS = '''\
"""The bench's function: the least work that is still one."""

import json


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
'''


def full(scene: Scene) -> Server:
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
    return _server(scene, "frontdesk", {"functions": functions, "apis": apis})


def with_routes(scene: Scene, count: int) -> Server:
    """`count` guarded routes, each of its own tenant, and /health."""
    url = f"http://127.0.0.1:{scene.backend}/items/{{id}}"
    route = {"http": url, "authorizer": "patients", "throttle": _PLENTY["rate"]}
    routes = {f"GET /tenants/t{number:05}/items/{{id}}": route for number in range(count)}
    apis = {"tenants": {"routes": {"GET /health": _OK} | routes}}
    return _server(scene, f"frontdesk-{count}", {"apis": apis})


def _server(scene: Scene, name: str, parts: dict[str, object]) -> Server:
    port = free_port()
    document = {
        "name": "bench",
        "listen": f"127.0.0.1:{port}",
        "admin": {"listen": f"127.0.0.1:{free_port()}"},
        "data_dir": f"{name}-data",
        "limits": {"throttle": _PLENTY, "concurrency": 2},
        "logs": {"access": {"path": f"{name}-access.log", "format": "json"}, "level": "warning"},
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

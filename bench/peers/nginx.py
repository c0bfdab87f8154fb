"""Debian's nginx, twice: as the backend of everybody, and as a bare proxy without any check."""

import shutil
from pathlib import Path

from bench.process import GATEWAY_CORE, LOAD_CORE, Server, free_port

_FRAME = """\
daemon off;
master_process off;
pid {folder}/{name}.pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=100;
    default_type application/json;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi;
    uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
{http}
}}
"""

_BACKEND = """\
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {site};
        location / {{ return 200 '{small}'; }}
        location /files/ {{ alias {site}/; }}
        location /.well-known/ {{ }}
        location = /jwks.json {{ }}
    }}
"""

_PROXY = """\
    upstream backend {{
        server 127.0.0.1:{backend};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /health {{ return 200 '{{"status":"ok"}}'; }}
        location / {{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
"""


_CACHE = """\
    proxy_cache_path {folder}/kept levels=1 keys_zone=kept:8m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /health {{ return 200 '{{"status":"ok"}}'; }}
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_cache kept;
            proxy_cache_valid 200 1h;
        }}
    }}
"""


def backend(folder: Path, port: int, site: Path, small: str) -> Server:
    """Answer `small` everywhere, files of `site` under /files/, and the issuer's two documents."""
    http = _BACKEND.format(port=port, site=site, small=small)
    return _server("backend", folder, port, http, core=LOAD_CORE)


def bare_proxy(folder: Path, backend_port: int) -> Server:
    """Forward everything but /health; no token, limit, CORS or log."""
    port = free_port()
    return _server("nginx", folder, port, _PROXY.format(port=port, backend=backend_port))


def cache(folder: Path, backend_port: int) -> Server:
    """Keep every answer for an hour; no token, limit, CORS or log."""
    port = free_port()
    http = _CACHE.format(folder=folder, port=port, backend=backend_port)
    return _server("nginx-cache", folder, port, http)


def _server(name: str, folder: Path, port: int, http: str, core: int = GATEWAY_CORE) -> Server:
    text = _FRAME.format(folder=folder, name=name, http=http)
    path = folder / f"{name}.conf"
    path.write_text(text)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    argv = (program, "-p", str(folder), "-e", "stderr", "-c", str(path))
    return Server(name, argv, port, folder, core, settings={path.name: text})

"""Caddy as a proxy with CORS and an access log. It has no token check or limit of its own."""

import shutil
from pathlib import Path

from bench.process import Server, free_port

_CADDYFILE = """\
{{
    admin off
    auto_https off
    log default {{
        output stderr
        level ERROR
    }}
}}
:{port} {{
    bind 127.0.0.1
    log {{
        output file {folder}/caddy-access.log
        format json
    }}
    respond /health `{{"status":"ok"}}`
    header Access-Control-Allow-Origin {origin}
    reverse_proxy 127.0.0.1:{backend}
}}
"""


def proxy(folder: Path, backend: int, origin: str) -> Server:
    """Forward everything but /health on one Go processor."""
    port = free_port()
    text = _CADDYFILE.format(port=port, folder=folder, backend=backend, origin=origin)
    path = folder / "Caddyfile"
    path.write_text(text)
    return Server(
        "caddy",
        (shutil.which("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config", str(path)),
        port,
        folder,
        environment={"GOMAXPROCS": "1", "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        settings={path.name: text},
    )

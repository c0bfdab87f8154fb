"""The same checks and the same work in process: a FastAPI app on uvicorn (uvloop, httptools)."""

import sys
from pathlib import Path

from bench.process import Server, free_port


def app(folder: Path, keys: str, issuer: str, audience: str) -> Server:
    """Start bench/peers/fastapi_app.py with one worker."""
    port = free_port()
    keys_file = folder / "fastapi-keys.json"
    keys_file.write_text(keys)
    source = Path(__file__).with_name("fastapi_app.py")
    root = source.parents[2]
    return Server(
        "fastapi",
        (
            *(
                sys.executable,
                "-m",
                "uvicorn",
                "bench.peers.fastapi_app:app",
                "--app-dir",
                str(root),
            ),
            *("--host", "127.0.0.1", "--port", str(port), "--backlog", "4096"),
            *("--loop", "uvloop", "--http", "httptools", "--workers", "1"),
            *("--no-access-log", "--log-level", "error"),
        ),
        port,
        folder,
        environment={
            "BENCH_KEYS": str(keys_file),
            "BENCH_ISSUER": issuer,
            "BENCH_AUDIENCE": audience,
            "BENCH_LOG": str(folder / "fastapi-access.log"),
        },
        settings={source.name: source.read_text()},
    )

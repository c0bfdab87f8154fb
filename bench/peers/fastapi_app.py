"""What an engineer would write without a gateway: token, limit, CORS and log inside the app.

Plain ASGI middleware and cached verification: the quick way to do it, not the usual slow one.
"""

import json
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from starlette.middleware.cors import CORSMiddleware

RATE = 1_000_000.0
BURST = 1_000_000.0
CACHE_SECONDS = 300.0

Claims = dict[str, Any]

_keys = jwt.PyJWKSet.from_json(Path(os.environ["BENCH_KEYS"]).read_text())
_verified: dict[str, tuple[float, Claims]] = {}
_arrivals: dict[str, float] = {}


async def patient(authorization: Annotated[str, Header()] = "") -> Claims:
    """Return the claims of the bearer token, verified at most every five minutes."""
    token = authorization.removeprefix("Bearer ")
    known = _verified.get(token)
    if known is not None and known[0] > time.time():
        return known[1]
    try:
        key = _keys[jwt.get_unverified_header(token)["kid"]]
        claims: Claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=os.environ["BENCH_AUDIENCE"],
            issuer=os.environ["BENCH_ISSUER"],
        )
    except (jwt.InvalidTokenError, KeyError):
        raise HTTPException(401, "Unauthorized", {"WWW-Authenticate": "Bearer"}) from None
    _verified[token] = (min(claims["exp"], time.time() + CACHE_SECONDS), claims)
    return claims


async def limited(claims: Annotated[Claims, Depends(patient)]) -> Claims:
    """Refuse a practice that comes faster than its rate (GCRA)."""
    now = time.monotonic()
    key = claims["practice_id"]
    expected = max(_arrivals.get(key, now), now) + 1 / RATE
    if expected - now > BURST / RATE:
        raise HTTPException(429, "Too Many Requests", {"Retry-After": "1"})
    _arrivals[key] = expected
    return claims


class AccessLog:
    """One JSON line per request, written in blocks of the file's buffer."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._file = Path(os.environ["BENCH_LOG"]).open(  # noqa: SIM115 - as long as the app
            "a", buffering=64 * 1024
        )

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Pass the request on and note its status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        line = {
            "requestId": str(uuid4()),
            "ip": scope["client"][0],
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "httpMethod": scope["method"],
            "path": scope["path"],
            "status": status,
            "protocol": f"HTTP/{scope['http_version']}",
            "responseLatency": round((time.monotonic() - began) * 1000, 3),
        }
        self._file.write(json.dumps(line) + "\n")


app = FastAPI(openapi_url=None)
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://app.clinic.example"],
    allow_methods=["GET", "POST"],
    allow_headers=["authorization", "content-type"],
    max_age=3600,
)
app.add_middleware(AccessLog)


@app.get("/health")
async def health() -> dict[str, str]:
    """Answer at once."""
    return {"status": "ok"}


@app.get("/slots/{day}")
async def slots(day: str, claims: Annotated[Claims, Depends(limited)]) -> dict[str, Any]:
    """Do the work of the function in handlers.py."""
    return {"day": day, "practice": claims["practice_id"], "slots": ["09:00", "09:30", "11:15"]}

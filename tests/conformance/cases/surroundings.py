"""What a case needs around Frontdesk: an HTTP backend, a token issuer, and a client that sends bytes as
they are. All on free loopback ports of the test's own event loop.
"""

import asyncio
import base64
import http.client
import io
import json
import re
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conformance.cases.matching import Answer


class Server:
    """A small HTTP server: one request per connection."""

    def __init__(self) -> None:
        self.address = ""
        self._server: asyncio.Server

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            status, headers, body = self.answer(request)
            headers = {"Content-Length": str(len(body))} | headers | {"Connection": "close"}
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode("latin-1") + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError


async def _read_request(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers: dict[str, str] = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    body = b""
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
    path, _, query = target.partition("?")
    return {"method": method, "path": path, "query": query, "headers": headers, "body": body}


class Backend(Server):
    """Answers as the case's `backend` says and keeps the last request."""

    def __init__(self, behaviour: dict[str, Any]) -> None:
        super().__init__()
        self._behaviour = behaviour
        self.last: dict[str, Any] | None = None

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.last = request
        if self._behaviour.get("httpReflectBody"):
            return 200, {}, request["body"]
        says = self._behaviour.get("httpResponse", {})
        body = says.get("body", "").encode()
        if "bodyBase64" in says:
            body = base64.b64decode(says["bodyBase64"])
        return says.get("status", 200), says.get("headers", {}), body


class Issuer(Server):
    """An OpenID Connect issuer with one RSA key, and another key that it does not publish."""

    def __init__(self) -> None:
        super().__init__()
        self._key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self._other = RSAKey.generate_key(2048, {"kid": "k1"})

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": [self._key.as_dict(private=False)]},
        }
        document = documents.get(request["path"])
        body = json.dumps(document).encode()
        return 200 if document else 404, {"Content-Type": "application/json"}, body

    def token(self, description: str) -> str:
        """Make the token that a case describes, such as `aud=a iss=b scope="x y" valid signature`.

        Words that are no claim: `expired`, and `invalid`, `bad` or `wrong` before `signature`.
        `no NAME` leaves a claim out; numbers and JSON lists are taken as such.
        """
        now = int(time.time())
        claims: dict[str, Any] = {"iss": self.url, "sub": "u1", "iat": now - 5, "exp": now + 600}
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', description):
            claims[name] = _claim(quoted or plain)
        for name in re.findall(r"\b(?:no|without) (\w+)", description):
            claims.pop(name, None)
        if re.search(r"\bexpired\b", description):
            claims["exp"] = now - 60
        forged = re.search(r"\b(invalid|bad|wrong|forged) signature", description)
        key = self._other if forged else self._key
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)

    def with_tokens(self, text: str) -> str:
        """Replace every `{jwt …}` of a header value by such a token."""
        return re.sub(r"\{jwt ([^}]*)\}", lambda found: self.token(found[1]), text)


def _claim(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


async def send(address: str, request: dict[str, Any]) -> Answer:
    """Send a request of a case, its target byte for byte, and read the whole answer."""
    lines = request.get("headerLines") or list(request.get("headers", {}).items())
    lines = [line if isinstance(line, list | tuple) else line.split(": ", 1) for line in lines]
    body = request.get("body", "").encode()
    if "bodyBase64" in request:
        body = base64.b64decode(request["bodyBase64"])
    given = {name.lower() for name, _ in lines}
    lines += [("Connection", "close")] if "connection" not in given else []
    lines += [("Host", address)] if "host" not in given else []
    if body and not given & {"content-length", "transfer-encoding"}:
        lines.append(("Content-Length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        start = f"{request['method']} {request['target']} HTTP/1.1\r\n"
        writer.write(f"{start}{head}\r\n".encode() + body)
        answer = await asyncio.wait_for(_read_answer(reader, request["method"]), timeout=30)
    finally:
        writer.close()
        await writer.wait_closed()
    return answer


async def _read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    raw = await reader.read()
    parsed = http.client.HTTPResponse(_Received(raw), method=method)
    parsed.begin()
    with parsed:
        return Answer(parsed.status, parsed.getheaders(), parsed.read())


class _Received:
    """Bytes in the form of the socket that `http.client` reads from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)

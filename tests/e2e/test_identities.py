"""Who is at the door, end to end: certificates, signatures, keys and passwords, as functions and logs see them."""

import asyncio
import gzip
import hashlib
import http.client
import json
import socket
from base64 import b64encode
from contextlib import closing

import pytest
import websockets
import zstandard
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from frontdesk.base.errors import StartError
from frontdesk.config.load import load
from frontdesk.rules.auth.basic import hash_password
from tests.live.backends import Echo, threaded
from tests.live.certificates import Authority
from tests.live.gateways import project, serving

HASH = str(hash_password("right", bytes(16)))
KEY = "fd_live_0123456789abcdef"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

MODULE = """
    import json

    def echo(event, context):
        return {"statusCode": 200, "body": json.dumps(event)}
"""

CONFIG = """
    listen:
      - {address: 127.0.0.1:0, tls: {cert: server.pem, key: server.key, client_ca: ca.pem, client_auth: optional}}
    admin: {listen: 127.0.0.1:0, tls: {cert: server.pem, key: server.key}}
    logs: {access: {path: access.log, format: "$context.status $context.identity.clientCert.subjectDN $context.identity.userArn $context.authorizer.principalId $context.customDomain.basePathMatched"}}
    functions: {echo: {handler: f.echo, timeout: 10s}}
    authorizers:
      partners: {type: mtls, allow: {san_dns: desk.example}}
      keys: {type: api_key, keys: {practice_a: "${env:KEY}"}, identity: [$request.header.X-Api-Key, $request.querystring.key]}
      staff: {type: basic, users: {desk: "${env:HASH}"}}
      services: {type: iam, credentials: {AKIDEXAMPLE: {secret: "${env:SECRET}", principal: practice-a}}}
    apis:
      a:
        routes:
          GET /open: {function: echo}
          GET /mtls: {function: echo, authorizer: partners}
          GET /mtls1: {function: echo, authorizer: partners, payload: "1.0"}
          GET /key: {function: echo, authorizer: keys, throttle: {rate: 2/m, burst: 2, by: $authorizer.principalId}}
          GET /staff: {function: echo, authorizer: staff}
          POST /iam/{id}: {function: echo, authorizer: services}
"""
ENVIRON = {"KEY": KEY, "HASH": HASH, "SECRET": SECRET}


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
def folder(tmp_path, authority):
    authority.issue("127.0.0.1", "api.example").write(tmp_path)
    authority.write(tmp_path)
    return tmp_path


def _ask(address, context, method, target, headers, body):
    with closing(
        http.client.HTTPSConnection(str(address), context=context, timeout=30)
    ) as connection:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.msg, answer.read()


async def ask(app, context, target, method="GET", headers=None, body=None):
    """Send a request on a connection of its own; returns status, fields and body."""
    address = app.addresses[0]
    return await asyncio.to_thread(_ask, address, context, method, target, headers or {}, body)


async def test_everybody_is_known_in_events_and_logs(folder, authority):
    desk = authority.issue("desk.example", common="desk")
    known, nobody = authority.client(desk, folder), authority.client()
    async with serving(project(folder, CONFIG, f=MODULE), env=ENVIRON) as app:
        # a certificate
        _, _, body = await ask(app, known, "/mtls")
        context = json.loads(body)["requestContext"]
        shown = context["authentication"]["clientCert"]
        assert shown["subjectDN"] == "C=DE,O=Clinic,CN=desk"
        assert shown["clientCertPem"] == desk.pem.decode()
        assert context["authorizer"]["lambda"]["principalId"] == "C=DE,O=Clinic,CN=desk"
        _, _, body = await ask(app, known, "/mtls1")
        assert json.loads(body)["requestContext"]["identity"]["clientCert"] == shown
        assert (await ask(app, nobody, "/mtls"))[0] == 403
        other = authority.client(authority.issue("other.example"), folder)
        assert (await ask(app, other, "/mtls"))[0] == 403
        _, _, body = await ask(app, nobody, "/open")
        event = json.loads(body)
        assert "authentication" not in event["requestContext"]
        assert event["headers"]["x-forwarded-proto"] == "https"

        # a key, which counts for itself and goes no further
        statuses = []
        for headers, query in [
            ({"X-Api-Key": KEY}, ""),
            ({}, f"?a=1&key={KEY}"),
            ({"X-Api-Key": KEY}, ""),
        ]:
            status, _, body = await ask(app, nobody, f"/key{query}", headers=headers)
            statuses.append(status)
            if query:
                assert KEY not in body.decode()
                assert json.loads(body)["rawQueryString"] == "a=1"
        assert statuses == [200, 200, 429]
        assert (await ask(app, nobody, "/key"))[0] == 403

        # a password
        coded = b64encode(b"desk:right").decode()
        status, _, body = await ask(
            app, nobody, "/staff", headers={"Authorization": f"Basic {coded}"}
        )
        assert status == 200
        assert json.loads(body)["requestContext"]["authorizer"] == {
            "lambda": {"principalId": "desk"}
        }
        status, fields, _ = await ask(app, nobody, "/staff")
        assert (status, fields["www-authenticate"]) == (401, 'Basic realm="API", charset="UTF-8"')

    lines = (folder / "access.log").read_text().splitlines()
    assert lines[0] == "200 C=DE,O=Clinic,CN=desk - C=DE,O=Clinic,CN=desk -"
    assert "200 - - practice_a -" in lines
    assert KEY not in "".join(lines)


async def test_requests_signed_by_botocore_are_let_in(folder, authority):
    context = authority.client()
    async with serving(project(folder, CONFIG, f=MODULE), env=ENVIRON) as app:
        host = str(app.addresses[0])

        async def send(
            secret=SECRET, target="/iam/caf%C3%A9%20x?b=2&a=1%202&a=%2F", sent=b'{"a":1}'
        ):
            request = AWSRequest("POST", f"https://{host}{target}", data=b'{"a":1}')
            SigV4Auth(Credentials("AKIDEXAMPLE", secret), "execute-api", "us-east-1").add_auth(
                request
            )
            headers = {"Host": host, **dict(request.headers)}
            return await ask(app, context, target, "POST", headers, sent)

        status, _, body = await send()
        assert status == 200, body
        caller = json.loads(body)["requestContext"]["authorizer"]["iam"]
        assert caller["userArn"] == "arn:aws:iam::000000000000:user/practice-a"
        assert caller["accessKey"] == "AKIDEXAMPLE"
        for wrong in ({"secret": "other"}, {"sent": b'{"a":2}'}):
            status, _, body = await send(**wrong)
            assert (status, body) == (403, b'{"message":"Forbidden"}')
        assert (await ask(app, context, "/iam/1", "POST"))[0] == 403


def names_shown(app, authority, server_name):
    """Tell the names of the certificate that a client is shown which asks for a host."""
    context = authority.client()
    context.check_hostname = False
    with (
        closing(socket.create_connection(app.addresses[0], timeout=30)) as plain,
        context.wrap_socket(plain, server_hostname=server_name) as secured,
    ):
        return [name for _, name in secured.getpeercert()["subjectAltName"]]


DOMAIN = """
    listen: {address: 127.0.0.1:0, tls: {cert: server.pem, key: server.key}}
    apis:
      a: {stages: {prod: {}}, routes: {GET /where: {mock: {body: mapped}}}}
      b: {routes: {GET /where: {mock: {body: open}}}}
    domains:
      lab.example:
        mappings: {v1/lab: a}
        tls: {cert: lab.pem, key: lab.key}
"""


async def test_a_reload_brings_a_domain_with_its_certificate(folder, authority):
    plain = DOMAIN.partition("    domains:")[0]
    async with serving(project(folder, plain.replace("a: {", "a: {base_path: /a, "))) as app:
        assert await asyncio.to_thread(names_shown, app, authority, "lab.example") == [
            "127.0.0.1",
            "api.example",
        ]
        path = project(folder, DOMAIN)
        with pytest.raises(StartError, match=r"cannot read the file: .*lab\.pem"):
            await app.reload(load([path], {}))
        assert (await ask(app, authority.client(), "/where"))[2] == b"open"

        authority.issue("lab.example").write(folder, "lab")
        await app.reload(load([path], {}))
        assert await asyncio.to_thread(names_shown, app, authority, "lab.example") == [
            "lab.example"
        ]
        lab = {"Host": "lab.example"}
        status, _, body = await ask(app, authority.client(), "/v1/lab/where", headers=lab)
        assert (status, body) == (200, b"mapped")
        status, _, body = await ask(app, authority.client(), "/where", headers=lab)
        assert (status, body) == (403, b'{"message":"Forbidden"}')
        assert (await ask(app, authority.client(), "/where"))[2] == b"open"


SIMPLE = """
    listen: {address: 127.0.0.1:0, tls: {cert: server.pem, key: server.key%s}}
    apis: {a: {routes: {GET /where: {mock: {}}}}}
"""


async def test_a_reload_brings_other_certificates_but_asks_no_client_anew(folder, authority):
    authority.issue("more.example").write(folder, "more")
    more = ", certificates: [{cert: more.pem, key: more.key}]"
    async with serving(project(folder, SIMPLE % "")) as app:
        before = (folder / "frontdesk.yaml").read_text()
        (folder / "frontdesk.yaml").write_text(before.replace("server.key", f"server.key{more}"))
        assert await app.reload(load([folder / "frontdesk.yaml"], {})) == ()
        assert await asyncio.to_thread(names_shown, app, authority, "more.example") == [
            "more.example"
        ]
        asks = before.replace("server.key", "server.key, client_ca: ca.pem")
        (folder / "frontdesk.yaml").write_text(asks)
        assert await app.reload(load([folder / "frontdesk.yaml"], {})) == ("listen",)
        assert (await ask(app, authority.client(), "/where"))[0] == 200


@pytest.mark.parametrize(
    ("accept", "decode"),
    [
        ("gzip", gzip.decompress),
        ("zstd, gzip", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    ],
    ids=["gzip", "zstd"],
)
async def test_answers_of_backends_are_compressed_as_they_come(folder, authority, accept, decode):
    with threaded(Echo) as backend:
        config = f"""
            listen: {{address: 127.0.0.1:0, tls: {{cert: server.pem, key: server.key}}}}
            apis:
              a:
                compression: {{}}
                routes: {{"GET /{{p+}}": {{http: "http://{backend}/{{p}}"}}}}
        """
        async with serving(project(folder, config)) as app:
            headers = {"Accept-Encoding": accept}
            status, fields, body = await ask(
                app, authority.client(), "/bytes/5000000", headers=headers
            )
            assert (status, fields["content-encoding"]) == (200, accept.partition(",")[0])
            assert fields["vary"] == "Accept-Encoding"
            assert len(body) < 100_000
            assert decode(body) == bytes(5_000_000)
            status, fields, body = await ask(app, authority.client(), "/bytes/5000")
            assert (fields["content-encoding"], len(body)) == (None, 5000)


async def test_bodies_and_tunnels_pass_through_tls(folder, authority):
    async def shout(connection):
        async for message in connection:
            await connection.send(message.upper())

    with threaded(Echo) as backend:
        async with websockets.serve(shout, "127.0.0.1", 0) as loud:
            port = loud.sockets[0].getsockname()[1]
            config = f"""
                listen: {{address: 127.0.0.1:0, tls: {{cert: server.pem, key: server.key}}}}
                apis:
                  a:
                    routes:
                      GET /ws: {{http: "http://127.0.0.1:{port}/"}}
                      ANY /b/{{p+}}: {{http: "http://{backend}/{{p}}"}}
            """
            async with serving(project(folder, config)) as app:
                context = authority.client()
                _, _, body = await ask(app, context, "/b/bytes/30000000")
                assert len(body) == 30_000_000
                sent = bytes(range(256)) * 20_000
                _, _, body = await ask(app, context, "/b/x", "POST", body=sent)
                assert json.loads(body)["sha256"] == hashlib.sha256(sent).hexdigest()
                url = f"wss://{app.addresses[0]}/ws"
                async with websockets.connect(url, ssl=context) as client:
                    for text in ("hello", "x" * 100_000):
                        await client.send(text)
                        assert await client.recv() == text.upper()
                assert client.close_code == 1000

"""HTTP tasks on real connections: redirects, limits of time and size, tokens, identities."""

import asyncio
import ssl
from base64 import b64encode
from urllib.parse import parse_qs

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.durable.tasks.connections import Connection, Way
from frontdesk.durable.tasks.http import HttpTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.task import Watch
from frontdesk.durable.tasks.tokens import OAuthClient
from frontdesk.rules.asl.http_tasks import Additions
from tests.durable.tasks.asking import Answers, a_task
from tests.live.certificates import Authority
from tests.live.proxies import forward_proxy
from tests.live.vendors import limiting, path_of, vendor

CLOCK = SystemClock()
RESOURCE = "arn:aws:states:::http:invoke"


class Tasks:
    """HTTP tasks with connections, as a machine has them done."""

    def __init__(self, **more):
        wheel = Wheel(CLOCK.monotonic())
        self.jobs = Jobs(CLOCK, wheel)
        self.http = HttpTasks(self.jobs, CLOCK, wheel, region="eu-west-1", **more)

    def start(self, url, **arguments):
        """Begin a task; returns its answers and its work."""
        connection = arguments.pop("connection", None)
        if connection:
            arguments["Authentication"] = {
                "ConnectionArn": f"arn:aws:events:::connection/{connection}/1"
            }
        asked = {"ApiEndpoint": url, "Method": "GET", **arguments}
        answers = Answers()
        work = self.http.rows["http", "invoke"].do(a_task(RESOURCE, asked), answers)
        return answers, work

    async def do(self, url, **arguments):
        """Do a task; returns its output, or (error, cause)."""
        answers, _ = self.start(url, **arguments)
        await answers.until()
        ((kind, *what),) = answers.all
        return what[0] if kind == "succeeded" else tuple(what)


@pytest.fixture
async def tasks():
    tasks = Tasks()
    yield tasks
    await tasks.jobs.stop()
    tasks.http.close()


async def test_a_call(tasks):
    async with vendor(lambda asked: (201, {}, {"made": asked.body.decode()})) as api:
        got = await tasks.do(f"{api.url}/charges", Method="POST", RequestBody={"amount": 5})
    assert got["StatusCode"] == 201
    assert got["StatusText"] == "Created"
    assert got["ResponseBody"] == {"made": '{"amount":5}'}
    assert got["Headers"]["content-type"] == ["application/json"]
    (asked,) = api.seen
    assert (asked.method, asked.target) == ("POST", "/charges")
    assert asked.headers["host"] == api.url.removeprefix("http://")
    assert len(asked.headers["idempotency-key"]) == 32


async def test_a_call_without_an_answer_s_body(tasks):
    async with vendor(lambda _: (200, {"X-A": "b"}, b"not sent")) as api:
        got = await tasks.do(api.url, Method="HEAD")
        assert (got["ResponseBody"], got["Headers"]["x-a"]) == ("", ["b"])
        assert (await tasks.do(api.url, Method="DELETE"))["ResponseBody"] == "not sent"


async def test_calls_share_a_connection(tasks):
    async with vendor(lambda _: {}) as api:
        for _ in range(3):
            await tasks.do(api.url)
        assert len(api.connections) == 1


async def test_a_refusal_is_the_error_of_its_status(tasks):
    async with vendor(lambda _: (503, {"Content-Type": "text/plain"}, b"try later")) as api:
        assert await tasks.do(api.url) == ("States.Http.StatusCode.503", "try later")


async def test_an_answer_is_read_no_further_than_the_limit(tasks):
    more = asyncio.Event()

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9000000\r\n\r\n"
        )
        writer.write(b"x" * 300_000)
        await reader.read()  # until the other side has hung up
        more.set()
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        error, _ = await tasks.do(
            "http://127.0.0.1:{}".format(*server.sockets[0].getsockname()[1:])
        )
        assert error == "States.DataLimitExceeded"
        await asyncio.wait_for(more.wait(), 30)


async def test_nobody_there(tasks):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        error, cause = await tasks.do(f"http://127.0.0.1:{port}")
        assert (error, cause.split(":")[0]) == ("States.Http.Socket", "closed")
    error, cause = await tasks.do(f"http://127.0.0.1:{port}")
    assert (error, cause.split(":")[0]) == ("States.Http.Socket", "connect")


async def test_an_answer_that_does_not_come():
    tasks, never = Tasks(longest=0.05), asyncio.Event()

    async def hang(_asked):
        await never.wait()

    async with vendor(hang) as api:
        assert await tasks.do(api.url) == ("States.Http.Socket", "No answer within 0.05 seconds")
        never.set()
    tasks.http.close()


async def test_a_task_that_is_cancelled_hangs_up_and_answers_nothing(tasks):
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answers, work = tasks.start(f"http://127.0.0.1:{port}")
        await asked.wait()
        work.cancel()
        await asyncio.wait_for(gone.wait(), 30)
    assert answers.all == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"Method": "BREW"}, "States.Runtime"),
        ({"connection": "nobody"}, "Events.ConnectionResource.ResourceNotFound"),
    ],
)
async def test_what_is_never_sent(tasks, arguments, error):
    async with vendor(lambda _: {}) as api:
        assert (await tasks.do(api.url, **arguments))[0] == error
        assert api.seen == []


@pytest.mark.parametrize("url", ["http://user@127.0.0.1", "http://", "http://127.0.0.1:99999"])
async def test_an_endpoint_that_is_none(tasks, url):
    assert (await tasks.do(url))[0] == "States.Runtime"


# -- connections ------------------------------------------------------------------------------------


async def test_a_connection_adds_its_part(tasks):
    added = Additions({"X-Api-Key": "s3cret"}, {"tenant": "7"}, {"account": "acme"})
    tasks.http.adopt({"vendor": Connection(added=added)})
    async with vendor(lambda _: {}) as api:
        await tasks.do(api.url, Method="POST", RequestBody={"a": 1}, connection="vendor")
    (asked,) = api.seen
    assert asked.headers["x-api-key"] == "s3cret"
    assert (asked.target, asked.body) == ("/?tenant=7", b'{"a":1,"account":"acme"}')


async def test_redirects_within_the_origin_keep_the_credentials(tasks):
    tasks.http.adopt({"vendor": Connection(added=Additions({"X-Api-Key": "s3cret"}))})

    def answer(asked):
        return (
            {"at": asked.target} if path_of(asked) == "/b" else (307, {"Location": "/b?c=d"}, b"")
        )

    async with vendor(answer) as api:
        got = await tasks.do(api.url, Method="POST", RequestBody="x", connection="vendor")
    assert got["ResponseBody"] == {"at": "/b?c=d"}
    assert [(one.method, one.body, one.headers["x-api-key"]) for one in api.seen] == [
        ("POST", b"x", "s3cret")
    ] * 2


async def test_redirects_to_another_origin_lose_them(tasks):
    added = Additions({"Authorization": "Bearer s3cret"}, {"key": "s3cret"}, {"key": "s3cret"})
    tasks.http.adopt({"vendor": Connection(added=added)})
    async with (
        vendor(lambda _: {}) as other,
        vendor(lambda _: (307, {"Location": f"{other.url}/x"}, b"")) as api,
    ):
        arguments = {
            "Headers": {"Cookie": "s3cret", "X-A": "b"},
            "QueryParameters": {"q": "s3cret"},
        }
        await tasks.do(
            api.url, Method="PUT", RequestBody={"a": 1}, connection="vendor", **arguments
        )
    assert "s3cret" in str(api.seen)
    (asked,) = other.seen
    assert "s3cret" not in str(asked)
    assert (asked.method, asked.body, asked.headers["x-a"]) == ("PUT", b'{"a":1}', "b")


async def test_redirects_in_a_circle_end(tasks):
    async with vendor(lambda _: (302, {"Location": "/again"}, b"round")) as api:
        assert await tasks.do(api.url) == ("States.Http.StatusCode.302", "round")
        assert len(api.seen) == 4


async def test_a_connection_trusts_its_own_authority(tasks, tmp_path):
    authority = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1").write(tmp_path))
    ca = str(authority.write(tmp_path))
    tasks.http.adopt(
        {
            "vendor": Connection(Way(TlsSettings(ca=ca))),
            "broken": Connection(Way(TlsSettings(ca=f"{ca}.gone"))),
        }
    )
    async with vendor(lambda _: {}, ssl=context) as api:
        assert (await tasks.do(api.url, connection="vendor"))["StatusCode"] == 200
        error, cause = await tasks.do(api.url)
        assert (error, cause.split(":")[0]) == ("States.Http.Socket", "tls")
        error, cause = await tasks.do(api.url, connection="broken")
        assert (error, "tls.ca" in cause) == ("States.Runtime", True)


# -- tokens -----------------------------------------------------------------------------------------


class Ledger:
    """An API that takes tokens, and the endpoint that gives them."""

    def __init__(self):
        self.given = 0
        self.valid = set()
        self.lasts = 3600
        self.refusal = None
        self.knows_us = True

    def __call__(self, asked):
        if path_of(asked) == "/token":
            if self.refusal:
                return self.refusal
            self.given += 1
            if self.knows_us:
                self.valid.add(f"Bearer t-{self.given}")
            return {
                "access_token": f"t-{self.given}",
                "token_type": "Bearer",
                "expires_in": self.lasts,
            }
        if asked.headers.get("authorization") not in self.valid:
            return 401, {}, {"message": "who are you?"}
        return {"to": asked.headers["authorization"]}


@pytest.fixture
async def ledger():
    async with vendor(Ledger()) as api:
        yield api


def adopt(tasks, api, **client):
    oauth = OAuthClient(f"{api.url}/token", "clinic:1", "s3 cret", **client)
    tasks.http.adopt({"ledger": Connection(oauth=oauth)})


async def test_a_token_is_fetched_once_for_all_who_wait(tasks, ledger):
    adopt(tasks, ledger, scope="read write", added=Additions(body={"audience": "x"}))
    calls = [tasks.do(ledger.url, connection="ledger") for _ in range(5)]
    assert {one["ResponseBody"]["to"] for one in await asyncio.gather(*calls)} == {"Bearer t-1"}
    (asked,) = [one for one in ledger.seen if one.target == "/token"]
    basic = b64encode(b"clinic%3A1:s3%20cret").decode()
    assert asked.headers["authorization"] == f"Basic {basic}"
    assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["read write"],
        "audience": ["x"],
    }
    assert not {"range", "idempotency-key"} & asked.headers.keys()


async def test_the_secret_may_go_in_the_body(tasks, ledger):
    adopt(tasks, ledger, post=True)
    await tasks.do(ledger.url, connection="ledger")
    asked = ledger.seen[0]
    assert "authorization" not in asked.headers
    assert parse_qs(asked.body.decode())["client_secret"] == ["s3 cret"]


async def test_a_token_that_is_over_is_fetched_anew(tasks, ledger):
    ledger.answer.lasts = 1e-9
    adopt(tasks, ledger)
    for number in (1, 2):
        got = await tasks.do(ledger.url, connection="ledger")
        assert got["ResponseBody"]["to"] == f"Bearer t-{number}"


async def test_a_token_that_is_refused_is_fetched_anew_once(tasks, ledger):
    adopt(tasks, ledger)
    await tasks.do(ledger.url, connection="ledger")
    ledger.answer.valid.clear()
    got = await tasks.do(ledger.url, connection="ledger")
    assert got["ResponseBody"]["to"] == "Bearer t-2"


async def test_who_is_refused_with_a_new_token_is_refused(tasks, ledger):
    ledger.answer.knows_us = False
    adopt(tasks, ledger)
    error, _ = await tasks.do(ledger.url, connection="ledger")
    assert error == "States.Http.StatusCode.401"
    assert ledger.answer.given == 2


@pytest.mark.parametrize(
    ("refusal", "cause"),
    [
        ((400, {}, {"error": "invalid_client"}), "The token endpoint answered 400: invalid_client"),
        ((200, {}, {"error": "s"}), "The token endpoint answered 200: s"),
        ((200, {}, {"access_token": 5}), "The token endpoint answered 200"),
        ((200, {}, {"access_token": "a\r\nb"}), "The token endpoint answered 200"),
        ((200, {}, b"no json"), "The token endpoint answered 200"),
    ],
    ids=["client", "error", "number", "lines", "text"],
)
async def test_an_endpoint_that_gives_no_token(tasks, ledger, refusal, cause):
    ledger.answer.refusal = refusal
    adopt(tasks, ledger)
    error = "Events.ConnectionResource.InvalidConnectionState"
    assert await tasks.do(ledger.url, connection="ledger") == (error, cause)
    ledger.answer.refusal = None
    assert (await tasks.do(ledger.url, connection="ledger"))["StatusCode"] == 200


async def test_those_who_wait_for_a_token_do_not_mind_who_gives_up(tasks, ledger):
    adopt(tasks, ledger)
    given_up, work = tasks.start(ledger.url, connection="ledger")
    other = asyncio.create_task(tasks.do(ledger.url, connection="ledger"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.cancel()
    assert (await other)["ResponseBody"]["to"] == "Bearer t-1"
    assert given_up.all == []


async def test_another_configuration_keeps_the_tokens_of_what_stays(tasks, ledger):
    for scope, to in (("a", "t-1"), ("a", "t-1"), ("b", "t-2")):
        adopt(tasks, ledger, scope=scope)
        got = await tasks.do(ledger.url, connection="ledger")
        assert got["ResponseBody"]["to"] == f"Bearer {to}"


def test_secrets_are_not_shown():
    added = Additions({"Authorization": "s3cret"}, {"a": "s3cret"}, {"b": "s3cret"})
    oauth = OAuthClient("https://x", "i", "s3cret", added=added)
    assert "s3cret" not in repr(Connection(added=added, oauth=oauth))


# -- identities -------------------------------------------------------------------------------------


def from_addresses(*addresses):
    identities = tuple(Identity(source=address) for address in addresses)
    return Connection(Way(egress=EgressSettings(identities, failover=True)))


async def test_a_vendor_that_limits_each_address_is_asked_from_the_next_one(tasks):
    addresses = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    tasks.http.adopt({"one": from_addresses("127.0.0.5"), "three": from_addresses(*addresses)})
    async with vendor(limiting(each=1)) as api:
        assert (await tasks.do(api.url, connection="one"))["StatusCode"] == 200
        assert (await tasks.do(api.url, connection="one"))[0] == "States.Http.StatusCode.429"
        got = [await tasks.do(api.url, connection="three") for _ in range(3)]
        assert [one["ResponseBody"]["from"] for one in got] == list(addresses)


async def test_a_refused_call_goes_on_as_the_next_identity_within_the_task(tasks):
    tasks.http.adopt({"three": from_addresses("127.0.0.2", "127.0.0.3", "127.0.0.4")})

    def answer(asked):
        if asked.peer != "127.0.0.4":
            return 429, {"Retry-After": "60"}, {}
        return {"from": asked.peer, "body": asked.body.decode()}

    async with vendor(answer) as api:
        got = await tasks.do(api.url, Method="POST", RequestBody="x", connection="three")
        assert got["ResponseBody"] == {"from": "127.0.0.4", "body": "x"}
        assert [one.peer for one in api.seen] == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        assert len({one.headers["idempotency-key"] for one in api.seen}) == 1
        await tasks.do(api.url, connection="three")
        assert [one.peer for one in api.seen][3:] == ["127.0.0.4"]


async def test_when_all_identities_rest_nothing_is_sent(tasks):
    tasks.http.adopt({"two": from_addresses("127.0.0.2", "127.0.0.3")})
    async with vendor(lambda _: (429, {"Retry-After": "60"}, {"message": "slow down"})) as api:
        error = "States.Http.StatusCode.429"
        assert await tasks.do(api.url, connection="two") == (error, '{"message": "slow down"}')
        assert len(api.seen) == 2
        refused = await tasks.do(api.url, connection="two")
        assert refused[0] == error
        assert refused[1].startswith("All identities rest; the first is free in ")
        assert len(api.seen) == 2


async def test_each_vendor_limits_for_itself(tasks):
    tasks.http.adopt({"one": from_addresses("127.0.0.2")})
    async with (
        vendor(lambda _: (429, {"Retry-After": "60"}, {})) as strict,
        vendor(lambda _: {}) as api,
    ):
        assert (await tasks.do(strict.url, connection="one"))[0] == "States.Http.StatusCode.429"
        assert (await tasks.do(api.url, connection="one"))["StatusCode"] == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_forward_proxies_are_identities_too(tasks, tmp_path, scheme):
    context, ca = None, ""
    if scheme == "https":
        authority = Authority()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("127.0.0.1").write(tmp_path))
        ca = str(authority.write(tmp_path))
    async with (
        forward_proxy("127.0.0.2") as first,
        forward_proxy("127.0.0.3") as second,
        vendor(limiting(each=1), ssl=context) as api,
    ):
        identities = tuple(Identity(proxy=Proxy(one.url)) for one in (first, second))
        egress = EgressSettings(identities, failover=True)
        tasks.http.adopt({"two": Connection(Way(TlsSettings(ca=ca), egress))})
        got = [await tasks.do(api.url, Method="POST", connection="two") for _ in range(2)]
        assert [one["ResponseBody"]["from"] for one in got] == ["127.0.0.2", "127.0.0.3"]
        assert (await tasks.do(api.url, connection="two"))[0] == "States.Http.StatusCode.429"
    assert all(proxy.seen for proxy in (first, second))


# -- tried ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secrets", [False, True], ids=["hidden", "revealed"])
async def test_a_task_that_is_tried_tells_what_went_over_the_wire(tasks, secrets):
    tasks.http.adopt({"shop": Connection(added=Additions(headers={"X-Key": "secret-1"}))})
    arguments = {
        "Method": "POST",
        "QueryParameters": {"a": "b c"},
        "RequestBody": {"n": 1},
        "Authentication": {"ConnectionArn": "arn:aws:events:::connection/shop/1"},
    }
    watch, answers = Watch(secrets=secrets), Answers()
    async with vendor(lambda _: (404, {"Content-Type": "text/plain"}, b"not here")) as api:
        asked = {"ApiEndpoint": f"{api.url}/charges", **arguments}
        task = a_task(RESOURCE, asked)._replace(watch=watch)
        tasks.http.rows["http", "invoke"].do(task, answers)
        assert await answers.until() == ("failed", "States.Http.StatusCode.404", "not here")
    request, response = watch.seen["request"], watch.seen["response"]
    assert request["url"] == f"{api.url}/charges?a=b%20c"
    assert (request["protocol"], request["method"], request["body"]) == ("http", "POST", '{"n":1}')
    assert "User-Agent: Amazon|StepFunctions|HttpInvoke|eu-west-1" in request["headers"]
    assert ("secret-1" in request["headers"]) == secrets
    assert (response["statusCode"], response["statusMessage"]) == ("404", "Not Found")
    assert response["body"] == "not here"

"""HTTP and HTTP_PROXY: what is special about the way there and back; the rest is `test_http`."""

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.config.models.upstream import Upstream

HTTP = {"type": "http", "uri": "http://h/", "responses": {"default": {}}}
PROXY = {"type": "http_proxy", "uri": "http://h/"}


class Body:
    """A Source whose parts come when the test says so."""

    length = None

    def __init__(self):
        self.cancelled = False

    def attach(self, sink):
        self.sink = sink

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def body(backend):
    body = Body()
    backend.answer = (200, [], body)
    return body


def test_an_answer_in_parts_is_transformed_when_it_is_whole(call_method, body):
    ex, reply = call_method(HTTP)
    assert reply is None
    body.sink.write(b'{"a":')
    body.sink.write(b" 1}")
    body.sink.end()
    assert ex.client.replies[0].body == b'{"a": 1}'


def test_an_answer_that_breaks_off_is_a_failure(call_method, body):
    ex, _ = call_method(HTTP)
    body.sink.abort("closed")
    [reply] = ex.client.replies
    assert (reply.status, reply.cause) == (504, "upstream:closed")
    assert ex.integration_error == "closed"


def test_an_answer_without_end_is_given_up(call_method, body):
    ex, _ = call_method(HTTP)
    for _ in range(11):
        body.sink.write(b"x" * 1024**2)
        if ex.client.replies:
            break
    [reply] = ex.client.replies
    assert (reply.status, reply.cause) == (500, "integration:answer_size")
    assert body.cancelled


def test_a_client_that_leaves_ends_the_gathering(call_method, body):
    ex, _ = call_method(HTTP)
    ex.cancel_work("client")
    assert body.cancelled
    assert ex.integration_error == "client"


@pytest.mark.parametrize("reason", ["resolve", "connect", "timeout", "closed"])
def test_a_backend_that_fails_is_told_by_its_reason(call_method, backend, reason):
    backend.error = UpstreamError(reason, "it does not work")
    ex, reply = call_method(HTTP)
    assert reply.cause == f"upstream:{reason}"
    assert reply.made == "gateway"
    assert ex.integration_error == f"{reason}: it does not work"


@pytest.mark.parametrize(
    ("method", "asked", "sent"),
    [(None, "PUT", "PUT"), ("ANY", "PUT", "PUT"), ("POST", "GET", "POST")],
)
def test_which_method_a_backend_sees(call_method, backend, method, asked, sent):
    integration = HTTP | ({"method": method} if method else {})
    call_method(integration, key="ANY /pets/{id}", method=asked)
    assert backend.calls[0].method == sent


def test_a_stage_variable_may_be_the_host(call_method, backend):
    call_method(HTTP | {"uri": "http://${stageVariables.host}/x"}, variables={"host": "h2:81"})
    assert backend.line == "GET /x HTTP/1.1"


def test_a_request_that_goes_round_in_circles_is_refused(call_method, backend):
    _, reply = call_method(HTTP, [(b"Via", b"1.1 frontdesk")])
    assert (reply.status, reply.cause) == (508, "loop")
    assert backend.calls == []


@pytest.mark.parametrize("kind", ["http", "http_proxy"])
def test_a_named_backend_gets_our_credentials_and_never_the_clients(call_method, backend, kind):
    upstreams = {
        "vendor": Upstream.model_validate(
            {"url": "http://h/v1", "auth": {"bearer": {"token": "${env:X}"}}}
        )
    }
    upstreams["vendor"] = upstreams["vendor"].model_copy()
    integration = {
        "type": kind,
        "upstream": "vendor",
        "path": "/p/{id}",
        "responses": {"default": {}},
    }
    call_method(integration, [(b"Authorization", b"Bearer client")], upstreams=upstreams)
    assert backend.line == "GET /v1/p/6 HTTP/1.1"
    assert backend.calls[0].head.lower().count(b"authorization: ") == 1
    assert "client" not in backend.fields["authorization"]


# -- HTTP_PROXY ---------------------------------------------------------------------------------


def test_a_proxy_passes_answers_on_with_what_speaks_of_the_backend_renamed(call_method, backend):
    backend.answer = (
        418,
        [(b"Date", b"d"), (b"server", b"s"), (b"x-amzn-RequestId", b"r"), (b"X-Own", b"x")],
        b"body",
    )
    _, reply = call_method(PROXY)
    assert (reply.status, reply.body) == (418, b"body")
    assert reply.fields == [
        (b"x-amzn-Remapped-Date", b"d"),
        (b"x-amzn-Remapped-server", b"s"),
        (b"x-amzn-Remapped-x-amzn-RequestId", b"r"),
        (b"X-Own", b"x"),
        (b"x-amzn-Remapped-Content-Length", b"4"),
    ]


def test_a_proxy_passes_bodies_on_as_they_come(call_method, body):
    _, reply = call_method(PROXY)
    assert reply.body is body
    assert not any(b"content-length" in name.lower() for name, _ in reply.fields)


@pytest.mark.parametrize(("sent", "kept"), [(b"", False), (b"zipped", True)])
def test_an_encoding_is_told_beside_a_body_only(call_method, backend, sent, kept):
    call_method(PROXY, [(b"Content-Encoding", b"gzip")], method="POST", body=sent)
    assert ("content-encoding" in backend.fields) is kept


def test_a_proxy_to_a_named_backend_keeps_the_path(call_method, backend):
    upstreams = {"pets": Upstream.model_validate({"url": "http://h/v1"})}
    call_method({"type": "http_proxy", "upstream": "pets"}, upstreams=upstreams)
    assert backend.line == "GET /v1/pets/6 HTTP/1.1"

import pytest

from frontdesk.rules.http.hop_by_hop import HELD, HOP_BY_HOP, SINGLETONS, is_held, nominated


def test_hop_by_hop_fields_are_held():
    assert HOP_BY_HOP < HELD


@pytest.mark.parametrize(
    "name",
    [
        b"connection",
        b"content-length",
        b"forwarded",
        b"host",
        b"x-amzn-oidc-identity",
        b"x-forwarded-client-cert",
        b"x-forwarded-for",
        b"x-forwarded",
        b"x-ms-client-principal-id",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    ],
)
def test_forgeable_and_hop_fields_are_not_forwarded_as_they_came(name):
    assert is_held(name)


@pytest.mark.parametrize(
    "name",
    [b"authorization", b"cookie", b"x-amzn-trace-id", b"x-ms-version", b"x-api-key", b"origin"],
)
def test_end_to_end_fields_pass(name):
    assert not is_held(name)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b"keep-alive", set()),
        (b"Keep-Alive, TE", set()),
        (b"close", set()),
        (b"Upgrade, HTTP2-Settings", set()),
        (b"", set()),
        (b" , ,", set()),
        (b"X-Once", {b"x-once"}),
        (b"close, X-Once ,\tx-twice", {b"x-once", b"x-twice"}),
    ],
)
def test_connection_nominates_end_to_end_fields(value, names):
    assert nominated(value) == names


@pytest.mark.parametrize("name", sorted(SINGLETONS))
def test_nominating_a_singleton_is_an_attack(name):
    assert nominated(b"close, " + name.title()) is None


@pytest.mark.parametrize(
    "name",
    [
        b"Cache-Control",
        b"Cookie",
        b"Forwarded",
        b"Origin",
        b"Via",
        b"X-Forwarded-For",
        b"X-Real-IP",
        b"traceparent",
        b"X-Amzn-Trace-Id",
    ],
)
def test_nominating_identity_routing_or_tracing_is_an_attack(name):
    assert nominated(b"keep-alive," + name) is None

import json

import pytest

from frontdesk.rules.auth.jwks import (
    KeySetState,
    Refresh,
    begin,
    check_url,
    discovery_url,
    failed,
    loaded,
    may_fetch_for_unknown_key,
    read_discovery,
)

RULES = Refresh(min_interval=60.0, max_age=3600.0, stale_if_error=86400.0)


def document(kid="a"):
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}]}).encode()


def load(state=None, now=100.0, kid="a", cache_control=""):
    return loaded(begin(state or KeySetState(), now), RULES, now, document(kid), cache_control)


def test_the_first_success_brings_keys():
    state = load()
    assert "a" in state.keys
    assert (state.generation, state.fetching, state.due) == (1, False, 3700.0)


def test_the_same_document_is_the_same_generation():
    first = load()
    again = load(first, now=4000.0)
    assert again.keys is first.keys
    assert (again.generation, again.fresh_until) == (1, 7600.0)


def test_a_removed_key_is_gone_at_once():
    state = load(load(), now=4000.0, kid="b")
    assert "a" not in state.keys
    assert state.generation == 2


@pytest.mark.parametrize(
    ("cache_control", "age"),
    [
        ("", 3600),
        ("max-age=600", 600),
        ("public, max-age=600, must-revalidate", 600),
        ("MAX-AGE = 600", 600),
        ('max-age="600"', 600),
        ("max-age=1", 60),
        ("max-age=0", 60),
        ("max-age=999999999", 86400),
        ("s-maxage=600", 3600),
        ("x-max-age=600", 3600),
        ("max-age=abc", 3600),
        ("no-store", 3600),
    ],
)
def test_the_servers_max_age_counts_within_limits(cache_control, age):
    assert load(cache_control=cache_control).due == 100.0 + age


def test_pauses_after_failures_double_up_to_a_minute():
    state, pauses = KeySetState(), []
    for _ in range(8):
        state = failed(begin(state, 0.0), RULES, 0.0, jitter=0.0)
        pauses.append(state.due)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 1.0), (0.5, 0.75), (1.0, 0.5)])
def test_jitter_shortens_a_pause_by_up_to_half(jitter, pause):
    assert failed(begin(KeySetState(), 0.0), RULES, 0.0, jitter).due == pause


def test_old_keys_serve_while_fetching_fails_and_no_longer():
    state = load()
    last = 100.0 + 3600.0 + 86400.0
    state = failed(begin(state, last - 1), RULES, last - 1, 0.0)
    assert (state.keys is not None, state.generation) == (True, 1)
    state = failed(begin(state, last), RULES, last, 0.0)
    assert (state.keys, state.generation) == (None, 2)
    back = load(state, now=last + 5)
    assert (back.keys is not None, back.generation, back.failures) == (True, 3, 0)


def test_without_a_first_success_failures_change_no_generation():
    assert failed(begin(KeySetState(), 0.0), RULES, 0.0, 0.0).generation == 0


def test_what_is_no_key_set_is_an_error():
    with pytest.raises(ValueError, match="not a key set"):
        loaded(begin(KeySetState(), 0.0), RULES, 0.0, b"<html>", "")


def test_unknown_keys_cause_one_fetch_per_interval():
    state = load(now=100.0)
    assert not may_fetch_for_unknown_key(state, RULES, 159.9)
    assert may_fetch_for_unknown_key(state, RULES, 160.0)
    assert not may_fetch_for_unknown_key(begin(state, 160.0), RULES, 300.0)


@pytest.mark.parametrize("issuer", ["https://idp.example/t", "https://idp.example/t/"])
def test_discovery_starts_at_the_issuer(issuer):
    assert discovery_url(issuer) == "https://idp.example/t/.well-known/openid-configuration"


ISSUER = "https://idp.example"


def test_discovery_names_the_key_set():
    said = {"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"}
    url = read_discovery(json.dumps(said).encode(), ISSUER, allow_http=False)
    assert url == "https://keys.example/jwks"


@pytest.mark.parametrize(
    "said",
    [
        [],
        None,
        {},
        {"issuer": ISSUER},
        {"issuer": ISSUER + "/", "jwks_uri": "https://keys.example/"},
        {"issuer": "https://other.example", "jwks_uri": "https://keys.example/"},
        {"issuer": ISSUER, "jwks_uri": None},
        {"issuer": ISSUER, "jwks_uri": ["https://keys.example/"]},
        {"issuer": ISSUER, "jwks_uri": "http://keys.example/"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER, "jwks_uri": "https://"},
    ],
)
def test_discovery_documents_are_refused(said):
    with pytest.raises(ValueError):
        read_discovery(json.dumps(said).encode(), ISSUER, allow_http=True)


def test_a_discovery_page_of_html_is_refused():
    with pytest.raises(ValueError, match="not JSON"):
        read_discovery(b"<html>login</html>", ISSUER, allow_http=False)


@pytest.mark.parametrize(
    ("url", "allow_http", "allowed"),
    [
        ("https://idp.example/x", False, True),
        ("https://10.0.0.1/x", False, True),
        ("http://127.0.0.1:8081/x", True, True),
        ("http://[::1]:8081/x", True, True),
        ("http://localhost/x", True, True),
        ("http://127.0.0.1:8081/x", False, False),
        ("http://10.0.0.1/x", True, False),
        ("http://localhost.evil.example/x", True, False),
        ("ftp://idp.example/x", True, False),
        ("https://user:pass@idp.example/x", False, False),
        ("https://@idp.example/x", False, False),
        ("https://idp.example/\u00e9", False, False),
        ("https://idp.example/a b\x7f", False, False),
        ("//idp.example/x", False, False),
        ("https://idp.example:99999/x", False, True),
        ("", False, False),
    ],
)
def test_only_https_and_allowed_local_http_are_fetched(url, allow_http, allowed):
    try:
        check_url(url, allow_http=allow_http)
    except ValueError:
        assert not allowed
    else:
        assert allowed

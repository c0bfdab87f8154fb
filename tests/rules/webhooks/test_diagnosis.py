"""Diagnosis: what is tried, and that it ends with the first that fits."""

from frontdesk.rules.webhooks.diagnosis import Attempt, diagnose

GIVEN = Attempt(b'{"a": 1}\n', ("s",), "https://a.example/in?x=1")


def test_what_was_given_is_not_tried_again():
    tried = []
    assert diagnose(GIVEN, tried.append) == ""
    assert GIVEN not in tried
    assert len(tried) > 8


def test_urls_are_tried_with_and_without_a_slash_a_query_and_tls():
    tried = []
    diagnose(GIVEN, lambda one: tried.append(one.url))
    assert set(tried) == {
        "https://a.example/in?x=1",
        "https://a.example/in/?x=1",
        "https://a.example/in",
        "http://a.example/in?x=1",
    }


def test_odd_bodies_have_fewer_spellings():
    for body in (b"\xff", b"[" * 100_000, b"", b'"\\ud800"'):
        assert diagnose(Attempt(body, ("s",)), lambda _one: False) == ""


def test_secrets_are_not_shown():
    assert "secret" not in repr(Attempt(b"", ("secret",))).replace("secrets", "")

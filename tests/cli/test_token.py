"""`token`: claims keep their JSON types, the audience comes from the file, the key stays."""

import base64
import json

import pytest

CONFIG = """
name: x
admin: {listen: 127.0.0.1:8999}
authorizers:
  first: {type: jwt, issuer: "http://127.0.0.1:8999/issuer", audience: [app, other], allow_http: true}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(CONFIG)


def parts(result):
    assert result.exit_code == 0, result.stderr
    [line] = result.stdout.splitlines()
    return [
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in line.split(".")[:2]
    ]


def test_a_token_has_the_usual_claims(run):
    header, claims = parts(run("token"))
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert (claims["iss"], claims["aud"]) == ("http://127.0.0.1:8999/issuer", "app")
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("p001", "p001"),
        ("007", "007"),
        ("7", 7),
        ('"7"', "7"),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_claims_keep_their_json_types(run, text, value):
    _, claims = parts(run("token", "--claim", f"practice={text}"))
    assert claims["practice"] == value


def test_claims_replace_the_usual_ones(run):
    _, claims = parts(run("token", "--claim", "sub=me", "--claim", "exp=1"))
    assert (claims["sub"], claims["exp"]) == ("me", 1)


def test_scopes_audience_and_ttl(run):
    options = ["--scope", "book", "--scope", "read", "--audience", "z", "--ttl", "5m"]
    _, claims = parts(run("token", *options))
    assert (claims["scope"], claims["aud"]) == ("book read", "z")
    assert claims["exp"] - claims["iat"] == 300


def test_the_same_key_signs_every_token(run):
    assert parts(run("token"))[0]["kid"] == parts(run("token"))[0]["kid"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ttl", "5parsecs"), "expected a duration such as 250ms, 10s or 5m"),
        (("--ttl", "-1"), "expected a duration"),
        (("--claim", "practice"), "expected NAME=VALUE, got 'practice'"),
        (("--claim", "=p001"), "expected NAME=VALUE, got '=p001'"),
    ],
)
def test_a_wrong_option_is_told(run, options, message):
    result = run("token", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_spoilt_key_is_told_with_the_way_out(run, tmp_path):
    (tmp_path / ".frontdesk").mkdir()
    (tmp_path / ".frontdesk" / "issuer-key.pem").write_text("nonsense")
    result = run("token")
    assert result.exit_code == 1
    assert "cannot use the development issuer's key" in str(result.exception)
    assert "issuer-key.pem to get a new key" in result.exception.hint


def test_the_audience_is_that_of_an_authorizer_that_takes_the_token(run, tmp_path):
    other = '  another: {type: jwt, issuer: "https://id.example", audience: [theirs]}\n  first:'
    (tmp_path / "frontdesk.yaml").write_text(CONFIG.replace("  first:", other))
    _, claims = parts(run("token"))
    assert claims["aud"] == "app"


def test_a_token_that_no_authorizer_takes_comes_with_a_warning(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(CONFIG.replace("8999/issuer", "9000/issuer"))
    result = run("token")
    _, claims = parts(result)
    assert claims["aud"] == "x"
    warning, hint = result.stderr.splitlines()
    assert warning == "warning: no authorizer of this file takes tokens of the development issuer"
    assert "`issuer: http://127.0.0.1:8999/issuer`" in hint

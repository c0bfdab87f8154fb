"""`frontdesk hook`: what it says of a delivery that does not fit, and that it never says the secret."""

import json

import pytest

from frontdesk.cli.times import local_time
from frontdesk.webhooks import HANDSHAKES, SCHEMES, sign
from tests.rules.webhooks.senders import NOW, SENDERS

BODY = b'{"id":"evt_1","type":"paid","amount":1.5}'
SECRET = "whsec_averysecretsecret"


@pytest.fixture
def verify(run, tmp_path):
    """Verify a file with what Stripe would have signed of BODY."""
    value = sign("stripe", BODY, SECRET, now=NOW).headers["Stripe-Signature"]

    def call(body=BODY, *options, secret=SECRET, header=value, now=NOW):
        (tmp_path / "event.json").write_bytes(body)
        shown = ["-H", f"Stripe-Signature: {header}"] if header else []
        result = run(
            *(
                "hook",
                "verify",
                "event.json",
                "--scheme",
                "stripe",
                "--secret",
                secret,
                "--now",
                now,
            ),
            *(*shown, *options),
        )
        assert SECRET not in result.output
        return result

    return call


def test_what_fits_is_told(verify):
    result = verify()
    assert result.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["result"] == "ok"
    assert (lines["id"], lines["type"], lines["secret"]) == ("evt_1", "paid", "1")
    assert lines["sent"] == local_time(NOW)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (BODY + b"\n", "without the line end"),
        (BODY + b"\r\n", "without the line end"),
        (b"\xef\xbb\xbf" + BODY, "byte order mark"),
        (json.dumps(json.loads(BODY)).encode(), "the same JSON written without blanks"),
        (json.dumps(json.loads(BODY), indent=4).encode(), "the same JSON written without blanks"),
    ],
    ids=["LF", "CR LF", "BOM", "with blanks", "pretty"],
)
def test_common_mistakes_with_bodies_are_found(verify, body, hint):
    result = verify(body)
    assert result.exit_code == 1
    assert "refused: bad_signature" in result.stderr
    assert hint in result.stderr
    assert "expected  Stripe-Signature: t=1795000000,v1=" in result.stdout


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        (f" {SECRET}\n", "without the blanks or line ends"),
        (f'"{SECRET}"', "without the quotes"),
        (SECRET.removeprefix("whsec_"), "with `whsec_` before it"),
        (f"x_{SECRET}", "without its prefix"),
    ],
)
def test_common_mistakes_with_secrets_are_found(verify, secret, hint):
    assert hint in verify(secret=secret).stderr


def test_a_wrong_secret_has_no_hint(verify):
    result = verify(secret="another")
    assert result.exit_code == 1
    assert "hint" not in result.stderr


def test_the_expected_signature_is_the_one(verify):
    result = verify(BODY + b"x")
    expected = sign("stripe", BODY + b"x", SECRET, now=NOW).headers["Stripe-Signature"]
    assert f"expected  Stripe-Signature: {expected} (secret 1)" in result.stdout


def test_an_old_delivery_is_good_but_stale(verify):
    result = verify(now="2026-11-18T12:06:40Z")
    assert "refused: stale: signed 3600 s ago, and the tolerance is 300 s" in result.stderr
    assert "the signature itself is good" in result.stderr
    assert verify(BODY, "--tolerance", "1h", now=NOW + 3600).exit_code == 0


def test_a_missing_header_is_told(verify):
    result = verify(header="")
    assert "header    Stripe-Signature: missing" in result.stdout
    assert "refused: missing_header: no header Stripe-Signature" in result.stderr


def test_another_url_is_found(run, tmp_path):
    (tmp_path / "b").write_bytes(BODY)
    value = sign("square", BODY, SECRET, url="https://a.example/in").headers
    name, text = value.popitem()
    shown = ("-H", f"{name}: {text}")
    result = run(
        *("hook", "verify", "b", "--scheme", "square", "--secret", SECRET, *shown),
        *("--url", "http://a.example/in"),
    )
    assert "hint: it fits another URL: https://a.example/in" in result.stderr


def test_secrets_come_from_files_or_the_environment(run, tmp_path, monkeypatch):
    (tmp_path / "b").write_bytes(BODY)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    shown = ("-H", "Stripe-Signature: " + sign("stripe", BODY, SECRET).headers["Stripe-Signature"])
    arguments = ("hook", "verify", "b", "--scheme", "stripe", *shown)
    assert run(*arguments, "--secret", "@secret").exit_code == 0
    assert run(*arguments, "--secret", "wrong", "--secret", "@secret").exit_code == 0
    assert "FRONTDESK_HOOK_SECRET" in run(*arguments).stderr
    assert "cannot read the file of a secret" in run(*arguments, "--secret", "@none").stderr
    monkeypatch.setenv("FRONTDESK_HOOK_SECRET", SECRET)
    assert run(*arguments).exit_code == 0


@pytest.mark.parametrize("name", ["okta-header-secret", "basic"])
def test_what_sends_the_secret_is_never_shown_as_expected(run, tmp_path, name):
    (tmp_path / "b").write_bytes(BODY)
    shown = ("-H", "Authorization: Basic dTpw")
    result = run("hook", "verify", "b", "--scheme", name, "--secret", "u:averysecret", *shown)
    assert "refused: bad_signature" in result.stderr
    assert "averysecret" not in result.output
    assert "expected" not in result.stdout


@pytest.mark.parametrize(
    "sender", [one for one in SENDERS if one.scheme != "twilio"], ids=lambda one: one.scheme
)
def test_what_it_signs_it_verifies(run, tmp_path, sender):
    for name, text in (
        ("body", sender.body),
        ("private", sender.signing.encode()),
        ("public", sender.verifying.encode()),
        ("chain", sender.certificate),
    ):
        (tmp_path / name).write_bytes(text)
    facts = [
        *("--scheme", sender.scheme, "--now", NOW, "--url", "https://a.example/in"),
    ]
    says = [f"--{key.replace('_', '-')}={text}" for key, text in sender.says.items()]
    made = run("hook", "sign", "body", "--secret", "@private", *facts, *says, "-o", "sent")
    assert made.exit_code == 0, made.output
    headers = [part for line in made.stdout.splitlines() for part in ("-H", line)]
    certified = ["--certificate", "chain"] if sender.certificate else []
    result = run("hook", "verify", "sent", "--secret", "@public", *facts, *headers, *certified)
    assert result.exit_code == 0, result.output


def test_signing_says_where_else_the_signature_went(run, tmp_path):
    (tmp_path / "b").write_bytes(BODY)
    arguments = ("hook", "sign", "b", "--secret", "s", "--url", "https://a.example/in", "--scheme")
    assert "note: the signature is in the body" in run(*arguments, "mailgun").stderr
    assert "note: send it to https://a.example/in?bodySHA256=" in run(*arguments, "twilio").stderr
    result = run(*arguments, "svix")
    assert result.exit_code == 1
    assert "refused: config_error: secret 1 is not base64" in result.stderr


def test_the_body_may_come_by_standard_input(run):
    header = "Stripe-Signature: " + sign("stripe", BODY, SECRET).headers["Stripe-Signature"]
    arguments = ("hook", "verify", "-", "--scheme", "stripe", "--secret", SECRET, "-H", header)
    assert run(*arguments, input=BODY).exit_code == 0
    assert run(*arguments, input=BODY + b" ").exit_code == 1


def test_a_body_that_is_not_there_is_told(run):
    result = run("hook", "verify", "none.json", "--scheme", "stripe", "--secret", "s")
    assert "cannot be read: No such file" in result.stderr


def test_schemes_are_listed(run):
    lines = run("hook", "schemes").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        *SCHEMES,
        *(name for name in HANDSHAKES if name not in SCHEMES),
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--scheme", "strip"], "unknown scheme: strip; did you mean 'stripe'?"),
        (["--scheme", "stripe", "-H", "nothing"], "expected 'Name: value', got 'nothing'"),
        (["--scheme", "stripe", "--now", "soon"], "expected seconds since 1970"),
        (["--scheme", "stripe", "--tolerance", "soon"], "Invalid value for '--tolerance'"),
    ],
)
def test_odd_options_are_told(run, tmp_path, options, told):
    (tmp_path / "b").write_bytes(BODY)
    result = run("hook", "verify", "b", "--secret", "s", *options)
    assert result.exit_code == 2
    assert told in result.stderr

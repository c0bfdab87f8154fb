"""HTTP message signatures: what has to be covered, and what makes one of them count."""

import hashlib
import hmac
from base64 import b64encode

import pytest

from frontdesk.webhooks import Reason, WebhookError, verify
from tests.rules.webhooks.senders import BODY, NOW

KEY = bytes(range(32))
SECRET = b64encode(KEY).decode()
URL = "https://a.example/in?x=1"
ALL = ("@method", "@authority", "content-digest")
VALUES = {
    "@method": "POST",
    "@authority": "a.example",
    "@target-uri": URL,
    "@scheme": "https",
    "@request-target": "/in?x=1",
    "@path": "/in",
    "@query": "?x=1",
    "content-type": "text/plain",
    "x-many": "a, b",
}
PARAMETERS = f";created={NOW}"


def digest(body=BODY, name="sha-256"):
    made = hashlib.new(name.replace("-", ""), body).digest()
    return f"{name}=:{b64encode(made).decode()}:"


def signature(covered, parameters=PARAMETERS, *, key=KEY, stated=None, label="sig1", values=VALUES):
    """Sign as RFC 9421 §2.5 has it; return the members of both headers."""
    values = {**values, "content-digest": stated or digest()}
    lines = [f'"{name}": {values[name]}' for name in covered]
    told = "(" + " ".join(f'"{name}"' for name in covered) + ")" + parameters
    text = "\n".join([*lines, f'"@signature-params": {told}'])
    made = b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    return f"{label}={told}", f"{label}=:{made}:"


def headers(*signatures, stated=None):
    inputs, made = zip(*signatures, strict=True)
    return [
        ("Signature-Input", ", ".join(inputs)),
        ("Signature", ", ".join(made)),
        ("Content-Digest", stated or digest()),
        ("Content-Type", "text/plain"),
        ("X-Many", "a"),
        ("X-Many", "b"),
    ]


def check(pairs, **options):
    return verify("rfc9421", pairs, BODY, SECRET, **{"now": NOW, "url": URL, **options})


def refused(pairs, **options):
    with pytest.raises(WebhookError) as caught:
        check(pairs, **options)
    return caught.value.reason


@pytest.mark.parametrize(
    "covered",
    [
        ALL,
        ("@method", "@target-uri", "content-digest"),
        (*ALL, "@scheme", "@request-target", "@path", "@query", "content-type", "x-many"),
    ],
)
def test_enough_is_covered(covered):
    assert check(headers(signature(covered))).type == "payment.completed"


@pytest.mark.parametrize("missing", ALL)
def test_too_little_is_covered(missing):
    covered = [name for name in ALL if name != missing]
    assert refused(headers(signature(covered))) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("url", "values"),
    [
        ("https://A.Example:443", {"@authority": "a.example", "@path": "/", "@query": "?"}),
        ("http://a.example:80/%7Ex?", {"@authority": "a.example", "@path": "/%7Ex", "@query": "?"}),
        ("http://a.example:443/#f", {"@authority": "a.example:443", "@path": "/", "@query": "?"}),
        ("https://u:p@a.example/", {"@authority": "a.example", "@path": "/", "@query": "?"}),
    ],
)
def test_components_of_urls(url, values):
    made = signature((*ALL, "@path", "@query"), values={**VALUES, **values})
    assert check(headers(made), url=url)


@pytest.mark.parametrize(
    "told",
    [
        '("@method" "@authority" "content-digest" "@method");created=1795000000',
        '("@method" "@authority" "content-digest" "@status");created=1795000000',
        '("@method" "@authority" "content-digest" "x-none");created=1795000000',
        '("@method" "@authority" "content-digest" "x-many";bs);created=1795000000',
        '("@method" "@authority" "content-digest" x-many);created=1795000000',
        '("@method" "@authority" "content-digest" 1);created=1795000000',
        '("@method" "@authority" "content-digest")',
        '("@method" "@authority" "content-digest");created=?1',
        '("@method" "@authority" "content-digest");created="1795000000"',
        '("@method" "@authority" "content-digest");created=1795000000;expires=x',
        '("@method" "@authority" "content-digest");created=1795000000;alg="none"',
        '"@method"',
        "(((",
    ],
)
def test_inputs_that_cannot_be_read(told):
    _, made = signature(ALL)
    assert refused(headers((f"sig1={told}", made))) is Reason.MALFORMED


def test_the_algorithm_may_only_agree_with_the_key():
    agreed = signature(ALL, f'{PARAMETERS};alg="hmac-sha256"')
    assert check(headers(agreed))
    other = signature(ALL, f'{PARAMETERS};alg="ed25519"')
    assert refused(headers(other)) is Reason.BAD_SIGNATURE


def test_one_good_signature_of_several_is_enough():
    bad = signature(ALL, key=b"x", label="a")
    weak = signature(["@method"], label="b")
    good = signature(ALL, f'{PARAMETERS};nonce="n1"', label="c")
    event = check(headers(bad, weak, good))
    assert (event.id, event.nonce) == ("n1", "n1")


def test_the_nonce_is_of_the_signature_that_fits():
    bad = signature(ALL, f'{PARAMETERS};nonce="fresh"', key=b"x", label="a")
    good = signature(ALL, f'{PARAMETERS};nonce="used"', label="b")
    with pytest.raises(WebhookError) as caught:
        check(headers(bad, good), seen={"used"}.__contains__)
    assert caught.value.reason is Reason.REPLAYED


def test_without_a_nonce_the_signature_is_the_id():
    made = signature(ALL)
    assert check(headers(made)).id == made[1].removeprefix("sig1=:").removesuffix(":")


def test_many_signatures_are_bounded():
    made = [signature(ALL, label=f"s{at}") for at in range(17)]
    assert check(headers(*made[:16]))
    assert refused(headers(*made)) is Reason.MALFORMED


def test_a_signature_ends_when_it_says():
    made = signature(ALL, f"{PARAMETERS};expires={NOW + 10}")
    assert check(headers(made), now=NOW + 10)
    assert refused(headers(made), now=NOW + 11) is Reason.STALE


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (digest(name="sha-512"), None),
        (f"{digest()}, {digest(name='sha-512')}, md5=:AAAA:", None),
        (f"{digest()}, {digest(BODY + b' ', 'sha-512')}", Reason.BAD_SIGNATURE),
        (digest(BODY + b" "), Reason.BAD_SIGNATURE),
        ("sha-256=1", Reason.BAD_SIGNATURE),
        ("md5=:AAAA:", Reason.MALFORMED),
        ("sha-256=:AA=", Reason.MALFORMED),
        ("sha-256=:" + "A" * 9000 + ":", Reason.MALFORMED),
    ],
)
def test_the_digest_is_computed_again(stated, reason):
    pairs = headers(signature(ALL, stated=stated), stated=stated)
    if reason is None:
        assert check(pairs)
    else:
        assert refused(pairs) is reason


def test_base64_has_one_spelling():
    told, made = signature(ALL)
    other = made[:-3] + {"A": "B", "Q": "R", "g": "h", "w": "x"}.get(made[-3], "B") + made[-2:]
    assert refused(headers((told, other))) in {Reason.MALFORMED, Reason.BAD_SIGNATURE}
    assert refused(headers((told, made.rstrip(":=") + ":"))) is Reason.MALFORMED


@pytest.mark.parametrize("made", ["other=:AAAA:", "sig1=1", "sig1"])
def test_a_label_needs_its_bytes(made):
    assert refused(headers((signature(ALL)[0], made))) is Reason.MALFORMED


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "a.example/in", "https://"])
def test_the_url_is_the_callers_to_give(url):
    assert refused(headers(signature(ALL)), url=url) is Reason.CONFIG_ERROR

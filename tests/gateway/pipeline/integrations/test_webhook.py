"""Webhooks through the door: what vendors sign is taken, once; all else is refused, and nothing is said of why."""

import asyncio
import gzip
import hmac
import json
import logging
import socket
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import slack_sdk.signature
import stripe
import svix.webhooks
from twilio.request_validator import RequestValidator

from frontdesk.gateway.pipeline.integrations.webhook import LARGE
from frontdesk.rules.webhooks.forms.sns import _text
from frontdesk.rules.webhooks.methods import signature_of
from frontdesk.webhooks import sign
from tests.live.hooks import hook_door
from tests.rules.webhooks.senders import (
    NOW,
    RECORDED,
    SENDERS,
    TOPIC,
    certificate,
    rsa_key,
)

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
EVENT = b'{"id": "evt_1", "type": "invoice.paid", "amount": 1.00, "name": "Andr\\u00e9"}'
REFUSED = {"message": "Invalid webhook signature"}
PUBLIC = "https://hooks.example.com"


def config(**hooks):
    """Make a file with a route for each webhook: `/NAME`."""
    routes = {f"ANY /{name}": {"webhook": name} for name in hooks}
    return {"webhooks": hooks, "apis": {"door": {"routes": routes}}}


def stripe_hook(**keys):
    return {"scheme": "stripe", "secret": SECRET, **keys}


def signed(body=EVENT, secret=SECRET, scheme="stripe", **options):
    return sign(scheme, body, secret, **{"now": NOW, **options}).headers


@pytest.fixture
async def door(tmp_path):
    hooks = config(stripe=stripe_hook(), sync=stripe_hook(mode="sync"))
    async with hook_door(tmp_path, hooks, now=NOW) as door:
        yield door


# -- what is taken ----------------------------------------------------------------------------------------


async def test_what_every_scheme_signs_is_taken(tmp_path):
    hooks = {
        f"h{number}": {
            "scheme": sender.scheme,
            "secret": sender.verifying,
            "public_base_url": PUBLIC,
            "handshake": {"vendor": "websub"},
        }
        for number, sender in enumerate(SENDERS)
    }
    async with hook_door(tmp_path, config(**hooks), now=NOW) as door:
        for name, sender in zip(hooks, SENDERS, strict=True):
            made = sender.sign(url=f"{PUBLIC}/{name}?cid=7")
            door.published.pages[sender.says.get("certificate_url")] = sender.certificate
            headers = sender.says.get("headers", {}) | made.headers
            target = made.url.removeprefix(PUBLIC)
            answer = await door.send(target, made.body, headers)
            assert (answer.status, answer.json) == (200, {"received": True}), sender.scheme
            assert door.hooks.last.body == made.body
        kept = {name for _, proven in door.hooks.settled for name, _ in proven.headers}
    assert "webhook-id" in kept
    assert kept.isdisjoint({"authorization", "x-gitlab-token", "stripe-signature"})


@pytest.mark.parametrize("one", RECORDED, ids=[one["scheme"] for one in RECORDED])
async def test_what_vendors_have_signed_is_taken(tmp_path, one):
    scheme, secret, place = one["scheme"], one["key"], ""
    if scheme == "paypal":
        secret, place = one["context"]["webhook_id"], one["headers"]["PAYPAL-CERT-URL"]
    elif scheme == "aws-sns":
        message = json.loads(one["body"])
        scheme, secret, place = "aws-sns-v1", message["TopicArn"], message["SigningCertURL"]
    target = one["url"].removeprefix(PUBLIC)
    hook = {"scheme": scheme, "secret": secret, "public_base_url": PUBLIC}
    routes = {f"POST {target.partition('?')[0]}": {"webhook": "one"}}
    file = {"webhooks": {"one": hook}, "apis": {"door": {"routes": routes}}}
    async with hook_door(tmp_path, file, now=one["now"]) as door:
        door.published.pages[place] = one["key"].encode()
        answer = await door.send(target, one["body"].encode(), one["headers"])
    assert answer.status == 200
    assert [proven.body for _, proven in door.hooks.settled] == [one["body"].encode()]


async def test_what_the_vendors_libraries_sign_now_is_taken(tmp_path):
    form = {"A": "1", "B": "ü"}
    hooks = {
        "stripe": stripe_hook(),
        "svix": {"scheme": "svix", "secret": SECRET},
        "slack": {"scheme": "slack", "secret": "s"},
        "twilio": {"scheme": "twilio", "secret": "s"},
    }
    async with hook_door(tmp_path, config(**hooks)) as door:
        now = datetime.now(UTC)
        stamp = str(int(now.timestamp()))
        mac = stripe.WebhookSignature._compute_signature(f"{stamp}.{EVENT.decode()}", SECRET)
        text = EVENT.decode()
        url = f"http://{door.address}/twilio"
        sent = {
            "stripe": {"Stripe-Signature": f"t={stamp},v1={mac}"},
            "svix": {
                "svix-id": "m1",
                "svix-timestamp": stamp,
                "svix-signature": svix.webhooks.Webhook(SECRET).sign("m1", now, text),
            },
            "slack": {
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": slack_sdk.signature.SignatureVerifier("s").generate_signature(
                    timestamp=stamp, body=EVENT
                ),
            },
            "twilio": {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": RequestValidator("s").compute_signature(url, form),
            },
        }
        for name, headers in sent.items():
            body = b"A=1&B=%C3%BC" if name == "twilio" else EVENT
            assert (await door.send(f"/{name}", body, headers)).status == 200, name


async def test_whoever_keeps_it_is_told_what_was_proven(door):
    trace = "Root=1-67891233-abcdef012345678912345678"
    headers = {**signed(), "X-Amzn-Trace-Id": trace, "Cookie": "c=1", "Content-Type": "a/b"}
    assert (await door.send("/stripe", EVENT, headers)).status == 200
    ((hook, proven),) = door.hooks.settled
    assert (hook, proven.id, proven.type, proven.body) == ("stripe", "evt_1", "invoice.paid", EVENT)
    assert (proven.key, proven.sent_at, proven.signed_body) == ("1", NOW, True)
    assert proven.trace.startswith(trace)
    names = [name for name, _ in proven.headers]
    assert "content-type" in names
    assert {"cookie", "stripe-signature"}.isdisjoint(names)


# -- what is refused --------------------------------------------------------------------------------------

FORGED = {
    "unsigned": ("missing_header", EVENT, {}),
    "forged": ("bad_signature", EVENT, signed(secret="another")),
    "another body": ("bad_signature", EVENT.replace(b"1.0", b"9.0"), signed()),
    "written again": ("bad_signature", json.dumps(json.loads(EVENT)).encode(), signed()),
    "a line end": ("bad_signature", EVENT + b"\n", signed()),
    "compressed": ("bad_signature", gzip.compress(EVENT), signed()),
    "stale": ("stale", EVENT, signed(now=NOW - 301)),
    "early": ("stale", EVENT, signed(now=NOW + 301)),
    "no time": ("malformed", EVENT, {"Stripe-Signature": "v1=00"}),
    "no secrets of ours": ("bad_signature", EVENT, signed(secret="whsec_")),
    "downgraded": ("malformed", EVENT, {"Stripe-Signature": f"t={NOW},v0={'0' * 64}"}),
}


@pytest.mark.parametrize(("reason", "body", "headers"), FORGED.values(), ids=FORGED)
async def test_what_is_not_proven_is_refused(door, reason, body, headers):
    answer = await door.send("/stripe", body, headers)
    assert (answer.status, answer.json) == (401, REFUSED)
    assert not door.hooks.settled
    told = [
        sample.labels
        for sample in door.data.telemetry.registry.samples()
        if sample.name.startswith("frontdesk_rejections") and "webhook" not in sample.labels
    ]
    assert ("door", "/stripe", "auth", reason) in told


async def test_the_log_says_why_and_shows_neither_secret_nor_body(tmp_path):
    log = tmp_path / "access.log"
    file = config(a=stripe_hook()) | {"logs": {"access": {"path": str(log)}}}
    async with hook_door(tmp_path, file, now=NOW) as door:
        await door.send("/a", EVENT, signed(now=NOW - 400))
    record = json.loads(log.read_text())
    assert record["errorCode"] == "webhook:stale"
    assert record["authorizer"] == "signed 400 s ago, and the tolerance is 300 s"
    assert not any(text in log.read_text() for text in (SECRET, "evt_1", "v1="))


async def test_bounds_of_the_tolerance_pass(door):
    for moment in (NOW - 300, NOW + 300):
        assert (await door.send("/stripe", EVENT, signed(now=moment))).status == 200


async def test_two_signature_headers_are_refused(door):
    made = signed()["Stripe-Signature"]
    pairs = "".join(f"Stripe-Signature: {value}\r\n" for value in (made, made))
    answer = await asyncio.to_thread(_raw, door.address, pairs)
    assert b" 401 " in answer


def _raw(address, fields):
    with socket.create_connection((address.host, address.port), timeout=30) as client:
        head = f"POST /stripe HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(EVENT)}\r\n"
        client.sendall(f"{head}{fields}\r\n".encode() + EVENT)
        received = b""
        while data := client.recv(65536):
            received += data
        return received


async def test_the_status_of_a_refusal_is_the_files(tmp_path):
    async with hook_door(tmp_path, config(a=stripe_hook(reject_status=400)), now=NOW) as door:
        assert (await door.send("/a", EVENT)).status == 400


async def test_a_fault_of_the_file_is_no_refusal(tmp_path):
    over = {"value": SECRET, "not_after": "2026-01-01"}
    async with hook_door(tmp_path, config(a=stripe_hook(secret=over)), now=NOW) as door:
        answer = await door.send("/a", EVENT, signed())
    assert answer.status == 500
    assert b"secret" not in answer.body


async def test_what_is_too_large_is_refused_unread(tmp_path):
    file = config(a=stripe_hook()) | {"limits": {"max_body": "100KB"}}
    async with hook_door(tmp_path, file, now=NOW) as door:
        huge = b'{"id": "evt_2", "pad": "%b"}' % (b"x" * 200_000)
        assert (await door.send("/a", huge, signed(huge))).status == 413
        large = b'{"id": "evt_2", "pad": "%b"}' % (b"x" * LARGE)
        assert (await door.send("/a", large, signed(large))).status == 200
        assert (await door.send("/a", large + b" ", signed(large))).status == 401
    assert [proven.id for _, proven in door.hooks.settled] == ["evt_2"]


async def test_a_body_that_comes_bit_by_bit_is_verified_whole(door):
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(door.address.host, door.address.port)
    fields = "".join(f"{name}: {value}\r\n" for name, value in signed().items())
    writer.write(
        f"POST /stripe HTTP/1.1\r\nHost: a\r\nContent-Length: {len(EVENT)}\r\n{fields}\r\n".encode()
    )
    for at in range(0, len(EVENT), 7):
        assert not door.hooks.settled
        writer.write(EVENT[at : at + 7])
        await writer.drain()
        await loop.run_in_executor(None, lambda: None)
    assert (await reader.readline()).split()[1] == b"200"
    writer.close()


async def test_addresses_beyond_the_list_are_refused_before_their_body_is_read(tmp_path):
    hooks = config(a=stripe_hook(allow_ips="192.0.2.0/24"), b=stripe_hook(allow_ips="127.0.0.1"))
    async with hook_door(tmp_path, hooks, now=NOW) as door:
        reader, writer = await asyncio.open_connection(door.address.host, door.address.port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"403"
        writer.close()
        assert (await door.send("/b", EVENT, signed())).status == 200


async def test_behind_a_proxy_the_list_is_of_clients(tmp_path):
    file = config(a=stripe_hook(allow_ips="192.0.2.0/24")) | {"trusted_proxies": ["127.0.0.1"]}
    async with hook_door(tmp_path, file, now=NOW) as door:
        for client, status in (("192.0.2.7", 200), ("192.0.3.7", 403)):
            headers = {**signed(), "X-Forwarded-For": client}
            assert (await door.send("/a", EVENT, headers)).status == status


@pytest.mark.parametrize("trusted", [True, False])
async def test_urls_that_are_signed_are_those_of_the_client(tmp_path, trusted):
    file = config(a={"scheme": "square", "secret": "s"})
    if trusted:
        file["trusted_proxies"] = ["127.0.0.1"]
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hooks.example.com"}
    headers |= signed(secret="s", scheme="square", url=f"{PUBLIC}/a?x=%41%2f")
    async with hook_door(tmp_path, file, now=NOW) as door:
        answer = await door.send("/a?x=%41%2f", EVENT, headers)
    assert answer.status == (200 if trusted else 401)


# -- once, and on the disk --------------------------------------------------------------------------------


async def test_no_answer_comes_before_the_commit(door):
    door.hooks.go_on.clear()
    answer = asyncio.create_task(door.send("/stripe", EVENT, signed()))
    await door.hooks.began.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not answer.done()
    door.hooks.go_on.set()
    assert (await answer).status == 200


async def test_nothing_is_accepted_that_is_not_on_the_disk(door):
    door.hooks.lost = True
    answer = await door.send("/stripe", EVENT, signed())
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert b"disk" not in answer.body


async def test_of_two_at_once_one_is_a_duplicate(door):
    door.hooks.go_on.clear()
    both = [asyncio.create_task(door.send("/stripe", EVENT, signed())) for _ in range(2)]
    await door.hooks.began.wait()
    door.hooks.go_on.set()
    answers = await asyncio.gather(*both)
    assert [answer.status for answer in answers] == [200, 200]
    assert {answer.body for answer in answers} == {b'{"received": true}'}
    assert sorted(answer.headers["x-frontdesk-duplicate"] or "" for answer in answers) == ["", "1"]


async def test_the_same_id_with_another_body_is_told_in_the_log(door, caplog):
    other = EVENT.replace(b"1.0", b"2.0")
    await door.send("/stripe", EVENT, signed())
    answer = await door.send("/stripe", other, signed(other))
    assert (answer.status, answer.headers["x-frontdesk-duplicate"]) == (200, "1")
    (told,) = [record for record in caplog.records if "id_collision" in record.message]
    assert told.webhook == "stripe"


async def test_a_nonce_is_taken_once(tmp_path):
    sender = next(one for one in SENDERS if one.scheme == "mailgun")
    hook = {"scheme": "mailgun", "secret": sender.verifying}
    async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
        body = sender.sign(nonce="n1").body
        statuses = [(await door.send("/a", body)).status for _ in range(2)]
    assert statuses == [200, 401]


# -- with the result of the handler -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        (b"", 200, b'{"received": true}'),
        (b"null", 200, b'{"received": true}'),
        (b'{"type":5}', 200, b'{"type":5}'),
        (b'{"statusCode":202,"body":"ok"}', 202, b"ok"),
        (b'{"statusCode":99}', 502, b'{"message":"Bad Gateway"}'),
    ],
)
async def test_sync_answers_with_the_result(door, result, status, body):
    door.hooks.result = result
    answers = [await door.send("/sync", EVENT, signed()) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(status, body)] * 2
    told = [answer.headers["x-frontdesk-duplicate"] for answer in answers]
    assert told == [None, "1"]


async def test_sync_says_when_it_is_under_way_or_has_failed(door):
    door.hooks.busy = True
    assert (await door.send("/sync", EVENT, signed())).status == 409
    door.hooks.busy, door.hooks.error = False, "ValueError: card 4242"
    answer = await door.send("/sync", EVENT, signed())
    assert answer.status == 500
    assert b"4242" not in answer.body


# -- secrets ----------------------------------------------------------------------------------------------


async def test_a_former_secret_is_noted_once(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    new, old = {"value": "a", "id": "new"}, {"value": SECRET, "id": "old"}
    hook = {"scheme": "stripe", "secrets": [new, old]}
    async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
        for number in range(3):
            body = b'{"id": "evt_%d"}' % number
            assert (await door.send("/a", body, signed(body))).status == 200
        assert (await door.send("/a", EVENT, signed(secret="a"))).status == 200
    assert [proven.key for _, proven in door.hooks.settled] == ["old"] * 3 + ["new"]
    (told,) = [record for record in caplog.records if "former secret" in record.message]
    assert told.key == "old"
    assert SECRET not in caplog.text


async def test_a_scheme_of_ones_own(tmp_path):
    scheme = {
        "signature": "X-Sig",
        "template": "{id}.{body}",
        "id_header": "X-Id",
        "timestamp": "",
        "prefix": "sha512=",
        "algorithm": "sha512",
        "id": "header.X-Id",
        "type": "header.X-Kind",
    }
    mac = hmac.digest(b"k", b"7." + EVENT, "sha512").hex()
    headers = {"X-Sig": f"sha512={mac}", "X-Id": "7", "X-Kind": "paid"}
    async with hook_door(tmp_path, config(a={"scheme": scheme, "secret": "k"}), now=NOW) as door:
        assert (await door.send("/a", EVENT, headers)).status == 200
        assert (door.hooks.last.id, door.hooks.last.type) == ("7", "paid")


# -- handshakes and certificates --------------------------------------------------------------------------

HANDSHAKES = {
    "meta": (
        {"scheme": "meta", "secret": "s", "handshake": {"verify_token": "t"}},
        ("GET", "/a?hub.mode=subscribe&hub.verify_token=t&hub.challenge=c1", b""),
        (200, b"c1"),
    ),
    "meta, another token": (
        {"scheme": "whatsapp", "secret": "s", "handshake": {"verify_token": "t"}},
        ("GET", "/a?hub.mode=subscribe&hub.verify_token=u&hub.challenge=c1", b""),
        (403, b""),
    ),
    "dropbox": (
        {"scheme": "dropbox", "secret": "s"},
        ("GET", "/a?challenge=%3Cb%3E", b""),
        (200, b"<b>"),
    ),
    "websub": (
        {"scheme": "github", "secret": "s", "handshake": {"vendor": "websub", "topics": "t"}},
        ("GET", "/a?hub.mode=subscribe&hub.topic=t&hub.challenge=c", b""),
        (200, b"c"),
    ),
    "slack, unsigned": (
        {"scheme": "slack", "secret": "s"},
        ("POST", "/a", b'{"type": "url_verification", "challenge": "c"}'),
        (401, json.dumps(REFUSED, separators=(",", ":")).encode()),
    ),
    "cloudevents": (
        {
            "scheme": "generic-hmac",
            "secret": "s",
            "handshake": {"vendor": "cloudevents", "origins": "a.example", "rate": 120},
        },
        ("OPTIONS", "/a", b""),
        (200, b""),
    ),
}


@pytest.mark.parametrize(("hook", "asked", "answer"), HANDSHAKES.values(), ids=HANDSHAKES)
async def test_the_door_answers_handshakes_itself(tmp_path, hook, asked, answer):
    method, target, body = asked
    headers = {"WebHook-Request-Origin": "a.example"}
    async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
        got = await door.send(target, body, headers, method)
        assert (got.status, got.body) == answer
        assert not door.hooks.settled
    if got.body and got.status == 200:
        assert got.headers["content-type"] == "text/plain; charset=utf-8"
        assert got.headers["x-content-type-options"] == "nosniff"
    if method == "OPTIONS":
        assert got.headers["webhook-allowed-rate"] == "120"


async def test_slack_is_answered_when_it_has_signed(tmp_path):
    body = b'{"type": "url_verification", "challenge": "c"}'
    async with hook_door(tmp_path, config(a={"scheme": "slack", "secret": "s"}), now=NOW) as door:
        answer = await door.send("/a", body, signed(body, "s", "slack"))
    assert (answer.status, answer.body) == (200, b"c")


SNS = next(one for one in SENDERS if one.scheme == "aws-sns")
CERTIFICATE = SNS.says["certificate_url"]
SUBSCRIBE = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"


def sns_confirmation():
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "m",
        "Token": "t",
        "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe",
        "SubscribeURL": SUBSCRIBE,
        "Timestamp": "2026-11-18T11:06:40.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    }
    signature = signature_of("rsa-v1_5-sha256", rsa_key(), _text(message))
    message["Signature"] = b64encode(signature).decode()
    return json.dumps(message).encode()


async def test_a_subscription_to_sns_is_confirmed(tmp_path):
    hook = {"scheme": "aws-sns", "secret": TOPIC}
    async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
        pages = door.published.pages
        pages[CERTIFICATE] = SNS.certificate
        statuses = []
        for page in (None, 404, b"<ok/>"):
            pages[SUBSCRIBE] = page
            statuses.append((await door.send("/a", sns_confirmation())).status)
        assert statuses == [503, 503, 200]
        assert door.published.fetched == [(CERTIFICATE, True), *[(SUBSCRIBE, True)] * 3]
        assert not door.hooks.settled


async def test_certificates_are_fetched_for_ones_own_topics_only(tmp_path):
    hook = {"scheme": "aws-sns", "secret": TOPIC}
    async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
        fetched = door.published.fetched
        foreign = SNS.sign(name="arn:aws:sns:eu-west-1:1:other").body
        assert (await door.send("/a", foreign)).status == 401
        elsewhere = SNS.sign(certificate_url="https://sns.eu-west-1.amazonaws.com.evil/a.pem")
        assert (await door.send("/a", elsewhere.body)).status == 401
        assert fetched == []
        assert (await door.send("/a", SNS.sign().body)).status == 503
        assert (await door.send("/a", SNS.sign().body)).status == 503
        assert fetched == [(CERTIFICATE, True)]  # for a while nobody asks again


async def test_a_certificate_must_lead_to_the_authorities_of_the_file(tmp_path):
    authority, key = rsa_key(1), rsa_key()
    own = certificate(authority, name="Root", authority=True)
    (tmp_path / "ca.pem").write_bytes(own)
    chains = {
        200: certificate(key, authority, issuer="Root") + own,
        401: SNS.certificate,
    }
    hook = {"scheme": "aws-sns", "secret": TOPIC, "ca": "ca.pem"}
    for status, chain in chains.items():
        async with hook_door(tmp_path, config(a=hook), now=NOW) as door:
            door.published.pages[CERTIFICATE] = chain
            body = SNS.sign().body
            assert (await door.send("/a", body)).status == status

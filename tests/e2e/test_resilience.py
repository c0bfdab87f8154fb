"""A door in front of backends that fail, throttle, hang and reset."""

import asyncio
import contextlib
import re

import pytest

from tests.live.backends import unruly
from tests.live.calls import call, later
from tests.live.gateways import gateway, project, serving
from tests.live.proxies import forward_proxy


async def ask(app, method="GET", target="/x", **more):
    return await asyncio.wrap_future(later(call, app.addresses[0], method, target, **more))


@pytest.fixture
async def backend():
    async with unruly() as backend:
        yield backend


def door(folder, upstreams, **route):
    """Write a file with these upstreams and one route to the first of them."""
    lines = ["upstreams:", *(f"  {name}: {{{keys}}}" for name, keys in upstreams.items())]
    first = next(iter(upstreams))
    keys = "".join(f", {key}: {value}" for key, value in route.items())
    lines += ["apis:", "  shop:", "    routes:"]
    lines += [f"      $default: {{http: {{upstream: {first}}}{keys}}}"]
    return project(folder, "\n".join(lines))


BIG = 1024 * 1024  # bytes that do not come with the head of their request
RETRY = "retry: {attempts: 3, base: 1ms}"


@pytest.mark.parametrize("order", [503, 429, 500, "reset"])
async def test_a_failure_is_tried_again_and_the_client_sees_none_of_it(tmp_path, backend, order):
    backend.orders = [order, order]
    path = door(tmp_path, {"billing": f'url: "{backend.url}", {RETRY}'})
    async with serving(path) as app:
        answer = await ask(app)
    assert (answer.status, answer.body) == (200, b"unruly")
    assert [re.findall(r"X-Retry-Attempt: (.)", head) for head, _ in backend.seen] == [
        [],
        ["1"],
        ["2"],
    ]


async def test_a_post_is_sent_once_unless_it_has_a_key(tmp_path, backend):
    path = door(tmp_path, {"billing": f'url: "{backend.url}", {RETRY}'})
    async with serving(path) as app:
        backend.orders = [503]
        assert (await ask(app, "POST", body=b"order")).status == 503
        backend.orders = [503]
        keyed = await ask(app, "POST", body=b"order", headers={"Idempotency-Key": "k"})
    assert keyed.status == 200
    assert [body for _, body in backend.seen] == [b"order"] * 3


async def test_a_body_beyond_the_buffer_is_sent_once(tmp_path, backend):
    path = door(
        tmp_path, {"billing": f'url: "{backend.url}", retry: {{base: 1ms, replay_buffer: 1KB}}'}
    )
    async with serving(path) as app:
        backend.orders = [503, 503]
        assert (await ask(app, "PUT", body=bytes(BIG))).status == 503
        assert (await ask(app, "PUT", body=bytes(1024))).status == 200
    assert [len(body) for _, body in backend.seen] == [BIG, 1024, 1024]


async def test_a_route_may_retry_otherwise_or_not_at_all(tmp_path, backend):
    path = project(
        tmp_path,
        f"""
        upstreams: {{billing: {{url: "{backend.url}", {RETRY}}}}}
        apis:
          shop:
            routes:
              GET /never: {{http: {{upstream: billing, retry: off}}}}
              GET /once: {{http: {{upstream: billing, retry: {{attempts: 2, base: 1ms}}}}}}
              GET /url: {{http: {{url: "{backend.url}", retry: {{base: 1ms}}}}}}
        """,
    )
    async with serving(path) as app:
        for target, attempts in (("/never", 1), ("/once", 2), ("/url", 3)):
            backend.seen.clear()
            backend.orders = [503] * attempts
            assert (await ask(app, target=target)).status == 503
            assert len(backend.seen) == attempts


async def test_an_open_breaker_answers_at_once_with_the_time_to_come_back(tmp_path, backend):
    backend.orders = [500, 500]
    path = door(
        tmp_path, {"billing": f'url: "{backend.url}", breaker: {{failures: 2, reset: 30s}}'}
    )
    async with serving(path) as app:
        assert [(await ask(app)).status for _ in range(2)] == [500, 500]
        refused = await ask(app)
    assert (refused.status, refused.body) == (503, b'{"message":"Service Unavailable"}')
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert len(backend.seen) == 2


async def test_a_breaker_lets_one_request_see_whether_it_is_better(tmp_path, backend):
    backend.orders = [500]
    path = door(
        tmp_path, {"billing": f'url: "{backend.url}", breaker: {{failures: 1, reset: 100ms}}'}
    )
    async with serving(path) as app:
        assert (await ask(app)).status == 500
        while (await ask(app)).status == 503:
            assert len(backend.seen) == 1
        assert (await ask(app)).status == 200


async def test_a_bulkhead_keeps_a_slow_backend_from_taking_everything(tmp_path, backend):
    backend.orders = ["hang"]
    path = door(tmp_path, {"billing": f'url: "{backend.url}", bulkhead: 1'}, timeout="2s")
    async with serving(path) as app:
        slow = asyncio.ensure_future(ask(app))
        await backend.asked.wait()
        refused = await ask(app)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert (await slow).status == 504
        assert (await ask(app)).status == 200


async def test_a_split_sends_a_share_elsewhere_and_a_key_stays_where_it_is(tmp_path, backend):
    async with unruly("next") as other:
        path = door(
            tmp_path,
            {
                "billing": f'url: "{backend.url}", split: {{billing-next: 50%}}, '
                "sticky: $request.header.X-Practice",
                "billing-next": f'url: "{other.url}/v2"',
            },
        )
        async with serving(path) as app:
            went = {
                practice: {
                    (await ask(app, headers={"X-Practice": str(practice)})).body for _ in range(2)
                }
                for practice in range(20)
            }
        assert all(len(each) == 1 for each in went.values())
        assert {body for each in went.values() for body in each} == {b"unruly", b"next"}
        assert all(head.startswith("GET /v2/x ") for head, _ in other.seen)


async def test_a_split_of_everything_leaves_nothing(tmp_path, backend):
    async with unruly("next") as other:
        path = door(
            tmp_path,
            {
                "billing": f'url: "{backend.url}", split: {{billing-next: 100%}}',
                "billing-next": f'url: "{other.url}"',
            },
        )
        async with serving(path) as app:
            assert {(await ask(app)).body for _ in range(5)} == {b"next"}


@pytest.mark.parametrize("order", [200, 500, "reset", "hang"])
async def test_a_mirror_gets_copies_and_harms_nobody(tmp_path, backend, order):
    async with unruly("shadow") as shadow:
        shadow.orders = [order]
        path = door(
            tmp_path,
            {
                "billing": f'url: "{backend.url}", mirror: shadow',
                "shadow": f'url: "{shadow.url}"',
            },
        )
        async with serving(path) as app:
            answer = await ask(app, "POST", "/x?a=b", body=b"order")
            assert (answer.status, answer.body) == (200, b"unruly")
            await shadow.asked.wait()
        (head, body) = shadow.seen[0]
        assert head.startswith("POST /x?a=b ")
        assert body == b"order"


async def test_a_mirror_that_is_not_there_harms_nobody(tmp_path, backend):
    async with unruly("shadow") as shadow:
        url = shadow.url
    path = door(
        tmp_path,
        {"billing": f'url: "{backend.url}", mirror: shadow', "shadow": f'url: "{url}"'},
    )
    async with serving(path) as app:
        assert (await ask(app)).status == 200


async def test_targets_that_fail_their_probes_get_nothing(tmp_path, backend):
    async with unruly("sick") as sick:
        sick.orders = [500] * 1000
        targets = f'["{sick.url}", "{backend.url}"]'
        health = "{path: /ready, interval: 1s, timeout: 500ms, unhealthy: 1, failures: 1000}"
        path = door(tmp_path, {"billing": f"targets: {targets}, health: {health}"})
        async with serving(path) as app:
            while b"sick" in {(await ask(app)).body for _ in range(2)}:
                pass
            assert {(await ask(app)).body for _ in range(6)} == {b"unruly"}
        assert any("frontdesk-health" in head for head, _ in sick.seen)


async def test_a_limited_address_makes_room_for_another(tmp_path, backend):
    backend.orders = [(429, {"Retry-After": "20"})] * 2
    path = project(
        tmp_path,
        f"""
        egress: {{ours: {{addresses: [127.0.0.2, 127.0.0.3, 127.0.0.4]}}}}
        upstreams: {{billing: {{url: "{backend.url}", egress: ours,
            retry: {{attempts: 3, base: 1ms, retry_after_cap: 1s}}}}}}
        apis: {{shop: {{routes: {{$default: {{http: {{upstream: billing}}}}}}}}}}
        """,
    )
    async with serving(path) as app:
        answer = await ask(app, "POST", body=b"order")
        assert (answer.status, answer.body, len(backend.seen)) == (200, b"unruly", 3)
        backend.orders = [(429, {"Retry-After": "20"})]
        last, refused = await ask(app), await ask(app)
        assert (last.status, refused.status, len(backend.seen)) == (429, 503, 4)
        for each in (last, refused):
            assert 1 <= int(each.headers["Retry-After"]) <= 20
        assert set(backend.peers) == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}


async def test_a_limited_proxy_makes_room_for_another(tmp_path, backend):
    backend.orders = [(429, {"Retry-After": "20"})]
    async with forward_proxy("127.0.0.2") as first, forward_proxy("127.0.0.3") as second:
        user = "basic: {username: clinic, password: s3cret}"
        path = project(
            tmp_path,
            f"""
            egress: {{ours: {{proxies: ["{first.url}", {{url: "{second.url}", {user}}}]}}}}
            upstreams: {{billing: {{url: "{backend.url}", egress: ours,
                retry: {{attempts: 2, base: 1ms, retry_after_cap: 1s}}}}}}
            apis: {{shop: {{routes: {{$default: {{http: {{upstream: billing}}}}}}}}}}
            """,
        )
        async with serving(path) as app:
            answer = await ask(app, "POST", body=b"order")
    assert (answer.status, answer.body) == (200, b"unruly")
    assert backend.peers == ["127.0.0.2", "127.0.0.3"]
    (asked,) = second.seen
    assert asked.startswith(f"POST {backend.url}/x HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " in asked
    assert b"Proxy-Authorization" not in first.seen[0]
    assert not any("proxy-authorization" in head.lower() for head, _ in backend.seen)


async def test_what_is_done_is_answered_again(tmp_path, backend):
    path = door(tmp_path, {"billing": f'url: "{backend.url}"'}, idempotency="{}")
    async with serving(path) as app:
        key = {"Idempotency-Key": "k-1"}
        first = await ask(app, "POST", body=b"order", headers=key)
        again = await ask(app, "POST", body=b"order", headers=key)
        other = await ask(app, "POST", body=b"another", headers=key)
    assert (first.status, again.status, first.body) == (200, 200, again.body)
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    assert (other.status, other.headers["Content-Type"]) == (422, "application/problem+json")
    async with serving(path) as app:  # another process would find it as well
        late = await ask(app, "POST", body=b"order", headers=key)
    assert late.headers["Idempotency-Replayed"] == "true"
    assert len(backend.seen) == 1


async def test_of_many_at_once_one_is_carried_out(tmp_path, backend):
    backend.orders = ["hang"]
    path = door(tmp_path, {"billing": f'url: "{backend.url}"'}, idempotency="{}", timeout="2s")
    async with serving(path) as app:
        key = {"Idempotency-Key": "k-1"}
        asking = [asyncio.ensure_future(ask(app, "POST", body=b"o", headers=key)) for _ in range(6)]
        answers = await asyncio.gather(*asking)
        assert sorted(answer.status for answer in answers) == [409] * 5 + [504]
        assert {answer.headers["Retry-After"] for answer in answers} == {"1", None}
        assert (await ask(app, "POST", body=b"o", headers=key)).status == 200
    assert len(backend.seen) == 2


async def test_workers_carry_out_a_key_once(tmp_path, backend):
    keys = [f"k-{number}" for number in range(8)]
    door(tmp_path, {"billing": f'url: "{backend.url}"'}, idempotency="{}")
    path = tmp_path / "frontdesk.yaml"
    path.write_text(path.read_text() + "\nworkers: 2\n")
    with contextlib.ExitStack() as entered:
        starting = later(entered.enter_context, gateway(path))
        running = await asyncio.wrap_future(starting)
        asking = [
            asyncio.wrap_future(
                later(running.call, "POST", body=b"order", headers={"Idempotency-Key": key})
            )
            for key in keys * 4
        ]
        answers = await asyncio.gather(*asking)
        assert {answer.status for answer in answers} <= {200, 409}
    assert len(backend.seen) == len(keys)

"""Calls without an event loop: from threads, from children, from whoever is interrupted."""

import asyncio
import multiprocessing
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontdesk import SyncClient
from frontdesk.client import (
    BrokenAnswerError,
    CallTimeoutError,
    ConnectError,
    Retry,
    deadline,
    trace_from,
)
from tests.live.backends import unruly
from tests.live.calls import free_port


@pytest.fixture
def api():
    """An API in a thread of its own, as for this program it is somebody else's."""
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()
    found = []

    async def serve():
        async with unruly("api") as one:
            found.append(one)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def client(api):
    with SyncClient(api.url, retry=Retry(base=0.001)) as client:
        yield client


def test_every_method(client, api):
    for method in ("get", "head", "options", "post", "put", "patch", "delete"):
        assert getattr(client, method)("/").status == 200
    assert len(api.seen) == 7


def test_calls_are_tried_again(client, api):
    api.orders = [503, 502]
    answer = client.get("/", params={"a": 1})
    assert (answer.text, len(answer.attempts)) == ("api", 3)
    assert client.circuits() == {api.url: "closed"}


def test_many_threads_share_a_client(client, api):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda at: client.get(f"/{at}").status, range(40)))
    assert answers == [200] * 40
    assert len(api.peers) <= 8  # connections, shared too
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("frontdesk-client") == 1


def test_errors_are_those_of_the_client():
    with SyncClient(f"http://127.0.0.1:{free_port()}", retry=None) as client:
        with pytest.raises(ConnectError) as caught:
            client.get("/")
        assert len(caught.value.attempts) == 1


def test_what_the_caller_has_said_counts(client, api):
    with trace_from({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}):
        client.get("/")
    assert f"traceparent: 00-{'ab' * 16}-" in api.seen[-1][0]
    api.orders = ["hang"]
    with deadline(0.05), pytest.raises(CallTimeoutError):
        client.get("/")


def test_a_streamed_answer(client):
    answer = client.get("/", stream=True)
    assert b"".join(client.stream(answer)) == b"api"


def test_a_streamed_answer_that_is_left(client, api):
    answer = client.get("/", stream=True)
    chunks = client.stream(answer)
    assert next(chunks) == b"api"
    chunks.close()
    assert client.get("/").status == 200


def test_an_interrupted_call_is_given_up(client, api):
    api.orders = ["hang"]

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            client.get("/")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert client.get("/").status == 200


def _in_child(client, told):
    told.put([client.get("/child").status, threading.active_count()])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_client_goes_on_in_a_child(client, api):
    assert client.get("/").status == 200
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    child = context.Process(target=_in_child, args=(client, told))
    child.start()
    status, _ = told.get(timeout=60)
    child.join(60)
    assert (status, child.exitcode) == (200, 0)
    assert client.get("/").status == 200
    assert len(api.peers) == 2  # the child has a connection of its own


def test_a_broken_answer_without_retries(client, api):
    api.orders = ["reset"]
    with pytest.raises(BrokenAnswerError):
        client.post("/")

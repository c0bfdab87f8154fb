"""Retries of any function: the guide's, and the decorator."""

import asyncio
from datetime import timedelta

import pytest

from frontdesk import retry, with_retry


class HttpError(Exception):
    """An error of somebody's HTTP library."""

    def __init__(self, status=None, response=None):
        super().__init__(f"API error: {status}")
        if status is not None:
            self.status = status
        self.response = response


class Response:
    def __init__(self, **told):
        vars(self).update(told)


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, line):
        self.lines.append(line)

    error = warning


class Script:
    """Fails as it is told, then returns "done"."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture
def slept():
    return []


@pytest.fixture
def sleep(slept):
    async def sleep(seconds):
        slept.append(seconds)

    return sleep


async def test_the_guide_s_sequence(slept, sleep):
    script, log = Script(*[HttpError(503)] * 3), Log()
    with pytest.raises(HttpError):
        await with_retry(
            script, max_retries=3, base_delay=0.5, max_delay=10, logger=log, sleep=sleep
        )
    assert (script.calls, slept) == (3, [0.5, 1.0])
    assert log.lines == [
        "Attempt 1/3 failed, retrying in 500ms: API error: 503",
        "Attempt 2/3 failed, retrying in 1000ms: API error: 503",
        "All 3 attempts failed",
    ]


@pytest.mark.parametrize(
    ("settings", "waits"),
    [
        ({}, [1.0, 2.0, 4.0, 8.0, 10.0]),
        ({"base_delay_ms": 500, "max_delay_ms": 1500}, [0.5, 1.0, 1.5, 1.5, 1.5]),
        ({"base_delay": timedelta(milliseconds=100)}, [0.1, 0.2, 0.4, 0.8, 1.6]),
    ],
)
async def test_waits(slept, sleep, settings, waits):
    script = Script(*[ValueError()] * 5)
    assert await with_retry(script, max_retries=6, sleep=sleep, **settings) == "done"
    assert slept == pytest.approx(waits)


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (HttpError(400), 1),
        (HttpError(404), 1),
        (HttpError(408), 1),
        (HttpError(429), 1),
        (HttpError(499), 1),
        (HttpError(500), 2),
        (HttpError(), 2),
        (ConnectionError(), 2),
        (HttpError(response=Response(status=422)), 1),
        (HttpError(response=Response(status_code=422)), 1),
        (HttpError(500, Response(status=404)), 1),
        (HttpError(response=Response(status=502)), 2),
    ],
    ids=str,
)
async def test_client_errors_are_final(sleep, error, calls):
    script = Script(error)
    if calls == 1:
        with pytest.raises(type(error)):
            await with_retry(script, sleep=sleep)
    else:
        assert await with_retry(script, sleep=sleep) == "done"
    assert script.calls == calls


async def test_whoever_knows_better_says_so(sleep):
    script = Script(HttpError(429))
    assert await with_retry(script, is_retryable=lambda _: True, sleep=sleep) == "done"


async def test_a_plain_function_and_a_lambda():
    assert await with_retry(lambda: 7) == 7
    assert await with_retry(lambda: Script()()) == "done"  # noqa: PLW0108 - as in the guide


async def test_one_call_is_the_least():
    with pytest.raises(ValueError, match="at least 1 call: 0"):
        await with_retry(Script(), max_retries=0)
    with pytest.raises(ValueError, match="at least 1 attempt: 0"):
        retry(attempts=0)


async def test_cancelling_is_no_failure(sleep):
    script = Script(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await with_retry(script, sleep=sleep)
    assert script.calls == 1


# -- the decorator -----------------------------------------------------------------------------------


async def test_a_decorated_coroutine():
    script = Script(HttpError(503), HttpError(429), ConnectionError())

    @retry(attempts=4, base=0)
    async def charge(amount, *, currency):
        return await script(), amount, currency

    assert await charge(7, currency="eur") == ("done", 7, "eur")
    assert charge.__name__ == "charge"


def test_a_decorated_function():
    errors = [HttpError(500), HttpError(503)]

    @retry(base=0)
    def charge():
        if errors:
            raise errors.pop()
        return "done"

    assert charge() == "done"


@pytest.mark.parametrize(
    ("on", "error", "calls"),
    [
        (ValueError, ValueError(), 3),
        (ValueError, KeyError(), 1),
        ((ValueError, KeyError), KeyError(), 3),
        (lambda error: error.args == ("again",), ValueError("again"), 3),
        (lambda error: error.args == ("again",), ValueError("no"), 1),
    ],
    ids=["its type", "another type", "one of two types", "a test it passes", "a test it fails"],
)
def test_which_errors_are_worth_it(on, error, calls):
    called = []

    @retry(on=on, base=0)
    def fail():
        called.append(1)
        raise error

    with pytest.raises(type(error)):
        fail()
    assert len(called) == calls


@pytest.mark.parametrize("error", [HttpError(404), HttpError(501)], ids=str)
def test_refusals_are_final(error):
    called = []

    @retry(base=0)
    def fail():
        called.append(1)
        raise error

    with pytest.raises(HttpError):
        fail()
    assert len(called) == 1


def test_an_error_that_asks_for_more_time_than_there_is():
    called = []

    class BusyError(Exception):
        retry_after = 3600.0

    @retry(timeout=5)
    def fail():
        called.append(1)
        raise BusyError

    with pytest.raises(BusyError):
        fail()
    assert len(called) == 1

"""What whoever watches executions hears: each commit, and nothing that is not committed yet."""

import pytest

from tests.durable.executions.at_work import ARN, AtWork, machine, task


@pytest.fixture
async def work():
    work = await AtWork(m=machine(Pay=task())).start()
    yield work
    await work.stop()


def watched(work):
    heard = []
    work.news.watch(frozenset(("execution",)), lambda item: heard.append(item.document))
    return heard


async def test_whoever_watches_hears_of_each_commit(work):
    heard = watched(work)
    await work.started("m", {}, name="one")
    assert heard == [
        {"arn": f"{ARN}:execution:m:one", "machine": "m", "name": "one", "status": "RUNNING", "map_run": ""},
    ]  # fmt: skip
    work.doers.asked[0].answer.succeeded(1)
    await work.settle()
    assert heard[-1]["status"] == "SUCCEEDED"


async def test_what_is_told_is_committed_before(work, monkeypatch):
    heard = watched(work)
    await work.started("m", {})
    append = work.journal.append

    async def slow(given):
        told = len(heard)
        number = await append(given)
        assert len(heard) == told
        return number

    monkeypatch.setattr(work.journal, "append", slow)
    work.doers.asked[0].answer.succeeded(1)
    await work.settle()
    assert heard[-1]["status"] == "SUCCEEDED"


async def test_nobody_watches_and_nothing_is_told(work):
    await work.started("m", {})
    assert not list(work.news.since(0, frozenset(("execution",))))

import asyncio

import asyncpg
import pytest

from frontdesk.base.errors import StoreError
from frontdesk.stores.postgres.groups import MOST, Groups


class Commits:
    """Commits what it is given when it is let; keeps the groups."""

    def __init__(self, cause=None):
        self.groups = []
        self.began = asyncio.Event()
        self.let = asyncio.Event()
        self._cause = cause

    async def __call__(self, operations):
        self.groups.append(list(operations))
        self.began.set()
        await self.let.wait()
        if "bad" in operations:
            raise StoreError("no") from self._cause
        return [ValueError(each) if each == "wrong" else each.upper() for each in operations]


async def told(groups, *operations):
    return await asyncio.gather(*map(groups.add, operations), return_exceptions=True)


async def begun(commit, *operations):
    groups = Groups(commit)
    adding = asyncio.create_task(told(groups, *operations))
    await commit.began.wait()
    return groups, adding


async def test_what_comes_during_a_commit_is_the_next_group():
    commit = Commits()
    groups, first = await begun(commit, "a", "b")
    second = asyncio.create_task(told(groups, "c", "d"))
    await asyncio.sleep(0)
    commit.let.set()
    assert await first + await second == ["A", "B", "C", "D"]
    assert commit.groups == [["a", "b"], ["c", "d"]]
    assert await told(groups, "e") == ["E"]


async def test_an_error_is_told_to_its_own_caller():
    commit = Commits()
    commit.let.set()
    results = await told(Groups(commit), "a", "wrong", "b")
    assert [results[0], results[2]] == ["A", "B"]
    assert isinstance(results[1], ValueError)


async def test_whoever_was_cancelled_before_is_left_out():
    commit = Commits()
    groups, first = await begun(commit, "a")
    given_up = asyncio.create_task(groups.add("b"))
    last = asyncio.create_task(groups.add("c"))
    await asyncio.sleep(0)
    given_up.cancel()
    commit.let.set()
    assert await last == "C"
    assert commit.groups == [["a"], ["c"]]
    assert await first == ["A"]


async def test_groups_are_bounded():
    commit = Commits()
    commit.let.set()
    await told(Groups(commit), *("a" for _ in range(MOST + 1)))
    await told(Groups(commit, most=2), *"abc")
    assert [len(group) for group in commit.groups] == [MOST, 1, 2, 1]


@pytest.mark.parametrize(
    ("cause", "groups", "fails"),
    [
        pytest.param(asyncpg.DiskFullError(""), 4, [False, True, False], id="refused"),
        pytest.param(ValueError(""), 4, [False, True, False], id="not-a-value"),
        pytest.param(ConnectionResetError(), 1, [True, True, True], id="lost"),
        pytest.param(asyncpg.AdminShutdownError(""), 1, [True, True, True], id="stopped"),
        pytest.param(TimeoutError(), 1, [True, True, True], id="no-answer"),
    ],
)
async def test_what_is_refused_is_the_loss_of_its_caller_alone(cause, groups, fails):
    commit = Commits(cause)
    commit.let.set()
    results = await told(Groups(commit), "a", "bad", "b")
    assert [isinstance(each, StoreError) for each in results] == fails
    assert len(commit.groups) == groups

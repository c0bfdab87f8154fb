"""Following secrets in use: AWS is asked again and again, the vault when it has changed; nothing else."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from frontdesk.app import secrets_in_use
from frontdesk.app.secrets_in_use import SecretsInUse
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.secrets import SecretSource
from frontdesk.stores.memory.catalog import MemoryCatalog
from tests.live.vaults import WallClock


@pytest.fixture
async def world(monkeypatch):
    """One that follows; `found` is what comparing gives, one answer after the other."""
    world = SimpleNamespace(now=0.0, renewed=[], found=[], source=None, asked=asyncio.Event())
    loop = asyncio.get_running_loop()

    def compare(_loaded, _environ):
        loop.call_soon_threadsafe(world.asked.set)
        return world.found.pop(0)

    monkeypatch.setattr(secrets_in_use, "compare", compare)
    clock = SimpleNamespace(monotonic=lambda: world.now)
    wheel = Wheel(0.0)
    world.catalog = MemoryCatalog(WallClock())

    def loaded():
        return SimpleNamespace(config=SimpleNamespace(secrets=world.source))

    def advance(seconds):
        world.now += seconds
        wheel.advance(world.now)

    async def followed():
        """Wait until what is under way is over."""
        await asyncio.wait_for(world.asked.wait(), 30)
        world.asked.clear()
        await world.in_use._following._work

    world.advance, world.followed = advance, followed
    world.in_use = SecretsInUse(loaded, world.renewed.append, {}, clock, wheel)
    yield world
    world.in_use.stop()


@pytest.mark.parametrize("kind", ["secret", "parameter"])
async def test_a_change_of_the_vault_is_compared(world, kind, caplog):
    caplog.set_level(logging.INFO, "frontdesk.secrets")
    world.in_use.start(world.catalog)
    world.found = [(["${secret:a}", "${secret:b}"], [])]
    await world.catalog.put(kind, "a", {})
    await world.followed()
    assert world.renewed == ["${secret:a}, ${secret:b}"]
    assert caplog.messages == ["secrets in use have changed: ${secret:a}, ${secret:b}"]


async def test_what_is_the_same_and_what_is_lost_renew_nothing(world, caplog):
    world.in_use.start(world.catalog)
    world.found = [([], ["gone: ${secret:a}"])]
    await world.catalog.put("secret", "a", {})
    await world.followed()
    assert world.renewed == []
    assert "its value stays: gone: ${secret:a}" in caplog.text


async def test_aws_is_asked_at_its_times_until_the_end(world):
    world.source = SecretSource(provider="aws", refresh="1m")
    world.in_use.start(world.catalog)
    for number in (1, 2):
        world.found = [([f"${{ssm:/{number}}}"], [])]
        world.advance(59)
        assert not world.asked.is_set()
        world.advance(2)
        await world.followed()
    assert world.renewed == ["${ssm:/1}", "${ssm:/2}"]
    world.in_use.stop()
    world.advance(600)
    assert not world.asked.is_set()


async def test_a_vault_is_asked_only_when_it_has_changed(world):
    world.source = SecretSource(provider="vault")
    world.in_use.start(world.catalog)
    world.advance(3600)
    await world.catalog.put("config", "x", {})
    assert world.in_use._following._work is None

"""Who may sign in: how often somebody may guess."""

import asyncio

from frontdesk.base.clock import SystemClock
from frontdesk.rules.auth.basic import PasswordHash
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.web.accounts import Accounts, TooManyTriesError


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(monkeypatch):
    tried = []
    monkeypatch.setattr(PasswordHash, "verifies", lambda *_given: bool(tried.append(1)))
    accounts = Accounts(MemoryCatalog(SystemClock()), SystemClock())
    await accounts.start()
    guesses = (accounts.sign_in("ada", f"guess {number}", "192.0.2.1") for number in range(30))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert {type(answer) for answer in answers} == {type(None), TooManyTriesError}
    assert 10 <= len(tried) <= 20  # a minute may turn meanwhile
    accounts.stop()

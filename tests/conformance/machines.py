"""What the property machines of stores share: one in memory beside one of another kind, asked the same, over crashes."""

import asyncio
import contextlib

from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

NOW = 1_700_000_000.0


class BothStores(RuleBasedStateMachine):
    """A machine has rules of its own, and the `adapters` of its stores (see `tests.live.stores`). kind: of the other one."""

    adapters: dict
    kind = "memory"

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        self.now = NOW
        self.both = [
            self.run(self.stack.enter_async_context(self.adapters[kind]()))
            for kind in ("memory", self.kind)
        ]

    def run(self, awaitable):
        return self.runner.run(_awaited(awaitable))

    def teardown(self):
        self.run(self.stack.aclose())
        self.runner.close()

    def ask(self, question):
        """Ask both; `question` takes a store. Returns what each says."""
        return [self.run(question(opened.store)) for opened in self.both]

    def asked_alike(self, question):
        """Ask both, which say the same; returns that."""
        ours, theirs = self.ask(question)
        assert ours == theirs
        return ours

    @rule()
    def crash(self):
        self.run(self.both[1].crash())


async def _awaited(awaitable):
    return await awaitable


def check_as_memory(machine, kind, *, examples, steps):
    """Play a machine so often, so many steps each, with stores of a kind beside those in memory."""
    run_state_machine_as_test(
        type("MachineOf", (machine,), {"kind": kind}),
        settings=settings(
            deadline=None,
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],  # shrinking, with a server, takes minutes
        ),
    )

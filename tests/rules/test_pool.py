import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frontdesk.rules.pool import (
    RESERVED_EXCEEDED,
    SHARED_EXCEEDED,
    Dispatch,
    Fail,
    Kill,
    Limits,
    Pool,
    Refuse,
    Retire,
    Spawn,
)

FAR = 1e9


def make(*, shared=4, cores=2, waiting=10, **functions) -> Pool[str]:
    """A pool with functions by name → reserved concurrency; `f` alone by default."""
    pool: Pool[str] = Pool(Limits(shared, cores, waiting, patience=1.0, idle=100.0))
    for name, reserved in (functions or {"f": None}).items():
        assert pool.define(name, reserved, 0.0) == []
    return pool


def ask(pool, *requests, name="f", now=0.0, deadline=FAR):
    return [command for one in requests for command in pool.request(name, one, deadline, now)]


# -- rule 1: the child used last, first come first served ---------------------------------------------


def test_a_request_starts_a_child_and_runs_in_it():
    pool = make()
    assert ask(pool, "a") == [Spawn("f", 1)]
    assert pool.ready(1, 1.0) == [Dispatch(1, "a")]
    assert pool.done(1, 2.0) == []
    assert ask(pool, "b") == [Dispatch(1, "b")]


def test_the_child_used_last_is_taken_first():
    pool = make()
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    pool.ready(2, 0.0)
    pool.done(2, 1.0)
    pool.done(1, 2.0)
    assert ask(pool, "c", "d") == [Dispatch(1, "c"), Dispatch(2, "d")]


def test_those_who_wait_are_served_in_order():
    pool = make(cores=1, shared=1)
    ask(pool, "a", "b", "c")
    assert pool.ready(1, 0.0) == [Dispatch(1, "a")]
    assert pool.done(1, 0.0) == [Dispatch(1, "b")]
    assert pool.done(1, 0.0) == [Dispatch(1, "c")]
    assert pool.done(1, 0.0) == []


def test_a_withdrawn_request_is_passed_over():
    pool = make(cores=1, shared=1)
    ask(pool, "a", "b", "c")
    pool.withdraw("f", "b")
    pool.withdraw("f", "unknown")
    pool.ready(1, 0.0)
    assert pool.done(1, 0.0) == [Dispatch(1, "c")]


# -- rule 2: when children are started ----------------------------------------------------------------


def test_a_burst_starts_as_many_children_as_cores_and_no_more_than_it_has_requests():
    pool = make(cores=2)
    assert ask(pool, "a", "b", "c", "d") == [Spawn("f", 1), Spawn("f", 2)]
    assert make(cores=8).request("f", "a", FAR, 0.0) == [Spawn("f", 1)]


def test_patience_lost_starts_more_up_to_the_limit():
    pool = make(cores=1, shared=3)
    ask(pool, "a", "b", "c", "d", "e")
    pool.ready(1, 0.0)
    assert pool.next_tick(0.5) == 1.0
    assert pool.tick(0.9) == []
    assert pool.tick(1.0) == [Spawn("f", 2), Spawn("f", 3)]
    assert pool.next_tick(1.0) == 2.0
    assert pool.tick(9.0) == []


def test_there_are_never_more_children_starting_than_requests_waiting():
    pool = make(cores=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.tick(2.0) == [Spawn("f", 2)]
    assert pool.tick(3.0) == []


def test_a_first_child_may_be_started_ahead():
    pool = make(shared=1, f=None, g=None)
    assert pool.warm("f") == [Spawn("f", 1)]
    assert pool.warm("f") == []
    assert pool.warm("g") == []


# -- rule 3: limits -------------------------------------------------------------------------------------


def test_reserved_concurrency_counts_calls_that_run_or_wait():
    pool = make(f=2)
    commands = ask(pool, "a", "b", "c")
    assert commands[-1] == Refuse("c", RESERVED_EXCEEDED)
    pool.ready(1, 0.0)
    assert ask(pool, "d") == [Refuse("d", RESERVED_EXCEEDED)]
    pool.done(1, 0.0)
    pool.done(1, 0.0)
    assert ask(pool, "e")[0] == Dispatch(1, "e")


def test_reserved_concurrency_zero_refuses_everything():
    assert ask(make(f=0), "a") == [Refuse("a", RESERVED_EXCEEDED)]


def test_reserved_places_are_apart_from_the_shared_pool():
    pool = make(shared=1, f=None, g=1)
    assert ask(pool, "a") == [Spawn("f", 1)]
    assert ask(pool, "b", name="g") == [Spawn("g", 2)]


def test_a_full_queue_refuses():
    pool = make(waiting=2)
    assert ask(pool, "a", "b", "c")[-1] == Refuse("c", SHARED_EXCEEDED)


def test_a_wait_ends_at_its_deadline():
    pool = make(cores=1)
    ask(pool, "a", "b", deadline=0.5)
    pool.ready(1, 0.0)
    assert pool.tick(0.4) == []
    assert pool.next_tick(0.4) == 0.5
    assert pool.tick(0.5) == [Refuse("b", SHARED_EXCEEDED)]
    assert pool.next_tick(0.5) is None


def test_an_idle_child_of_another_function_gives_its_place():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert ask(pool, "b", name="g") == [Retire(1), Spawn("g", 2)]


def test_a_starving_function_takes_the_place_of_a_child_without_work():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    assert ask(pool, "b", name="g") == []
    assert pool.done(1, 0.1) == [Retire(1), Spawn("g", 2)]


def test_a_starving_function_takes_a_busy_place_only_when_out_of_patience():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a", "b", "c")
    pool.ready(1, 0.0)
    ask(pool, "x", name="g")
    assert pool.done(1, 0.5) == [Dispatch(1, "b")]
    assert pool.done(1, 1.0) == [Retire(1), Spawn("g", 2)]
    assert pool.ready(2, 1.5) == [Dispatch(2, "x")]  # before giving way in its turn
    assert pool.done(2, 1.6) == [Retire(2), Spawn("f", 3)]


def test_a_place_that_a_lost_child_leaves_goes_to_the_starving():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    ask(pool, "x", name="g")
    assert pool.lost(1, 0.1) == [Spawn("g", 2)]


# -- rule 4: failure ------------------------------------------------------------------------------------


def test_a_child_that_cannot_start_answers_all_who_wait():
    pool = make(cores=1)
    ask(pool, "a", "b")
    assert pool.failed(1, 0.0) == [Fail("a"), Fail("b")]
    assert ask(pool, "c") == [Spawn("f", 2)]


def test_after_a_failed_start_one_child_is_tried_at_a_time():
    pool = make(cores=4)
    ask(pool, "a")
    assert pool.failed(1, 0.0) == [Fail("a")]
    assert ask(pool, "b", "c") == [Spawn("f", 2)]
    assert pool.tick(9.0) == []
    assert pool.ready(2, 9.0) == [Dispatch(2, "b")]
    assert ask(pool, "d", now=9.0) == [Spawn("f", 3), Spawn("f", 4)]


def test_a_child_that_cannot_start_is_no_matter_while_another_lives():
    pool = make()
    ask(pool, "a", "b", "c")
    pool.ready(1, 0.0)
    assert pool.failed(2, 0.0) == [Spawn("f", 3)]


def test_a_child_lost_in_a_call_is_replaced_at_once():
    pool = make()
    ask(pool, "a")
    pool.ready(1, 0.0)
    assert pool.lost(1, 0.0) == [Spawn("f", 2)]


def test_a_child_lost_while_idle_is_replaced_when_needed():
    pool = make()
    ask(pool, "a")
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert pool.lost(1, 0.0) == []
    assert ask(pool, "b") == [Spawn("f", 2)]


def test_a_killed_call_ends_its_child_and_the_queue_goes_on():
    pool = make(cores=1, shared=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.kill(1, 0.0) == [Kill(1), Spawn("f", 2)]
    assert pool.done(1, 0.0) == []
    assert pool.ready(2, 0.0) == [Dispatch(2, "b")]


@pytest.mark.parametrize("event", ["ready", "done", "lost", "failed", "kill"])
def test_events_of_unknown_children_are_ignored(event):
    assert getattr(make(), event)(77, 0.0) == []


# -- rule 5 and new versions ------------------------------------------------------------------------------


def test_children_idle_for_long_go_but_for_one():
    pool = make()
    ask(pool, "a", "b")
    for child in (1, 2):
        pool.ready(child, 0.0)
    pool.done(1, 0.0)
    pool.done(2, 5.0)
    assert pool.next_tick(5.0) == 100.0
    assert pool.tick(99.0) == []
    assert pool.tick(200.0) == [Retire(1)]
    assert pool.next_tick(200.0) is None


def test_a_new_version_retires_children_that_are_free_and_lets_calls_finish():
    pool = make(cores=3)
    ask(pool, "a", "b", "c")
    pool.ready(1, 0.0)
    pool.ready(2, 0.0)
    pool.done(2, 0.0)  # runs c
    pool.done(2, 0.0)
    assert pool.define("f", None, 0.0) == [Retire(3), Retire(2)]
    assert ask(pool, "d") == [Spawn("f", 4)]
    assert pool.done(1, 0.0) == [Retire(1)]


def test_those_who_wait_get_the_new_version():
    pool = make(cores=1)
    ask(pool, "a")
    assert pool.define("f", 5, 0.0) == [Retire(1), Spawn("f", 2)]
    assert pool.ready(2, 0.0) == [Dispatch(2, "a")]


def test_a_removed_function_fails_who_waits_and_finishes_what_runs():
    pool = make(cores=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.remove("f") == [Fail("b")]
    assert pool.done(1, 0.0) == [Retire(1)]


# -- invariants -------------------------------------------------------------------------------------------

LIMITS = Limits(shared=3, cores=2, waiting=4, patience=1.0, idle=20.0)
RESERVED = {"f": None, "g": None, "r": 2}


class PoolMachine(RuleBasedStateMachine):
    """Carries out commands in a model of children and requests that allows nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool[int] = Pool(LIMITS)
        self.now = 0.0
        self.requests = 0
        self.deadlines: dict[int, float] = {}
        self.waiting: dict[str, list[int]] = {name: [] for name in RESERVED}
        self.starting: dict[int, str] = {}
        self.idle: dict[int, str] = {}
        self.busy: dict[int, tuple[str, int]] = {}
        self.old: set[int] = set()  # busy children of a former version
        for name, reserved in RESERVED.items():
            self.obey(self.pool.define(name, reserved, 0.0))

    def obey(self, commands) -> None:
        for command in commands:
            match command:
                case Spawn(name, child):
                    assert child not in self.starting | self.idle | self.busy
                    self.starting[child] = name
                    starting = list(self.starting.values()).count(name)
                    assert starting <= max(1, len(self.waiting[name]))
                case Dispatch(child, request):
                    name = self.idle.pop(child)
                    assert self.waiting[name].pop(0) == request, "first come, first served"
                    self.busy[child] = (name, request)
                case Refuse(request, _) | Fail(request):
                    (queue,) = [queue for queue in self.waiting.values() if request in queue]
                    queue.remove(request)
                case Retire(child):
                    assert (child in self.starting) != (child in self.idle)
                    self.starting.pop(child, None)
                    self.idle.pop(child, None)
                case Kill(child):
                    del self.busy[child]
                case _:
                    pytest.fail(f"unknown command: {command}")

    def pick(self, data, children):
        return data.draw(st.sampled_from(sorted(children)))

    @rule(name=st.sampled_from(sorted(RESERVED)), patience=st.integers(1, 30))
    def request(self, name, patience):
        self.requests += 1
        self.waiting[name].append(self.requests)
        self.deadlines[self.requests] = self.now + patience
        self.obey(self.pool.request(name, self.requests, self.now + patience, self.now))

    @precondition(lambda self: self.starting)
    @rule(data=st.data())
    def ready(self, data):
        child = self.pick(data, self.starting)
        self.idle[child] = self.starting.pop(child)
        self.obey(self.pool.ready(child, self.now))

    @precondition(lambda self: self.starting)
    @rule(data=st.data())
    def failed(self, data):
        child = self.pick(data, self.starting)
        del self.starting[child]
        self.obey(self.pool.failed(child, self.now))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def done(self, data):
        child = self.pick(data, self.busy)
        self.idle[child], _ = self.busy.pop(child)
        commands = self.pool.done(child, self.now)
        assert child not in self.old or commands[0] == Retire(child)
        self.obey(commands)

    @precondition(lambda self: self.busy or self.idle)
    @rule(data=st.data())
    def lost(self, data):
        child = self.pick(data, [*self.busy, *self.idle])
        self.busy.pop(child, None)
        self.idle.pop(child, None)
        self.obey(self.pool.lost(child, self.now))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def kill(self, data):
        self.obey(self.pool.kill(self.pick(data, self.busy), self.now))

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def withdraw(self, data):
        name = self.pick(data, [name for name, queue in self.waiting.items() if queue])
        request = self.pick(data, self.waiting[name])
        self.waiting[name].remove(request)
        self.pool.withdraw(name, request)

    @rule(name=st.sampled_from(sorted(RESERVED)))
    def define(self, name):
        self.old |= {child for child, (owner, _) in self.busy.items() if owner == name}
        self.obey(self.pool.define(name, RESERVED[name], self.now))

    @rule(seconds=st.floats(0.1, 10.0))
    def time_passes(self, seconds):
        self.now += seconds
        self.obey(self.pool.tick(self.now))
        waiting = [request for queue in self.waiting.values() for request in queue]
        assert all(self.deadlines[request] > self.now for request in waiting)

    @invariant()
    def limits_hold(self):
        owners = [*self.starting.values(), *self.idle.values()]
        owners += [name for name, _ in self.busy.values()]
        assert sum(RESERVED[name] is None for name in owners) <= LIMITS.shared
        old = sum(self.busy[child][0] == "r" for child in self.old & self.busy.keys())
        assert owners.count("r") - old <= RESERVED["r"]
        assert all(len(queue) <= LIMITS.waiting for queue in self.waiting.values())

    @invariant()
    def nobody_waits_beside_an_idle_child(self):
        for name in self.idle.values():
            assert not self.waiting[name]

    @invariant()
    def whoever_waits_is_waited_for(self):
        """A queue moves on: a child of its own, or all places are taken and time will pass."""
        for name, queue in self.waiting.items():
            children = [*self.starting.values(), *(owner for owner, _ in self.busy.values())]
            full = sum(RESERVED[owner] is None for owner in children) == LIMITS.shared
            assert not queue or name in children or full
            assert not queue or self.pool.next_tick(self.now) is not None

    def teardown(self):
        """Everyone who still waits is served in the end."""
        for _ in range(200):
            if not any(self.waiting.values()):
                break
            for child in list(self.starting):
                if child in self.starting:
                    self.idle[child] = self.starting.pop(child)
                    self.obey(self.pool.ready(child, self.now))
            for child in list(self.busy):
                self.idle[child], _ = self.busy.pop(child)
                self.obey(self.pool.done(child, self.now))
        assert not any(self.waiting.values())


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

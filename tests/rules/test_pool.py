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
LATEST = "$LATEST"


def spawn(function, child, version=LATEST, *, provisioned=False):
    return Spawn(function, version, child, provisioned)


def make(*, shared=4, cores=2, waiting=10, counted=False, **functions) -> Pool[str]:
    """A pool with functions by name → reserved concurrency; `f` alone by default."""
    pool: Pool[str] = Pool(
        Limits(shared, cores, waiting, patience=1.0, idle=100.0, retry=5.0, counted=counted)
    )
    for name, reserved in (functions or {"f": None}).items():
        assert pool.define(name, reserved, {LATEST: 0}, 0.0) == []
    return pool


def ask(pool, *requests, name="f", version=LATEST, now=0.0, deadline=FAR):
    return [
        command for one in requests for command in pool.request(name, version, one, deadline, now)
    ]


# -- rule 1: the child used last, first come first served ---------------------------------------------


def test_a_request_starts_a_child_and_runs_in_it():
    pool = make()
    assert ask(pool, "a") == [spawn("f", 1)]
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
    pool.withdraw("f", LATEST, "b")
    pool.withdraw("f", LATEST, "unknown")
    pool.ready(1, 0.0)
    assert pool.done(1, 0.0) == [Dispatch(1, "c")]


# -- rule 2: when children are started ----------------------------------------------------------------


def test_a_burst_starts_as_many_children_as_cores_and_no_more_than_it_has_requests():
    pool = make(cores=2)
    assert ask(pool, "a", "b", "c", "d") == [spawn("f", 1), spawn("f", 2)]
    assert ask(make(cores=8), "a") == [spawn("f", 1)]


def test_patience_lost_starts_more_up_to_the_limit():
    pool = make(cores=1, shared=3)
    ask(pool, "a", "b", "c", "d", "e")
    pool.ready(1, 0.0)
    assert pool.next_tick(0.5) == 1.0
    assert pool.tick(0.9) == []
    assert pool.tick(1.0) == [spawn("f", 2), spawn("f", 3)]
    assert pool.next_tick(1.0) == 2.0
    assert pool.tick(9.0) == []


def test_there_are_never_more_children_starting_than_requests_waiting():
    pool = make(cores=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.tick(2.0) == [spawn("f", 2)]
    assert pool.tick(3.0) == []


def test_a_first_child_may_be_started_ahead():
    pool = make(shared=1, f=None, g=None)
    assert pool.warm("f", LATEST) == [spawn("f", 1)]
    assert pool.warm("f", LATEST) == []
    assert pool.warm("g", LATEST) == []


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
    assert ask(pool, "a") == [spawn("f", 1)]
    assert ask(pool, "b", name="g") == [spawn("g", 2)]


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
    assert ask(pool, "b", name="g") == [Retire(1), spawn("g", 2)]


def test_a_starving_function_takes_the_place_of_a_child_without_work():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    assert ask(pool, "b", name="g") == []
    assert pool.done(1, 0.1) == [Retire(1), spawn("g", 2)]


def test_a_starving_function_takes_a_busy_place_only_when_out_of_patience():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a", "b", "c")
    pool.ready(1, 0.0)
    ask(pool, "x", name="g")
    assert pool.done(1, 0.5) == [Dispatch(1, "b")]
    assert pool.done(1, 1.0) == [Retire(1), spawn("g", 2)]
    assert pool.ready(2, 1.5) == [Dispatch(2, "x")]  # before giving way in its turn
    assert pool.done(2, 1.6) == [Retire(2), spawn("f", 3)]


def test_a_place_that_a_lost_child_leaves_goes_to_the_starving():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    ask(pool, "x", name="g")
    assert pool.lost(1, 0.1) == [spawn("g", 2)]


# -- rule 4: failure ------------------------------------------------------------------------------------


def test_a_child_that_cannot_start_answers_all_who_wait():
    pool = make(cores=1)
    ask(pool, "a", "b")
    assert pool.failed(1, 0.0) == [Fail("a"), Fail("b")]
    assert ask(pool, "c") == [spawn("f", 2)]


def test_after_a_failed_start_one_child_is_tried_at_a_time():
    pool = make(cores=4)
    ask(pool, "a")
    assert pool.failed(1, 0.0) == [Fail("a")]
    assert ask(pool, "b", "c") == [spawn("f", 2)]
    assert pool.tick(9.0) == []
    assert pool.ready(2, 9.0) == [Dispatch(2, "b")]
    assert ask(pool, "d", now=9.0) == [spawn("f", 3), spawn("f", 4)]


def test_a_child_that_cannot_start_is_no_matter_while_another_lives():
    pool = make()
    ask(pool, "a", "b", "c")
    pool.ready(1, 0.0)
    assert pool.failed(2, 0.0) == [spawn("f", 3)]


def test_a_child_lost_in_a_call_is_replaced_at_once():
    pool = make()
    ask(pool, "a")
    pool.ready(1, 0.0)
    assert pool.lost(1, 0.0) == [spawn("f", 2)]


def test_a_child_lost_while_idle_is_replaced_when_needed():
    pool = make()
    ask(pool, "a")
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert pool.lost(1, 0.0) == []
    assert ask(pool, "b") == [spawn("f", 2)]


def test_a_killed_call_ends_its_child_and_the_queue_goes_on():
    pool = make(cores=1, shared=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.kill(1, 0.0) == [Kill(1), spawn("f", 2)]
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
    assert pool.define("f", None, {LATEST: 0}, 0.0) == [Retire(3), Retire(2)]
    assert ask(pool, "d") == [spawn("f", 4)]
    assert pool.done(1, 0.0) == [Retire(1)]


def test_those_who_wait_get_the_new_version():
    pool = make(cores=1)
    ask(pool, "a")
    assert pool.define("f", 5, {LATEST: 0}, 0.0) == [Retire(1), spawn("f", 2)]
    assert pool.ready(2, 0.0) == [Dispatch(2, "a")]


def test_a_removed_function_fails_who_waits_and_finishes_what_runs():
    pool = make(cores=1)
    ask(pool, "a", "b")
    pool.ready(1, 0.0)
    assert pool.remove("f") == [Fail("b")]
    assert pool.done(1, 0.0) == [Retire(1)]


# -- versions ---------------------------------------------------------------------------------------------


def versions(pool, name="f", *, reserved=None, now=0.0, keep=(), **wanted):
    """Define versions 1 and 2 with children that stand ready, as in `v1=2`."""
    counts = {LATEST: 0} | {key.removeprefix("v"): count for key, count in wanted.items()}
    return pool.define(name, reserved, counts, now, keep=keep)


def test_each_version_has_children_of_its_own():
    pool = make()
    versions(pool, v1=0)
    assert ask(pool, "a", version="1") == [spawn("f", 1, "1")]
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert ask(pool, "b") == [spawn("f", 2)]
    assert ask(pool, "c", version="1") == [Dispatch(1, "c")]


def test_a_version_that_is_kept_keeps_its_children_and_the_others_do_not():
    pool = make()
    versions(pool, v1=0)
    ask(pool, "a", version="1")
    ask(pool, "b")
    for child in (1, 2):
        pool.ready(child, 0.0)
        pool.done(child, 0.0)
    assert versions(pool, v1=0, keep={"1"}) == [Retire(2)]
    assert ask(pool, "c", version="1") == [Dispatch(1, "c")]


def test_a_version_that_is_gone_fails_who_waits_and_finishes_what_runs():
    pool = make(cores=1)
    versions(pool, v1=0)
    ask(pool, "a", "b", version="1")
    pool.ready(1, 0.0)
    assert versions(pool) == [Fail("b")]
    assert pool.done(1, 0.0) == [Retire(1)]


def test_versions_share_the_reserved_places():
    pool = make()
    versions(pool, reserved=2, v1=0)
    ask(pool, "a", version="1")
    ask(pool, "b")
    assert ask(pool, "c") == [Refuse("c", RESERVED_EXCEEDED)]
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert ask(pool, "d") == [Retire(1), spawn("f", 3)]


def test_calls_of_a_former_version_count_in_the_reserved_places():
    pool = make(f=1)
    ask(pool, "a")
    pool.ready(1, 0.0)
    versions(pool, reserved=1)
    assert ask(pool, "b") == [Refuse("b", RESERVED_EXCEEDED)]
    assert pool.done(1, 0.0) == [Retire(1)]
    assert ask(pool, "b") == [spawn("f", 2)]


def test_calls_that_run_count_when_places_are_reserved():
    pool = make(shared=1, f=None, g=None)
    ask(pool, "a")
    pool.ready(1, 0.0)
    assert versions(pool, reserved=1, keep={LATEST}) == []
    assert ask(pool, "b") == [Refuse("b", RESERVED_EXCEEDED)]
    assert ask(pool, "x", name="g") == [spawn("g", 2)]
    assert versions(pool, keep={LATEST}) == []
    assert ask(pool, "b") == []  # two share one place again


# -- a pool that is counted -------------------------------------------------------------------------------


def test_a_call_beyond_a_counted_pool_is_refused_at_once():
    pool = make(shared=2, counted=True, f=None, g=None)
    ask(pool, "a")
    ask(pool, "b", name="g")
    assert ask(pool, "c") == [Refuse("c", SHARED_EXCEEDED)]
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    assert ask(pool, "c", name="g") == [Retire(1), spawn("g", 3)]


def test_calls_within_a_counted_pool_are_served_by_a_child_each():
    pool = make(shared=3, cores=1, counted=True)
    ask(pool, "a", "b", "c")
    assert pool.tick(1.0) == [spawn("f", 2), spawn("f", 3)]


def test_reserved_and_provisioned_places_are_taken_out_of_a_counted_pool():
    pool = make(shared=4, counted=True, f=None, g=2)
    versions(pool, v1=1)
    assert ask(pool, "a")[-1] == spawn("f", 2)
    assert ask(pool, "b") == [Refuse("b", SHARED_EXCEEDED)]
    pool.remove("g")
    assert ask(pool, "b", "c")[-1] == spawn("f", 3)
    assert ask(pool, "d") == [Refuse("d", SHARED_EXCEEDED)]


def test_a_call_that_is_over_or_given_up_counts_no_more():
    pool = make(shared=1, counted=True)
    ask(pool, "a", deadline=0.5)
    pool.withdraw("f", LATEST, "a")
    ask(pool, "b", deadline=0.5)
    assert pool.tick(0.5) == [Refuse("b", SHARED_EXCEEDED)]
    ask(pool, "c", now=0.5)
    assert pool.failed(1, 0.6) == [Fail("c")]
    ask(pool, "d", now=0.6)
    pool.ready(2, 0.7)
    pool.kill(2, 0.8)
    assert ask(pool, "e", now=0.9) == []  # child 3 took the place of 2
    assert pool.ready(3, 1.0) == [Dispatch(3, "e")]


# -- provisioned concurrency ------------------------------------------------------------------------------


def provisioned(count=2, **rest):
    """A pool whose version 1 of f has children that stand ready: 1 and further."""
    pool = make(**rest)
    assert versions(pool, v1=count) == [
        spawn("f", child + 1, "1", provisioned=True) for child in range(count)
    ]
    for child in range(count):
        assert pool.ready(child + 1, 0.0) == []
    return pool


def test_children_stand_ready_and_are_taken_first():
    pool = provisioned()
    assert pool.standing("f", "1") == (2, 2, 2, False)
    assert pool.standing("f", LATEST) == (0, 0, 0, False)
    assert ask(pool, "a", "b", version="1") == [Dispatch(2, "a"), Dispatch(1, "b")]
    assert pool.standing("f", "1") == (2, 2, 0, False)


def test_calls_beyond_those_that_stand_ready_are_served_on_demand():
    pool = provisioned(1)
    assert ask(pool, "a", "b", version="1") == [Dispatch(1, "a"), spawn("f", 2, "1")]
    pool.ready(2, 0.0)
    pool.done(2, 0.0)
    assert ask(pool, "c", version="1") == [Dispatch(2, "c")]


def test_those_that_stand_ready_never_go_for_being_idle():
    pool = provisioned()
    assert pool.next_tick(0.0) is None
    assert pool.tick(1e6) == []


def test_reserved_equal_to_provisioned_leaves_nothing_to_other_versions():
    pool = make()
    versions(pool, reserved=1, v1=1)
    assert ask(pool, "a") == [Refuse("a", RESERVED_EXCEEDED)]
    assert ask(pool, "b", version="1") == []
    assert ask(pool, "c", version="1") == [Refuse("c", RESERVED_EXCEEDED)]
    assert pool.ready(1, 0.0) == [Dispatch(1, "b")]


def test_a_call_waits_for_a_child_that_is_to_stand_ready_rather_than_be_refused():
    pool = make(shared=1, counted=True)
    versions(pool, v1=1)
    assert ask(pool, "a", version="1") == []
    assert pool.ready(1, 3.0) == [Dispatch(1, "a")]


def test_a_child_lost_in_its_call_stands_ready_again():
    pool = provisioned()
    ask(pool, "a", version="1")
    assert pool.kill(2, 0.0) == [Kill(2), spawn("f", 3, "1", provisioned=True)]


def test_a_child_lost_while_it_stands_ready_is_replaced_but_not_again_and_again():
    pool = provisioned(1)
    assert pool.lost(1, 10.0) == [spawn("f", 2, "1", provisioned=True)]
    pool.ready(2, 10.0)
    assert pool.lost(2, 11.0) == []
    assert pool.next_tick(11.0) == 15.0
    assert pool.tick(14.0) == []
    assert pool.tick(15.0) == [spawn("f", 3, "1", provisioned=True)]


def test_all_that_are_lost_at_once_are_replaced_at_once():
    pool = provisioned(2)
    assert pool.lost(1, 10.0) == [spawn("f", 3, "1", provisioned=True)]
    assert pool.lost(2, 10.0) == [spawn("f", 4, "1", provisioned=True)]


def test_children_that_cannot_start_are_tried_one_at_a_time():
    pool = make()
    versions(pool, v1=2)
    pool.failed(1, 1.0)
    pool.failed(2, 1.0)
    assert pool.standing("f", "1") == (2, 0, 0, True)
    assert pool.tick(5.9) == []
    assert pool.tick(6.0) == [spawn("f", 3, "1", provisioned=True)]
    assert pool.ready(3, 7.0) == [spawn("f", 4, "1", provisioned=True)]


def test_fewer_stand_ready_when_told_so():
    pool = provisioned(3)
    ask(pool, "a", version="1")
    assert versions(pool, v1=1, keep={LATEST, "1"}) == [Retire(1), Retire(2)]
    assert pool.done(3, 0.0) == []
    assert versions(pool, v1=0, keep={LATEST, "1"}) == [Retire(3)]
    assert ask(pool, "b", version="1") == [spawn("f", 4, "1")]


def test_who_waits_for_a_child_that_is_no_longer_to_stand_ready_takes_an_idle_one():
    pool = make()
    versions(pool, v1=0)
    ask(pool, "a", version="1")
    pool.ready(1, 0.0)
    pool.done(1, 0.0)
    versions(pool, v1=1, keep={LATEST, "1"})
    assert ask(pool, "b", version="1") == []
    assert versions(pool, v1=0, keep={LATEST, "1"}) == [Dispatch(1, "b"), Retire(2)]


def test_a_child_beyond_those_that_are_wanted_goes_when_it_is_ready():
    pool = make()
    versions(pool, v1=2)
    assert versions(pool, v1=1, keep={LATEST, "1"}) == []
    assert pool.ready(1, 0.0) == [Retire(1)]
    assert pool.ready(2, 0.0) == []


def test_a_new_version_stands_ready_beside_the_calls_of_the_former():
    pool = provisioned(1)
    ask(pool, "a", version="1")
    assert versions(pool, v1=1) == [spawn("f", 2, "1", provisioned=True)]
    assert ask(pool, "b", version="1") == [spawn("f", 3, "1")]  # a still counts
    assert pool.done(1, 0.0) == [Retire(1)]


# -- loading for too long ---------------------------------------------------------------------------------


def test_after_too_long_a_load_the_first_in_line_loads_within_its_call():
    pool = make(cores=1)
    ask(pool, "a", "b")
    assert pool.overran(1, 10.0)[:2] == [spawn("f", 2), Dispatch(2, "a")]
    assert pool.done(2, 20.0) == [Dispatch(2, "b")]


def test_nothing_is_loaded_again_when_nobody_waits():
    pool = make()
    pool.warm("f", LATEST)
    assert pool.overran(1, 10.0) == []
    assert pool.overran(1, 10.0) == []


# -- invariants -------------------------------------------------------------------------------------------

NAMES = ("f", "g", "r")
VERSIONS = (LATEST, "1")


class PoolMachine(RuleBasedStateMachine):
    """Carries out commands in a model of children and requests that allows nothing else.

    The pool's own counts are compared with those of the model after each event.
    """

    counted = False

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(6, 2, 4, patience=1.0, idle=20.0, retry=5.0, counted=self.counted)
        self.pool: Pool[int] = Pool(self.limits)
        self.now = 0.0
        self.requests = 0
        self.deadlines: dict[int, float] = {}
        self.reserved: dict[str, int | None] = {}
        self.waiting: dict[tuple[str, str], list[int]] = {
            (name, version): [] for name in NAMES for version in VERSIONS
        }
        self.starting: dict[int, tuple[str, str]] = {}
        self.idle: dict[int, tuple[str, str]] = {}
        self.busy: dict[int, tuple[tuple[str, str], int]] = {}
        for name in NAMES:
            self.share(name, 2 if name == "r" else None, 0, ())

    def share(self, name, reserved, wanted, keep) -> None:
        self.reserved[name] = reserved
        self.former: dict[object, tuple[float, float]] = {}
        self.obey(self.pool.define(name, reserved, {LATEST: 0, "1": wanted}, self.now, keep=keep))

    def obey(self, commands) -> None:
        for command in commands:
            match command:
                case Spawn(name, version, child, _):
                    assert child not in self.starting | self.idle | self.busy
                    self.starting[child] = (name, version)
                case Dispatch(child, request):
                    # A call may begin in a child that has yet to load.
                    owner = self.idle.pop(child, None) or self.starting.pop(child)
                    self.waiting[owner].remove(request)
                    self.busy[child] = (owner, request)
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

    def calls(self, name=None) -> int:
        running = [owner for (owner, _), _ in self.busy.values()]
        waiting = [owner for (owner, _), queue in self.waiting.items() for _ in queue]
        return sum(name in (None, owner) for owner in running + waiting)

    def unused(self, name) -> int:
        """Places of children that stand ready for calls of one version only."""
        groups = self.pool._functions[name].provisioned.values()
        return sum(max(0, group.places.limit - group.places.calls) for group in groups)

    def pick(self, data, children):
        return data.draw(st.sampled_from(sorted(children)))

    @rule(
        name=st.sampled_from(NAMES), version=st.sampled_from(VERSIONS), patience=st.integers(1, 30)
    )
    def request(self, name, version, patience):
        self.requests += 1
        stands_ready = self.pool._functions[name].provisioned.get(version)
        below = stands_ready is not None and not stands_ready.places.full
        unused = self.unused(name)
        everywhere = sum(map(self.unused, NAMES))
        before, all_before, reserved = self.calls(name), self.calls(), self.reserved[name]
        self.waiting[name, version].append(self.requests)
        self.deadlines[self.requests] = self.now + patience
        deadline = self.now + patience
        commands = self.pool.request(name, version, self.requests, deadline, self.now)
        self.obey(commands)
        reasons = [command.reason for command in commands if isinstance(command, Refuse)]
        assert not (below and reasons)
        if reserved is not None:
            assert not reasons or before + unused >= reserved
            assert reasons in ([], [RESERVED_EXCEEDED])
        elif self.counted:
            taken = sum(
                share - self.calls(other) - self.unused(other)
                for other, share in self.reserved.items()
                if share is not None
            )
            assert not reasons or all_before + everywhere + taken >= self.limits.shared

    @precondition(lambda self: self.starting)
    @rule(data=st.data())
    def ready(self, data):
        child = self.pick(data, self.starting)
        self.idle[child] = self.starting.pop(child)
        self.obey(self.pool.ready(child, self.now))

    @precondition(lambda self: self.starting)
    @rule(data=st.data(), event=st.sampled_from(["failed", "overran", "lost"]))
    def does_not_start(self, data, event):
        child = self.pick(data, self.starting)
        del self.starting[child]
        self.obey(getattr(self.pool, event)(child, self.now))

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def done(self, data):
        child = self.pick(data, self.busy)
        self.idle[child], _ = self.busy.pop(child)
        self.obey(self.pool.done(child, self.now))

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
        owner = self.pick(data, [owner for owner, queue in self.waiting.items() if queue])
        request = self.pick(data, self.waiting[owner])
        self.waiting[owner].remove(request)
        self.pool.withdraw(*owner, request)

    @rule(
        name=st.sampled_from(NAMES),
        reserved=st.sampled_from([None, 2, 3]),
        wanted=st.integers(0, 2),
        keep=st.sets(st.sampled_from(VERSIONS)),
    )
    def define(self, name, reserved, wanted, keep):
        self.share(name, reserved if name == "r" else None, wanted, keep)

    @rule(seconds=st.floats(0.1, 10.0))
    def time_passes(self, seconds):
        self.now += seconds
        self.obey(self.pool.tick(self.now))
        waiting = [request for queue in self.waiting.values() for request in queue]
        assert all(self.deadlines[request] > self.now for request in waiting)

    def groups(self):
        return {*self.pool._groups(), *self.pool._owners.values()}

    @invariant()
    def the_pool_knows_who_lives_and_who_is_served(self):
        assert set(self.pool._owners) == {*self.starting, *self.idle, *self.busy}
        assert sum(group.calls for group in self.groups()) == self.calls()

    @invariant()
    def counts_are_those_of_the_groups(self):
        for places in {group.places for group in self.groups()}:
            groups = [group for group in self.groups() if group.places is places]
            assert places.calls == sum(group.calls for group in groups)
            assert places.children == sum(group.size for group in groups)

    @invariant()
    def no_limit_is_passed(self):
        """Only a definition may leave more calls or children than there are places now."""
        all_places = {group.places for group in self.groups()}
        for places in all_places - {group.places for group in self.groups() if group.wanted}:
            calls, children = self.former.get(places, (FAR, FAR))
            assert not places.refusal or places.calls <= max(places.limit, calls)
            assert places.children <= max(places.limit, children)
        self.former = {places: (places.calls, places.children) for places in all_places}

    @invariant()
    def nobody_waits_beside_an_idle_child(self):
        for group in self.groups():
            assert not (group.idle and group.waiting)

    @invariant()
    def whoever_waits_is_waited_for(self):
        for group in self.groups():
            assert not group.waiting or self.pool.next_tick(self.now) is not None

    def teardown(self):
        """Everyone who still waits is served in the end, and all stand ready who should."""
        for _ in range(200):
            self.now += 6.0
            self.deadlines = dict.fromkeys(self.deadlines, FAR)
            for child in list(self.starting):
                if child in self.starting:
                    self.idle[child] = self.starting.pop(child)
                    self.obey(self.pool.ready(child, self.now))
            for child in list(self.busy):
                self.idle[child], _ = self.busy.pop(child)
                self.obey(self.pool.done(child, self.now))
            self.obey(self.pool.tick(self.now))
            if not self.starting and not self.busy and not any(self.waiting.values()):
                break
        assert not any(self.waiting.values())
        for group in self.pool._groups():
            assert len(group.idle) == group.wanted or not group.wanted
            assert not group.places.calls


class CountedPoolMachine(PoolMachine):
    counted = True


TestPool = PoolMachine.TestCase
TestCountedPool = CountedPoolMachine.TestCase
TestPool.settings = TestCountedPool.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None
)

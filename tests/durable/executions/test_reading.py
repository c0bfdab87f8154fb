"""When a state goes on, out of the timers of its execution in the journal."""

from frontdesk.durable.executions import timers
from frontdesk.durable.executions.reading import timers_by_key

NOW = 1_000.0


def test_the_first_limit_of_a_stay_counts():
    set_ = {
        timers.own("e:Wait:1", 1): NOW + 60,
        timers.timeout("e:Do:2", 3): NOW + 90,
        timers.heartbeat("e:Do:2", 3, 30): NOW + 30.5,
    }
    assert timers_by_key(set_, NOW) == {"e:Wait:1": 1_060_000, "e:Do:2": 1_030_500}


def test_a_heartbeat_before_a_worker_has_taken_the_task_is_no_limit():
    far = {timers.heartbeat("e:Do:2", 1, 30): NOW + 3e8}
    assert timers_by_key(far, NOW) == {}

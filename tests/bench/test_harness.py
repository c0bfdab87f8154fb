"""The pure parts of the bench: histogram, pairs and goals, the count of system calls, the tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Figure, Finding, at_least, at_most, ratio
from bench.histogram import Histogram
from bench.openloop import Latencies
from bench.probe import get
from bench.report import number, recorded, tables
from bench.result import Result, Series
from bench.series import Round
from bench.syscalls import count, kind


@given(
    st.lists(st.integers(0, 3_600_000_000_000), min_size=1), st.sampled_from([1, 50, 90, 99, 99.9])
)
def test_percentile_is_right_to_three_digits(values, percent):
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    exact = sorted(values)[max(0, -int(-len(values) * percent // 100) - 1)]
    assert histogram.percentile(percent) == pytest.approx(exact, rel=1e-3, abs=1)


def test_percentile_of_nothing_is_zero():
    assert Histogram().percentile(99) == 0


def test_highest_percentile_never_exceeds_the_highest_value():
    histogram = Histogram()
    histogram.record(1_000_001)
    assert histogram.percentile(100) == histogram.highest == 1_000_001


def test_ratio_compares_neighbouring_rounds_not_medians():
    # The machine slowed down between the pairs; each pair alone says 2.
    assert ratio([20, 10, 4], [10, 5, 2]) == Figure(2, 2, 2)


def test_ratio_refuses_unequal_numbers_of_rounds():
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_spread_is_a_share_of_the_median():
    assert Figure.of([90, 100, 110]).spread == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("goal", "reached", "verdict"),
    [
        (at_least(1.8), 1.8, "met"),
        (at_least(1.8), 1.79, "missed"),
        (at_most(5), 5.0, "met"),
        (at_most(5), 5.01, "missed"),
        (None, 1.0, ""),
    ],
)
def test_goal_is_judged_by_the_median(goal, reached, verdict):
    assert Finding("a", Figure(reached, 0, 100), "x", goal).verdict == verdict


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('71 read(12<socket:[8]>, ""..., 65536) = 700', "read"),
        ("71 recvfrom(12<TCP:[1]>, ...", "read"),
        (
            "71 read(12<socket:[8]>, 0x7f, 65536) = -1 EAGAIN (Resource temporarily unavailable)",
            "read",
        ),
        ('71 write(13<socket:[9]>, ""..., 90) = 90', "write"),
        ("71 writev(13<socket:[9]>, [{...}], 2 <unfinished ...>", "write"),
        ('71 write(5</var/log/access.log>, ""..., 4096) = 4096', "log"),
        ("71 epoll_pwait(3<anon_inode:[eventpoll]>, [], 1024, 4, NULL, 8) = 0", "poll"),
        ("71 <... epoll_pwait resumed>[], 1024, 4, NULL, 8) = 1", None),
        ("71 epoll_ctl(3<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5, {}) = 0", "epoll_ctl"),
        ("71 futex(0x7f, FUTEX_WAKE, 1) = 1", "futex"),
        ("71 shutdown(12<socket:[8]>, SHUT_WR) = 0", "shutdown"),
        ("71 +++ exited with 0 +++", None),
        ('read(12<socket:[8]>, ""..., 65536) = 700', "read"),
    ],
)
def test_line_of_strace_has_a_kind(line, expected):
    assert kind(line) == expected


def test_system_calls_are_counted_per_request():
    lines = ["1 read(4<socket:[1]>, ...", "1 read(5<socket:[2]>, ...", "1 epoll_wait(3<a>, ..."]
    assert count(lines * 10, 10) == {"read": 2, "poll": 1}


@pytest.mark.parametrize(("browser", "fields"), [(False, 3), (True, 14)])
def test_probe_sends_as_many_fields_as_the_row_says(browser, fields):
    (request,) = get(["/a"], tokens=["t"], browser=browser).requests
    assert request.endswith(b"\r\n\r\n")
    assert len(request.split(b"\r\n")) - 3 == fields


def test_probe_pairs_paths_and_tokens_in_turn():
    requests = get(["/a", "/b"], tokens=["1", "2", "3"]).requests
    assert [(r.split(b" ")[1], r.partition(b"Bearer ")[2][:1]) for r in requests] == [
        (b"/a", b"1"),
        (b"/b", b"2"),
        (b"/a", b"3"),
    ]


@pytest.mark.parametrize(("achieved", "overloaded"), [(1000, False), (990, False), (989, True)])
def test_row_is_overloaded_when_one_percent_is_missing(achieved, overloaded):
    seen = Latencies(1000, achieved, 1, 2, 3, 4, 5, 1, 2, 0, 0, 0)
    assert seen.overloaded is overloaded


@pytest.mark.parametrize(
    ("value", "text"),
    [(45_425.2, "45,425"), (33.33, "33.3"), (1.8, "1.80"), (0.0123, "0.012"), (0, "0.000")],
)
def test_figures_show_the_digits_that_matter(value, text):
    assert number(value) == text


def _round(rate, gateway, load):
    return Round(rate, 30.0, gateway, load, gateway, 0.5, 50_000_000, 900, 2000, 1000, 0)


def test_tables_mark_floors_goals_and_idle_gateways():
    rounds = {"frontdesk": [_round(20_000, 0.99, 0.6)], "nginx": [_round(40_000, 0.7, 0.99)]}
    finding = Finding("frontdesk against nginx", Figure(0.5, 0.5, 0.5), "x", at_least(0.6))
    result = Result([finding], [Series("Proxied", rounds)])
    row = recorded(result, "proxy", measured="today", rounds=1, seconds=10, load_average=0.1)
    text = tables({"machine": {"cores": "2"}, "rows": {"proxy": row}})
    assert "| proxy | frontdesk against nginx | 0.50 x | 0.50 to 0.50 | ≥ 0.6 | missed |  |" in text
    assert "| nginx | ≥ 40,000 |" in text
    assert "| frontdesk | 20,000 |" in text
    assert "The gateway's core was not the limit for: nginx." in text

"""Which names an expression mentions, and which of them have nothing to start at."""

import pytest

from frontdesk.rules.lang.jsonata import compile_expression
from frontdesk.rules.lang.jsonata_names import names_of

UNSTARTED = {
    "bare": ("foo", ["foo"]),
    "path": ("foo.bar", ["foo"]),
    "in an object": ('{"a": $x, "b": foo}', ["foo"]),
    "in both arms": ("$x ? foo : bar", ["foo", "bar"]),
    "in a block": ("($y := foo; $y)", ["foo"]),
    "argument": ("$sum(items.price)", ["items"]),
    "dollar": ("$", ["$"]),
    "two dollars": ("$$.a", ["$$"]),
    "star": ("*", ["*"]),
    "step": ("$x.foo", []),
    "further in": ("$states.input.(foo)", []),
    "filter": ("$x[price > 3]", []),
    "group": ("$x{name: $sum(v)}", []),
    "sort": ("$x^(price)", []),
    "body of a function": ("$map($x, function($v) { $v + foo })", []),
    "transform": ("$x ~> |a|{'b': c}|", []),
    "text": ("'foo'", []),
}


@pytest.mark.parametrize(("text", "expected"), UNSTARTED.values(), ids=UNSTARTED)
def test_names_without_a_start(text, expected):
    assert list(names_of(compile_expression(text)).unstarted) == expected


def test_members_of_states_are_found_everywhere():
    text = '$states.input.a & $map($x, function($v) { $states.`result`[0] & $states."context".b })'
    assert names_of(compile_expression(text)).states == {"input", "result", "context"}


def test_variables():
    assert names_of(compile_expression("$a + $sum($b.c)")).variables == {"a", "b", "sum"}

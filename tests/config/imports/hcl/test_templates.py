"""Texts with expressions in them: directives, blanks around them, heredocs, braces and quotes inside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate, render
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.source import read_hcl_text

NAMES = {"yes": True, "no": False, "none": None, "list": ["a", "b"], "x": "X"}


def scope():
    return Scope(NAMES, NAMES.__getitem__, Path(), "main.tf", Project(Path()), Limits())


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("%{if yes}a%{else}b%{endif}", "a"),
        ("%{if no}a%{else}b%{endif}", "b"),
        ("%{if no}a%{endif}", ""),
        ("%{if none != null}${none}%{else}-%{endif}", "-"),
        ("%{if yes}%{if no}a%{else}b%{endif}c%{endif}", "bc"),
        ('%{for v in list}%{if v == "a"}[${v}]%{endif}%{endfor}', "[a]"),
        ("%{for v in list}%{for w in list}${v}${w} %{endfor}%{endfor}", "aa ab ba bb "),
        ("%{for i, v in list}${i}${v}%{endfor}", "0a1b"),
        ("a  %{~ if yes ~}  b  %{~ endif ~}  c", "abc"),
        ("a %{ if yes ~}\n  b\n%{~ endif }\nc", "a b\nc"),
        ("a  ${~ x ~}  b", "aXb"),
        ('${jsonencode({a = {b = "}"}, c = "${x}"})}', '{"a":{"b":"}"},"c":"X"}'),
        ('say "${x}" \\n $${x} %%{if}', 'say "X" \\n ${x} %{if}'),
        ("a\r\nb ${x}", "a\r\nb X"),
        ("no $ { or % { here ${x}", "no $ { or % { here X"),
    ],
)  # fmt: skip
def test_what_a_text_renders_to(text, rendered):
    assert render(text, scope()) == rendered


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("%{if yes}a", "this directive has no end"),
        ("%{for v in list}a", "this directive has no end"),
        ("%{if yes}a%{endfor}", "this directive has no end"),
        ("a%{endif}", "this directive has no beginning"),
        ("a%{else}", "this directive has no beginning"),
        ("${x", "without its end"),
        ('${"x}', "without its end"),
    ],
)
def test_directives_that_do_not_fit_are_told(text, message):
    with pytest.raises(ConfigError, match=message):
        render(text, scope())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<EOT\na ${x}\n  b\nEOT\n", "a X\n  b\n"),
        ("<<-EOT\n    a\n      ${x}\n\n    EOT\n", "a\n  X\n\n"),
        ("<<-EOT\n  %{ for v in list ~}\n  ${v}\n  %{ endfor ~}\n  EOT\n", "a\nb\n"),
        ('<<EOT\n\\n "q" $${x}\nEOT\n', '\\n "q" ${x}\n'),
    ],
)  # fmt: skip
def test_heredocs(text, value):
    body = read_hcl_text(f"it = {text}", "main.tf")
    assert evaluate(body.attributes["it"].tree, scope()) == value


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="$%\r"), max_size=40))
def test_a_text_without_expressions_is_itself(text):
    assert render(f"{text}${{x}}{text}", scope()) == f"{text}X{text}"

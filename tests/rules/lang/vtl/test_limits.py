"""Templates that would run for ever, nest without end or write without end are stopped, whatever they do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.lang.vtl import (
    Input,
    Limits,
    TemplateError,
    TemplateLimitError,
    compile_template,
    variables,
)

PARAMS = {"path": {"p": "1"}, "querystring": {"q": "a" * 50}, "header": {}}
BODY = b'{"a":[%s],"s":"%s"}' % (b",".join([b'{"k":"1"}'] * 300), b"a" * 20_000)

STEPS = "takes more than 500,000 steps"
TEXTS = "makes texts of more than 41,943,040 characters"
CALLS = "nests calls deeper than 20"
TWINS = "#set($l = [$l, $l])#set($m = [$m, $m])"
VALUES = "writes values nested deeper than 100"


def thousand(inside):
    return f"#foreach($i in [1..1000]){inside}#end"


def render(template, limits=Limits()):  # noqa: B008 - it is frozen
    data = variables(Input(BODY, PARAMS), {}, {})
    return compile_template(template, where="t").render(data, limits)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("#foreach($i in [1..1001])x#end", "has a #foreach of more than 1,000 turns"),
        (thousand(thousand("x")), STEPS),
        (thousand(thousand("")), STEPS),
        ("#set($r = [1..1000])#foreach($i in $r)#foreach($j in $r)#end#end", STEPS),
        ("#set($s = 'ab')" + thousand('#set($s = "$s$s")'), TEXTS),
        ("#set($s = 'ab')" + thousand("#set($s = $s + $s)"), TEXTS),
        ("#set($s = 'ab')" + thousand("#set($s = $s.replace('a', $s))"), TEXTS),
        ("#set($s = 'ab')" + thousand("#set($s = $s.replaceAll('[a]', $s))"), TEXTS),
        (thousand("#set($s = $input.body.join(' ', [$s, $s]))"), TEXTS),
        ("#set($l = [1])" + thousand("$l.addAll($l)"), STEPS),
        ("#set($l = [1])" + thousand("#set($l = [$l, $l])") + "$l.get(0).size()$l", VALUES),
        ("#set($l = [1])#foreach($i in [1..50])#set($l = [$l, $l])#end$l", STEPS),
        (f"#foreach($i in [1..50]){TWINS}#end#if($l == $m)#end", STEPS),
        ("#set($l = [1])#set($v = $l.add($l))$l", VALUES),
        ("#set($m = {})#set($m.m = $m)$m", VALUES),
        ("#set($n = 3)" + thousand("#set($n = $n * $n)"), "calculates with numbers beyond 2^512"),
        ("#set($l = [1..100000000])", STEPS),
        ("#macro(m)#m()#end#m()", CALLS),
        ("#macro(a)#b()#end#macro(b)#a()#end#a()", CALLS),
        (
            "#macro(m $k)#foreach($i in [1..9])#m($i)#end#end#m(1)",
            CALLS,
        ),
        ("#define($d)$d#end$d", CALLS),
        ("#set($t = '#evaluate($t)')#evaluate($t)", CALLS),
        (thousand("#evaluate($input.body)"), STEPS),
        (
            "#macro(m)" + "#set($x = " + "[" * 35 + '"#m()"' + "]" * 35 + ")#end#m()",
            "nests too deeply",
        ),
        (thousand("#set($s = $input.body.replaceAll('a(.*z)?', ''))"), STEPS),
        (thousand(thousand("#if($input.body.matches('(a|aa)+b'))x#end")), STEPS),
        (thousand(thousand("#if($input.body.contains('ab'))x#end")), STEPS),
        (thousand(thousand("#if($input.body == $input.body.concat(''))x#end")), TEXTS),
        (thousand("$input.path('$..*')"), STEPS),
        (thousand("#set($x = $input.body.split('a'))"), STEPS),
        (thousand("$util.parseJson($input.body)"), STEPS),
        (thousand(thousand("$util.base64Encode($input.body)")), TEXTS),
    ],
    ids=lambda value: value[:50],
)
def test_what_is_stopped(template, message):
    with pytest.raises(TemplateLimitError) as stopped:
        render(template)
    assert message in stopped.value.message
    assert str(stopped.value).startswith("t: the template ")


def test_a_result_that_is_too_long_is_refused():
    limits = Limits(output=10)
    assert render("0123456789", limits) == "0123456789"
    with pytest.raises(TemplateLimitError, match="writes more than 10 characters"):
        render("0123456789a", limits)


def test_a_thousand_turns_are_allowed():
    assert render(thousand("x")) == "x" * 1000


def test_a_body_as_large_as_aws_allows_passes_through():
    body = b'{"a":"%s"}' % (b"x" * (10 * 1024 * 1024 - 8))
    data = variables(Input(body, PARAMS), {}, {})
    assert compile_template("$input.json('$')").render(data) == body.decode()


PIECES = st.sampled_from(
    [
        "$",
        "#",
        "\\",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        '"',
        "'",
        "..",
        ".",
        ",",
        " ",
        "\n",
        "!",
        "1",
        "-2.5",
        "$x",
        "$input",
        "$context",
        "$util",
        "${x}",
        "$x.y",
        "$x[0]",
        "$l",
        "$l.add($l)",
        "$l.get(0)",
        "$input.path('$')",
        "$input.json('$.a')",
        "$input.body.replaceAll('a*', $x)",
        "$util.escapeJavaScript($x)",
        "#set($x = ",
        "#set($x = [1..9])",
        '#set($x = "$x$x")',
        "#set($l = [$l, $x])",
        "#set($context.a = $l)",
        "#if(",
        "#if($x)",
        "#else",
        "#elseif($x == $l)",
        "#end",
        "#foreach($i in ",
        "#foreach($i in $x)",
        "#foreach($i in [1..5])",
        "#macro(m $x)",
        "#m($x)",
        "#define($d)",
        "$d",
        "#evaluate($x)",
        "#evaluate('$d #m(1)')",
        "#break",
        "#stop",
        "#[[",
        "]]#",
        "#*",
        "*#",
        "##",
        " + ",
        " * ",
        " == ",
        " && ",
        "true",
        "text",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_is_refused_by_a_template_error_or_rendered_within_its_limits(text):
    limits = Limits(steps=20_000, output=5_000, text=20_000, turns=10, depth=5)
    try:
        rendered = render(text, limits)
    except TemplateError:
        return
    assert len(rendered) <= limits.output


@given(st.text(st.characters(exclude_characters="$#\\", exclude_categories=["Cs"]), max_size=60))
def test_text_without_vtl_is_printed_as_it_stands(text):
    assert compile_template(text).render({}) == text
    assert compile_template(f"#[[{text}]]#").render({}) == text.partition("]]#")[0]

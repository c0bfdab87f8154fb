"""Templates by themselves: what each construct of the language prints."""

import pytest

from frontdesk.rules.lang.vtl import TemplateError, compile_template

DATA = {
    "name": "Ada",
    "n": 5,
    "half": 2.5,
    "yes": True,
    "no": False,
    "empty": "",
    "list": [1, "two", {"three": 3}],
    "map": {"a": 1, "b": {"c": "d"}, "nothing": None},
    "none": None,
}


def render(template, **data):
    return compile_template(template).render(DATA | data)


def table(*rows):
    return pytest.mark.parametrize(("template", "text"), rows, ids=[row[0][:40] for row in rows])


@table(
    ("plain", "plain"),
    ("$name", "Ada"),
    ("$!name", "Ada"),
    ("${name}!", "Ada!"),
    ("$!{name}!", "Ada!"),
    ("$name.", "Ada."),
    ("$name-x", ""),
    ("${name}-x", "Ada-x"),
    ("$nobody", ""),
    ("<$nobody.of.them>", "<>"),
    ("$none", ""),
    ("$n $half $yes $no", "5 2.5 true false"),
    ("$map.a", "1"),
    ("$map.b.c", "d"),
    ("$map['b'].c", "d"),
    ('$map["b"]["c"]', "d"),
    ("${map.b.c}", "d"),
    ("$list[0] $list[2].three", "1 3"),
    ("$list[-1].three", "3"),
    ("$list[9]", ""),
    ("$list[$n]", ""),
    ("$list.three", ""),
    ("$n.x.y", ""),
    ("$5 costs $ and $! and ${ x }", "$5 costs $ and $! and ${ x }"),
    ("a@b.c #fff #1 # ##", "a@b.c #fff #1 # "),
    ("$map", "{a=1, b={c=d}, nothing=null}"),
    ("$list", '[1,"two",{"three":3}]'),
    ("$map.entrySet()", "[a=1, b={c=d}, nothing=null]"),
)
def test_references(template, text):
    assert render(template) == text


@table(
    ("\\$name", "$name"),
    ("\\\\$name", "\\Ada"),
    ("\\\\\\$name", "\\$name"),
    ("\\$nobody", "\\$nobody"),
    ("\\#if", "#if"),
    ("\\\\#if(true)x#end", "\\x"),
    ("\\#other", "\\#other"),
    ("\\n", "\\n"),
    ("#[[$name #if]]#!", "$name #if!"),
    ("a#* $name *#b", "ab"),
    ("a ## $name\nb", "a b"),
    ("#**\n * doc\n *#b", "b"),
)
def test_escapes_comments_and_literals(template, text):
    assert render(template) == text


@table(
    ("#set($x = 1)$x", "1"),
    ("#set( $x = 'a' )\n$x", "a"),
    ("#{set}($x = 1)$x", "1"),
    ("#set($x = $none)[$x]", "[]"),
    ("#set($x = 1)#set($x = $none)[$x]", "[]"),
    ("#set($x = {})#set($x.y = 2)$x.y", "2"),
    ("#set($x = {})#set($x['y z'] = 2)$x", "{y z=2}"),
    ("#set($x = [1, 2])#set($x[0] = 9)$x", "[9, 2]"),
    ("#set($nobody.x = 1)ok", "ok"),
    ("#set($name.x = 1)ok", "ok"),
    ('#set($x = "$name is $n")$x', "Ada is 5"),
    ("#set($x = '$name')$x", "$name"),
    ('#set($x = "say ""hi""")$x', 'say "hi"'),
    ("#set($x = 'it''s')$x", "it's"),
    ("#set($x = 'a\\\\b')$x", "a\\\\b"),
    ("#set($x = '\\u00e9')$x", "é"),
    ('#set($x = "#if($yes)a#{else}b#end")$x', "a"),
    ("#set($x = [1, 'two', $n, [true]])$x", "[1, two, 5, [true]]"),
    ("#set($x = {'a': $n, \"b\": [1]})$x", "{a=5, b=[1]}"),
    ("#set($x = [1..4])$x", "[1, 2, 3, 4]"),
    ("#set($x = [2..-1])$x", "[2, 1, 0, -1]"),
    ("#set($x = [])#set($y = {})$x$y", "[]{}"),
)
def test_set_and_literals(template, text):
    assert render(template) == text


@table(
    ("1 + 2 * 3", "7"),
    ("(1 + 2) * 3", "9"),
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("7 % 3", "1"),
    ("-7 % 3", "-1"),
    ("7.0 / 2", "3.5"),
    ("1 / 0", ""),
    ("1 % 0", ""),
    ("1 - 2 - 3", "-4"),
    ("$n - 1", "4"),
    ("$n + 'x'", "5x"),
    ("'x' + $none", "x"),
    ("$none + 1", ""),
    ("$yes + 1", ""),
    ("1.5e3", "1500.0"),
    ("9999999.5 + 0", "9999999.5"),
    ("0.001 + 0", "0.001"),
    ("12345678.5 + 0", "1.23456785E7"),
    ("-1e20 + 0", "-1.0E20"),
    ("0.0004 / 2", "2.0E-4"),
    ("0.0 * -1", "-0.0"),
    ("1e308 * 1e10", "Infinity"),
    ("1 == 1.0", "true"),
    ("1 == '1'", "true"),
    ("'a' == 'b'", "false"),
    ("$none == ''", "true"),
    ("$none == $null", "true"),
    ("$none == 0", "false"),
    ("$empty == $null", "true"),
    ("$no == $null", "false"),
    ("$list == $null", "false"),
    ("[1, 2] == [1, 2]", "true"),
    ("{'a': [1]} == {'a': [2]}", "false"),
    ("$yes == 'true'", "true"),
    ("2 < 10", "true"),
    ("2 >= 10", "false"),
    ("'2' < 10", "false"),
    ("$n gt 4 and $n lt 6", "true"),
    ("$n ne 5 or not $yes", "false"),
    ("!$none", "true"),
    ("!$empty", "false"),
    ("$name && $n", "true"),
    ("{'a': 1}.size()", "1"),
    ("[1, 2].get(1)", "2"),
    ("'abc'.length()", "3"),
    ("$none || $name", "true"),
    ("$none && $name", "false"),
    ("$no || $none", "false"),
    ("0 && 0", "true"),
    ("1 == 1 && 2 == 2 || $none", "true"),
)
def test_expressions(template, text):
    assert render(f"#set($x = {template})$x") == text


@table(
    ("#if($yes)a#end", "a"),
    ("#if($no)a#end", ""),
    ("#if($none)a#else b#end", " b"),
    ("#if($no)a#elseif($n == 5)b#elseif($yes)c#{else}d#end", "b"),
    ("#if($no)a#elseif($no)b#{else}d#end", "d"),
    ("#if($empty)a#end", "a"),
    ("#if(0)a#end", "a"),
    ("#if ( $yes && !$no ) a #{end}b", " a b"),
    ("#if($yes)#if($no)a#{else}b#end#end", "b"),
)
def test_conditions(template, text):
    assert render(template) == text


@table(
    ("#foreach($x in $list)<$x>#end", "<1><two><{three=3}>"),
    ("#foreach($x in [1..3])$x#if($foreach.hasNext),#end#end", "1,2,3"),
    ("#foreach($x in [7, 8])$foreach.index:$foreach.count:$velocityCount #end", "0:1:1 1:2:2 "),
    (
        "#foreach($x in [7, 8])#foreach($y in [1..3])$y#end $velocityCount;#end[$velocityCount]",
        "123 1;123 2;[]",
    ),
    (
        "#foreach($x in [7, 8])$foreach.getIndex()$foreach.getCount()#if($foreach.hasNext()),#end#end",
        "01,12",
    ),
    ("#foreach($x in [7, 8])$foreach.isFirst()/$foreach.isLast() #end", "true/false false/true "),
    ("#foreach($x in [7, 8])${foreach.first}/${foreach.last} #end", "true/false false/true "),
    ("#foreach($x in $map)[$x]#end", "[1][{c=d}][]"),
    ("#foreach($e in $map.entrySet())$e.key=$e.value;#end", "a=1;b={c=d};nothing=;"),
    ("#foreach($e in {'k': 'v'}.entrySet())$e.getKey()=$e.getValue()#end", "k=v"),
    ("#foreach($k in $map.keySet())$k#end", "abnothing"),
    ("#foreach($x in $none)a#end", ""),
    ("#foreach($x in 5)a#end", ""),
    ("#foreach($x in 'text')a#end", ""),
    ("#foreach($x in [1..9])#if($x == 3)#break#end$x#end.", "12."),
    ("#foreach($x in [1..2])#foreach($y in [1..9])#if($y == 2)#break#end$x$y#end;#end", "11;21;"),
    ("#foreach($x in [1..2])#foreach($y in [1..2])$foreach.parent.index#end#end", "0011"),
    ("#set($x = 'kept')#foreach($x in [1])#end$x", "kept"),
    ("#foreach($x in [1..9])#if($x == 3)#stop#end$x#end.", "12"),
    ("a#stop b", "a"),
    ("a#break b", "a"),
    ("#set($l = [1])#foreach($x in $l)#set($v = $l.add(2))$x#end$l.size()", "12"),
)
def test_loops(template, text):
    assert render(template) == text


@table(
    ("#macro(hi $who)Hi $who!#end#hi('Ada')#hi(\"Bo\")", "Hi Ada!Hi Bo!"),
    ("#hi($name)#macro(hi $who)Hi $who!#end", "Hi Ada!"),
    ("#macro(two $a $b)${a}/${b}.#end#two(1 2)#two(3, 4)#two(5)", "1/2.3/4.5/."),
    ("#macro(m)a#break b#end#m()c", "ac"),
    ("#macro(box $t)<$bodyContent|$t>#end#@box('x')in $t#end [$bodyContent]", "<in x|x> []"),
    ("#macro(box)<$bodyContent>#end#@box()#@box()x#end#end#box()", "<<x>><>"),
    ("#macro(twice)$bodyContent$bodyContent#end#set($k = 0)#@twice()#set($k = $k + 1)$k#end", "12"),
    ("#macro(box)\n<$bodyContent>\n#end\n#@box()\nx\n#end\ny", "<x\n>\ny"),
    ("#@nobody()x #@", "#@nobody()x #@"),
    ("#set($who = 'out')#macro(m $who)$who#end#m('in')$who", "inout"),
    ("#macro(down $k)$k#if($k > 0)#set($l = $k - 1)#down($l)#end#end#down(3)", "3210"),
    ("#define($d)<$name>#end$d$d", "<Ada><Ada>"),
    ("#define($d)<$x>#end#set($x = 1)$d#set($x = 2)$d", "<1><2>"),
    ("#define($d)ab#end$d.length()", "2"),
    ("#evaluate('$name is $n')", "Ada is 5"),
    ('#set($t = "#set($y = 1)$y")#evaluate($t)', "1"),
    ("#set($t = '#macro(q)q#end#q()')#evaluate($t)", "q"),
    ("#macro(p)p#end#evaluate('#p()')", "p"),
    ("#nomacro(1)", "#nomacro(1)"),
    ("#macro(hi)x#end#hi", "#hi"),
    ("#[[#macro(hi)x#end]]##hi(1).", "#macro(hi)x#end#hi(1)."),
)
def test_macros_definitions_and_evaluation(template, text):
    assert render(template) == text


@table(
    ("  #set($x = 1)\nb", "b"),
    ("a  #set($x = 1)  \nb", "ab"),
    ("a\n#if($yes)\nb\n#end\nc", "a\nb\nc"),
    ("a\n#if($no)\nb\n#else\nd\n#end\nc", "a\nd\nc"),
    ("  #if($yes)  \r\nb\r\n  #end  \r\nc", "  b\r\n  c"),
    ("#foreach($x in [1, 2])\n  $x\n#end\n.", "  1\n  2\n."),
    ("#macro(m)\nm\n#end\n#m()\nx", "m\nx"),
    ("#define($d)\nd\n#end\n$d", "d\n"),
    ("#evaluate('e')\nx", "ex"),
    ("$name\n$name\n", "Ada\nAda\n"),
    ("a ## b\n", "a "),
    ("a\n#* b *#\nc", "a\n\nc"),
)
def test_white_space(template, text):
    assert render(template) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("#if($x)", "1:1: #if without #end"),
        ("a\n #foreach($x in $y)b", "2:2: #foreach without #end"),
        ("#end", "1:1: #end without a directive that it ends"),
        ("#foreach($x in [1])#else#end", "1:20: #else without a directive that it ends"),
        ("#if(true)a#{else}b#{else}c#end", "1:19: #else without a directive that it ends"),
        ("#if $x", "1:5: expected ( after #if"),
        ("#if()a#end", "1:5: expected a value, got )a#end"),
        ("#if($a = 1)a#end", "1:8: expected ), got = 1)a#end"),
        ("#set(x = 1)", "1:6: expected a reference after #set("),
        ("#set($x)", "1:8: expected =, got )"),
        ("#set($x = )", "1:11: expected a value, got )"),
        ("#set($x.get('a') = 1)", "1:9: a call cannot be set: $x.get('a')"),
        ("#set($x = 'a)", "1:11: text without closing '"),
        ('#set($x = "a $b.c( ")', "1:20: expected a value, got the end"),
        ("#set($x = [1, 2)", "1:16: expected ,, got )"),
        ("#set($x = {'a' 1})", "1:16: expected :, got 1})"),
        ("#foreach(x in $y)#end", "1:10: expected a variable after #foreach("),
        ("#foreach($x of $y)#end", "1:12: expected in"),
        ("#macro()#end", "1:8: expected a name after #macro("),
        ("#macro(box)x#end#@box()y", "1:17: #@box without #end"),
        ("#parse('x')", "1:1: #parse is not available"),
        ("#include('x')", "1:1: #include is not available"),
        ("a #* b", "1:3: no *# closes what begins here"),
        ("a #[[ b", "1:3: no ]]# closes what begins here"),
        ("${name", "1:7: expected }, got the end"),
        ("$name.length(", "1:14: expected a value, got the end"),
        ("$list[1", "1:8: expected ], got the end"),
        ("$name.lenght()", "1:7: unknown method: lenght()"),
        ("$name.length(1)", "1:7: length() takes 0 arguments, got 1"),
        ("$name.matches('(?=a)')", "1:7: regular expression not usable"),
        ("$input.path('$[')", "1:8: path not understood at the end, in the path: $["),
        ("#if(" + "(" * 50 + "1" + ")" * 50 + ")#end", "nested deeper than 40"),
        ("#if(" + "!" * 50 + "1)#end", "nested deeper than 40"),
        ("#if(true)" * 50 + "#end" * 50, "nested deeper than 40"),
        ("a" * (300 * 1024 + 1), "template longer than 307,200 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_a_template_refuses(template, message):
    with pytest.raises(TemplateError) as refused:
        compile_template(template)
    assert message in refused.value.message


def test_an_error_names_the_template_and_gives_a_hint():
    with pytest.raises(TemplateError) as refused:
        compile_template("a\n  $name.lenght()", where="request template")
    assert str(refused.value) == "request template:2:9: unknown method: lenght()"
    assert refused.value.hint == "did you mean length()?"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("$name.substring(9)", "t:1:7: substring(9, 3) of a text of 3 characters"),
        ("\n$list.get(7)", "t:2:7: index out of range, of a list of 3: 7"),
        ("#set($list[7] = 1)", "t:1:6: index out of range, of a list of 3: 7"),
        ("$n.parseInt('x')", "t:1:4: not a number: x"),
        ("$name.replaceAll('a', '$7')", "t:1:7: no such group in the regular expression: $7"),
        ("#set($p = '(')$name.matches($p)", "t:1:21: regular expression not usable"),
        ("#evaluate('#if')", "t:1:1: #evaluate: 1:4: expected ( after #if"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_a_rendering_refuses(template, message):
    with pytest.raises(TemplateError) as refused:
        compile_template(template, where="t").render(DATA)
    assert message in refused.value.message


def test_a_rendering_leaves_the_data_mapping_alone():
    data = {"x": 1}
    assert compile_template("#set($x = 2)#set($y = 3)$x$y").render(data) == "23"
    assert data == {"x": 1}


@pytest.mark.parametrize(
    "template",
    [
        "$name.__class__",
        "$name.class",
        "$list.__class__.__mro__",
        "$map.__init__",
        "$input.__class__.__mro__",
        "$util.__dict__",
        "$context.__class__",
        "$foreach.__class__",
    ],
)
def test_nothing_of_python_can_be_reached(template):
    assert render(template) == ""
    with pytest.raises(TemplateError):
        compile_template(template + "()")

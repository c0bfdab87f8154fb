"""What Java's methods answer, and what they do with arguments that do not fit."""

import pytest

from frontdesk.rules.lang.vtl import TemplateError, compile_template

DATA = {
    "s": "Ada Lovelace",
    "blank": " \tx\n ",
    "csv": "a,b,,c,,",
    "text": "2026-11-21",
    "path": r"C:\dir",
    "l": ["a", "b", "a"],
    "m": {"a": 1, "b": 2},
    "n": 7,
    "f": 2.5,
    "t": True,
    "none": None,
}


def render(expression):
    return compile_template(expression).render(
        {
            name: value.copy() if isinstance(value, list | dict) else value
            for name, value in DATA.items()
        }
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("$s.length()", "12"),
        ("$s.isEmpty() $s.empty", "false false"),
        ("$s.contains('Love') $s.contains('love')", "true false"),
        ("$s.startsWith('Ada') $s.startsWith('L', 4)", "true true"),
        ("$s.endsWith('lace')", "true"),
        ("$s.equals('x') $s.equals($s) $s.equals($none)", "false true false"),
        ("$s.equalsIgnoreCase('ADA LOVELACE')", "true"),
        (
            "$s.compareTo('Ada') $s.compareTo('Bob') $s.compareTo('Ada ') $s.compareTo($s)",
            "9 -1 8 0",
        ),
        ("$s.compareToIgnoreCase('ada lovelace') $s.compareToIgnoreCase('C')", "0 -2"),
        ("$s.concat('!')", "Ada Lovelace!"),
        ("$s.indexOf('a') $s.indexOf('a', 3) $s.indexOf('z') $s.lastIndexOf('a')", "2 9 -1 9"),
        ("$s.lastIndexOf('a', 8) $s.lastIndexOf('a', 1) $s.lastIndexOf('A', -1)", "2 -1 -1"),
        ("#set($x = ' ')$s.isBlank() $blank.isBlank() $x.isBlank()", "false false true"),
        ("$text.repeat(2) <$text.repeat(0)>", "2026-11-212026-11-21 <>"),
        ("#set($x = ' x ')<$x.strip()><$x.stripLeading()><$x.stripTrailing()>", "<x><x >< x>"),
        ("$s.subSequence(4, 8)", "Love"),
        ("$s.substring(4) $s.substring(0, 3)", "Lovelace Ada"),
        ("$s.charAt(0)", "A"),
        ("$s.toUpperCase() $s.toLowerCase()", "ADA LOVELACE ada lovelace"),
        ("<$blank.trim()>", "<x>"),
        ("$s.replace('a', 'o')", "Ado LovelOce".replace("O", "o")),
        ("$s.replace('', '-')", "-A-d-a- -L-o-v-e-l-a-c-e-"),
        ("$text.replaceAll('-', '/')", "2026/11/21"),
        ("$text.replaceAll('\\d', 'x')", "xxxx-xx-xx"),
        ("$text.replaceAll('(\\d+)-(\\d+)-(\\d+)', '$3.$2.$1')", "21.11.2026"),
        ("$text.replaceAll('(?P<y>\\d{4})-', '${y}_')", "2026_11-21"),
        ("$text.replaceAll('-', '\\$')", "2026$11$21"),
        ("$text.replaceAll('(x)?-', '<$1>')", "2026<>11<>21"),
        ("$text.replaceFirst('\\d+', 'year')", "year-11-21"),
        ("$text.replaceFirst('-', '')", "202611-21"),
        ("$path.replaceAll('\\\\', '/')", "C:/dir"),
        ("$s.replaceAll('e?$', '!')", "Ada Lovelac!!"),
        ("$s.matches('Ada.*') $s.matches('Ada')", "true false"),
        ("$csv.split(',')", "[a, b, , c]"),
        ("$csv.split(',', 2)", "[a, b,,c,,]"),
        ("$csv.split(',', -1)", "[a, b, , c, , ]"),
        ("$csv.split('[,b]')", "[a, , , , c]"),
        ("$text.split('-')[1]", "11"),
        ("$text.split('\\.').size()", "1"),
        ("$s.split('').size()", "12"),
        ("$csv.split(',').get(3)", "c"),
        ("','.join(', ', $l)", '\',\'.join(\', \', ["a","b","a"])'),
        ("#set($x = ', ')$x.join(', ', $l)", "a, b, a"),
        ("$s.valueOf(5) $s.valueOf($none)", "5 null"),
        ("$s.toString()", "Ada Lovelace"),
        ("$l.size() $l.isEmpty() $l.empty", "3 false false"),
        ("$l.get(0) $l.contains('b') $l.contains('z')", "a true false"),
        ("$l.indexOf('a') $l.indexOf('z')", "0 -1"),
        ("$l.lastIndexOf('a') $l.lastIndexOf('b') $l.lastIndexOf('z')", "2 1 -1"),
        ("$l.removeAll(['a', 'q']) $l $l.removeAll(['a'])", 'true ["b"] false'),
        ("$l.retainAll(['a', 'q']) $l $l.retainAll(['a'])", 'true ["a","a"] false'),
        ("$l.add('c') $l", 'true ["a","b","a","c"]'),
        ("$!l.add(0, 'c') $l", ' ["c","a","b","a"]'),
        ("$l.addAll(['c', 1]) $l", 'true ["a","b","a","c",1]'),
        ("$l.addAll($l) $l.size()", "true 6"),
        ("$l.set(0, 'z') $l", 'a ["z","b","a"]'),
        ("$l.remove(0) $l", 'a ["b","a"]'),
        ("$l.remove('b') $l.remove('q') $l", 'true false ["a","a"]'),
        ("$l.subList(1, 3)", "[b, a]"),
        ("$l.containsAll(['a', 'b']) $l.containsAll(['q'])", "true false"),
        ("$l.equals(['a', 'b', 'a']) $l.equals('a')", "true false"),
        ("$l.clear()$l", "[]"),
        ("$m.size() $m.isEmpty()", "2 false"),
        ("$m.get('a') <$m.get('z')> $m.getOrDefault('z', 9)", "1 <> 9"),
        ("$m.containsKey('a') $m.containsValue(2) $m.containsValue(3)", "true true false"),
        ("$m.keySet() $m.values() $m.entrySet()", "[a, b] [1, 2] [a=1, b=2]"),
        ("<$m.put('c', 3)>$m.put('a', 4) $m", "<>1 {a=4, b=2, c=3}"),
        ("$m.putIfAbsent('a', 9)$!m.putIfAbsent('c', 9) $m", "1 {a=1, b=2, c=9}"),
        ("$m.putAll({'c': 3})$m", "{a=1, b=2, c=3}"),
        ("$m.remove('a')$!m.remove('z') $m", "1 {b=2}"),
        ("$m.replace('a', 9) <$m.replace('z', 9)> $m", "1 <> {a=9, b=2}"),
        ("$m.put(['k'], 1)$m", "{a=1, b=2, [k]=1}"),
        ("$m.equals({'a': 1, 'b': 2})", "true"),
        ("$n.toString().length() $n.intValue() $n.doubleValue()", "1 7 7.0"),
        ("$n.parseInt('5') $n.parseDouble('1.5') $n.valueOf('-3')", "5 1.5 -3"),
        ("$n.equals(7) $n.equals('7') $n.compareTo(9)", "true false -1"),
        ("$n.compare(1, 2) $n.max($n, 9) $n.min(1, 2.5) $n.floatValue()", "-1 9 1 7.0"),
        ("$f.intValue() $f.toString()", "2 2.5"),
        ("$t.equals(true) $t.toString().length() $t.parseBoolean('TRUE')", "true 4 true"),
        ("<$s.substring('a')><$s.indexOf(1)><$n.length()><$none.size()><$s.get(0)>", "<><><><><>"),
        ("<$s.contains($none)>", "<>"),
    ],
    ids=lambda value: value[:40],
)
def test_what_a_method_answers(expression, text):
    assert render(expression) == text


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$s.substring(-1)", "substring(-1, 12) of a text of 12 characters"),
        ("$s.repeat(-1)", "repeat(-1)"),
        ("$s.charAt(99)", "charAt(99) of a text of 12 characters"),
        ("$l.set(3, 1)", "index out of range, of a list of 3: 3"),
        ("$!l.add(4, 1)", "index out of range, of a list of 3: 4"),
        ("$l.subList(2, 1)", "subList(2, 1) of a list of 3"),
        ("$n.parseInt('1.5')", "not a number: 1.5"),
        ("$n.parseDouble('x')", "not a number: x"),
        ("#set($x = $f.parseDouble('inf'))$x.intValue()", "not a whole number: inf"),
        ("$s.replaceAll('a', '$')", "replacement not understood: $"),
        ("$s.replaceAll('a', '${q}')", "no such group in the regular expression: ${q}"),
        ("$s.matches('a++')", "regular expression not usable"),
    ],
    ids=lambda value: value[:40],
)
def test_what_would_be_an_exception_in_java(expression, message):
    with pytest.raises(TemplateError) as refused:
        render(expression)
    assert message in refused.value.message

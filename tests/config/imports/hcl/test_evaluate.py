"""Expressions of Terraform's language: what each gives, and where what is wrong is told."""

from pathlib import Path

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate, render
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.source import read_hcl_text

NAMES = {
    "env": "prod",
    "none": None,
    "numbers": [3, 1, 2],
    "people": [{"name": "ann", "age": 40}, {"name": "bob", "age": 7}],
    "sizes": {"b": 2, "a": 1},
}


def _unknown(name):
    raise ConfigError(())


def scope(folder="."):
    folder = Path(folder)
    return Scope(NAMES, _unknown, folder, "main.tf", Project(folder), Limits())


def value_of(text, folder="."):
    body = read_hcl_text(f"it = {text}\n", "main.tf")
    return evaluate(body.attributes["it"].tree, scope(folder))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000),
        ("true", True),
        ("null", None),
        ("[1, 2,]", [1, 2]),
        ('{a = 1, "b" : 2, (env) = 3}', {"a": 1, "b": 2, "prod": 3}),
        ('env == "prod" ? "yes" : "no"', "yes"),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("7 % 4", 3),
        ("!(1 < 2) || 3 >= 3 && 2 != 3", True),
        ("-numbers[0]", -3),
        ('"pre-${env}-${upper("x")}"', "pre-prod-X"),
        ('"${numbers}"', [3, 1, 2]),
        ('"$${env} %%{if} \\"q\\" \\u00e9"', '${env} %{if} "q" é'),
        ("people[1].name", "bob"),
        ("people[*].name", ["ann", "bob"]),
        ("people.*.age", [40, 7]),
        ("none[*]", []),
        ('sizes["a"]', 1),
        ("[for n in numbers : n * 2 if n > 1]", [6, 4]),
        ("[for i, n in numbers : i]", [0, 1, 2]),
        ("{for k, v in sizes : upper(k) => v}", {"A": 1, "B": 2}),
        ("{for p in people : p.age > 10 => p.name...}", {"true": ["ann"], "false": ["bob"]}),
        ('"%{if env == "prod"}P%{else}D%{endif}"', "P"),
        ('"%{for n in numbers}${n},%{endfor}"', "3,1,2,"),
        ("<<EOT\n  a ${env}\nEOT\n", "  a prod\n"),
        ("<<-EOT\n    a\n      b\n  EOT\n", "a\n  b\n"),
        ("max(numbers...)", 3),
        ("try(nothing.here, 5)", 5),
        ("can(nothing.here)", False),
    ],
)
def test_expressions(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('base64decode(base64encode("é"))', "é"),
        ('coalesce("", null, "x")', "x"),
        ('compact(["a", "", null])', ["a"]),
        ("concat([1], [2, 3])", [1, 2, 3]),
        ('contains(["a"], "a")', True),
        ("distinct([1, 1, 2])", [1, 2]),
        ("element([1, 2, 3], 4)", 2),
        ("flatten([[1, [2]], 3])", [1, 2, 3]),
        ('format("%s-%03d-%q-%%", "a", 7, "b")', 'a-007-"b"-%'),
        ('formatlist("x%s", ["a", "b"])', ["xa", "xb"]),
        ('join(",", ["a", "b"])', "a,b"),
        ('jsondecode("{\\"a\\": [1]}")', {"a": [1]}),
        ("jsonencode({b = [1, true], a = null})", '{"b":[1,true],"a":null}'),
        ("keys(sizes)", ["a", "b"]),
        ("length(numbers)", 3),
        ('lookup(sizes, "z", 9)', 9),
        ("merge(sizes, {a = 5}, null)", {"a": 5, "b": 2}),
        ('md5("a")', "0cc175b9c0f1b6a831c399e269772661"),
        ("range(1, 4)", [1, 2, 3]),
        ('regex("([a-z]+)-([0-9]+)", "ab-12")', ["ab", "12"]),
        ('replace("a.b.c", ".", "-")', "a-b-c"),
        ('replace("a1b2", "/[0-9]/", "")', "ab"),
        ("sort(numbers)", [1, 2, 3]),
        ('split(",", "a,b")', ["a", "b"]),
        ('substr("hello", 1, 3)', "ell"),
        ('substr("hello", -3, -1)', "llo"),
        ('title("ann lee")', "Ann Lee"),
        ('tonumber("5")', 5),
        ('toset(["b", "a", "b"])', ["a", "b"]),
        ("tostring(5)", "5"),
        ('trimprefix("/a", "/")', "a"),
        ("values(sizes)", [1, 2]),
        ('yamldecode("a: [1]")', {"a": [1]}),
        ('zipmap(["a"], [1])', {"a": 1}),
    ],
)
def test_functions(text, value):
    assert value_of(text) == value


def test_files_are_read_below_the_folder(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "t.tpl").write_text("dear ${name}: %{ for n in list }${n} %{ endfor }")
    assert value_of('file("a.txt")', tmp_path) == "hello"
    assert value_of('fileexists("b.txt")', tmp_path) is False
    assert (
        value_of('templatefile("t.tpl", {name = "x", list = [1, 2]})', tmp_path) == "dear x: 1 2 "
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('cidrsubnet("10.0.0.0/8", 8, 1)', "this function is not supported: cidrsubnet"),
        ("1 / 0", "division by zero"),
        ('"a" + 1', "expected a number"),
        ('"x${none}"', "expected a value inside this text, got null"),
        ('"x${numbers}"', "expected a text or number inside this text"),
        ("numbers[9]", "there is no element 9 in this list"),
        ("sizes.z", "there is no z in this object"),
        ("[for x in 5 : x]", "expected a list or object to go through"),
        ("5 ? 1 : 2", "expected true or false"),
        ('lookup(sizes, "z")', "lookup: there is no z, and no default"),
        ('file("nothing")', "file: there is no file nothing"),
        ("try(1 / 0)", "try: none of these can be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_is_told_at_its_place(text, message):
    with pytest.raises(ConfigError) as caught:
        value_of(text)
    (finding,) = caught.value.findings
    assert finding.message.startswith(message)
    assert (finding.where.file, finding.where.line) == ("main.tf", 1)


def test_a_text_without_quotes_is_rendered():
    assert render('say "${env}" \\ $${x}\n', scope()) == 'say "prod" \\ ${x}\n'


def test_what_is_no_hcl_is_told_with_its_line():
    with pytest.raises(ConfigError) as caught:
        read_hcl_text("a = 1\nb = = 2\n", "main.tf")
    assert str(caught.value.findings[0].where) == "main.tf:2:5"

"""Functions: files stay in the project, and nothing that they make is without bounds."""

from pathlib import Path

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.source import read_hcl_text


def value_of(text, folder=Path(), names=(), root=None):
    def unknown(name):
        raise AssertionError(name)

    body = read_hcl_text(f"it = {text}\n", "main.tf")
    scope = Scope(dict(names), unknown, folder, "main.tf", Project(root or folder), Limits())
    return evaluate(body.attributes["it"].tree, scope)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("range(100000)", "range: more than 1024 numbers"),
        ("[for a in range(1000) : [for b in range(1000) : [for c in range(9) : 1]]]", "too much"),
        ('format("%999999999d", 1)', "format: this is too wide: %999999999d"),
        ('indent(100000000, "a\\nb")', "this text is too long"),
        ('join(big, split(",", many))', "this text is too long"),
        ('replace(many, ",", big)', "this text is too long"),
        ('replace(many, "/,/", big)', "this text is too long"),
        ("setproduct(range(1000), range(1000), range(1000))", "too much work"),
        ('regex("(", "a")', "regular expression not usable"),
        ('regex("(?=a)", "a")', "regular expression not usable"),
        ('replace("a", "/(/", "b")', "regular expression not usable"),
        ('yamldecode("a: [")', "yamldecode: while parsing"),
        ('yamldecode("a: !python/object:os.system x")', "tags are not supported"),
        ('base64decode("/w==")', "base64decode cannot use these arguments"),
        ('jsondecode("{")', "jsondecode cannot use these arguments"),
        ("zipmap([1], [])", "zipmap cannot use these arguments"),
        ("element([], 0)", "element cannot use these arguments"),
        ("max()", "max cannot use these arguments"),
        ("sort([1, null])", "sort cannot use these arguments"),
        ("upper(1)", "upper cannot use these arguments"),
        ("slice([1], 0)", "slice cannot use these arguments"),
        ('tonumber("x")', "expected a number"),
        ("1e999 * 10", "expected a number|too large"),
        ("999999999999999999999999999999999999999999999 * 1e140", "too large"),
    ],
)
def test_what_cannot_be_made_is_told(text, message):
    names = {"big": "-" * 100_000, "many": "," * 1000}
    with pytest.raises(ConfigError, match=message):
        value_of(text, names=names)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x"])
def test_no_pattern_takes_longer_than_its_text(pattern):
    text = "a" * 5000 + "!"
    assert value_of(f'can(regex("{pattern}", text))', names={"text": text}) is False


def test_numbers_of_a_format_have_a_bounded_width():
    assert value_of('format("%5d|%-3s|%.2f", 7, "a", 1.5)') == "    7|a  |1.50"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('regexall("[0-9]", "a1b2")', ["1", "2"]),
        ('replace("a-b", "/(\\\\w)-(\\\\w)/", "$2-$1")', "b-a"),
        ('setproduct(["a", "b"], [1])', [["a", 1], ["b", 1]]),
        ('formatlist("%s-%s", ["a", "b"], "c")', ["a-c", "b-c"]),
        ('jsondecode("${secret}").password', "${env:DB_PASSWORD}"),
        ("tonumber(secret)", "${env:DB}"),
        ('yamlencode({a = "on"})', "a: 'on'\n"),
        ('join(",", [1, true])', "1,true"),
        ("tostring(1.5)", "1.5"),
        ("tonumber(null)", None),
    ],
)  # fmt: skip
def test_what_functions_give(text, value):
    assert value_of(text, names={"secret": "${env:DB}"}) == value


CALLS = ["file", "filebase64", "filebase64sha256", "filemd5", "filesha256"]


@pytest.mark.parametrize(
    "call", [*(f'{name}("{{}}")' for name in CALLS), 'templatefile("{}", {{}})']
)
def test_files_are_read_within_the_project_only(tmp_path, call):
    folder = tmp_path / "project" / "infra"
    folder.mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("secret")
    (tmp_path / "project" / "beside.txt").write_text("beside")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    root = tmp_path / "project"
    assert value_of(call.format("../beside.txt"), folder, root=root)
    for name in ("../../outside.txt", "link.txt", "/etc/passwd"):
        with pytest.raises(ConfigError, match="is outside of"):
            value_of(call.format(name), folder, root=root)


def test_whether_a_file_outside_exists_is_not_told(tmp_path):
    with pytest.raises(ConfigError, match="is outside of"):
        value_of('fileexists("/etc/passwd")', tmp_path)


def test_a_template_that_includes_itself_ends(tmp_path):
    (tmp_path / "a.tpl").write_text('${templatefile("a.tpl", {})}')
    with pytest.raises(ConfigError, match=r"nested too deep|too much work"):
        value_of('templatefile("a.tpl", {})', tmp_path)


def test_what_is_wrong_in_a_template_is_told_at_its_line(tmp_path):
    (tmp_path / "a.tpl").write_text("a\nb\n${c.d}\n")
    with pytest.raises(ConfigError) as caught:
        value_of('templatefile("a.tpl", {c = {}})', tmp_path)
    (finding,) = caught.value.findings
    assert finding.message == "there is no d in this object"
    assert (finding.where.file, finding.where.line) == (str(tmp_path / "a.tpl"), 3)

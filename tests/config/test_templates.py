"""Faults of mapping templates are told at their true place in the file."""

import pytest

FILE = """\
name: clinic
apis:
  desk:
    type: rest
    resources:
      /a:
        GET:
          integration:
            type: mock
            request_templates:
              application/json: {template}
            responses:
              default:
                status: 200
"""


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("|\n                ok\n                a $input.json('$..[')", "13:26"),
        ("|\n                #if($x)\n                  b", "12:17"),
        ("|-\n                ok\n\n                x #set($a = )", "14:29"),
        ("|2\n                  x #set($a = )", "12:31"),
        ("'x #set($a = )'", "11:46"),
        ("x#set($a = )", "11:44"),
    ],
    ids=["block", "no-end", "blank-line", "indented", "quoted", "plain"],
)
def test_a_fault_has_line_and_column_of_the_file(errors_of, template, place):
    (error,) = errors_of(FILE.replace("{template}", template))
    assert error.startswith(
        f"frontdesk.yaml:{place}: error: apis.desk.resources./a.GET.integration"
    )
    assert error.partition("\n")[0].endswith("[template]")


@pytest.mark.parametrize(
    ("template", "environ"),
    [
        (">\n                one\n                #set($a = )", {}),
        ('"one\\n#set($a = )"', {}),
        ("${env:TEMPLATE}", {"TEMPLATE": "\n#set($a = )"}),
    ],
    ids=["folded", "escaped", "referenced"],
)
def test_where_the_lines_are_not_the_files_the_place_in_the_template_is_told(
    errors_of, template, environ
):
    (error,) = errors_of(FILE.replace("{template}", template), **environ)
    assert error.startswith("frontdesk.yaml:11:33: error: ")
    assert "of the template [template]" in error


def test_templates_of_responses_are_read_too(errors_of):
    text = FILE.replace("{template}", "'{}'").replace(
        "status: 200", "templates: {application/xml: '#foreach($x in $y)'}"
    )
    (error,) = errors_of(text)
    assert "responses.default.templates.application/xml" in error


def test_an_empty_template_is_none(load_text):
    load_text(FILE.replace("{template}", "''"))

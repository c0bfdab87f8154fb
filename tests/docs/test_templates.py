"""docs/templates.md: its templates print what it says, its methods and limits are those there are."""

import json
import re

import pytest

from frontdesk.config.load import load
from frontdesk.rules.lang.vtl import Input, Limits, compile_template, variables
from frontdesk.rules.lang.vtl.aws import KINDS
from frontdesk.rules.lang.vtl.expressions import DEEPEST as DEEPEST_TEMPLATE
from frontdesk.rules.lang.vtl.template import LONGEST
from frontdesk.rules.lang.vtl.values import DEEPEST as DEEPEST_VALUE
from tests.docs.pages import ROOT, codes, examples, tables

FILE = ROOT / "docs" / "templates.md"
PAGE = FILE.read_text()
SEEN, LANGUAGE, METHODS, LIMITS = tables(PAGE)
(BODY,) = re.findall(r"^```json\n(.*)\n```$", PAGE, re.MULTILINE)
INTEGRATION = next(iter(examples(FILE)[0].content["apis"]["clinic"]["resources"].values()))["POST"][
    "integration"
]


def render(template, body=BODY, context=None):
    params = {
        "path": {"practice": "p1"},
        "querystring": {"day": "2026-11-21"},
        "header": {"X-Trace": "t1"},
    }
    if context is None:
        context = {}
    context |= {"stage": "prod", "requestId": "r1", "identity": {"sourceIp": "192.0.2.1"}}
    given = Input(body.encode(), params)
    return compile_template(template).render(variables(given, context, {"unit": "minutes"}))


ROWS = SEEN.rows + LANGUAGE.rows


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_template_prints_what_the_page_says(row):
    (template,), (printed,) = codes(row[0]), codes(row[1])
    assert render(template) == printed


def test_the_templates_of_the_example_make_json():
    request = INTEGRATION["request_templates"]["application/json"]
    assert json.loads(render(request)) == {
        "practice": "p1",
        "patient": "Ada O'Neill",
        "slots": [{"at": "09:00", "minutes": 30}, {"at": "10:30", "minutes": 15}],
    }


@pytest.mark.parametrize(("full", "override"), [("true", {"status": 409}), ("false", {})])
def test_the_answer_of_the_example_says_when_all_is_taken(full, override):
    answer = INTEGRATION["responses"]["default"]["templates"]["application/json"]
    context = {}
    rendered = render(answer, f'{{"full": {full}, "booking": [1]}}', context)
    assert json.loads(rendered) == {"request": "r1", "booking": [1]}
    assert context["responseOverride"] == {"header": {}} | override


def test_what_is_wrong_is_found_as_shown(tmp_path):
    shown = re.search(
        r"^frontdesk\.yaml:(\d+):(\d+): error: …: (.*)\n  (hint: .*)$", PAGE, re.MULTILINE
    )
    text = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    file = tmp_path / "frontdesk.yaml"
    file.write_text(text.replace("escapeJavaScript", "escapeJavascript"))
    with pytest.raises(Exception, match="unknown method") as found:
        load([file], {})
    (finding,) = found.value.findings
    assert [str(finding.where.line), str(finding.where.column)] == [shown[1], shown[2]]
    assert f"{finding.message} [{finding.id}]" == shown[3]
    assert f"hint: {finding.hint}" == shown[4]


@pytest.mark.parametrize(
    ("row", "kind"),
    list(zip(METHODS.rows, (str, list, dict, int, bool), strict=True)),
    ids=[row[0] for row in METHODS.rows],
)
def test_the_methods_are_those_there_are(row, kind):
    assert codes(row[1]) == sorted({name for name, _ in KINDS[kind].methods})


def test_the_limits_are_those_there_are():
    limits = Limits()
    assert [int(limit.replace(",", "")) for _, limit in LIMITS.rows] == [
        LONGEST,
        limits.turns,
        limits.steps,
        limits.output,
        limits.text,
        limits.depth,
        DEEPEST_TEMPLATE,
        DEEPEST_VALUE,
    ]

"""`$input`, `$util`, `$context` and `$stageVariables` as API Gateway has them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.vtl import Input, TemplateError, compile_template, variables, written

PARAMS = {
    "path": {"id": "42", "who": "path"},
    "querystring": {"q": "a b", "who": "query", "both": "query"},
    "header": {"X-Trace": "t1", "who": "header", "both": "header"},
}
BODY = json.dumps(
    {
        "name": "O'Neill",
        "zero": 0,
        "price": 1.5,
        "yes": True,
        "nothing": None,
        "empty": [],
        "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
        "nested": {"foo": [{"nested": "bar"}], "x": None},
    }
).encode()


CONTEXT_PRINTED = "<r-1><live><false><1700000000000><><><>"


def context():
    return {
        "requestId": "r-1",
        "stage": "live",
        "isCanaryRequest": False,
        "requestTimeEpoch": 1700000000000,
        "identity": {"sourceIp": "192.0.2.1", "apiKey": None},
    }


def render(template, body=BODY, held=None, stage=None):
    held = context() if held is None else held
    return compile_template(template).render(variables(Input(body, PARAMS), held, stage or {}))


def table(*rows):
    return pytest.mark.parametrize(("template", "text"), rows, ids=[row[0][:40] for row in rows])


@table(
    ("$input.path('$.name')", "O'Neill"),
    ("$input.path('$.zero') $input.path('$.price') $input.path('$.yes')", "0 1.5 true"),
    ("<$input.path('$.nothing')><$input.path('$.nowhere')>", "<><>"),
    ("#if($input.path('$.nothing') == $null)a#end#if($input.path('$.nothing') == '')b#end", "ab"),
    ("#if($input.path('$.empty') == $null)a#end#if($input.path('$.empty') == '')b#end", ""),
    ("$input.path('$.empty')", "[]"),
    ("$input.path('$.nested')", '{foo=[{"nested":"bar"}], x=null}'),
    ("$input.path('$.items')", '[{"sku":"a","n":1},{"sku":"b","n":2}]'),
    ("$input.path('$.items').toString()", '[{"sku":"a","n":1},{"sku":"b","n":2}]'),
    ("$input.path('$.items')[1]", "{sku=b, n=2}"),
    ("$input.path('$').items[1].sku", "b"),
    ("$input.path('$.items[?(@.n > 1)].sku')", '["b"]'),
    ("$input.path('$.items').size()", "2"),
    ("$input.json('$.items[0]')", '{"sku":"a","n":1}'),
    ("$input.json('$.name')", '"O\'Neill"'),
    ("$input.json('$.nothing')", "null"),
    ("$input.json('$.nowhere')", '""'),
    ("$input.json('$..sku')", '["a","b"]'),
    ("$input.json('$.empty') $input.json('$.yes')", "[] true"),
    ("$input.body.length()", str(len(BODY))),
    ("<$input.body.name><$input.nothing><$input>", "<><><>"),
    ("$input.path('$').put('name', 'x')$input.json('$.name')", "O'Neill\"O'Neill\""),
)
def test_body(template, text):
    assert render(template) == text


@table(
    ("$input.body", "{}"),
    ("$input.json('$')", "{}"),
    ("$input.path('$')", "{}"),
    ("$input.json('$.x')", '""'),
)
def test_empty_body(template, text):
    assert render(template, b"") == text


@table(
    ("$input.body", "no json"),
    ("$input.json('$')", '""'),
    ("<$input.path('$')>", "<>"),
)
def test_body_that_is_no_json(template, text):
    assert render(template, b"no json") == text


def test_bytes_that_are_no_text_are_replaced():
    assert render("$input.body", b"a\xffb") == "a\ufffdb"


def test_a_body_that_nests_too_deeply_is_refused():
    deep = b"[" * 500 + b"]" * 500
    with pytest.raises(TemplateError, match="the body nests deeper than can be written"):
        render("$input.json('$')", deep)
    with pytest.raises(TemplateError, match="nested deeper than 100"):
        render("$input.path('$')", deep)
    assert render("$input.json('$')", b"[" * 5000 + b"]" * 5000) == '""'


@table(
    ("$input.params('id')", "42"),
    ("$input.params('who') $input.params('both')", "path query"),
    ("$input.params('X-Trace')", "t1"),
    ("<$input.params('x-trace')>", "<>"),
    ("$input.params().path.id $input.params().header['X-Trace']", "42 t1"),
    ("$input.params().get('querystring').get('q')", "a b"),
    ("$input.params().keySet()", "[path, querystring, header]"),
    ("#foreach($k in $input.params().path.keySet())$k,#end", "id,who,"),
)
def test_params(template, text):
    assert render(template) == text


@table(
    ("$context.requestId $context.isCanaryRequest", "r-1 false"),
    ("$context.requestTimeEpoch", "1700000000000"),
    ("$context.identity.sourceIp", "192.0.2.1"),
    ("$context['identity']['sourceIp']", "192.0.2.1"),
    ("$context.identity.values().get(0)", "192.0.2.1"),
    ("$context.get('stage')", "live"),
    ("$context.get('identity').get('sourceIp')", "192.0.2.1"),
    ("<$context.identity><$context.get('identity')><$context>", "<><><>"),
    ("<$context.nowhere.at.all><$context.identity.apiKey>", "<><>"),
    ("$context.containsKey('stage') $context.containsKey('x')", "true false"),
    ("$context.identity.keySet() $context.identity.size()", "[sourceIp, apiKey] 2"),
    ("$context.requestOverride.keySet()", "[header, path, querystring]"),
    ("$context.responseOverride.keySet()", "[header]"),
    (
        "#foreach($e in $context.identity.entrySet())$e.key=$e.value;#end",
        "sourceIp=192.0.2.1;apiKey=;",
    ),
    ("#set($context.own = 'kept')$context.own", "kept"),
    ("#set($context['own'] = 'kept')$context.own", "kept"),
    ("$context.put('own', 1)$context.own", "1"),
    ("$context.keySet().size()", "7"),
    ("#foreach($k in $context.keySet())<$context.get($k)>#end", CONTEXT_PRINTED),
)
def test_context(template, text):
    assert render(template) == text


def test_overrides_stand_in_the_context_afterwards():
    held = context()
    render(
        "#set($context.requestOverride.header.X-A = 'a')"
        "#set($context.requestOverride.querystring['q'] = $input.params('q'))"
        "#set($context.requestOverride.path.id = 7)"
        "#set($context.responseOverride.status = 444)"
        "#set($context.responseOverride.header.X-B = true)",
        held=held,
    )
    assert held["requestOverride"] == {
        "header": {"X-A": "a"},
        "querystring": {"q": "a b"},
        "path": {"id": 7},
    }
    assert held["responseOverride"] == {"status": 444, "header": {"X-B": True}}
    assert written(held["responseOverride"]["header"]["X-B"]) == "true"


def test_an_override_counts_once_in_a_rendering_and_may_be_renewed_by_the_next():
    held = context()
    once = "#set($context.responseOverride.status = 201)"
    with pytest.raises(TemplateError, match="overridden twice: status"):
        render(once * 2, held=held)
    render(once, held=held)
    render(once.replace("201", "202"), held=held)
    assert held["responseOverride"]["status"] == 202
    render("#set($context.stage = 1)#set($context.stage = 2)", held=held)
    assert held["stage"] == 2


@table(
    ("$stageVariables.url", "example.com"),
    ("$stageVariables['url'] ${stageVariables['url']}", "example.com example.com"),
    ("<$stageVariables.unset><${stageVariables['unset']}>", "<><>"),
    ("#set($stageVariables.url = 'x')$stageVariables.url", "x"),
)
def test_stage_variables(template, text):
    stage = {"url": "example.com"}
    assert render(template, stage=stage) == text
    assert stage == {"url": "example.com"}


@table(
    ("$util.escapeJavaScript('a\"b')", 'a\\"b'),
    ("$util.escapeJavaScript($input.path('$.name'))", "O\\'Neill"),
    ("$util.escapeJavaScript($input.path('$.name')).replaceAll(\"\\\\'\", \"'\")", "O'Neill"),
    ("$util.escapeJavaScript('tab\tline\nback\\')", "tab\\tline\\nback\\\\"),
    ("$util.escapeJavaScript($null)", "null"),
    ("$util.escapeJavaScript($input.path('$.nested'))", '{foo=[{\\"nested\\":\\"bar\\"}], x=null}'),
    ('$util.parseJson(\'{"a": {"b": [1, 2]}}\').a.b[1]', "2"),
    ("<$util.parseJson('{')><$util.parseJson($null)>", "<><>"),
    ("$util.urlEncode('{a b}/é*')", "%7Ba+b%7D%2F%C3%A9*"),
    ("$util.urlEncode('~.-_*')", "%7E.-_*"),
    ("<$util.urlEncode($null)>", "<>"),
    ("$util.urlDecode('%7Ba+b%7D%2F%C3%A9')", "{a b}/é"),
    ("$util.base64Encode('héllo')", "aMOpbGxv"),
    ("$util.base64Decode('aMOpbGxv')", "héllo"),
    ("<$util><$util.nothing>", "<><>"),
)
def test_util(template, text):
    assert render(template) == text


def test_what_is_no_base64_is_refused():
    with pytest.raises(TemplateError, match="1:7: no base64: a"):
        render("$util.base64Decode('a')")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_is_a_json_string_and_encodings_come_back(text):
    template = (
        '$util.escapeJavaScript($x).replaceAll("\\\\\'","\'")\n'
        "$util.base64Encode($x)\n$util.urlDecode($util.urlEncode($x))"
    )
    data = variables(Input(b"", PARAMS), {}, {}) | {"x": text}
    escaped, encoded, again = compile_template(template).render(data).split("\n", 2)
    assert json.loads(f'"{escaped}"') == text
    assert base64.b64decode(encoded).decode() == text
    assert again == text


def test_the_method_request_passthrough_of_aws_prints_json():
    """The template that AWS's console offers under this name, in its parts."""
    template = """\
#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {"stage" : "$context.stage", "source-ip" : "$context.identity.sourceIp"}
}
"""
    assert json.loads(render(template, stage={"a": "b"})) == {
        "body-json": json.loads(BODY),
        "params": PARAMS,
        "stage-variables": {"a": "b"},
        "context": {"stage": "live", "source-ip": "192.0.2.1"},
    }

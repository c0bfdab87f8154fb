"""What the integrations of REST APIs are sent: parameters, templates, content handling, overrides."""

import json

import pytest

HTTP = {"type": "http", "uri": "http://h:1/base/{id}?fixed=1", "responses": {"default": {}}}
AWS = {"type": "aws", "function": "f", "responses": {"default": {}}}


def http(**more):
    return HTTP | more


def mapped(**targets):
    """`header_X="'a'"` maps the header X, `querystring_x` and `path_x` likewise."""
    return {
        f"integration.request.{target.replace('_', '.', 1)}": source
        for target, source in targets.items()
    }


# -- parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'a b'", "a b"),
        ("method.request.header.X-Client", "one"),
        ("method.request.header.x-client", "one"),
        ("method.request.header.Connection", None),
        ("method.request.header.X-Forwarded-For", "192.0.2.1"),
        ("method.request.querystring.q", "last"),
        ("method.request.querystring.Q", None),
        ("method.request.path.id", "6"),
        ("method.request.body.pet.name", "Rex"),
        ("method.request.body.pet", '{"name":"Rex"}'),
        ("method.request.body.nobody", None),
        ("context.httpMethod", "POST"),
        ("context.authorizer.claims.groups", "a,b"),
        ("context.authorizer.claims.none", None),
        ("stageVariables.room", "blue"),
        ("stageVariables.none", None),
    ],
)
def test_where_a_field_may_come_from(call_method, backend, source, expected):
    call_method(
        http(request_parameters=mapped(header_X=source)),
        [(b"X-Client", b"one"), (b"X-Forwarded-For", b"203.0.113.9")],
        method="POST",
        query="q=first&q=last",
        body=b'{"pet": {"name": "Rex"}}',
        held=[(b"Connection", b"close")],
        variables={"room": "blue"},
        authorizer={"groups": ["a", "b"]},
        authorizer_event={"jwt": {"claims": {"groups": "[a b]"}, "scopes": None}},
    )
    assert backend.fields.get("x") == expected


@pytest.mark.parametrize(
    "sent", [[], [(b"x-amzn-trace-id", b"Root=1-5759e988-bd862e3fe1be46a994272793")]]
)
def test_the_trace_is_one_of_the_clients_fields(call_method, backend, sent):
    call_method(
        http(
            request_parameters=mapped(header_X="method.request.header.x-amzn-trace-id"),
            request_templates={"application/json": "$input.params('X-Amzn-Trace-Id')"},
        ),
        sent,
        method="POST",
        trace="00-5759e988bd862e3fe1be46a994272793-c000000000000007-00",
    )
    assert backend.body == b"Root=1-5759e988-bd862e3fe1be46a994272793"
    assert backend.fields["x"] == backend.body.decode()


def test_several_values_come_from_multivalue_sources_only(call_method, backend):
    parameters = mapped(
        querystring_all="method.request.multivaluequerystring.q",
        header_Tag="method.request.multivalueheader.x-tag",
    )
    fields = [(b"X-Tag", b"a"), (b"x-tag", b"b")]
    call_method(http(request_parameters=parameters), fields, query="q=1&q=%26")
    assert backend.line == "GET /base/6?fixed=1&all=1&all=%26 HTTP/1.1"
    assert backend.calls[0].head.count(b"Tag: ") == 2


def test_a_backend_is_sent_nothing_of_the_client(call_method, backend):
    fields = [(b"Cookie", b"a=b"), (b"Accept", b"text/html"), (b"User-Agent", b"curl")]
    call_method(http(), fields, query="secret=1")
    assert backend.line == "GET /base/6?fixed=1 HTTP/1.1"
    assert backend.fields.pop("x-amzn-trace-id").startswith("Root=1-")
    assert {name: value for name, value in backend.fields.items() if name not in _TRACING} == {
        "accept": "application/json",
        "user-agent": "AmazonAPIGateway_abcdefghij",
        "x-amzn-apigateway-api-id": "abcdefghij",
        "via": "1.1 frontdesk",
    }


_TRACING = ("traceparent", "x-amzn-trace-id")


def test_a_body_brings_its_type_along(call_method, backend):
    call_method(http(), [(b"Content-Type", b"text/x")], method="POST", body=b"a")
    assert backend.fields["content-type"] == "text/x"
    call_method(http(), method="POST", body=b"a")
    assert backend.fields["content-type"] == "application/json"


def test_mapped_fields_go_before_the_usual_ones(call_method, backend):
    parameters = mapped(**{"header_User-Agent": "'desk'", "header_accept": "'text/xml'"})
    call_method(http(request_parameters=parameters))
    assert backend.fields["user-agent"] == "desk"
    assert backend.fields["accept"] == "text/xml"


@pytest.mark.parametrize("name", ["Connection", "Expect", "Proxy-Authenticate", "TE", "Upgrade"])
def test_some_mapped_fields_are_not_sent(call_method, backend, name):
    _, reply = call_method(http(request_parameters=mapped(**{f"header_{name}": "'x'"})))
    assert reply.status == 200
    assert name.lower() not in backend.fields


@pytest.mark.parametrize(
    ("integration", "name"),
    [
        (HTTP, "Content-Length"),
        (HTTP, "transfer-encoding"),
        ({"type": "http_proxy", "uri": "http://h/"}, "Transfer-Encoding"),
        (AWS, "Authorization"),
        (AWS, "TE"),
    ],
)
def test_a_field_that_may_not_be_mapped_fails_every_call(
    call_method, backend, function, integration, name
):
    parameters = mapped(**{f"header_{name}": "'x'"})
    _, reply = call_method(integration | {"request_parameters": parameters})
    assert (reply.status, reply.cause) == (500, "integration:illegal_header")
    assert backend.calls == function.events == []


def test_path_variables_are_the_mapped_ones_or_the_resources_own(call_method, backend):
    uri = "http://h/{id}/{other}?of={id}"
    parameters = mapped(path_other="method.request.querystring.q")
    call_method(
        http(uri=uri, request_parameters=parameters), params={"id": "a%20b"}, query="q=x%2Fy z?"
    )
    assert backend.line == "GET /a%20b/x/y%20z%3F?of=a%20b HTTP/1.1"


@pytest.mark.parametrize("value", ["..", "a/../b", "%2e%2e", "a\\b", "a\x00"])
def test_a_path_variable_cannot_climb(call_method, backend, value):
    parameters = mapped(path_id="method.request.header.X")
    _, reply = call_method(http(request_parameters=parameters), [(b"X", value.encode())], params={})
    assert (reply.status, reply.cause) == (400, "mapping:unfit_value")
    assert backend.calls == []


def test_no_value_can_break_out_of_a_field(call_method, backend):
    parameters = mapped(header_X="method.request.querystring.q")
    _, reply = call_method(http(request_parameters=parameters), query="q=a%0d%0aHost:%20evil")
    assert (reply.status, reply.cause) == (400, "mapping:unfit_value")
    assert backend.calls == []


def test_a_proxy_adds_mapped_parameters_and_replaces_mapped_fields(call_method, backend):
    integration = {
        "type": "http_proxy",
        "uri": "http://h/{id}?fixed=1",
        "request_parameters": mapped(header_X="'ours'", querystring_q="'mapped'"),
    }
    fields = [(b"x", b"theirs"), (b"Y", b"kept"), (b"Max-Forwards", b"2"), (b"Server", b"s")]
    call_method(integration, fields, query="q=client")
    assert backend.line == "GET /6?fixed=1&q=client&q=mapped HTTP/1.1"
    assert backend.fields["x"] == "ours"
    assert backend.fields["y"] == "kept"
    assert backend.fields["x-amzn-apigateway-api-id"] == "abcdefghij"
    assert not {"max-forwards", "server"} & backend.fields.keys()


# -- templates ----------------------------------------------------------------------------------


def test_a_template_makes_the_event_of_a_function(call_method, function):
    template = '{"id": "$input.params("id")", "q": "$input.params().querystring.q", "body": $input.json("$.a")}'
    call_method(
        AWS | {"request_templates": {"application/json": template}},
        method="POST",
        query="q=1",
        body=b'{"a": [1]}',
    )
    assert json.loads(function.events[0]) == {"id": "6", "q": "1", "body": [1]}


def test_a_function_without_a_body_gets_an_empty_object(call_method, function):
    call_method(AWS)
    assert function.events == [b"{}"]


def test_a_body_that_is_no_json_reaches_no_function(call_method, function):
    ex, reply = call_method(AWS, method="POST", body=b"plain")
    assert (reply.status, reply.cause) == (500, "integration:no_json")
    assert "no JSON" in ex.integration_error
    assert function.events == []


@pytest.mark.parametrize(
    ("templates", "passthrough", "sent"),
    [
        ({"application/json": "T"}, "when_no_match", "raw"),
        ({"application/json": "T"}, "when_no_templates", None),
        ({"text/x": "T"}, "never", "T"),
        ({"$default": "T"}, "never", "T"),
        ({}, "when_no_templates", "raw"),
        ({}, "never", None),
        ({"text/x": ""}, "when_no_templates", "raw"),
    ],
)
def test_which_template_applies_or_none(call_method, backend, templates, passthrough, sent):
    integration = http(request_templates=templates, passthrough=passthrough)
    _, reply = call_method(
        integration, [(b"content-type", b"text/x; a=b")], method="POST", body=b"raw"
    )
    if sent is None:
        assert (reply.status, reply.cause) == (415, "media_type")
    else:
        assert backend.body == sent.encode()


def test_overrides_of_a_template_go_before_mapped_parameters(call_method, backend):
    template = (
        "#set($context.requestOverride.header.X = 'over')"
        "#set($context.requestOverride.querystring.q = ['1', '2'])"
        "#set($context.requestOverride.path.id = 'elsewhere')body"
    )
    call_method(
        http(
            request_templates={"application/json": template},
            request_parameters=mapped(header_x="'mapped'", querystring_q="'mapped'"),
        ),
        method="POST",
    )
    assert backend.line == "POST /base/elsewhere?fixed=1&q=1&q=2 HTTP/1.1"
    assert backend.fields["x"] == "over"
    assert backend.body == b"body"


@pytest.mark.parametrize(
    ("set_to", "status", "cause"),
    [
        ("$context.requestOverride.header['Content-Length'] = '7'", 500, "illegal_header"),
        ("$context.requestOverride.header.X = $input.params('bad')", 400, "unfit_value"),
        ("$context.requestOverride.header[$input.params('bad')] = 'x'", 400, "unfit_value"),
        ("$context.requestOverride.path.id = '../..'", 400, "unfit_value"),
    ],
)
def test_overrides_are_judged_like_mappings(call_method, backend, set_to, status, cause):
    integration = http(request_templates={"application/json": f"#set({set_to})"})
    _, reply = call_method(integration, query="bad=a%0D%0Ab")
    assert reply.status == status
    assert reply.cause.endswith(cause)
    assert backend.calls == []


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        ("#foreach($i in [1..1000])#foreach($j in [1..1000])$i#end#end", "template_limit"),
        ('#set($x = "a")#foreach($i in [1..60])#set($x = "$x$x")#end', "template_limit"),
        ("$input.params('id').substring(5)", "template"),
    ],
)
def test_a_template_that_goes_wrong_is_a_500_that_the_log_explains(
    call_method, backend, template, cause
):
    ex, reply = call_method(http(request_templates={"application/json": template}))
    assert (reply.status, reply.cause) == (500, f"integration:{cause}")
    assert ex.integration_error
    assert backend.calls == []


def test_a_template_cannot_change_what_is_remembered_of_a_caller(call_method):
    claims = {"sub": "u1"}
    template = "#set($context.authorizer.claims.sub = 'root')$context.authorizer.claims.sub"
    _, reply = call_method(
        {
            "type": "mock",
            "request_templates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"templates": {"application/json": template}}},
        },
        authorizer=claims,
        authorizer_event={"jwt": {"claims": claims, "scopes": None}},
    )
    assert reply.body == b"root"
    assert claims == {"sub": "u1"}


# -- content handling ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "handling", "sent"),
    [
        ([], None, b"\xef\xbf\xbd"),
        (["image/png"], None, b"\xff"),
        (["image/png"], "convert_to_text", b"/w=="),
        ([], "convert_to_binary", None),
    ],
)
def test_content_handling_of_requests(call_method, backend, types, handling, sent):
    integration = http(content_handling=handling) if handling else http()
    _, reply = call_method(
        integration,
        [(b"Content-Type", b"image/png")],
        api={"binary_media_types": types},
        method="POST",
        body=b"\xff",
    )
    if sent is None:
        assert (reply.status, reply.cause) == (500, "integration:content")
    else:
        assert backend.body == sent


def test_a_template_takes_no_bytes(call_method):
    integration = http(request_templates={"application/json": "{}"})
    _, reply = call_method(integration, api={"binary_media_types": ["*/*"]})
    assert (reply.status, reply.cause) == (500, "integration:content")

"""What clients get of what integrations answer: selection, templates, parameters, overrides, content."""

import pytest

HTTP = {"type": "http", "uri": "http://h/"}
JSON = (b"Content-Type", b"application/json")


def http(*, request_template=None, **responses):
    """`http(default={…}, **{"4..": {…}})`."""
    templates = {"application/json": request_template} if request_template else {}
    return HTTP | {"responses": responses, "request_templates": templates}


def headers(**mapped):
    return {
        f"method.response.header.{name.replace('_', '-')}": text for name, text in mapped.items()
    }


def fields_of(reply):
    return {name.decode(): value.decode() for name, value in reply.fields}


# -- selection ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"), [(200, 201), (404, 404), (422, 200), (500, 502), (599, 502)]
)
def test_the_status_of_a_backend_chooses(call_method, backend, status, expected):
    backend.answer = (status, [JSON], b"{}")
    integration = http(
        **{"200": {"status": 201}, "404": {"status": 404}, "5\\d\\d": {"status": 502}}, default={}
    )
    _, reply = call_method(integration)
    assert reply.status == expected


def test_without_a_match_and_a_default_it_is_a_500(call_method, backend):
    backend.answer = (500, [JSON], b"{}")
    _, reply = call_method(http(**{"2\\d\\d": {}}))
    assert (reply.status, reply.cause) == (500, "integration:no_response")


# -- header fields ------------------------------------------------------------------------------


def test_a_client_gets_no_field_of_a_backend_but_mapped_ones(call_method, backend):
    answered = [
        JSON,
        (b"ETag", b'"1"'),
        (b"X-Own", b"x"),
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
    ]
    backend.answer = (200, answered, b'{"id": 7}')
    parameters = headers(
        ETag="integration.response.header.etag",
        X_Id="integration.response.body.id",
        X_Static="'s'",
        X_None="integration.response.header.X-Missing",
        X_Room="stageVariables.room",
        Date="'today'",
        Transfer_Encoding="'chunked'",
        Set_Cookie="integration.response.multivalueheader.Set-Cookie",
    )
    _, reply = call_method(http(default={"parameters": parameters}), variables={"room": "blue"})
    assert [value for name, value in reply.fields if name == b"Set-Cookie"] == [b"a", b"b"]
    assert fields_of(reply) == {
        "Content-Type": "application/json",
        "ETag": '"1"',
        "X-Id": "7",
        "X-Static": "s",
        "X-Room": "blue",
        "x-amzn-Remapped-Date": "today",
        "Set-Cookie": "b",
    }


def test_a_mapped_content_type_goes_before_that_of_the_template(call_method):
    response = {
        "parameters": headers(Content_Type="'text/x'"),
        "templates": {"application/json": "a"},
    }
    _, reply = call_method(http(default=response))
    assert fields_of(reply) == {"Content-Type": "text/x"}


def test_no_value_can_break_out_of_a_field(call_method, backend):
    backend.answer = (200, [JSON], b'{"x": "a\\r\\nSet-Cookie: b"}')
    parameters = headers(X="integration.response.body.x")
    _, reply = call_method(http(default={"parameters": parameters}))
    assert (reply.status, reply.cause) == (500, "integration:override")


# -- templates ----------------------------------------------------------------------------------

TEMPLATES = {
    "application/json": '{"was": $input.json("$.a")}',
    "text/xml": "<a>$input.path('$.a')</a>",
}


@pytest.mark.parametrize(
    ("accept", "body", "content_type"),
    [
        (b"text/xml, application/json", b"<a>1</a>", "text/xml"),
        (b"*/*", b'{"was": 1}', "application/json"),
        (b"", b'{"was": 1}', "application/json"),
    ],
)
def test_the_client_chooses_the_template(call_method, backend, accept, body, content_type):
    backend.answer = (200, [JSON], b'{"a": 1}')
    _, reply = call_method(http(default={"templates": TEMPLATES}), [(b"Accept", accept)])
    assert reply.body == body
    assert fields_of(reply)["Content-Type"] == content_type


def test_a_response_template_sees_the_clients_request(call_method):
    template = "$input.params('q') $input.params('X-Client') $input.params('id')"
    _, reply = call_method(
        http(request_template="{}", default={"templates": {"application/json": template}}),
        [(b"X-Client", b"one")],
        query="q=two",
    )
    assert reply.body == b"two one 6"


def test_what_one_template_writes_into_the_context_the_other_reads(call_method):
    _, reply = call_method(
        http(
            request_template="#set($context.mine = 'kept')",
            default={"templates": {"application/json": "$context.mine"}},
        )
    )
    assert reply.body == b"kept"


@pytest.mark.parametrize("where", ["request", "response"])
def test_overrides_of_either_template_reach_the_client(call_method, where):
    template = (
        "#set($context.responseOverride.status = 444)"
        "#set($context.responseOverride.header.X = 'over')"
    )
    response = {"parameters": headers(x="'mapped'")}
    if where == "response":
        response["templates"] = {"application/json": template}
    request = template if where == "request" else None
    _, reply = call_method(http(request_template=request, default=response))
    assert reply.status == 444
    assert fields_of(reply)["X"] == "over"


@pytest.mark.parametrize("status", ["'abc'", "99", "600", "'200 OK'", f"'{'9' * 5000}'"])
def test_a_status_that_there_is_not_is_a_500(call_method, status):
    template = f"#set($context.responseOverride.status = {status})"
    _, reply = call_method(http(default={"templates": {"application/json": template}}))
    assert (reply.status, reply.cause) == (500, "integration:override")


# -- content handling ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "accept", "handling", "body"),
    [
        (b"text/plain", b"text/plain", None, b"\xef\xbf\xbd"),
        (b"image/png", b"image/png", None, b"\xff"),
        (b"image/png", b"text/plain", None, b"/w=="),
        (b"image/png", b"image/png", "convert_to_text", b"/w=="),
        (b"text/plain", b"image/png", None, None),
    ],
)
def test_content_handling_of_answers(call_method, backend, came, accept, handling, body):
    backend.answer = (200, [(b"Content-Type", came)], b"\xff")
    response = {"content_handling": handling} if handling else {}
    _, reply = call_method(
        http(default=response), [(b"Accept", accept)], api={"binary_media_types": ["image/png"]}
    )
    if body is None:
        assert (reply.status, reply.cause) == (500, "integration:content")
    else:
        assert reply.body == body

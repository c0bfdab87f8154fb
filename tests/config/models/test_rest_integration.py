"""Integrations of REST APIs: what belongs to which type, and how mistakes are told."""

import pytest

FILE = """\
name: clinic
functions: {{f: {{handler: m.f}}}}
upstreams: {{u: {{url: "http://127.0.0.1:9"}}}}
apis:
  desk:
    type: rest
    resources:
      "/a/{{id}}":
        GET:
          throttle: 1/s
          integration: {{{}}}
"""


@pytest.mark.parametrize(
    "integration",
    [
        "type: mock",
        "type: aws, function: f",
        "type: aws_proxy, function: f, content_handling: convert_to_text",
        "type: http, uri: 'http://h/{id}'",
        "type: http, uri: 'http://${stageVariables.host}:80/{id}'",
        "type: http_proxy, upstream: u",
        "type: http_proxy, upstream: u, path: '/x/{id}', method: ANY",
        (
            "type: http, uri: 'http://h/{x}', request_parameters: "
            "{integration.request.path.x: method.request.path.id}"
        ),
        "type: mock, responses: {'4\\d{2}': {status: 404}, default: {}}",
        "type: mock, request_templates: {$default: '{}', Application/XML: '{}'}",
    ],
)
def test_what_is_accepted(load_text, integration):
    text = FILE.format(integration).replace(
        "type: rest\n", "type: rest\n    stage: {variables: {host: h}}\n"
    )
    load_text(text)


@pytest.mark.parametrize(
    ("integration", "error"),
    [
        (
            "type: mock, function: f",
            "expected none of function, state_machine, queue, topic, event_bus, uri, upstream with type: mock",
        ),
        (
            "type: aws",
            "expected function or state_machine or queue or topic or event_bus with type: aws",
        ),
        (
            "type: aws, uri: 'http://h'",
            "expected function or state_machine or queue or topic or event_bus with type: aws",
        ),
        ("type: http", "expected uri or upstream with type: http"),
        ("type: http, uri: 'http://h', upstream: u", "expected uri or upstream with type: http"),
        ("type: http, uri: 'http://h', path: /x", "expected path beside upstream only"),
        ("type: http, uri: 'http://h/{di}'", "expected a variable of the route in place of {di}"),
        ("type: http, uri: 'http://{id}/'", "expected a URL with a fixed host"),
        ("type: http, upstream: v", "expected a name under upstreams"),
        ("type: lambda", "expected aws, aws_proxy, http, http_proxy or mock"),
        ("type: mock, passthrough: sometimes", "expected when_no_match"),
        ("type: mock, responses: {'(?=a)': {}}", "regular expression not usable"),
        ("type: mock, responses: {default: {status: 99}}", "expected an HTTP status"),
        ("type: mock, request_templates: {json: ''}", "expected a media type such as"),
        ("type: mock, request_parameters: {header.X: \"'a'\"}", "unknown mapping expression"),
        (
            "type: mock, request_parameters: {integration.request.header.X: plain}",
            "a text in single quotes",
        ),
        (
            (
                "type: mock, responses: {default: {parameters: "
                "{method.response.header.X: method.request.header.Y}}}"
            ),
            "integration.response.header",
        ),
    ],
)
def test_a_mistake_is_told_with_its_hint(errors_of, integration, error):
    assert error in "\n".join(errors_of(FILE.format(integration)))

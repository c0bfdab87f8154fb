import pytest

from frontdesk.app.aws_endpoints import aws_environment, endpoints
from frontdesk.aws.keys import Keys
from frontdesk.base.addresses import parse_address
from frontdesk.config.load import load


@pytest.mark.parametrize(
    ("listen", "secure", "url"),
    [
        ("127.0.0.1:8081", False, "http://127.0.0.1:8081"),
        ("127.0.0.1:8081", True, "https://127.0.0.1:8081"),
        (":8081", False, "http://127.0.0.1:8081"),
        ("[::]:8081", False, "http://[::1]:8081"),
    ],
)
def test_functions_are_told_an_address_that_can_be_connected_to(listen, secure, url):
    keys = Keys("t0ken")
    told = endpoints(parse_address(listen), keys, secure=secure)
    assert told.pop("AWS_ENDPOINT_URL_LAMBDA") == url
    assert told.pop("AWS_ENDPOINT_URL_SFN") == url
    assert told.pop("AWS_ENDPOINT_URL_SQS") == url
    assert told.pop("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") == url
    assert told == keys.environment()


def test_every_start_makes_another_pair():
    assert Keys(None).functions != Keys(None).functions


@pytest.mark.parametrize(
    ("text", "are_here"),
    [
        ("", False),
        ("secrets: vault", True),
        ("secrets: {provider: vault}", True),
        ("secrets: aws", False),
        ("region: '${secret:region}'", True),
        ("secrets: aws\nregion: '${secret:region}'", False),
        ("region: '${ssm:/region}'", True),
        ("region: '${env:REGION}'", False),
    ],
)
def test_functions_ask_us_for_secrets_where_the_file_has_some_here(tmp_path, text, are_here):
    path = tmp_path / "frontdesk.yaml"
    path.write_text(f"name: x\n{text}\n")
    loaded = load([path], {"REGION": "us-east-1"}, lookup=lambda _scheme, _name: "us-east-1")
    told = aws_environment(loaded, Keys(None))
    assert ("AWS_ENDPOINT_URL_SSM" in told, "AWS_ENDPOINT_URL_SECRETS_MANAGER" in told) == (
        are_here,
        are_here,
    )


@pytest.mark.parametrize(
    ("text", "here"),
    [
        ("", set()),
        ("topics: {news: {}}", {"SNS"}),
        ("event_buses: {default: {}}", {"EVENTBRIDGE"}),
    ],
)
def test_functions_publish_to_us_where_the_file_has_topics_or_buses(tmp_path, text, here):
    path = tmp_path / "frontdesk.yaml"
    path.write_text(f"name: x\n{text}\n")
    told = aws_environment(load([path], {}), Keys(None))
    assert {name for name in ("SNS", "EVENTBRIDGE") if f"AWS_ENDPOINT_URL_{name}" in told} == here

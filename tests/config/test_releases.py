"""Aliases that stages and canaries name, and what tells one canary from the next."""

import pytest

from frontdesk.config.releases import canary_identity

FILE = """\
name: clinic
functions:
  book: {handler: f.book, versions: {"1": {}, "2": {}}, aliases: {next: {version: "2"}, live: {version: "1"}}}
  other: {handler: f.other, versions: {"1": {}}, aliases: {mine: {version: "1"}}}
apis:
  desk:
    stages: {prod: {alias: live}, beta: {canary: {percent: 50, alias: live}}}
    canary: {percent: 10, alias: next}
    routes: {GET /: {function: book}}
"""


def test_a_stage_has_its_own_canary_or_that_of_the_api(load_text):
    api = load_text(FILE).config.apis["desk"]
    assert api.canary_of("prod").percent == 10
    assert api.canary_of("beta").percent == 50


def test_an_alias_of_a_function_that_no_route_calls_is_no_alias(errors_of):
    (error,) = errors_of(FILE.replace("alias: next}\n", "alias: mine}\n"))
    assert "apis.desk.canary.alias: expected an alias of a function that the routes call" in error


def test_methods_of_rest_apis_call_functions_too(load_text):
    text = FILE.partition("apis:")[0] + (
        "apis: {desk: {type: rest, canary: {percent: 10, alias: next}, "
        "resources: {/: {GET: {integration: {type: aws_proxy, function: book}}}}}}"
    )
    api = load_text(text).config.apis["desk"]
    ((_, _, method),) = api.operations()
    assert method.calling("book:next").called == "book:next"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("GET /:", "GET /x:"), True),
        (('mine: {version: "1"}', 'mine: {version: "$LATEST"}'), True),
        (("percent: 10", "percent: 20"), False),
        (('next: {version: "2"}', 'next: {version: "1"}'), False),
        (("percent: 10,", "percent: 10, judge: off,"), False),
    ],
)
def test_a_canary_is_another_one_when_what_it_tries_is(load_text, change, same):
    before = canary_identity(load_text(FILE).config, "desk", "prod")
    after = canary_identity(load_text(FILE.replace(*change)).config, "desk", "prod")
    assert (before == after) is same

"""What is replaced in the template of a gateway response, and what is text."""

import pytest

from frontdesk.rules.rest.expressions import ExpressionError, Source
from frontdesk.rules.rest.substitution import parse_substitutions


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("",)),
        ("plain $ text $foo #set", ("plain $ text $foo #set",)),
        (
            '{"a":$context.error.messageString}',
            ('{"a":', Source("context", "error.messageString"), "}"),
        ),
        (
            "$stageVariables.a.$method.request.header.X-Y.",
            (
                "",
                Source("stageVariables", "a"),
                ".",
                Source("method.request.header", "X-Y"),
                ".",
            ),
        ),
    ],
)
def test_expressions_are_found_in_the_text(text, parts):
    assert parse_substitutions(text) == parts


def test_an_unknown_variable_is_refused():
    with pytest.raises(ExpressionError, match="unknown context variable"):
        parse_substitutions("$context.eror.message")

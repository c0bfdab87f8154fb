"""The grammar of selectors: what parses to what, and what the errors advise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.selectors import SOURCES, Selector, SelectorError, parse

WHOLE = {
    "$request.header.X-Practice": Selector("request.header", "x-practice"),
    "$request.querystring.Region": Selector("request.querystring", "Region"),
    "$request.querystring.a.b[]": Selector("request.querystring", "a.b[]"),
    "$request.cookie.session": Selector("request.cookie", "session"),
    "$request.path": Selector("request.path"),
    "$request.path.id": Selector("request.path", "id"),
    "$request.body": Selector("request.body"),
    "$request.body.a.b": Selector("request.body", path=("a", "b")),
    "$request.body.items[0].id": Selector("request.body", path=("items", 0, "id")),
    "$request.body[2]": Selector("request.body", path=(2,)),
    "$context.identity.sourceIp": Selector("context", "identity.sourceIp"),
    "$context.authorizer.claims.cognito:username": Selector(
        "context", "authorizer.claims.cognito:username"
    ),
    "$authorizer.practice_id": Selector("context", "authorizer.practice_id"),
    "$stageVariables.table": Selector("stageVariables", "table"),
    "$response.header.ETag": Selector("response.header", "etag"),
    "$response.body": Selector("response.body"),
    "$response.body.id": Selector("response.body", path=("id",)),
}


@pytest.mark.parametrize("text", WHOLE)
def test_a_selector_is_the_whole_value(text):
    assert parse(text) == (WHOLE[text],)


@pytest.mark.parametrize("text", WHOLE)
def test_braces_take_the_same_references(text):
    assert parse("a-${" + text[1:] + "}/b") == ("a-", WHOLE[text], "/b")


@pytest.mark.parametrize("text", ["", "plain", "$5.00", "$", "$$", "a $request.path", "a}b", "{x}"])
def test_other_text_is_static(text):
    assert parse(text) == (text,)


def test_several_references_and_stage_variables():
    assert parse("${request.path.a}-${request.path.b}${stage.name}") == (
        Selector("request.path", "a"),
        "-",
        Selector("request.path", "b"),
        Selector("stageVariables", "name"),
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("$requst.header.x", "did you mean $request.header.x?"),
        ("$request.headr.x", "did you mean $request.header.x?"),
        ("$request.query.x", "did you mean $request.querystring.x?"),
        ("$context.stge", "did you mean $context.stage?"),
        ("${context.zzzzzz}", ""),
        ("$contxt.stage", "did you mean $context.stage?"),
        ("$autorizer.sub", "did you mean $authorizer.sub?"),
        ("a-${stageVariable.x}", "did you mean ${stageVariables.x}?"),
        ("$request.header", "write a name after the dot, as in $request.header.name"),
        ("${request.header.}", "write a name after the dot, as in ${request.header.name}"),
        ("$request.body..a", "use members and indexes only, as in $request.body.items[0].id"),
        ("$request.body.a[*]", "use members and indexes only, as in $request.body.items[0].id"),
        ("$request.body.a[-1]", "use members and indexes only, as in $request.body.items[0].id"),
        (
            "$request.body.a[?(@.b)]",
            "use members and indexes only, as in $request.body.items[0].id",
        ),
        ("$request.header.a b", ""),
        ("$request.header.a:", ""),
        ("${request.path", ""),
    ],
)
def test_errors_show_the_selector_and_advise(text, hint):
    with pytest.raises(SelectorError) as caught:
        parse(text)
    assert caught.value.hint == hint
    assert text.removeprefix("a-") in caught.value.message


def test_an_unlike_word_lists_what_there_is():
    with pytest.raises(SelectorError) as caught:
        parse("$zzz.x")
    assert all(f"${source}" in caught.value.hint for source in SOURCES)


@given(st.text())
def test_any_text_parses_or_is_refused(text):
    try:
        parts = parse(text)
    except SelectorError:
        return
    assert parts
    if not any(isinstance(part, Selector) for part in parts):
        assert "".join(parts) == text


names = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
references = st.builds("{}.{}".format, st.sampled_from(["request.path", "stageVariables"]), names)
statics = st.text(st.characters(exclude_characters="${}"), min_size=1)


@given(st.lists(st.tuples(statics, references), min_size=1))
def test_a_template_keeps_its_parts_in_order(pairs):
    text = "".join(f"{static}${{{reference}}}" for static, reference in pairs)
    parts = parse(text)
    assert parts[0::2] == tuple(static for static, _ in pairs)
    assert [f"{part.source}.{part.name}" for part in parts[1::2]] == [name for _, name in pairs]

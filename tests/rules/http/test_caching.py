"""What a shared cache keeps, for how long, and who gets it: tables of RFC 9111 and RFC 5861."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.caching import (
    KEPT_FOR_QUESTIONS,
    LONGEST,
    by_name,
    current_age,
    directives,
    fresh_enough,
    kept,
    lifetime,
    may_be_stale,
    questions,
    seconds,
    stale_for,
    told_age,
    updated,
    variant,
    vary_names,
)
from frontdesk.rules.http.dates import write_date

NOW = 1_700_000_000


def at(offset):
    return write_date(NOW + offset)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"", {}),
        (b"no-store", {"no-store": ""}),
        (b"Max-Age=60, PRIVATE", {"max-age": "60", "private": ""}),
        (b'private="set-cookie, x", max-age="5"', {"private": "set-cookie, x", "max-age": "5"}),
        (b"max-age=60,max-age=60", {"max-age": "60"}),
        (b"max-age=60, max-age=70", {"max-age": "?"}),
        (b",, ,max-age = 5", {"max-age": "", "5": ""}),
    ],
)
def test_directives(value, found):
    assert directives(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"max-age=0", 0),
        (b"max-age=60", 60),
        (b"max-age=99999999999", LONGEST),
        (b"max-age=" + b"9" * 5000, LONGEST),
        (b"max-age", 0),
        (b"max-age=-5", 0),
        (b"max-age=1.5", 0),
        (b"max-age=1, max-age=2", 0),
        (b"no-store", None),
    ],
)
def test_seconds_of_a_directive(value, found):
    assert seconds(directives(value), "max-age") == found


@pytest.mark.parametrize(
    ("value", "age"),
    [(b"7", 7), (b"7, 9", 7), (b"-7", 0), (b"", 0), (b"9" * 5000, LONGEST)],
)
def test_the_age_that_an_answer_tells(value, age):
    assert told_age({b"age": value}) == age


@given(st.binary(max_size=60))
def test_any_bytes_are_directives_or_nothing(value):
    for name, argument in directives(value).items():
        assert name == name.lower()
        assert isinstance(argument, str)


@pytest.mark.parametrize(
    ("fields", "fresh_for"),
    [
        ({}, None),
        ({b"cache-control": b"max-age=60"}, 60),
        ({b"cache-control": b"max-age=60, s-maxage=5"}, 5),
        ({b"cache-control": b"max-age=60", b"cdn-cache-control": b"max-age=7"}, 7),
        ({b"cache-control": b"max-age=60", b"cdn-cache-control": b""}, 60),
        ({b"expires": at(30)}, 30),
        ({b"expires": at(30), b"date": at(-10)}, 40),
        ({b"expires": at(-30)}, 0),
        ({b"expires": b"0"}, 0),
        ({b"expires": at(30), b"cache-control": b"max-age=5"}, 5),
        ({b"last-modified": at(-864000)}, None),
    ],
)
def test_how_long_an_answer_is_fresh(fields, fresh_for):
    assert lifetime(fields, NOW) == fresh_for


@pytest.mark.parametrize(
    ("fields", "took", "age"),
    [
        ({}, 0, 0),
        ({}, 3, 3),
        ({b"age": b"20"}, 3, 23),
        ({b"date": at(-50)}, 3, 50),
        ({b"date": at(-5), b"age": b"20"}, 3, 23),
        ({b"date": at(50)}, 0, 0),
        ({b"age": b"-1"}, 0, 0),
        ({b"age": b"5, 9"}, 0, 5),
    ],
)
def test_how_old_an_answer_is_when_it_comes(fields, took, age):
    assert current_age(fields, NOW - took, NOW) == age


def keeping(answer, request=None, status=200, **more):
    return kept(request or {}, status, answer, asked=NOW, received=NOW, **more)


FRESH = {b"cache-control": b"max-age=60"}


@pytest.mark.parametrize(
    ("answer", "request_", "status", "is_kept"),
    [
        (FRESH, {}, 200, True),
        (FRESH, {}, 404, True),
        (FRESH, {}, 206, False),
        (FRESH, {}, 302, False),
        (FRESH, {}, 400, False),
        (FRESH, {}, 431, False),
        (FRESH, {}, 500, False),
        ({}, {}, 200, False),
        ({b"cache-control": b"max-age=0"}, {}, 200, False),
        ({b"cache-control": b"max-age=0", b"etag": b'"1"'}, {}, 200, True),
        ({b"etag": b'"1"'}, {}, 200, True),
        ({b"last-modified": at(-9)}, {}, 200, True),
        ({b"cache-control": b"no-cache, max-age=60"}, {}, 200, False),
        ({b"cache-control": b"max-age=60, no-store"}, {}, 200, False),
        ({b"cache-control": b"max-age=60, private"}, {}, 200, False),
        ({**FRESH, b"set-cookie": b"a=b"}, {}, 200, False),
        ({**FRESH, b"vary": b"*"}, {}, 200, False),
        ({**FRESH, b"vary": b"accept, *"}, {}, 200, False),
        (FRESH, {b"cache-control": b"no-store"}, 200, False),
        (FRESH, {b"authorization": b"x"}, 200, False),
        ({b"cache-control": b"max-age=60, public"}, {b"authorization": b"x"}, 200, True),
        ({b"cache-control": b"s-maxage=60"}, {b"authorization": b"x"}, 200, True),
        ({b"cache-control": b"max-age=60, must-revalidate"}, {b"authorization": b"x"}, 200, True),
        ({**FRESH, b"age": b"61"}, {}, 200, False),
    ],
)
def test_what_is_kept(answer, request_, status, is_kept):
    assert (keeping(answer, request_, status) is not None) is is_kept


def test_a_key_that_tells_callers_apart_keeps_answers_to_requests_with_credentials():
    assert keeping(FRESH, {b"authorization": b"x"}, identified=True) is not None


def test_an_answer_is_as_old_as_it_came():
    found = keeping({**FRESH, b"age": b"20"})
    assert (found.stored, found.fresh, found.expires) == (NOW - 20, NOW + 40, NOW + 40)


@pytest.mark.parametrize(
    ("control", "expires"),
    [
        (b"max-age=60, stale-while-revalidate=30", 90),
        (b"max-age=60, stale-if-error=300", 360),
        (b"max-age=60, stale-if-error=300, must-revalidate", 60),
        (b"max-age=60, stale-if-error=9, stale-while-revalidate=30", 90),
    ],
)
def test_a_stale_answer_is_kept_as_long_as_it_may_be_given(control, expires):
    assert keeping({b"cache-control": control}).expires == NOW + expires


def test_an_answer_that_can_be_asked_about_is_kept_for_that():
    assert keeping({**FRESH, b"etag": b'"1"'}).expires == NOW + KEPT_FOR_QUESTIONS


def test_no_cache_is_kept_and_never_fresh():
    found = keeping({b"cache-control": b"no-cache, max-age=60", b"etag": b'"1"'})
    assert found.fresh == NOW


@pytest.mark.parametrize(
    ("vary", "names"),
    [
        (b"", ()),
        (b"Accept-Language", (b"accept-language",)),
        (b"b, A ,,b", (b"a", b"b")),
    ],
)
def test_the_fields_by_which_an_answer_was_chosen(vary, names):
    assert vary_names({b"vary": vary}) == names


def test_requests_with_equal_fields_but_for_blanks_get_the_same_choice():
    names = (b"accept", b"x-a")
    first = variant(names, {b"accept": b"text/html, */*"})
    assert first == variant(names, {b"accept": b"text/html,*/*", b"other": b"1"})
    assert first != variant(names, {b"accept": b"text/html, */*", b"x-a": b""})
    assert variant((b"x-a",), {b"x-a": b"a bc"}) != variant((b"x-a",), {b"x-a": b"ab c"})


@pytest.mark.parametrize(
    ("control", "is_enough"),
    [
        (b"", True),
        (b"no-cache", False),
        (b"max-age=20", True),
        (b"max-age=19", False),
        (b"max-age=0", False),
        (b"min-fresh=39", True),
        (b"min-fresh=40", False),
        (b"max-stale", True),
    ],
)
def test_what_a_request_takes_of_a_fresh_answer(control, is_enough):
    assert fresh_enough(directives(control), NOW - 20, NOW + 40, NOW) is is_enough


def test_a_stale_answer_is_not_fresh():
    assert not fresh_enough({}, NOW - 60, NOW, NOW)


@pytest.mark.parametrize(
    ("control", "answer", "may"),
    [
        (b"", b"max-age=1", False),
        (b"max-stale", b"max-age=1", True),
        (b"max-stale=10", b"max-age=1", True),
        (b"max-stale=9", b"max-age=1", False),
        (b"max-stale", b"max-age=1, must-revalidate", False),
        (b"max-stale", b"s-maxage=1", False),
        (b"max-stale", b"no-cache", False),
    ],
)
def test_who_takes_a_stale_answer(control, answer, may):
    assert may_be_stale(directives(control), directives(answer), 10) is may


@pytest.mark.parametrize(
    "strict", ["must-revalidate", "proxy-revalidate", "s-maxage=9", "no-cache"]
)
def test_nothing_stale_is_given_of_what_must_be_asked_about(strict):
    control = directives(f"stale-while-revalidate=30, stale-if-error=30, {strict}".encode())
    assert stale_for(control, "stale-while-revalidate") == stale_for(control, "stale-if-error") == 0


def test_questions_about_an_answer():
    known = {b"etag": b'W/"1"', b"last-modified": at(-9)}
    assert questions(known) == [(b"If-None-Match", b'W/"1"'), (b"If-Modified-Since", at(-9))]
    assert questions({}) == []


def test_a_confirmation_renews_fields_but_those_of_the_body():
    stored = [(b"ETag", b'"1"'), (b"Content-Type", b"a/b"), (b"X", b"1"), (b"Age", b"3")]
    confirmed = [(b"etag", b'"1"'), (b"Content-Length", b"0"), (b"X", b"2"), (b"X", b"3")]
    assert updated(stored, confirmed) == [
        (b"Content-Type", b"a/b"),
        (b"Age", b"3"),
        (b"etag", b'"1"'),
        (b"X", b"2"),
        (b"X", b"3"),
    ]


def test_repeated_fields_are_joined():
    assert by_name([(b"A", b"1"), (b"b", b"2"), (b"a", b"3")]) == {b"a": b"1, 3", b"b": b"2"}

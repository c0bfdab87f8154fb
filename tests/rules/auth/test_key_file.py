"""The file of keys to import: AWS's columns in any order and case, every problem with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.key_file import read_key_file

HEAD = "name,key,description,enabled,usageplanIds\n"


def read(text, **plans):
    return read_key_file(text, plans)


def test_a_file_as_aws_documents_it():
    text = (
        "Name,key,description,Enabled,usageplanIds\n"
        'MyFirstApiKey,apikey1234abcdefghij0123456789,An imported key,TRUE,"c7y23b,small"\n'
    )
    assert read(text, c7y23b="large") == (
        [
            {
                "name": "MyFirstApiKey",
                "value": "apikey1234abcdefghij0123456789",
                "description": "An imported key",
                "enabled": True,
                "plans": ["large", "small"],
            }
        ],
        [],
    )


def test_columns_may_stand_in_any_order_and_some_may_be_left_out():
    keys, problems = read("usageplanids,KEY,name\r\nsmall,k1,a\r\n\r\nlarge,k2,b\r\n")
    assert [(key["name"], key["value"], key["enabled"]) for key in keys] == [
        ("a", "k1", True),
        ("b", "k2", True),
    ]
    assert not problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, "missing column: name"), (1, "missing column: key")]),
        ("name,key,colour\n", [(1, "unknown column: colour")]),
        ("name,key,key\n", [(1, "column given twice: key")]),
        (HEAD + ",k,,,p\n", [(2, "no name")]),
        (HEAD + "a,,,,p\n", [(2, "no key")]),
        (HEAD + "a,k,,yes,p\n", [(2, "expected true or false in enabled")]),
        (HEAD + "a,k," + "x" * 200_000 + ",,p\n", [(2, "field larger than field limit (131072)")]),
        (HEAD + 'a,k,"two\nlines",,p\nb,,,,p\n', [(4, "no key")]),
        (HEAD + "a,k,,,\n", [(2, "no usageplanIds")]),
        (HEAD + "a,k,,,p\nb,k,,,p,x\n", [(3, "more than 5 values")]),
    ],
)
def test_problems_have_their_line(text, problems):
    assert read(text)[1] == problems


@given(st.text())
def test_any_text_is_read_or_refused(text):
    keys, problems = read(HEAD + text)
    assert all(key["name"] and key["value"] and key["plans"] for key in keys) or problems

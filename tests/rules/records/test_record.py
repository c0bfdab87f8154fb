"""The forms of a record: what is given, held to its rules, and read back as it was written."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.records.record import (
    CommandInput,
    Record,
    camel,
    read_document,
    read_input,
    write_document,
)
from frontdesk.rules.records.refusals import InvalidRecordError

KEY = {"pk": "ORDER#acme", "sk": "1"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "document",
    [
        {**KEY, "tenantCode": "acme", "isDeleted": True, "attributes": {"isDeleted": 1}},
        {**KEY, "tenant_code": "ACME", "is_deleted": True, "attributes": {"isDeleted": 1}},
    ],
    ids=["camelCase", "Python"],
)
def test_an_input_is_read_in_either_spelling_and_completed(document):
    asked = read_input(document)
    assert asked == CommandInput(
        pk="ORDER#acme",
        sk="1",
        id="ORDER#acme#1",
        tenant_code="acme",
        is_deleted=True,
        attributes={"isDeleted": 1},
    )
    assert read_input(asked) == asked


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"pk": "ORDER#acme"}, "expected sk$"),
        ({"name": "tea"}, "expected pk and sk$"),
        ({**KEY, "atributes": {}}, "no field atributes"),
        ({**KEY, "version": "1"}, "version"),
        ({**KEY, "version": True}, "version"),
        ({**KEY, "version": 2**53}, "version: expected at most"),
        ({**KEY, "ttl": 2**70}, "ttl: expected at most"),
        ({**KEY, "isDeleted": "no"}, "isDeleted"),
        ({**KEY, "name": 5}, "name"),
        ({**KEY, "ttl": 1.5}, "ttl"),
        ({**KEY, "tenantCode": "other"}, "tenantCode"),
        ({**KEY, "attributes": {"at": datetime(2026, 1, 1, tzinfo=UTC)}}, "JSON"),
        ({**KEY, "attributes": {"sum": math.nan}}, "JSON"),
        ({**KEY, "attributes": {"deep": (deep := [])}}, None),
    ],
)
def test_what_is_no_input_is_refused_by_name(document, words):
    if words is None:
        nested = document["attributes"]["deep"]
        for _ in range(100_000):
            nested.append(nested := [])
        words = "JSON"
    with pytest.raises(InvalidRecordError, match=words):
        read_input(document)


def test_a_wrong_field_has_a_hint():
    with pytest.raises(InvalidRecordError) as raised:
        read_input({**KEY, "atributes": {}})
    assert raised.value.hint == "did you mean attributes?"


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_a_record_is_read_as_it_was_written(attributes):
    asked = read_input({**KEY, "attributes": attributes, "seq": 3})
    record = Record(**{name: getattr(asked, name) for name in CommandInput.__slots__}, source="s")
    read = read_document(write_document(record), pk="ORDER#acme", sk="1", version=0, ttl=None)
    assert read == record
    assert Record.from_json(record.to_json()) == record


def test_the_json_of_a_record_says_nothing_of_what_is_not_there():
    record = Record(pk="A#b", sk="1", version=2, created_at="2026", cpk="A#b")
    assert record.to_json() == {
        "pk": "A#b",
        "sk": "1",
        "id": "",
        "code": "",
        "name": "",
        "version": 2,
        "tenantCode": "",
        "type": "",
        "createdAt": "2026",
        "cpk": "A#b",
    }
    assert record.versioned_sk == "1@2"
    assert camel("created_ip") == "createdIp"

"""Forms of members, and XML of answers."""

import contextlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.query_protocol import Entries, FormError, read_form, write_answer

NAMES = st.text("abAB.019", max_size=12)


@pytest.mark.parametrize(
    ("form", "members"),
    [
        ("Action=Publish&Message=a+b%26c", {"Action": "Publish", "Message": "a b&c"}),
        ("Tags.member.2.Key=b&Tags.member.1.Key=a", {"Tags": [{"Key": "a"}, {"Key": "b"}]}),
        (
            "A.entry.1.key=x&A.entry.1.value=1&A.entry.2.Name=y&A.entry.2.Value.StringValue=2",
            {"A": {"x": "1", "y": {"StringValue": "2"}}},
        ),
        ("Attributes=&Message=%C3%A9", {"Message": "é"}),
        ("MessageAttribute.1.Name=x", {"MessageAttribute": {"1": {"Name": "x"}}}),
        ("", {}),
    ],
)
def test_a_form_is_read(form, members):
    assert read_form(form.encode()) == members


@pytest.mark.parametrize(
    "form",
    [
        b"\xff=1",
        b"a=%ff",
        b"a.b=1&a=2",
        b"a=2&a.b=1",
        b"a.member.x=1",
        b"a.member." + b"1" * 5000 + b"=1",
        b".".join([b"a"] * 20) + b"=1",
        b"&".join(b"a%d=1" % number for number in range(3000)),
    ],
    ids=["utf-8", "escape", "branch", "leaf", "number", "digits", "deep", "many"],
)
def test_what_is_no_form_is_refused(form):
    with pytest.raises(FormError):
        read_form(form)


@given(st.dictionaries(NAMES, st.text(max_size=3), max_size=5))
def test_any_names_are_read_or_refused(pairs):
    form = "&".join(f"{name}={value}" for name, value in pairs.items())
    with contextlib.suppress(FormError):
        read_form(form.encode())


@given(st.text())
def test_any_text_makes_xml(text):
    body = write_answer("Do", {"Text": text, "All": [text], "Map": Entries({"k": text})}, "r", "ns")
    root = ET.fromstring(body)
    found = root.find("{ns}DoResult/{ns}Text").text or ""
    if text.isprintable():
        assert found == text
    assert root.find("{ns}DoResult/{ns}Map/{ns}entry/{ns}key").text == "k"
    assert root.find("{ns}ResponseMetadata/{ns}RequestId").text == "r"

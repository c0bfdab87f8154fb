"""Quotas of payloads and variables, and names of variables."""

import pytest

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import (
    LARGEST_PAYLOAD,
    hold_payload,
    hold_variables,
    is_variable_name,
    json_text,
    size,
)


@pytest.mark.parametrize(
    ("value", "bytes_of_it"),
    [("x" * (LARGEST_PAYLOAD - 2), LARGEST_PAYLOAD), ("ü" * (LARGEST_PAYLOAD // 2 - 1), LARGEST_PAYLOAD)],
)  # fmt: skip
def test_a_payload_is_measured_in_bytes_of_its_text(value, bytes_of_it):
    assert size(value) == bytes_of_it
    hold_payload("Ask", value)
    with pytest.raises(StateError) as caught:
        hold_payload("Ask", value + "x")
    assert (caught.value.name, caught.value.cause) == (
        "States.DataLimitExceeded",
        "The state/task 'Ask' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def test_what_one_state_assigns_is_held_to_the_quota():
    half = "x" * (LARGEST_PAYLOAD // 2)
    hold_variables({"a": half}, {"b": half})
    with pytest.raises(StateError, match="assigned in one state"):
        hold_variables({"a": half, "b": half}, {})


def test_all_variables_are_held_to_the_quota():
    full = "x" * (LARGEST_PAYLOAD - 20)
    many = {f"v{number}": full for number in range(40)}
    hold_variables({"v1": full}, many)
    hold_variables({}, many | {"more": full})
    with pytest.raises(StateError, match="variables of the execution"):
        hold_variables({"more": full}, many)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("a", True),
        ("größe_2", True),
        ("x" * 80, True),
        ("x" * 81, False),
        ("states", False),
        ("States", True),
        ("2a", False),
        ("a-b", False),
        ("a b", False),
        ("", False),
        ("a\n", False),
    ],
)
def test_names_of_variables(name, good):
    assert is_variable_name(name) is good


def test_what_has_no_text_fails():
    with pytest.raises(StateError, match="cannot be written"):
        json_text("\ud800")

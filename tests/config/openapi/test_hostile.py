"""Whatever stands in a document, in whatever place: it is read, or told with its line."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.config.openapi.writing import write_api
from tests.config.openapi.documents import faults, load_document
from tests.config.openapi.test_writing import HTTP, REST, VERSIONS, api_in_a_file

_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 999),
    st.sampled_from(
        ["", "x", "GET", "$default", "${env:X}", "#/paths", "arn:aws:lambda:::function:f"]
    ),
    st.sampled_from([[], {}, [[]], [{}], {"$ref": "#"}, {"$ref": "#/paths"}, {"a": {"b": []}}]),
)


def _places(value, path=()):
    """List the paths to all values within one."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Documents of all versions, of both types of API."""
    written = []
    for api in (REST, HTTP):
        loaded = api_in_a_file(tmp_path_factory.mktemp("api"), api)
        written += [write_api(loaded.config, loaded.tree, "a", version) for version in VERSIONS]
    return json.loads(json.dumps(written))


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_value_of_any_kind_in_any_place_is_read_or_told(documents, tmp_path, data):
    changed = copy.deepcopy(data.draw(st.sampled_from(documents)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list(_places(changed))))
        holder = changed
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = data.draw(_VALUE)
    for finding in faults(tmp_path, changed):
        assert finding.startswith(str(tmp_path))


def test_schemas_whose_names_become_one_are_an_error(tmp_path):
    schemas = {"Pet.A": {"type": "string"}, "PetA": {"type": "number"}}
    document = {"openapi": "3.0.1", "paths": {}, "components": {"schemas": schemas}}
    assert "names that differ in letters and digits" in faults(tmp_path, document)[0]


def test_files_that_refer_to_ever_more_files_come_to_an_end(tmp_path):
    for number in range(60):
        (tmp_path / f"{number}.json").write_text(
            json.dumps({"a": {"$ref": f"{number + 1}.json#/a"}})
        )
    document = {"openapi": "3.0.1", "paths": {"/": {"$ref": "0.json#/a"}}}
    assert any("at most 50 files" in finding for finding in faults(tmp_path, document))


def test_schemas_that_refer_to_each_other_are_models_once(tmp_path):
    schemas = {
        name: {"properties": {other: {"$ref": f"#/components/schemas/{other}"} for other in "abc"}}
        for name in "abc"
    }
    document = {"openapi": "3.0.1", "paths": {}, "components": {"schemas": schemas}}
    assert set(load_document(tmp_path, document).config.apis["a"].models) == set("abc")

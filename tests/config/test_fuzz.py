"""Whatever the files hold, loading ends in a Config or a ConfigError with a place for each finding."""

import copy
import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.base.errors import ConfigError
from frontdesk.config.check import check
from frontdesk.config.load import load

GOOD = """
name: clinic
listen: [{address: ":8080", half_close: true}, "127.0.0.1:8082"]
admin: {listen: "127.0.0.1:8081", token: "${env:TOKEN}"}
trusted_proxies: [10.0.0.0/8]
limits: {throttle: {rate: 100/s, burst: 5}, drain: 5s}
logs: {access: {format: {ip: $context.identity.sourceIp}}, redact: [cookie]}
functions:
  book: {handler: m.book, environment: {A: "${env:TOKEN}"}, reserved_concurrency: 1}
authorizers:
  patients: {type: jwt, issuer: "https://idp.example", audience: [clinic], refresh: {max_age: 1h}}
  custom: {type: function, function: book, cache: 0s}
upstreams:
  billing: {targets: ["http://127.0.0.1:1"], timeout: {read: 2s}, tls: {}}
apis:
  scheduling:
    host: api.example
    stages: {prod: {variables: {a: b}, throttle: 5/s}}
    cors: {allow_origins: ["https://app.example"], max_age: 1h}
    authorizer: patients
    routes:
      POST /a/{id}: {function: book, scopes: [book], throttle: [5/s, {rate: 1/s, by: $request.header.X}]}
      ANY /l/{p+}: {http: "http://x/{p}", request: {headers: {set: {X: "${request.path.p}"}}}, authorizer: none}
      GET /p: {http: {upstream: billing, path: /p}, response: {status: {"404": 200}}}
      GET /s: {static: public}
      $default: {mock: {status: 404, body: {message: no}}}
"""
TREE = yaml.safe_load(GOOD)
FRAGMENTS = st.sampled_from(
    [
        *GOOD.split(),
        "\n",
        "\n  ",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "&a ",
        "*a",
        "!!x ",
        "? ",
        "|",
        ">",
        "\t",
        "#",
        "---",
        "\x00",
        "é",
    ]
)


def outcome(data):
    """Load bytes as a file, and lint what loads. Gives None when the file was refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frontdesk.yaml")
        path.write_bytes(data)
        loaded = None
        try:
            loaded = load([path], {"TOKEN": "hunter2"})
            findings = check(loaded)
        except ConfigError as error:
            findings = error.findings
    assert loaded or findings
    assert "hunter2" not in "".join(map(str, findings))
    assert all(found.where.line >= 1 and found.where.column >= 1 for found in findings)
    return loaded


def places(value, path=()):
    yield path
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in members:
        yield from places(item, (*path, key))


PLACES = [path for path in places(TREE) if path]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
    st.sampled_from(
        [
            "10s",
            "5/s",
            "none",
            "off",
            "*",
            "GET /",
            "${env:TOKEN}",
            "${env:NO}",
            "${file:/}",
            "$context.x",
            "http://x",
            "jwt",
        ]
    ),
    st.just([]),
    st.just({}),
    st.sampled_from(PLACES).map(lambda path: at(TREE, path)),
)


def at(tree, path):
    for part in path:
        tree = tree[part]
    return tree


def test_the_seed_of_the_mutations_is_good():
    assert outcome(GOOD.encode()) is not None
    assert outcome(json.dumps(TREE).encode()) is not None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_loader(data):
    outcome(data)


@given(st.lists(FRAGMENTS, max_size=40))
def test_no_text_of_yaml_fragments_breaks_the_loader(fragments):
    outcome("".join(fragments).encode())


@given(st.integers(0, len(GOOD)), st.integers(0, 30), st.text(max_size=5))
def test_no_edit_of_a_good_file_breaks_the_loader(start, length, text):
    outcome((GOOD[:start] + text + GOOD[start + length :]).encode("utf-8", "replace"))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_no_changed_value_breaks_the_loader(changes):
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        try:
            parent = at(tree, path[:-1])
            parent[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # a former change took it away
    outcome(json.dumps(tree).encode())


@given(st.sampled_from(PLACES), st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8))
def test_no_added_key_is_ignored(path, key):
    tree = copy.deepcopy(TREE)
    holder = at(tree, path)
    if not isinstance(holder, dict) or key in holder:
        return
    holder[key] = {"never": "valid"}
    if "body" not in path:
        assert outcome(json.dumps(tree).encode()) is None


@pytest.mark.parametrize("cut", range(0, len(GOOD), 37))
def test_a_file_cut_short_is_told(cut):
    outcome(GOOD[:cut].encode())

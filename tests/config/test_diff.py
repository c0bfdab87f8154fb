"""Changes between two configurations: which keys, where, and what of them may be shown."""

import pytest

from frontdesk.config.diff import changes
from frontdesk.config.load import load

BEFORE = """
name: x
admin: {token: "${env:TOKEN}"}
limits: {max_body: 1MB}
logs: {redact: [cookie]}
functions:
  f: {handler: f.f, environment: {MODE: fast, DB_PASSWORD: hunter1}}
apis:
  a:
    routes:
      GET /x: {mock: {body: old}}
"""


def loaded(folder, text, env):
    path = folder / "frontdesk.yaml"
    path.write_text(text.lstrip("\n"))
    return load([path], {"TOKEN": "one", "OTHER": "one"} | env)


@pytest.fixture
def found(tmp_path):
    """Make some replacements; list the changes as lines, without their file."""

    def compare(*replacements, env=None):
        text = BEFORE
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        before = loaded(tmp_path, BEFORE, {})
        found = changes(before, loaded(tmp_path, text, env or {}))
        return [str(change).removeprefix(f"{tmp_path}/frontdesk.yaml:") for change in found]

    return compare


ANOTHER = "***" + " → another ***"
CASES = {
    "nothing": ([], []),
    "a value": (
        [("body: old", "body: new")],
        ['10:23: changed: apis.a.routes.GET /x.mock.body: "old" → "new"'],
    ),
    "a route more": (
        [("      GET /x", "      GET /y: {mock: {}}\n      GET /x")],
        ["10:7: added: apis.a.routes.GET /y: a mapping"],
    ),
    "a small mapping more": (
        [("GET /x: {mock", "GET /x: {throttle: {rate: 5/s, burst: 2}, mock")],
        ['10:16: added: apis.a.routes.GET /x.throttle: {rate: "5/s", burst: 2}'],
    ),
    "secrets of a small mapping": (
        [(", environment: {MODE: fast, DB_PASSWORD: hunter1}", "")],
        ['6:21: removed: functions.f.environment: {MODE: "fast", DB_PASSWORD: ***}'],
    ),
    "a route less": (
        [("GET /x: {mock: {body: old}}", "GET /y: {mock: {}}")],
        [
            "10:7: removed: apis.a.routes.GET /x: a mapping",
            "10:7: added: apis.a.routes.GET /y: a mapping",
        ],
    ),
    "a list": (
        [("[cookie]", "[cookie, x-id]")],
        ['4:8: changed: logs.redact: ["cookie"] → ["cookie", "x-id"]'],
    ),
    "a key more": (
        [("logs: {redact: [cookie]}", "logs: {redact: [cookie], access: off}")],
        ['4:26: added: logs.access: "off"'],
    ),
    "a comment, and another order": ([("name: x\n", "# new\n"), ("apis:", "name: x\napis:")], []),
    "a secret by its name": (
        [("hunter1", "hunter2")],
        [f"6:47: changed: functions.f.environment.DB_PASSWORD: {ANOTHER}"],
    ),
    "a reference for a text": (
        [("MODE: fast", 'MODE: "${env:OTHER}"')],
        ['6:35: changed: functions.f.environment.MODE: "fast" → "${env:OTHER}"'],
    ),
    "a literal for a reference": (
        [("${env:TOKEN}", "literal")],
        [f"2:9: changed: admin.token: {ANOTHER}"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_change_is_told_with_its_place_and_no_secret(found, name):
    replacements, lines = CASES[name]
    assert found(*replacements) == lines


def test_a_reference_that_stands_for_something_else_is_a_change(found):
    assert found(env={"TOKEN": "two"}) == [f"2:9: changed: admin.token: {ANOTHER}"]


def test_what_a_model_takes_as_secret_is_masked_under_whatever_key(found):
    lines = found(("${env:TOKEN}", "hunter2"), ("body: old", "body: hunter2"))
    assert lines[1] == '10:23: changed: apis.a.routes.GET /x.mock.body: "old" → ***'
    assert "hunter2" not in "".join(lines)

"""The keys that hints choose from, and how values are shown."""

import pytest

from frontdesk.config.validation import did_you_mean, keys_at, shown


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ((), "functions"),
        (("listen",), "half_close"),
        (("listen", 0), "half_close"),
        (("functions", "listen"), "handler"),
        (("authorizers", "a"), "jwks_uri"),
        (("authorizers", "a"), "form"),
        (("authorizers", "a", "refresh"), "max_age"),
        (("apis", "a"), "stages"),
        (("apis", "a", "stages", "p"), "variables"),
        (("apis", "a", "routes", "GET /", "throttle", 0), "burst"),
        (("apis", "a", "routes", "GET /", "response", "status", "404"), "headers"),
        (("limits", "throttle"), "rate"),
    ],
)
def test_keys_of_a_mapping_are_known_by_its_path(path, key):
    assert key in keys_at(path)


@pytest.mark.parametrize(
    "path", [("name",), ("functions",), ("no", "such"), ("apis", "a", "routes")]
)
def test_other_mappings_have_no_keys_of_their_own(path):
    assert keys_at(path) == []


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        ("a", "", '"a"'),
        ('"\n', "", r'"\"\n"'),
        ("x" * 61, "", '"' + "x" * 59 + '…"'),
        (1.5, "", "1.5"),
        (True, "", "true"),
        (None, "", "nothing"),
        ({}, "", "a mapping"),
        ([], "", "a list"),
        ("hunter2", "token", "***"),
        ("hunter2", "DB_PASSWORD", "***"),
        (5, "api-key", "***"),
        ("plain", "tokens_per_minute", '"plain"'),
    ],
)
def test_values_are_shown_short_and_secrets_masked(value, key, text):
    assert shown(value, key) == text


def test_only_near_words_are_suggested():
    assert did_you_mean("tiemout", ["timeout", "type"]) == "did you mean timeout?"
    assert did_you_mean("workers", ["timeout", "type"]) == ""
    assert did_you_mean("Production", ["dev", "prod"]) == "did you mean prod?"
    assert did_you_mean(5, ["timeout"]) == ""

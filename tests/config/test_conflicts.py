"""APIs that would be served at one place."""

import pytest

HERE = "this API is served at the same host and"


@pytest.mark.parametrize(
    ("apis", "kind"),
    [
        ("{a: {base_path: /v1, stages: {prod: {}}}, b: {base_path: /v1/prod}}", "path"),
        ("{a: {base_path: /v1, stage: {name: prod}}, b: {base_path: /v1/prod}}", "path"),
        ("{a: {stages: {v1: {}, $default: {}}}, b: {base_path: /v1}}", "path"),
        ("{a: {stages: {p: {}}}, b: {stages: {q: {}}}}", "base path"),
        ("{a: {host: H.example}, b: {host: h.example}}", "base path"),
    ],
)
def test_apis_at_one_place_are_told(errors_of, apis, kind):
    [error] = errors_of(f"name: clinic\napis: {apis}\n")
    assert f"apis.b: {HERE} {kind} as a (frontdesk.yaml:2:8)" in error


@pytest.mark.parametrize(
    "apis",
    [
        "{a: {stage: {name: v1}}, b: {base_path: /v1, stages: {prod: {}}}}",
        "{a: {host: h.example}, b: {host: i.example}, c: {}}",
        "{a: {stages: {p: {}, q: {}}}, b: {base_path: /r}}",
    ],
)
def test_apis_at_different_places_are_not(load_text, apis):
    load_text(f"name: clinic\napis: {apis}\n")


def test_stages_that_are_none_are_left_to_the_model(errors_of):
    found = errors_of("name: clinic\napis: {a: {stages: 5}, b: {base_path: /b, stage: [1]}}\n")
    assert all("conflict" not in error for error in found)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (
            "apis: {a: {host: H.example}}\nfunctions: {f: {handler: m.f, url: {auth: none, host: h.example}}}",
            "apis.a",
        ),
        (
            "domains: {h.example: {mappings: {v1: a}}}\napis: {a: {}}\nfunctions: {f: {handler: m.f, url: {auth: none, host: h.example}}}",
            "domains.h.example",
        ),
        (
            "functions: {g: {handler: m.f, url: {auth: none, host: h.example}}, f: {handler: m.f, url: {auth: none, host: h.example}}}",
            "functions.g",
        ),
    ],
    ids=["API", "domain", "function"],
)
def test_a_function_url_at_a_host_that_is_taken_is_told(errors_of, text, taken):
    [error] = errors_of(f"name: clinic\n{text}\n")
    assert f"functions.f.url.host: this host serves {taken}, too" in error

"""Loading: every error at once with its place, merging, and what a good file becomes."""

import gc
import json
import weakref
from pathlib import Path

import pytest

from frontdesk.base.addresses import Address
from frontdesk.base.durations import Rate
from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from frontdesk.config.models.throttle import Throttle
from frontdesk.config.tree import Node

GOLDEN = Path(__file__).with_name("bad_values.txt")
"""Cases of `## name`, the file's text, `->`, and exactly what is said of it."""


def golden_cases():
    for case in GOLDEN.read_text().split("\n## "):
        name, _, rest = case.removeprefix("## ").partition("\n")
        text, _, messages = rest.partition("\n->\n")
        yield pytest.param(text, messages.strip(), id=name)


@pytest.mark.parametrize(("text", "messages"), list(golden_cases()))
def test_a_bad_value_is_told_exactly(errors_of, text, messages):
    head = "" if text.startswith("name:") else "name: clinic\n"
    found = errors_of(f"{head}{text}\n", SECRET_REGION="hunter2 hunter2")
    assert "\n".join(found) == messages
    assert "hunter2" not in messages


def test_a_hint_does_not_repeat_what_a_reference_stands_for(errors_of):
    text = "name: x\napis: {a: {cors: {allow_methods: %s}}}"
    assert "did you mean GET?" in errors_of(text % "get")[0]
    assert "GET" not in errors_of(text % "'${env:METHOD}'", METHOD="get")[0]


def test_all_errors_are_told_at_once_in_file_order(errors_of):
    errors = errors_of("listen: x\nlisten: y\nlimits: {drain: 1y, nope: 1}\nregion: ${env:NO}\n")
    assert [error.split(": ")[0] for error in errors] == [
        "frontdesk.yaml:1:1",
        "frontdesk.yaml:1:9",
        "frontdesk.yaml:2:1",
        "frontdesk.yaml:3:17",
        "frontdesk.yaml:3:21",
        "frontdesk.yaml:4:9",
    ]


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("htpp", ["4:11", "7:31", "8:16", "11:6"]),
        ("HTTP", ["4:11", "7:31", "8:16", "11:6"]),
        ("graphql", ["4:11", "11:6"]),
        ("[http]", ["4:11", "7:31", "8:16", "11:6"]),
    ],
    ids=["misspelt", "capitals", "like none", "a list"],
)
def test_a_wrong_type_hides_no_other_error(errors_of, kind, places):
    api = f"name: x\napis:\n  a:\n    type: {kind}\n    base_path: /a\n    routes:\n"
    wrong = "      GET /x: {mock: {status: 99}}\n      GET /y: {nonsense: 1, mock: {}}\n"
    rest = "queues:\n  a: {}\n  b: {fifo: true, dead_letter: a}\n"
    found = errors_of(api + wrong + rest)
    assert [each.split(": ")[0].partition(":")[2] for each in found] == places


def test_what_is_looked_at_last_is_told_beside_a_wrong_type(errors_of):
    apis = "apis: {a: {type: htpp, routes: {GET /: {mock: {status: 200}}}}}\n"
    machine = "state_machines: {m: {definition: {StartAt: A, States: {B: {Type: Pass}}}}}\n"
    found = " ".join(errors_of(f"name: x\n{apis}{machine}"))
    assert ("did you mean http?" in found, "StartAt" in found) == (True, True)


def test_the_error_is_the_text_of_all_findings(load_text):
    with pytest.raises(ConfigError) as caught:
        load_text("nam: x")
    assert str(caught.value) == (
        "frontdesk.yaml:1:1: error: missing key: name [missing-key]\n"
        "frontdesk.yaml:1:1: error: nam: unknown key: nam [unknown-key]\n"
        "  hint: did you mean name?"
    )


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml:1:1: error: cannot read the file: No such"):
        load([tmp_path / "none.yaml"], {})


def test_the_least_file_is_served_with_defaults(load_text, tmp_path):
    config = load_text("name: clinic").config
    assert [listener.address for listener in config.listen] == [Address("127.0.0.1", 8080)]
    assert config.admin.listen == Address("127.0.0.1", 8081)
    assert config.admin.token is None
    assert config.data_dir == tmp_path / ".frontdesk"
    assert config.base_dir == tmp_path
    assert config.limits.throttle == Throttle(rate=Rate(10000, 1.0), burst=5000)
    assert (config.limits.max_body, config.limits.max_header) == (10 * 1024**2, 16 * 1024)
    assert config.logs.access.path == "-"
    assert config.apis == {}


def test_short_and_long_forms_mean_the_same(load_text):
    short = load_text(
        "name: x\nlisten: ':80'\nlimits: {throttle: 5/s}\n"
        "apis: {a: {routes: {GET /: {http: 'http://x', throttle: 5/s, scopes: []}}}}"
    ).config
    long = load_text(
        "name: x\nlisten: [{address: '0.0.0.0:80'}]\nlimits: {throttle: {rate: 5/s}}\n"
        "apis: {a: {routes: {GET /: {http: {url: 'http://x'}, throttle: [{rate: 5/s}]}}}}"
    ).config
    assert short == long


def test_stages_are_one_mapping_whichever_key_declares_them(load_text):
    apis = load_text(
        "name: x\napis:\n  a: {}\n  b: {host: b, stage: {name: prod, variables: {k: v}}}\n"
        "  c: {host: c, stages: {v1: {}, $default: {throttle: 5/s}}}"
    ).config.apis
    assert list(apis["a"].stages) == ["$default"]
    assert apis["b"].stages["prod"].variables == {"k": "v"}
    assert list(apis["c"].stages) == ["v1", "$default"]


def test_routes_keep_the_order_of_the_file(load_text):
    api = load_text(
        "name: x\napis: {a: {routes: {GET /b: {mock: {}}, GET /a: {mock: {}}, $default: {mock: {}}}}}"
    ).config.apis["a"]
    assert list(api.routes) == ["GET /b", "GET /a", "$default"]


def test_the_access_log_can_be_switched_off(load_text):
    assert load_text("name: x\nlogs: {access: off}").config.logs.access is None


def test_an_audience_can_be_waived_in_words(load_text):
    text = "name: x\nauthorizers: {a: {type: jwt, issuer: https://x, audience: none}}"
    assert load_text(text).config.authorizers["a"].audience is None


def test_place_tells_where_a_key_stands(load_text):
    loaded = load_text("name: x\napis:\n  a:\n    routes:\n      GET /: {mock: {}}\n")
    place = loaded.place("apis", "a", "routes", "GET /", "mock")
    assert str(place) == "frontdesk.yaml:5:15"
    assert place.path == "apis.a.routes.GET /.mock"
    assert loaded.place("apis", "a", "throttle") is None


def test_configuration_is_immutable_and_shows_no_secret(load_text):
    text = "name: x\nadmin: {token: '${env:T}'}\nfunctions: {f: {handler: m.f, environment: {A: '${env:T}', B: b}}}"
    config = load_text(text, T="hunter2").config
    assert "hunter2" not in repr(config)
    assert "hunter2" not in config.model_dump_json()
    assert config.admin.token.reveal() == "hunter2"
    assert config.functions["f"].environment["A"].reveal() == "hunter2"
    assert config.functions["f"].environment["B"] == "b"
    with pytest.raises(Exception, match="frozen"):
        config.name = "y"


def test_texts_of_the_configuration_are_plain(load_text):
    config = load_text(
        "name: x\napis: {a: {routes: {GET /: {mock: {headers: {A: b}, body: {c: [d]}}}}}}"
    ).config
    mock = config.apis["a"].routes["GET /"].mock
    assert {type(config.name), type(mock.headers["A"]), type(mock.body["c"][0])} == {str}


def test_json_is_accepted(load_text):
    text = json.dumps({"name": "x", "limits": {"drain": "5s"}}, indent=2)
    assert load_text(text).config.limits.drain == 5.0


def test_later_files_add(load_text):
    loaded = load_text(
        "name: x\nfunctions: {f: {handler: m.f}}",
        "functions: {g: {handler: m.g}}\nregion: eu-west-1",
    )
    assert list(loaded.config.functions) == ["f", "g"]
    assert str(loaded.place("functions", "g")) == "second.yaml:1:13"


def test_later_files_may_not_change(errors_of):
    (error,) = errors_of(
        "name: x\nfunctions: {f: {handler: m.f}}", "functions: {f: {handler: n.f}}"
    )
    assert error == (
        "second.yaml:1:17: error: functions.f.handler: already given in frontdesk.yaml:2:17 [merge]\n"
        "  hint: a later file may only add keys"
    )


def test_errors_of_several_files_are_told_in_their_order(errors_of):
    errors = errors_of("name: x\nregion: 1", "account: 2", "environment: 3")
    assert [error.partition(":")[0] for error in errors] == [
        "frontdesk.yaml",
        "second.yaml",
        "third.yaml",
    ]


def test_paths_start_at_the_folder_of_their_own_file(tmp_path):
    (tmp_path / "sub").mkdir()
    first, second = tmp_path / "a.yaml", tmp_path / "sub" / "b.yaml"
    first.write_text("name: x\nfunctions: {f: {handler: m.f, code: src}}")
    second.write_text("functions: {g: {handler: m.g, code: src}, h: {handler: m.h, code: /opt}}")
    functions = load([first, second], {}).config.functions
    assert functions["f"].code == tmp_path / "src"
    assert functions["g"].code == tmp_path / "sub" / "src"
    assert functions["h"].code == Path("/opt")


def test_sources_and_references_make_the_same_configuration_whatever_has_changed(tmp_path):
    path, text = tmp_path / "frontdesk.yaml", tmp_path / "text"
    path.write_text(
        "name: x\nadmin: {token: '${env:TOKEN}'}\n"
        "apis: {a: {routes: {GET /: {mock: {body: '${file:text} ${env:NONE:-default}'}}}}}\n"
    )
    text.write_text("before")
    loaded = load([path], {"TOKEN": "s3cret"})
    path.unlink()
    text.write_text("after")
    again = load(loaded.paths, {}, loaded.sources.__getitem__, known=dict(loaded.references))
    assert again.config == loaded.config
    assert again.config.apis["a"].routes["GET /"].mock.body == "before default"
    assert again.references == loaded.references


def test_a_configuration_is_freed_with_its_last_reference(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text("name: ${env:NAME}\napis: {a: {routes: {GET /: {mock: {status: 204}}}}}\n")
    gc.disable()  # as during a reload, whose leavings are never looked at
    try:
        loaded = load([file], {"NAME": "x"})
        config, places = weakref.ref(loaded.config), len(_nodes())
        del loaded
        assert config() is None
        assert len(_nodes()) < places
    finally:
        gc.enable()


def _nodes():
    return [each for each in gc.get_objects() if type(each) is Node]

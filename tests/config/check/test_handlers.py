"""Lints of handlers' source: leaks, shared state, and handlers that are not there."""

import textwrap
import zipfile

import pytest

from frontdesk.config.check import check


@pytest.fixture
def lint(load_text, tmp_path):
    """Lint a function whose handler is m.handler in the given source."""

    def findings(source, handler="m.handler", more=""):
        if source is not None:
            (tmp_path / "m.py").write_text(textwrap.dedent(source))
        text = (
            f"name: x\nfunctions: {{f: {{handler: {handler}{more}}}}}\n"
            "apis: {a: {throttle: 5/s, routes: {GET /: {function: f}}}}"
        )
        return [(found.id, str(found.where)) for found in check(load_text(text))]

    return findings


LEAKS = [
    'return {"statusCode": 500, "body": str(e)}',
    'return {"statusCode": 500, "body": json.dumps({"error": f"failed: {e}"})}',
    'return {"statusCode": 500, "body": e.args[0]}',
    'return {"statusCode": 500, "body": "failed: {}".format(repr(e))}',
    'return {"statusCode": 500, "body": traceback.format_exc()}',
    'text = str(e); return {"statusCode": 500, "body": text}',
]

SAFE = [
    'log.error("failed: %s", e); return {"statusCode": 500, "body": "sorry"}',
    'print(f"failed: {e}"); return {"statusCode": e.status, "body": "sorry"}',
    'return {"statusCode": 500, "body": str(event)}',
    "raise Sorry(str(e)) from e",
]


def _catching(line):
    return f"""
        def handler(event, context):
            try:
                return work(event)
            except Exception as e:
                {line}
        """


@pytest.mark.parametrize("line", LEAKS)
def test_an_exception_in_the_answer_is_found(lint, line):
    assert lint(_catching(line))[0][0] == "handler-leaks-exception"


@pytest.mark.parametrize("line", SAFE)
def test_an_exception_kept_inside_is_fine(lint, line):
    assert lint(_catching(line)) == []


def test_a_leak_in_a_called_function_is_found_at_its_line(lint):
    source = """
        def answer(event):
            try:
                return work(event)
            except ValueError as error:
                return {"body": str(error)}

        async def handler(event, context):
            return answer(event)
        """
    assert lint(source) == [("handler-leaks-exception", "m.py:6:9")]


def test_other_functions_of_the_module_are_not_looked_at(lint):
    source = """
        seen = []

        def admin(event, context):
            seen.append(event)

        def handler(event, context):
            return {}
        """
    assert lint(source) == []


STATE = [
    ("seen = []", "seen.append(event)"),
    ("seen = {}", "seen[event['id']] = 1"),
    ("seen: dict = {}", "del seen['a']"),
    ("seen = defaultdict(int)", "seen[1] += 1"),
    ("seen = collections.deque()", "seen.popleft()"),
    ("seen = 0", "global seen; seen += 1"),
]

NO_STATE = [
    ("seen = []", "seen = []; seen.append(event)"),
    ("seen = {}", "return seen['a']"),
    ("seen = 0", "global seen; return seen"),
    ("table = connect()", "table.put_item(event)"),
    ("seen = ()", "event['seen'] = 1"),
]


def _stateful(top, line):
    return f"{top}\ndef handler(event, context):\n    {line}\n"


@pytest.mark.parametrize(("top", "line"), STATE)
def test_state_of_the_module_changed_in_the_handler_is_found(lint, top, line):
    assert lint(_stateful(top, line))[0][0] == "handler-shares-state"


@pytest.mark.parametrize(("top", "line"), NO_STATE)
def test_local_and_read_only_state_is_fine(lint, top, line):
    assert lint(_stateful(top, line)) == []


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context): ...",
        "class handler: ...",
        "handler = wrap(other)",
        "from elsewhere import handler",
        "from elsewhere import other as handler",
        "from elsewhere import *",
        "if True:\n    def handler(event, context): ...",
    ],
)
def test_a_handler_may_be_bound_in_any_way(lint, source):
    assert lint(source) == []


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        ("def other(event, context): ...", "m.handler"),
        ("def handler(event, context: ...", "m.handler"),
        (None, "m.handler"),
        ("def handler(event, context): ...", "m.n.handler"),
    ],
    ids=["no callable", "no Python", "no file", "no module"],
)
def test_a_handler_that_is_not_there_is_found(lint, source, handler):
    assert lint(source, handler) == [("handler-not-found", "frontdesk.yaml:2:26")]


def test_a_handler_may_come_with_the_requirements(lint, tmp_path):
    (tmp_path / "requirements.txt").touch()
    assert lint(None, "package.handler", ", requirements: requirements.txt") == []


def test_packages_are_found_like_modules(lint, tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").write_text("def handler(event, context): ...")
    assert lint(None, "p.handler") == []


def _zip(path, source):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/m.py", source)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def handler(event, context): ...", []),
        ("def other(event, context): ...", [("handler-not-found", "frontdesk.yaml:2:26")]),
        ("def (", [("handler-not-found", "frontdesk.yaml:2:26")]),
        (
            _stateful("seen = []", "seen.append(event)"),
            [("handler-shares-state", "c.zip/p/m.py:3:5")],
        ),
    ],
    ids=["fine", "no callable", "no Python", "shares state"],
)
def test_a_handler_is_read_in_a_zip(lint, tmp_path, source, found):
    _zip(tmp_path / "c.zip", source)
    assert lint(None, "p.m.handler", ", code: c.zip") == found


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_a_zip_that_is_none_is_found(lint, tmp_path, content):
    (tmp_path / "c.zip").write_bytes(content)
    assert lint(None, "m.handler", ", code: c.zip")[0][0] == "handler-not-found"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("{timeout: 1s}", []),
        ("{code: old}", []),
        ("{code: gone}", [("handler-not-found", "frontdesk.yaml:2:53")]),
        ("{handler: m.gone}", [("handler-not-found", "frontdesk.yaml:2:63")]),
    ],
)
def test_handlers_of_versions_are_looked_at(lint, tmp_path, version, found):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "m.py").write_text("def handler(event, context): ...")
    source = "def handler(event, context): ..."
    assert lint(source, more=f", versions: {{'1': {version}}}") == found


@pytest.mark.parametrize("code", ["gone", "gone.zip"])
def test_code_must_be_there_whatever_comes_with_layers(lint, tmp_path, code):
    (tmp_path / "layer").mkdir()
    found = lint(None, "package.handler", f", code: {code}, layers: [layer]")
    assert found[0][0] == "handler-not-found"


def test_a_handler_may_come_with_a_layer(lint, tmp_path):
    (tmp_path / "layer").mkdir()
    assert lint(None, "package.handler", ", layers: [layer]") == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("[./bootstrap, x]", []),
        ("[node, x.mjs]", []),
        ("[./gone]", [("handler-not-found", "frontdesk.yaml:2:26")]),
    ],
)
def test_a_program_of_the_code_folder_must_be_there(lint, tmp_path, command, found):
    (tmp_path / "bootstrap").touch()
    assert lint(None, f"{{command: {command}}}") == found

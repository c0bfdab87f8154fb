"""The configuration page says what the models accept: every key, default, range, lint and variable."""

import json
import re
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from frontdesk.base.durations import parse_duration, parse_size
from frontdesk.config.check.lints import ERROR, ERROR_IN_PROD, LINTS, NOT_IN_DEV, WARNING
from frontdesk.config.load import load
from frontdesk.config.models.mapping import Header
from frontdesk.config.models.model import Model
from frontdesk.config.schema import json_schema
from frontdesk.config.yaml_source import read_yaml
from frontdesk.gateway.pipeline.context import CONTEXT
from frontdesk.rules.lang.selectors import SOURCES, parse
from tests.docs.pages import PAGES, ROOT, codes, documents, examples, spliced, tables

PAGE = (ROOT / "docs" / "configuration.md").read_text()
EXAMPLES = [(page, example) for page in PAGES for example in examples(page)]
SCHEMA = json_schema()
NOTHING = "\N{EN DASH}"


ENVIRON = {
    "DATABASE_URL": "postgresql://frontdesk:password@db.internal/frontdesk",
    "DESK_HASH": "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$5Ix9MLGZpTLc3x1PYgTzOVUuhT6G0QWd4eRVxoEGsP0",
    "DESK_TOKEN": "t0ken",
    "PRACTICE_A_KEY": "0123456789abcdef0123456789",
    "REDIS_URL": "rediss://:password@redis.internal:6379/0",
    "VENDOR_KEY": "k3y",
}

# -- examples -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "example"), EXAMPLES, ids=[example.name for _, example in EXAMPLES]
)
def test_an_example_loads(page, example, tmp_path):
    content = example.content
    if example.place is not None:
        content = spliced(examples(page)[0].content, example)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "vendor").write_text("v3nd0r\n")
    for name, document in documents(page).items():
        (tmp_path / name).write_text(document)
    for machine in content.get("state_machines", {}).values():
        if isinstance(machine["definition"], str):
            definition = tmp_path / machine["definition"]
            definition.parent.mkdir(exist_ok=True)
            definition.write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    file = tmp_path / "frontdesk.yaml"
    file.write_text(json.dumps(content))  # JSON is accepted
    load([file], ENVIRON, lookup=lambda _scheme, _name: "s3cret")


# -- keys ---------------------------------------------------------------------------------------


def _models(node=SCHEMA, name="Config", place=()):
    """Walk the schema: (place, model name, its type word) of every mapping with fixed keys.

    A place is a path in which `*` stands for names of the user's own.
    """
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        node = SCHEMA["$defs"][name]
    if "properties" in node:
        yield place, name, node["properties"].get("type", {}).get("const")
    for key, inner in node.get("properties", {}).items():
        yield from _models(inner, "", (*place, key))
    for inner in [*node.get("anyOf", []), *node.get("oneOf", [])]:
        yield from _models(inner, "", place)
    for inner in [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]:
        if isinstance(inner, dict):
            yield from _models(inner, "", (*place, "*"))
    if isinstance(node.get("items"), dict):
        yield from _models(node["items"], "", place)


MODELS = list(_models())


def _subclasses(model):
    yield model
    for each in model.__subclasses__():
        yield from _subclasses(each)


CLASSES = {model.__name__: model for model in _subclasses(Model)}


def _place(written):
    return tuple("*" if part.isupper() else part for part in written.split("."))


APART = {" that runs elsewhere": "RemoteFunction", " of a WebSocket API": "SocketRoute"}
"""Models that stand where others do, by what the head of their table says."""


def _documented(head):
    """Find the models of a table by its head: their places, and what matters of the entry.

    That is its type, or one of `APART`.
    """
    if head == "at the top":
        return {"Config"}
    own = next((name for words, name in APART.items() if words in head), None)
    for words in APART:
        head = head.replace(words, "")
    places, _, kind = head.partition(" of type ")
    found = {
        name
        for place in codes(places)
        for where, name, word in MODELS
        if where == _place(place)
        and kind in ("", f"`{word}`")
        and (name == own if own else name not in APART.values())
    }
    assert found, f"nothing stands {head}"
    return found


KEY_TABLES = [
    (model, table)
    for table in tables(PAGE)
    if table.head[1:] == ["type", "default", "meaning"]
    for model in sorted(_documented(table.head[0]))
]
ROWS = [
    (model, *row[:3])
    for model, table in KEY_TABLES
    for row in table.rows
    if row[1] != "as there"  # keys that another table tells of
]


def test_every_mapping_has_its_table_once():
    assert sorted(model for model, _ in KEY_TABLES) == sorted({name for _, name, _ in MODELS})


@pytest.mark.parametrize(("model", "table"), KEY_TABLES, ids=[model for model, _ in KEY_TABLES])
def test_a_table_has_the_keys_of_its_mapping(model, table):
    documented = [key for row in table.rows for key in codes(row[0])]
    assert sorted(documented) == sorted(_keys(model))


def _keys(model):
    return (SCHEMA if model == "Config" else SCHEMA["$defs"][model])["properties"]


def _field(model, key):
    title = model if model == "Config" else SCHEMA["$defs"][model]["title"]
    fields = CLASSES[title].model_fields
    return next(field for name, field in fields.items() if (field.alias or name) == key)


def _read(field, text):
    """Read a value as it stands in a file, by the rules of one key."""
    tree, findings = read_yaml(b'{"value": ' + text.encode() + b"}", "page")
    assert not findings
    annotated = (
        Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    )
    return TypeAdapter(annotated).validate_python(tree.value["value"])


ROW_IDS = [f"{model}.{key.strip('`')}" for model, key, *_ in ROWS]


@pytest.mark.parametrize(("model", "key", "kind", "default"), ROWS, ids=ROW_IDS)
def test_a_default_is_true(model, key, kind, default):
    field = _field(model, key.strip("`"))
    if default == "required":
        assert field.is_required()
    elif default.startswith("`"):
        assert _read(field, default.strip("`")) == field.default
    elif default == NOTHING:
        value = field.get_default(call_default_factory=True)
        assert not value or (isinstance(value, Model) and value == type(value)())
    else:
        assert default == "all"


_RANGE = re.compile(r"(\S+) to (\S+)|at least (\S+)")


def _ends():
    """List the ends of every range: (model, key, end, a little beyond it), as written or as numbers."""
    for model, key, kind, _ in ROWS:
        if found := _RANGE.search(kind):
            low, high = found[1] or found[3], found[2]
            duration = kind.startswith("duration")
            amount, step = (parse_duration, 0.001) if duration else (_amount, 1)
            if amount(low) >= step:
                yield model, key.strip("`"), low, round(amount(low) - step, 3)
            if high:
                yield model, key.strip("`"), high, round(amount(high) + step, 3)


def _amount(text):
    return parse_size(int(text) if text.isdecimal() else text)


ENDS = list(_ends())


@pytest.mark.parametrize(
    ("model", "key", "end", "beyond"), ENDS, ids=[f"{m}.{k} {end}" for m, k, end, _ in ENDS]
)
def test_a_range_ends_where_it_is_said_to(model, key, end, beyond):
    field = _field(model, key)
    _read(field, end)
    with pytest.raises(ValidationError):
        _read(field, str(beyond))


def test_no_table_of_names_shows_a_place_that_does_not_exist():
    places = {where for where, *_ in MODELS} | {
        (*where, key) for where, name, _ in MODELS for key in _keys(name)
    }
    table = next(table for table in tables(PAGE) if table.head == ["AWS", "here"])
    unknown = [
        place
        for _, here in table.rows
        for place in codes(here)
        if "." in place and _place(place) not in places
    ]
    assert unknown == []


# -- lints, selectors, variables ----------------------------------------------------------------

SEVERITIES = {
    "E": ERROR,
    "W": WARNING,
    "W, E in prod": ERROR_IN_PROD,
    "W in staging, E in prod": NOT_IN_DEV,
}


def test_every_lint_stands_in_the_table_with_its_severity():
    table = next(table for table in tables(PAGE) if table.head[0] == "id")
    documented = {codes(row[0])[0]: SEVERITIES[row[1]] for row in table.rows}
    assert documented == {name: lint.severity for name, lint in LINTS.items()}


def test_every_selector_is_documented_and_understood():
    table = next(table for table in tables(PAGE) if table.head[0] == "selector")
    written = [selector for row in table.rows for selector in codes(row[0])]
    assert all(parse(selector) for selector in written)
    for source in SOURCES:
        assert any(re.match(rf"\${re.escape(source)}\b", selector) for selector in written), source


def test_every_context_variable_is_documented():
    table = next(table for table in tables(PAGE) if table.head[0] == "`$context.`")
    written = {name for row in table.rows for name in codes(row[0])} - {
        "authorizer.NAME",
        "authorizer.claims.NAME",
    }
    families = tuple(name.removesuffix("*") for name in written if name.endswith("*"))
    assert {name for name in written if not name.endswith("*")} == {
        name for name in CONTEXT if not name.startswith(families)
    }
    assert all(any(name.startswith(family) for name in CONTEXT) for family in families)


def test_every_field_that_is_said_to_be_reserved_is():
    reserved = codes(PAGE.partition("cannot be mapped:")[2].partition("\n\n")[0])
    header = TypeAdapter(Header)
    for name in reserved:
        with pytest.raises(ValidationError, match="the gateway's"):
            header.validate_python(name.replace("*", "x"))

"""From the file's functions to what the host takes."""

import pytest

from frontdesk.app.functions import function_definition, invokers
from frontdesk.config.load import load
from frontdesk.functions.settings import Alias
from tests.live.gateways import project

CONFIG = """
region: eu-west-1
functions:
  book:
    handler: app.book
    timeout: 7s
    memory: 200MB
    environment: {A: "1", B: "${env:B}"}
    layers: [tools.zip]
    reserved_concurrency: 5
    provisioned_concurrency: {live: 2}
    versions:
      "1": {code: releases/1}
      "2": {handler: {command: [./run, x]}, environment: {C: "3"}, timeout: 9s, layers: []}
    aliases: {live: {version: "1", weights: {"2": 0.25}}, next: {version: 2}}
  plain: {handler: app.plain, provisioned_concurrency: 3}
"""


@pytest.fixture
def config(tmp_path):
    return load([project(tmp_path, CONFIG)], {"B": "secret"}).config


def test_a_version_takes_from_the_entry_what_it_does_not_say(config, tmp_path):
    book = function_definition(config, "book")
    latest, one, two = book.latest, book.versions["1"], book.versions["2"]
    assert [each.version for each in (latest, one, two)] == ["$LATEST", "1", "2"]
    assert (latest.handler, latest.command, latest.code) == ("app.book", (), tmp_path)
    assert (one.handler, one.code, one.timeout) == ("app.book", tmp_path / "releases/1", 7.0)
    assert one.environment == latest.environment == {"A": "1", "B": "secret"}
    assert one.layers == (tmp_path / "tools.zip",)
    assert (two.handler, two.command, two.timeout) == ("", ("./run", "x"), 9.0)
    assert (two.environment, two.layers, two.memory) == ({"C": "3"}, (), 200)
    assert {each.region for each in (latest, one, two)} == {"eu-west-1"}


def test_aliases_and_shares_are_those_of_the_file(config):
    book, plain = function_definition(config, "book"), function_definition(config, "plain")
    assert book.aliases == {
        "live": Alias(version="1", weights={"2": 0.25}),
        "next": Alias(version="2"),
    }
    assert (book.reserved_concurrency, book.provisioned) == (5, {"live": 2})
    assert (plain.reserved_concurrency, plain.provisioned) == (None, {"$LATEST": 3})


def test_there_is_an_invoker_for_each_name_that_a_route_may_use(config):
    class Host:
        def invoker(self, name, qualifier=""):
            return name, qualifier

    found = invokers(config, Host(), None)
    assert found == {
        "book": ("book", ""),
        "book:live": ("book", "live"),
        "book:next": ("book", "next"),
        "book:1": ("book", "1"),
        "book:2": ("book", "2"),
        "book:$LATEST": ("book", "$LATEST"),
        "plain": ("plain", ""),
        "plain:$LATEST": ("plain", "$LATEST"),
    }

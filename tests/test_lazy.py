"""Importing the package, or the client, loads no more than it is."""

import subprocess
import sys

import pytest

import frontdesk
import frontdesk.client
from frontdesk.client.session import names

_FOREIGN = (
    "frontdesk.config",
    "frontdesk.stores",
    "frontdesk.ports",
    "frontdesk.gateway",
    "msgspec",
    "click",
    "pydantic",
    "yaml",
)


@pytest.mark.parametrize(
    "statement",
    [
        "import frontdesk.client",
        "from frontdesk import Client, SyncClient, retry, settle, with_retry",
    ],
)
def test_what_is_not_needed_is_not_loaded(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [each for each in run.stdout.split() if each.startswith(_FOREIGN)] == []


def test_records_load_no_store_before_one_is_opened():
    code = "import frontdesk.records, sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    foreign = tuple(each for each in _FOREIGN if each != "frontdesk.ports")
    assert [each for each in run.stdout.split() if each.startswith(foreign)] == []


def test_importing_the_package_loads_no_client():
    code = "import frontdesk, frontdesk.client, sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"asyncio", "ssl", "httptools", "orjson"} & set(run.stdout.split())


@pytest.mark.parametrize("name", names.__all__)
def test_names_of_the_client(name):
    assert getattr(frontdesk.client, name) is getattr(names, name)


@pytest.mark.parametrize("package", [frontdesk, frontdesk.client])
def test_a_name_that_is_not_there(package):
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing

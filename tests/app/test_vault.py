"""References to secrets while files are read: what they become, and what is told where they cannot be read."""

import asyncio
import builtins
import threading
from base64 import b64encode
from types import MappingProxyType

import pytest

from frontdesk.app.named_secrets import NamedSecrets
from frontdesk.app.reading import SETTINGS, read_files
from frontdesk.app.secrets_in_use import compare
from frontdesk.app.vault import open_vault
from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from frontdesk.stores.vault.master_keys import FILE, VARIABLE
from tests.live.gateways import project
from tests.live.servers import postgres_url
from tests.live.vaults import serving, vault_in

VALUE = "hunter2-hunter2"
FUNCTION = """
functions: {f: {handler: m.f, environment: {KEY: "%s"}}}
"""


@pytest.fixture
def written(tmp_path):
    """Write a file with a function that has a text in its environment, and keys of the top."""
    return lambda text, head="": project(tmp_path, head + FUNCTION % text)


def keep(path, environ=MappingProxyType({}), **values):
    """Set secrets of the vault of a file: `_` of a name stands for the slash of a parameter."""

    async def whole():
        async with open_vault(
            load([path], environ, only=SETTINGS).config, environ, make=True
        ) as vault:
            for name, value in values.items():
                await NamedSecrets(vault).set(name.replace("_", "/"), value)

    asyncio.run(whole())


def key(path, environ=None):
    return read_files([path], environ or {}).config.functions["f"].environment["KEY"].reveal()


def refusal(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        read_files([path], environ or {})
    assert VALUE not in str(caught.value)
    (finding,) = caught.value.findings
    return finding.message, finding.hint


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("${secret:vendor}", VALUE),
        ("<${secret:vendor}>", f"<{VALUE}>"),
        ("${secretsmanager:vendor}", VALUE),
        ("${secret:json#a}", "b"),
        ("${secretsmanager:json#a}", "b"),
        ("${ssm:/clinic/key}", VALUE),
        ("${ssm:/clinic/key:1}", VALUE),
        ("$${secret:vendor}", "${secret:vendor}"),
    ],
)
def test_a_reference_becomes_its_value(written, text, becomes):
    path = written(text)
    keep(path, vendor=VALUE, json='{"a": "b"}', _clinic_key=VALUE)
    if text.startswith("$$"):
        assert read_files([path], {}).config.functions["f"].environment["KEY"] == becomes
    else:
        assert key(path) == becomes


@pytest.mark.parametrize("store", ["sqlite", "memory", "sqlite:///{folder}/other.db"])
def test_the_vault_is_where_the_store_is(written, tmp_path, store):
    path = written("${secret:vendor}", f"store: {store.format(folder=tmp_path)}\n")
    keep(path, vendor=VALUE)
    assert key(path) == VALUE


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("${secret:nope}", "this secret is not in the vault: ${secret:nope}", "set nope"),
        ("${secret:nope#a}", "this secret is not in the vault: ${secret:nope#a}", "set nope"),
        ("${ssm:/nope:3}", "this secret is not in the vault: ${ssm:/nope:3}", "set /nope"),
        ("${ssm:nope}", "this secret is not in the vault: ${ssm:nope}", "set ssm:nope"),
        ("${secret:vendor#a}", "cannot read ${secret:vendor#a}: the secret is no JSON object", ""),
        ("${secret:json#b}", "cannot read ${secret:json#b}: the secret has no key b", ""),
        ("${ssm:/clinic/key:9}", "could not find version 9", ""),
    ],
)
def test_what_is_not_there_is_told_with_the_way_to_mend_it(written, text, why, hint):
    path = written(text)
    keep(path, vendor=VALUE, json='{"a": "b"}', _clinic_key=VALUE)
    message, found = refusal(path)
    assert why in message
    assert found.endswith(hint)


def test_looking_up_makes_no_store_and_no_key(written, tmp_path):
    refusal(written("${secret:vendor}"))
    assert [path.name for path in tmp_path.iterdir()] == ["frontdesk.yaml"]


def test_a_lost_master_key_is_told(written, tmp_path):
    path = written("${secret:vendor}")
    keep(path, vendor=VALUE)
    (tmp_path / ".frontdesk" / FILE).unlink()
    message, hint = refusal(path)
    assert message.startswith("cannot read ${secret:vendor}: there is no master key")
    assert "set them anew" in hint


def test_a_store_that_cannot_be_opened_is_told(written, tmp_path):
    path = written("${secret:vendor}")
    keep(path, vendor=VALUE)
    (tmp_path / ".frontdesk" / "frontdesk.db").write_text(
        "this is no database, whatever it is called"
    )
    message, _ = refusal(path)
    assert message.startswith("cannot open the vault for ${secret:vendor}: ")


def test_a_vault_cannot_be_found_by_what_is_in_it(written):
    with pytest.raises(ConfigError) as caught:
        read_files([written("${secret:vendor}", 'store: "${secret:database}"\n')], {})
    messages = [finding.message for finding in caught.value.findings]
    expected = "cannot tell where the vault is for ${secret:%s}: store: no vault is at hand here: ${secret:database}"
    assert messages == [expected % "database", expected % "vendor"]


def test_what_has_changed_is_told_by_reference(written):
    path = written("${secret:vendor}-${ssm:/clinic/key}-${secret:same}")
    keep(path, vendor=VALUE, same="s", _clinic_key=VALUE)
    loaded = read_files([path], {})
    assert compare(loaded, {}) == ([], [])
    keep(path, vendor="another", _clinic_key="another", unused="x")
    assert compare(loaded, {}) == (["${secret:vendor}", "${ssm:/clinic/key}"], [])


def test_what_is_lost_is_told_by_reference(written, tmp_path):
    path = written("${secret:vendor}")
    keep(path, vendor=VALUE)
    loaded = read_files([path], {})
    (tmp_path / ".frontdesk" / "frontdesk.db").unlink()
    assert compare(loaded, {}) == ([], ["this secret is not in the vault: ${secret:vendor}"])


@pytest.mark.slow
def test_gateways_with_one_database_share_the_vault_and_its_key(tmp_path):
    key_of_all = {VARIABLE: b64encode(bytes(32)).decode()}
    shared = {**key_of_all, "URL": postgres_url()}
    paths = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        paths.append(
            project(tmp_path / name, 'store: "${env:URL}"\n' + FUNCTION % "${secret:vendor}")
        )
    keep(paths[0], shared, vendor=VALUE)
    assert [key(path, shared) for path in paths] == [VALUE, VALUE]
    assert "there is no master key" in refusal(paths[1], {"URL": postgres_url()})[0]
    gone = {**key_of_all, "URL": "postgresql://nobody@127.0.0.1:1/none"}
    assert refusal(paths[1], gone)[0].startswith("cannot open the vault for ${secret:vendor}: ")


# -- at AWS -----------------------------------------------------------------------------------------


@pytest.fixture
def at_aws(tmp_path, monkeypatch):
    """Be AWS, in a thread of its own: another vault behind its wire APIs."""
    ready, over = threading.Event(), threading.Event()
    (tmp_path / "aws").mkdir()

    async def whole():
        vault = vault_in(tmp_path / "aws")
        async with serving(vault) as client:
            monkeypatch.setenv("AWS_ENDPOINT_URL", client("ssm").address)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "any")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
            named = NamedSecrets(vault)
            await named.set("vendor", '{"key": "' + VALUE + '"}')
            await named.set("/clinic/key", VALUE)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(whole()))
    thread.start()
    assert ready.wait(30)
    yield
    over.set()
    thread.join()


@pytest.mark.parametrize("text", ["${ssm:/clinic/key}", "${secretsmanager:vendor#key}"])
@pytest.mark.usefixtures("at_aws")
def test_a_reference_is_read_at_aws_where_the_file_says_so(written, text):
    assert key(written(text, "secrets: {provider: aws, region: us-east-1}\n")) == VALUE
    assert refusal(written(text))[0].startswith("this secret is not in the vault")


@pytest.mark.usefixtures("at_aws")
def test_a_secret_of_the_vault_stays_in_the_vault(written):
    path = written("${secret:vendor}", "secrets: aws\n")
    keep(path, vendor="mine")
    assert key(path) == "mine"


@pytest.mark.usefixtures("at_aws")
def test_what_aws_refuses_is_told_in_its_words(written):
    message, hint = refusal(written("${ssm:/nope}", "secrets: aws\n"))
    assert message.startswith("cannot read ${ssm:/nope}: AWS does not tell it:")
    assert "ParameterNotFound" in message
    assert "secrets.region" in hint


def test_who_asks_aws_without_a_profile_is_told(written, monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    message, _ = refusal(written("${ssm:/a}", "secrets: {provider: aws, profile: nobody}\n"))
    assert "The config profile (nobody) could not be found" in message


def test_a_missing_package_is_told(written, monkeypatch):
    importing = builtins.__import__

    def without(name, *more):
        if name.startswith("botocore"):
            raise ImportError(name)
        return importing(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    message, hint = refusal(written("${ssm:/a}", "secrets: aws\n"))
    assert (message, hint) == (
        "cannot read ${ssm:/a}: secrets: aws needs the package botocore",
        "pip install 'frontdesk[aws]'",
    )

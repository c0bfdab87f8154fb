"""The vault as a whole: what references read, what the store holds, and the turn of the master key."""

import json
from dataclasses import replace

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.ports.catalog import ConflictError
from frontdesk.ports.deliveries import Application, Endpoint
from frontdesk.rules.webhooks.keys import WebhookSecret
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.vault.master_keys import FILE, VARIABLE
from frontdesk.stores.vault.parameters import Wanted
from frontdesk.stores.vault.refusals import LockedError, VaultError
from frontdesk.stores.vault.secrets import Description, Value
from tests.live.vaults import WallClock, vault_in

VALUE = "hunter2-hunter2"


class Catalog(MemoryCatalog):
    """Somebody else is faster, `conflicts` times; or the disk is full."""

    def __init__(self):
        super().__init__(WallClock())
        self.conflicts = 0
        self.commits = 0
        self.full_at = None

    async def commit(self, changes):
        if self.conflicts:
            self.conflicts -= 1
            raise ConflictError(changes[0], 7)
        self.commits += 1
        if self.commits == self.full_at:
            raise StoreError("disk full")
        return await super().commit(changes)

    @property
    def text(self):
        return json.dumps([record.document for kept in self._versions.values() for record in kept])


@pytest.fixture
def catalog():
    return Catalog()


@pytest.fixture
def vault(tmp_path, catalog):
    return vault_in(tmp_path, catalog=catalog)


async def put(vault, name, value=VALUE, **more):
    return await vault.parameters.put(name, Wanted(value=value, type="SecureString", **more))


async def test_references_read_current_values_members_and_versions(vault):
    await vault.secrets.set("vendor", Value(b"old"))
    await vault.secrets.set("vendor", Value(b'{"user": "me", "port": 5432}'))
    assert await vault.secret("vendor#user") == "me"
    assert await vault.secret("vendor#port") == "5432"
    assert json.loads(await vault.secret("vendor"))["user"] == "me"
    await put(vault, "/a", "one")
    await put(vault, "/a", "two", overwrite=True)
    assert (await vault.parameter("/a"), await vault.parameter("/a:1")) == ("two", "one")


async def test_an_arn_reads_with_its_suffix_and_without(vault):
    secret = await vault.secrets.set("vendor", Value(VALUE.encode()))
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:vendor"
    assert await vault.secret(f"{arn}-{secret.suffix}") == VALUE
    assert await vault.secret(arn) == VALUE
    await vault.secrets.set("a-abcdef", Value(b"another"))
    assert await vault.secret(arn.replace("vendor", "a-abcdef")) == "another"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("nope", "can't find the specified secret"),
        ("plain#key", "is no JSON object"),
        ("json#nope", "has no key nope"),
        ("binary", "is binary"),
        ("empty", "AWSCURRENT"),
    ],
)
async def test_what_cannot_be_read_is_told_without_its_value(vault, reference, why):
    await vault.secrets.set("plain", Value(VALUE.encode()))
    await vault.secrets.set("json", Value(json.dumps({"a": VALUE}).encode()))
    await vault.secrets.set("binary", Value(b"\xff", binary=True))
    await vault.secrets.create("empty", None, None, Description())
    with pytest.raises(VaultError, match=why) as caught:
        await vault.secret(reference)
    assert VALUE not in repr(caught.value)


async def test_the_store_has_no_value_in_plain_text(vault, catalog):
    await vault.secrets.set("vendor", Value(VALUE.encode()))
    await vault.parameters.put("/plain", Wanted(value=VALUE, type="String"))
    assert "vendor" not in VALUE
    assert VALUE not in catalog.text
    assert repr(Value(VALUE.encode())) == repr(Wanted(value=VALUE)) == "***"


async def test_somebody_who_was_faster_is_not_overwritten(vault, catalog):
    catalog.conflicts = 3
    await vault.secrets.set("vendor", Value(b"1"))
    catalog.conflicts = 2
    await vault.secrets.set("vendor", Value(b"2"))
    assert len((await vault.secrets.get("vendor")).versions) == 2


async def test_another_master_key_encrypts_every_value_anew(vault, catalog, tmp_path):
    for value in (b"1", b"2"):
        await vault.secrets.set("vendor", Value(value))
    await put(vault, "/a")
    before, key = catalog.text, (tmp_path / FILE).read_text()
    assert await vault.rotate_key() == 3
    assert (tmp_path / FILE).read_text() != key
    assert len((tmp_path / FILE).read_text().split()) == 1
    sealed = {each["sealed"]["text"] for each in json.loads(before)[0]["versions"]}
    assert not any(text in catalog.text for text in sealed)
    assert (await vault.secret("vendor"), await vault.parameter("/a")) == ("2", VALUE)
    assert await vault.rotate_key() == 3


async def test_endpoints_of_webhooks_turn_with_the_master_key(tmp_path):
    deliveries = MemoryDeliveries()
    await deliveries.put_application(Application("acme", "", 0.0))
    vault = vault_in(tmp_path, deliveries=deliveries)
    secrets = (WebhookSecret("whsec_one", "a", 5.0),)
    plain, made = (
        Endpoint(id=id_, app="acme", url="https://a.example", secrets=secrets, created=0.0)
        for id_ in ("ep_plain", "ep_made")
    )
    await deliveries.put_endpoint(plain)
    await deliveries.put_endpoint(vault.endpoints.sealed(made))
    assert await vault.rotate_key() == 2
    for id_ in ("ep_plain", "ep_made"):
        kept = (await deliveries.endpoint("acme", id_)).endpoint
        assert kept.sealed is not None
        assert vault.endpoints.opened(kept).secrets == secrets
    elsewhere = replace(kept, id="ep_plain")
    with pytest.raises(LockedError, match="changed or damaged"):
        vault.endpoints.opened(elsewhere)


async def test_a_rotation_that_ended_before_its_end_loses_nothing_and_can_be_done_again(
    vault, catalog, tmp_path
):
    for name in ("a", "b", "c"):
        await vault.secrets.set(name, Value(name.encode()))
    catalog.full_at = catalog.commits + 2
    with pytest.raises(StoreError):
        await vault.rotate_key()
    assert [await vault.secret(name) for name in "abc"] == ["a", "b", "c"]
    await vault.rotate_key()
    assert [await vault.secret(name) for name in "abc"] == ["a", "b", "c"]
    assert len((tmp_path / FILE).read_text().split()) == 1


async def test_keys_of_the_variable_turn_when_the_first_is_another(tmp_path, catalog):
    old, new = "A" * 43 + "=", "B" * 42 + "A="
    await vault_in(tmp_path, catalog=catalog, environ={VARIABLE: old}).secrets.set("a", Value(b"1"))
    both = vault_in(tmp_path, catalog=catalog, environ={VARIABLE: f"{new},{old}"})
    assert await both.rotate_key() == 1
    assert await vault_in(tmp_path, catalog=catalog, environ={VARIABLE: new}).secret("a") == "1"
    with pytest.raises(LockedError, match="another master key"):
        await vault_in(tmp_path, catalog=catalog, environ={VARIABLE: old}).secret("a")
    assert not list(tmp_path.iterdir())


async def test_a_secret_that_was_moved_to_another_name_does_not_open(vault, catalog):
    await vault.secrets.set("mine", Value(b"1"))
    record = await catalog.get("secret", "mine")
    await catalog.put("secret", "yours", record.document)
    with pytest.raises(LockedError, match="what is kept of yours"):
        await vault.secret("yours")


async def test_what_is_deleted_is_gone_when_its_time_has_come(tmp_path, catalog):
    clock = WallClock()
    vault = vault_in(tmp_path, catalog=catalog, clock=clock)
    await vault.secrets.set("a", Value(b"1"))
    await vault.secrets.delete("a", 7)
    clock.wall += 6 * 86400
    assert [secret.name for secret in await vault.secrets.all()] == ["a"]
    clock.wall += 2 * 86400
    assert not await vault.secrets.all()
    await vault.secrets.sweep()
    assert await catalog.get("secret", "a") is None
    await vault.secrets.set("a", Value(b"2"))
    assert await vault.secret("a") == "2"


async def test_versions_without_a_stage_are_kept_up_to_a_number(vault):
    for number in range(40):
        await vault.secrets.set("a", Value(b"%d" % number))
    secret = await vault.secrets.get("a")
    assert len(secret.versions) == 22
    assert await vault.secret("a") == "39"

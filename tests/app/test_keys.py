"""API keys made, revoked and imported while a gateway runs: kept first, then told, each refusal with its reason."""

import asyncio
import json
import re
from types import SimpleNamespace

import pytest

from frontdesk.app.keys import KIND, PAGE, KeyRefusedError, LiveKeys, NoSuchKeyError, Wanted
from frontdesk.app.keys_api import KeysApi
from frontdesk.base.errors import StoreError
from frontdesk.base.metrics import THROTTLE
from frontdesk.base.telemetry import Sample
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import KeyRegistry
from frontdesk.stores.memory.catalog import MemoryCatalog

PLANS = {
    "small": {"apis": "partners/prod"},
    "large": {"apis": "partners"},
    "other": {"apis": ["billing", "public/v1"]},
}
OLD = "an-old-key-from-elsewhere-01"
OF_FILE = "fd_dev_key-of-the-file-0123"


class Clock:
    wall = 1795262400.0

    def time(self):
        return self.wall


class Full(MemoryCatalog):
    """A catalog on a full disk."""

    async def commit(self, changes):
        raise StoreError("disk full")


def keys_of(catalog, **more):
    config = Config.model_validate(
        {
            "name": "x",
            "environment": "prod",
            "plans": PLANS,
            "keys": {"desk": {"plan": "large", "value": OF_FILE}},
        }
    )
    registry, told = KeyRegistry(), []

    async def tell(keys):
        told.append([key.name for key in keys])
        registry.put(keys)

    keys = LiveKeys(catalog, registry, tell, lambda: config, Clock())
    return SimpleNamespace(keys=keys, registry=registry, told=told, find=registry.finder({}))


@pytest.fixture
def catalog():
    return MemoryCatalog(Clock())


@pytest.fixture
def house(catalog):
    return keys_of(catalog)


def wanted(name="practice", *plans, **more):
    return Wanted(name=name, plans=plans or ("small",), **more)


async def test_a_new_key_opens_at_once_and_after_a_restart(house, catalog):
    made = await house.keys.create(wanted("practice", "small", "other", description="a desk"))
    assert re.fullmatch(r"fd_prod_\w{8}_\w{38}", made.value)
    after = keys_of(catalog)
    await after.keys.start(shared=False)
    for each in (house, after):
        key = each.find(made.value.encode())
        assert (key.name, key.plans, key.enabled) == ("practice", ("small", "other"), True)
        assert str(key.since) == "2026-11-21"


async def test_the_value_of_a_key_is_kept_nowhere(house, catalog):
    made = await house.keys.create(wanted())
    (record,) = await catalog.list(KIND)
    secret = made.value.rpartition("_")[2]
    assert secret not in json.dumps(record.document)
    assert secret not in json.dumps(await house.keys.page(""))
    assert record.document["prefix"] == made.value.rpartition("_")[0]


async def test_a_key_is_told_only_once_it_is_kept():
    house = keys_of(Full(Clock()))
    with pytest.raises(StoreError):
        await house.keys.create(wanted())
    assert house.told == []


async def test_keys_are_revoked_and_enabled_by_name_and_by_id(house, catalog):
    made = await house.keys.create(wanted())
    for who in ("practice", made.key["id"]):
        assert (await house.keys.set_enabled(who, enabled=False))["enabled"] is False
        assert house.find(made.value.encode()).enabled is False
        after = keys_of(catalog)
        await after.keys.start(shared=False)
        assert after.find(made.value.encode()).enabled is False
        await house.keys.set_enabled(who, enabled=True)
        assert house.find(made.value.encode()).enabled is True


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_keys_that_another_gateway_changes_are_followed(house, catalog):
    await house.keys.start(shared=True)
    other = keys_of(catalog)
    made = await other.keys.create(wanted())
    await settled()
    assert house.find(made.value.encode()).enabled is True
    await other.keys.set_enabled("practice", enabled=False)
    await settled()
    assert house.find(made.value.encode()).enabled is False
    told = len(house.told)
    await catalog.put(KIND, made.key["id"], (await catalog.list(KIND))[0].document)
    await settled()
    assert len(house.told) == told, "nothing has changed"
    house.keys.stop()


REFUSED = {
    "no name": (wanted(" "), "expected a name of 1 to 255 characters"),
    "line end": (wanted("a\nb"), "expected a name of printable characters"),
    "long": (wanted("a" * 256), "expected a name of 1 to 255 characters"),
    "description": (wanted(description="x" * 256), "expected a description of at most 255"),
    "taken": (wanted("taken"), "there is a key of this name: taken"),
    "taken by the file": (wanted("desk"), "there is a key of this name: desk"),
    "no plan": (Wanted(name="a", plans=()), "expected 1 to 10 plans: a"),
    "unknown plan": (wanted("a", "smal"), "there is no such plan: smal"),
    "plan twice": (wanted("a", "small", "small"), "this plan is given twice: small"),
    "overlap": (wanted("a", "small", "large"), "both plans open partners/prod: small and large"),
}


@pytest.mark.parametrize(("asked", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_key_that_cannot_be_made_is_refused_with_the_reason(house, asked, why):
    await house.keys.create(wanted("taken"))
    with pytest.raises(KeyRefusedError, match=re.escape(why)):
        await house.keys.create(asked)
    assert len(house.registry) == 1


async def test_a_misspelt_plan_gets_a_hint(house):
    with pytest.raises(KeyRefusedError) as caught:
        await house.keys.create(wanted("a", "smal"))
    assert caught.value.hint == "did you mean small?"


@pytest.mark.parametrize("who", ["nobody", "", "practise"])
async def test_a_key_that_is_not_there_is_told(house, who):
    await house.keys.create(wanted())
    with pytest.raises(NoSuchKeyError, match=f"there is no such key: {who}"):
        await house.keys.set_enabled(who, enabled=False)


async def test_a_key_of_the_file_is_shown_but_not_changed(house):
    assert (await house.keys.show("desk"))["from"] == "file"
    with pytest.raises(KeyRefusedError, match="this key is in the file: desk"):
        await house.keys.set_enabled("desk", enabled=False)


async def test_imported_keys_are_kept_all_or_none(house):
    keys = [wanted("a", value=OLD), wanted("b", "other", value=OLD + "b", enabled=False)]
    await house.keys.import_all(keys)
    assert house.find(OLD.encode()).name == "a"
    assert house.find((OLD + "b").encode()).enabled is False
    for broken, why in (
        (wanted("c", value=OLD), "another key has the same value: c"),
        (wanted("c", value=OF_FILE), "another key has the same value: c"),
        (wanted("c", value="short"), "expected a key of 20 to 128 characters without blanks: c"),
        (wanted("a", value=OLD + "c"), "there is a key of this name: a"),
    ):
        with pytest.raises(KeyRefusedError, match=re.escape(why)):
            await house.keys.import_all([wanted("good", value=OLD + "good"), broken])
    assert len(house.registry) == 2


async def test_a_value_twice_in_one_import_is_refused(house):
    with pytest.raises(KeyRefusedError, match="another key has the same value: b"):
        await house.keys.import_all([wanted("a", value=OLD), wanted("b", value=OLD)])


# -- the admin API ----------------------------------------------------------------------------------


SAMPLES = [
    Sample(THROTTLE.name, ("plan", "small", "limited"), 3.0),
    Sample(THROTTLE.name, ("plan", "small", "allowed"), 9.0),
    Sample(THROTTLE.name, ("route", "small", "limited"), 9.0),
]


class Keeper:
    """Tells what it was asked."""

    async def report(self, first, last, _keys, **more):
        return [{"first": str(first), "last": str(last), **more}], None

    async def daily(self, first, last, *, key):
        return [{"daily": [str(first), str(last), key]}]


@pytest.fixture
def ask(house):
    api = KeysApi(house.keys, Keeper(), Clock(), lambda: SAMPLES)

    async def ask(method, path, body=None, query=""):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        ex = SimpleNamespace(method=method, path=path, body=raw, query=query)
        assert api.serves(ex)
        reply = api.answer(ex)
        reply = await reply if hasattr(reply, "__await__") else reply
        return reply.status, json.loads(reply.body)

    return ask


async def test_the_api_makes_shows_and_changes_keys(ask):
    status, made = await ask("POST", "/api/keys", {"name": "a b/c", "plans": ["small"]})
    assert (status, made["key"]["name"]) == (201, "a b/c")
    status, shown = await ask("GET", "/api/keys/a%20b%2Fc")
    assert (status, shown["key"]) == (200, made["key"])
    status, revoked = await ask("POST", f"/api/keys/{made['key']['id']}/revoke")
    assert (status, revoked["key"]["enabled"]) == (200, False)
    assert (await ask("POST", "/api/keys/a%20b%2Fc/enable"))[1]["key"]["enabled"] is True
    status, listed = await ask("GET", "/api/keys")
    assert [key["name"] for key in listed["keys"]] == ["desk", "a b/c"]
    assert listed["next"] == ""
    assert "digest" not in json.dumps(listed)


async def test_the_api_lists_many_keys_in_pages(ask, house):
    many = [wanted(f"k{number}", value=f"{OLD}{number}") for number in range(PAGE + 1)]
    await house.keys.import_all(many)
    _, first = await ask("GET", "/api/keys")
    _, last = await ask("GET", "/api/keys", query=f"after={first['next']}")
    assert (len(first["keys"]), len(last["keys"]), last["next"]) == (PAGE, 2, "")
    names = {key["name"] for key in first["keys"] + last["keys"]}
    assert names == {each.name for each in many} | {"desk"}


async def test_the_api_imports_keys(ask):
    keys = [{"name": "old", "value": OLD, "plans": ["small"], "enabled": True, "description": ""}]
    status, made = await ask("POST", "/api/keys/import", {"keys": keys})
    assert (status, made["keys"][0]["prefix"]) == (201, "an-o")
    assert OLD not in json.dumps(made)


THIS_MONTH = {
    "first": "2026-11-01",
    "last": "2026-11-21",
    "some": None,
    "plan": None,
    "after": None,
    "most": 1000,
}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", THIS_MONTH),
        (
            "from=2026-10-02&to=2026-10-09&key=desk&plan=small",
            {
                **THIS_MONTH,
                "first": "2026-10-02",
                "last": "2026-10-09",
                "some": ["desk"],
                "plan": "small",
            },
        ),
        ("keys=a,b", {**THIS_MONTH, "some": ["a", "b"]}),
        (
            "after=2026-11-02/a%252Fb/small&most=7",
            {**THIS_MONTH, "after": ["2026-11-02", "a/b", "small"], "most": 7},
        ),
        ("by=plan&key=desk", {"daily": ["2026-11-01", "2026-11-21", "desk"]}),
    ],
    ids=["this month", "all is said", "some keys", "the next ones", "by plan"],
)
async def test_the_api_reports_usage(ask, query, asked):
    assert (await ask("GET", "/api/usage", query=query))[1]["usage"] == [asked]


BAD = {
    "no object": ("POST", "/api/keys", [1], 422),
    "no JSON": ("POST", "/api/keys", b"{", 422),
    "a value of one's own": ("POST", "/api/keys", {"name": "a", "plans": [], "value": OLD}, 422),
    "name a number": ("POST", "/api/keys", {"name": 7, "plans": ["small"]}, 422),
    "plans a text": ("POST", "/api/keys", {"name": "a", "plans": "small"}, 422),
    "plans of numbers": ("POST", "/api/keys", {"name": "a", "plans": [1]}, 422),
    "nothing to import": ("POST", "/api/keys/import", {"keys": []}, 422),
    "no value": ("POST", "/api/keys/import", {"keys": [{"name": "a", "plans": ["small"]}]}, 422),
    "no object to import": ("POST", "/api/keys/import", {"keys": ["a"]}, 422),
    "unknown key": ("GET", "/api/keys/nobody", None, 404),
    "unknown action": ("POST", "/api/keys/desk/forget", None, 404),
    "wrong method": ("DELETE", "/api/keys/desk", None, 405),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD.values(), ids=BAD)
async def test_what_is_asked_wrongly_is_refused(ask, method, path, body, status):
    found, answer = await ask(method, path, body)
    assert found == status
    assert answer["message"]
    assert OLD not in json.dumps(answer)


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", "key=nobody"])
async def test_a_report_of_nothing_that_there_is_is_refused(ask, query):
    assert (await ask("GET", "/api/usage", query=query))[0] in (404, 422)


async def test_the_api_tells_plans_and_how_many_keys_each_has(ask):
    await ask("POST", "/api/keys", {"name": "one", "plans": ["small"]})
    status, told = await ask("GET", "/api/plans")
    assert status == 200
    small = next(each for each in told["plans"] if each["name"] == "small")
    assert (small["keys"], small["throttled"]) == (1, 3)
    assert small.keys() == {
        *("name", "description", "apis", "throttle", "quota", "methods", "keys", "throttled")
    }


class Rows:
    """Usage of three pages, and what takes them; it can take one at a time."""

    def __init__(self, *, broken):
        self.broken = broken
        self.taken, self.why = b"", ""
        self.over = asyncio.Event()

    async def report(self, *_days, after=None, **_more):
        number = 0 if after is None else int(after[1])
        if number and self.broken:
            raise StoreError("disk full")
        row = {"name": "=cmd()", "key": f"k{number}", "plan": "small", "day": "2026-11-21"}
        following = ("2026-11-21", str(number + 1), "small") if number < 2 else None
        return [{**row, "requests": 3, "remaining": None}], following

    def write(self, data):
        self.taken += data
        self.source.pause()
        asyncio.get_running_loop().call_soon(self.source.resume)

    def end(self, _trailers=None):
        self.over.set()

    def abort(self, reason):
        self.why = reason
        self.over.set()


async def csv_of(house, *, broken):
    rows = Rows(broken=broken)
    api = KeysApi(house.keys, rows, Clock(), lambda: SAMPLES)
    ex = SimpleNamespace(method="GET", path="/api/usage", body=b"", query="format=csv")
    reply = await api.answer(ex)
    rows.source = reply.body
    reply.body.attach(rows)
    await rows.over.wait()
    return reply.fields, rows.taken, rows.why


async def test_usage_is_written_for_spreadsheets_and_starts_no_formula(house):
    fields, written, why = await csv_of(house, broken=False)
    assert fields[0] == (b"content-type", b"text/csv; charset=utf-8")
    assert (written.decode().splitlines(), why) == (
        [
            "day,name,key,plan,requests,remaining",
            *(f"2026-11-21,'=cmd(),k{number},small,3," for number in range(3)),
        ],
        "",
    )


async def test_a_spreadsheet_that_cannot_be_read_to_its_end_breaks_off(house):
    _, written, why = await csv_of(house, broken=True)
    assert (written.count(b"\n"), why) == (2, "disk full")

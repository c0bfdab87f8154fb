"""Versions, aliases, shares of concurrency, layers and zips, with real children."""

import asyncio
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from frontdesk.base.errors import StartError
from frontdesk.functions.archives import ArchiveError
from frontdesk.functions.settings import Alias
from frontdesk.rules.pool import RESERVED_EXCEEDED, SHARED_EXCEEDED

LIVE = {"live": Alias(version="1")}
WHO = """
import os, sys

def handler(event, context):
    return {
        "code": CODE,
        "pid": os.getpid(),
        "version": context.function_version,
        "arn": context.invoked_function_arn.rpartition(":function:")[2],
        "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "stream": context.log_stream_name.split("[")[1].split("]")[0],
    }
"""


@pytest.fixture
def release(tmp_path):
    """Write a release: a folder, or a zip, whose handler says its name."""

    def release(name, *, zipped=False):
        source = f"CODE = {name!r}\n{WHO}"
        if zipped:
            path = tmp_path / f"{name}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("app.py", source)
            return path
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(source)
        return folder

    return release


# -- which version runs -----------------------------------------------------------------------------------


async def test_a_qualifier_chooses_the_version_and_shows_in_the_arn(serve, release):
    definition = {
        "code": release("new"),
        "versions": {"1": {"code": release("old")}, "2": {"code": release("zip", zipped=True)}},
        "aliases": {"live": Alias(version="1"), "next": Alias(version="$LATEST")},
    }
    async with serve("app.handler", **definition) as rig:
        seen = {}
        for qualifier in ("", "$LATEST", "1", "2", "live", "next"):
            outcome = await rig.call(qualifier=qualifier)
            result = json.loads(outcome.payload)
            assert result["version"] == result["stream"] == outcome.version
            seen[qualifier] = (result["code"], result["version"], result["arn"])
        assert seen == {
            "": ("new", "$LATEST", "f"),
            "$LATEST": ("new", "$LATEST", "f:$LATEST"),
            "1": ("old", "1", "f:1"),
            "2": ("zip", "2", "f:2"),
            "live": ("old", "1", "f:live"),
            "next": ("new", "$LATEST", "f:next"),
        }
        assert any("Version: 2" in line for line in rig.lines)
        assert (await rig.call(qualifier="gone")).error == "Unavailable"


async def test_an_alias_shares_its_calls_out_by_weight(serve, release):
    draws = iter([0.0, 0.09, 0.1, 0.99])
    definition = {
        "code": release("x"),
        "versions": {"1": {}, "2": {}},
        "aliases": {"live": Alias(version="1", weights={"2": 0.1})},
        "host": {"draw": lambda: next(draws)},
    }
    async with serve("app.handler", **definition) as rig:
        found = [(await rig.call(qualifier="live")).version for _ in range(4)]
        assert found == ["2", "2", "1", "1"]


async def test_only_what_has_changed_gets_new_children(serve, release, caplog):
    one, two, code = release("one"), release("two"), release("x")

    def definition(rig, **changes):
        versions = {"1": {"code": one}, "2": {"code": two}}
        return rig.definition("app.handler", code=code, versions=versions, **changes)

    async def children(rig):
        return [(await rig.result(qualifier=each))["pid"] for each in ("$LATEST", "1", "2")]

    versions = {"1": {"code": one}, "2": {"code": two}}
    async with serve("app.handler", code=code, versions=versions) as rig:
        before = await children(rig)
        await rig.host.replace([definition(rig)])
        await rig.host.replace([definition(rig, reserved_concurrency=3)])
        assert await children(rig) == before
        (two / "app.py").write_text((two / "app.py").read_text() + "\n# touched")
        await rig.host.replace([definition(rig)])
        after = await children(rig)
        assert after[:2] == before[:2]
        assert after[2] != before[2]
        assert "a published version has changed: f:2" in caplog.text
        await rig.host.replace([definition(rig, environment={"A": "b"})])
        last = await children(rig)
        assert not set(last) & {*before, *after}


async def test_what_goes_can_be_called_until_its_callers_have_changed_over(serve, release):
    code = release("x")
    async with serve("app.handler", code=code, versions={"1": {}}) as rig:
        await rig.host.replace(
            [
                rig.definition("app.handler", code=code, versions={"1": {}}, aliases=LIVE),
                rig.definition("app.handler", code=code, name="g"),
            ]
        )
        seen = []

        async def change_over():
            for name, qualifier in (("f", "1"), ("f", "live"), ("g", "")):
                seen.append((await rig.call(name=name, qualifier=qualifier)).error)

        await rig.host.replace([rig.definition("app.handler", code=code)], change_over)
        assert seen == ["", "", ""]
        for name, qualifier in (("f", "1"), ("f", "live"), ("g", "")):
            assert (await rig.call(name=name, qualifier=qualifier)).error == "Unavailable"
        assert rig.host.definition("f").versions == {}


@pytest.mark.parametrize("kept", [["f"], []], ids=["version", "function"])
async def test_what_goes_serves_who_waits_for_it(serve, release, kept):
    code = release("x")
    async with serve("app.handler", code=code, versions={"1": {}}) as rig:
        _, answer = rig.start(qualifier="1")  # which has no child yet
        await rig.host.replace(
            [rig.definition("app.handler", code=code, name=each) for each in kept]
        )
        assert json.loads((await answer).payload)["version"] == "1"


async def test_functions_of_the_file_and_others_live_side_by_side(serve, release):
    async with serve("app.handler", code=release("file")) as rig:
        await rig.host.put(rig.definition("app.handler", name="g", code=release("other")))
        assert (await rig.result(name="g"))["code"] == "other"
        await rig.host.replace([rig.definition("well.echo")])
        assert (await rig.result(name="g"))["code"] == "other"
        assert rig.host.definition("g").name == "g"
        with pytest.raises(StartError, match="stands in the file: f"):
            await rig.host.put(rig.definition("app.handler", code=release("other")))
        rig.host.remove("g")
        rig.host.remove("unknown")
        assert rig.host.definition("g") is None
        assert (await rig.call(name="g")).error == "Unavailable"


async def test_what_cannot_be_made_ready_changes_nothing(serve, release, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    (tmp_path / "requirements.txt").write_text("./nowhere-1.0-py3-none-any.whl\n")
    async with serve("app.handler", code=release("good")) as rig:
        pid = (await rig.result())["pid"]
        with pytest.raises(
            ArchiveError, match=r"function f: cannot unpack .*bad\.zip: File is not"
        ):
            await rig.host.replace([rig.definition("app.handler", code=tmp_path / "bad.zip")])
        with pytest.raises(StartError, match="cannot install requirements") as error:
            await rig.host.replace(
                [
                    rig.definition("app.handler", code=release("good")),
                    rig.definition(
                        "app.handler", name="g", requirements=tmp_path / "requirements.txt"
                    ),
                ]
            )
        assert "nowhere" in error.value.hint
        assert (await rig.result())["pid"] == pid


# -- concurrency ------------------------------------------------------------------------------------------


async def test_provisioned_children_stand_ready_and_others_come_on_demand(serve, tmp_path):
    definition = {
        "versions": {"1": {}},
        "aliases": {"live": Alias(version="1")},
        "provisioned": {"live": 2},
    }
    async with serve("well.kind", **definition) as rig:
        await rig.until(lambda: rig.host.standing("f", "1") == (2, 2, 2, False))
        gate = tmp_path / "gate"
        calls = [rig.start({"path": str(gate)}, qualifier="live")[1] for _ in range(3)]
        await rig.until(lambda: sum(line.startswith("START") for line in rig.lines) == 3)
        gate.touch()
        kinds = [json.loads((await call).payload)["kind"] for call in calls]
        assert sorted(kinds) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]


async def test_a_provisioned_child_that_dies_is_replaced(serve, release):
    async with serve("app.handler", code=release("x"), provisioned={"$LATEST": 1}) as rig:
        first = await rig.result()
        assert first["kind"] == "provisioned-concurrency"
        os.kill(first["pid"], 9)
        await rig.until(lambda: sum(line.startswith("INIT_START") for line in rig.lines) == 2)
        await rig.until(lambda: rig.host.standing("f", "$LATEST").idle == 1)
        second = await rig.result()
        assert second["kind"] == "provisioned-concurrency"
        assert second["pid"] != first["pid"]


async def test_a_provisioned_version_that_cannot_load_is_told_as_faulty(serve, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "bad.py").write_text("raise RuntimeError('no table')")
    async with serve("bad.handler", provisioned={"$LATEST": 2}) as rig:
        await rig.until(lambda: rig.host.standing("f", "$LATEST").faulty)
        assert (await rig.call()).error == "Unloadable"


async def test_a_counted_pool_refuses_what_lambda_refuses(serve, tmp_path):
    gate = tmp_path / "gate"
    hold = {"path": str(gate), "n": 1}
    more = {"handler": "well.wait_for_file", "name": "g", "reserved_concurrency": 1}
    async with serve("well.wait_for_file", more, host={"concurrency": 3}) as rig:
        calls = [rig.start(hold)[1] for _ in range(2)] + [rig.start(hold, name="g")[1]]
        beyond = await rig.call(hold)
        assert (beyond.error, beyond.reason) == ("Throttled", SHARED_EXCEEDED)
        assert json.loads(beyond.payload) == {
            "Reason": SHARED_EXCEEDED,
            "Type": "User",
            "message": "Rate Exceeded.",
        }
        assert (await rig.call(hold, name="g")).reason == RESERVED_EXCEEDED
        gate.touch()
        assert [(await call).error for call in calls] == ["", "", ""]
        assert (await rig.call(hold)).error == ""


# -- loading ----------------------------------------------------------------------------------------------

SLOW = """
import os, pathlib, time
marks = pathlib.Path(__file__).parent / "marks"
marks.mkdir(exist_ok=True)
(marks / str(os.getpid())).touch()
while len(list(marks.iterdir())) <= TIMES:
    time.sleep(0.01)

def handler(event, context):
    return len(list(marks.iterdir()))
"""


@pytest.fixture
def slow(tmp_path):
    """Write a module that hangs until it has been loaded by more than so many processes."""

    def slow(times, source=SLOW):
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "slow.py").write_text(f"TIMES = {times}\n{source}")

    return slow


async def overrun(rig):
    """Let the one child that is loading use up its time."""
    await rig.until(lambda: list(rig.code.glob("marks/*")))
    [child] = rig.host._children.values()
    child._started -= 1000.0
    child._expired()


async def test_a_slow_load_is_ended_and_repeated_within_the_first_call(serve, slow):
    slow(1)
    async with serve("slow.handler") as rig:
        _, answer = rig.start()
        await overrun(rig)
        assert json.loads((await answer).payload) == 2
        kinds = [line.split()[0] for line in rig.lines]
        assert kinds == ["INIT_START", "INIT_REPORT", "INIT_START", "START", "END", "REPORT"]
        assert "Phase: init\tStatus: timeout" in rig.lines[1]
        assert "Init Duration" not in rig.lines[-1]
        assert await rig.result() == 2


async def test_a_slow_load_that_nobody_waits_for_is_repeated_with_the_next_call(serve, slow):
    slow(1)
    async with serve("slow.handler") as rig:
        await overrun(rig)
        assert rig.host.unproven() == []
        assert await rig.result() == 2


async def test_a_load_that_never_ends_costs_its_time_and_one_timeout(serve, slow):
    slow(99)
    async with serve("slow.handler", timeout=0.3) as rig:
        _, answer = rig.start()
        await overrun(rig)
        outcome = await answer
        assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"
        assert "0.30 seconds" in outcome.payload.decode()
        assert outcome.version == "$LATEST"


async def test_a_load_that_fails_within_the_call_is_told_as_such(serve, slow):
    slow(1, SLOW.replace("def handler", "raise RuntimeError('no table')\ndef handler"))
    async with serve("slow.handler") as rig:
        _, answer = rig.start()
        await overrun(rig)
        outcome = await answer
        assert outcome.error == "Unloadable"
        assert json.loads(outcome.payload)["errorMessage"] == "no table"
        assert any("Phase: invoke\tStatus: error" in line for line in rig.lines)


# -- code, layers, temporary files ------------------------------------------------------------------------


async def test_later_layers_come_before_former_ones_and_code_before_all(serve, tmp_path):
    def layer(name, *modules):
        for module in modules:
            path = tmp_path / name / "python" / f"{module}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"FROM = {name!r}")
        (tmp_path / name / "bin").mkdir()
        (tmp_path / name / "bin" / "tool").write_text(f"#!/bin/sh\necho {name}\n")
        (tmp_path / name / "bin" / "tool").chmod(0o755)

    layer("first", "a", "b", "c")
    layer("second", "b", "c")
    packed = Path(shutil.make_archive(str(tmp_path / "second"), "zip", tmp_path / "second"))
    code = tmp_path / "own"
    code.mkdir()
    (code / "c.py").write_text("FROM = 'own'")
    (code / "app.py").write_text(
        "import a, b, c, subprocess\n"
        "def handler(event, context):\n"
        "    tool = subprocess.run(['tool'], capture_output=True, text=True).stdout.strip()\n"
        "    return [a.FROM, b.FROM, c.FROM, tool]\n"
    )
    async with serve("app.handler", code=code, layers=(tmp_path / "first", packed)) as rig:
        assert await rig.result() == ["first", "second", "own", "second"]


async def test_temporary_files_survive_calls_and_a_timeout_and_go_in_the_end(serve):
    async with serve("well.scratch", timeout=0.5, concurrency=1) as rig:
        first = await rig.result("write")
        assert first["files"] == ["note"]
        assert (await rig.result("look")) == first
        assert json.loads((await rig.call("hang")).payload)["errorType"] == "Sandbox.Timedout"
        restarted = await rig.result("look")
        assert (restarted["files"], restarted["folder"]) == (["note"], first["folder"])
        assert restarted["pid"] != first["pid"]
        await rig.host.replace([rig.definition("well.scratch", memory=256)])
        fresh = await rig.result("look")
        assert fresh["files"] == []
        await rig.until(lambda: not Path(first["folder"]).exists())


async def test_children_get_what_the_host_gives_all_and_override_it(serve):
    general = {"AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1", "SHARED": "host"}
    async with serve(
        "well.environment", environment={"SHARED": "own"}, host={"environment": general}
    ) as rig:
        seen = (await rig.result())["environment"]
        assert seen["AWS_ENDPOINT_URL_LAMBDA"] == "http://127.0.0.1:1"
        assert seen["SHARED"] == "own"


async def test_a_reload_under_load_disturbs_no_call(serve, release):
    """Warm children serve on, whatever is reloaded how often."""
    code = release("x")
    async with serve("app.handler", code=code, versions={"1": {}}) as rig:
        pids = set()

        async def load():
            for _ in range(100):
                pids.add((await rig.result(qualifier="1"))["pid"])

        definition = rig.definition("app.handler", code=code, versions={"1": {}})
        calling = asyncio.gather(load(), load())
        for count in range(20):
            await rig.host.replace([definition] if count % 2 else [
                definition, rig.definition("app.handler", name="g", code=code)
            ])  # fmt: skip
        await calling
        assert len(pids) <= 4

"""docs/functions.md, "Versions and aliases": its file runs, and its routes reach what it says."""

import asyncio
import zipfile

import pytest
import yaml

from tests.docs.pages import ROOT, examples
from tests.live.calls import call
from tests.live.gateways import project, serving

BOOK = """
def book(event, context):
    arn = context.invoked_function_arn.rpartition(":function:")[2]
    return f"{RELEASE} {context.function_version} {arn}"
"""


@pytest.fixture
def files(tmp_path):
    """The project of the page: a zip for version 1, a folder for version 2, the newest code beside."""
    for folder, release in (("", "newest"), ("releases/2/", "second")):
        (tmp_path / f"{folder}functions").mkdir(parents=True)
        source = f"RELEASE = {release!r}\n{BOOK}"
        (tmp_path / f"{folder}functions" / "appointments.py").write_text(source)
    with zipfile.ZipFile(tmp_path / "releases" / "1.zip", "w") as archive:
        archive.writestr("functions/appointments.py", f"RELEASE = 'first'\n{BOOK}")
    [shown] = [
        example.content
        for example in examples(ROOT / "docs" / "functions.md")
        if "book_appointment" in example.content.get("functions", {})
    ]
    return project(tmp_path, yaml.safe_dump(shown))


async def test_routes_reach_the_versions_that_the_page_says(files):
    async with serving(files) as app:

        def ask(path):
            return call(app.addresses[0], "POST", path).body.decode()

        assert await asyncio.to_thread(ask, "/newest/appointments") == (
            "newest $LATEST book_appointment"
        )
        assert (
            await asyncio.to_thread(ask, "/next/appointments") == "second 2 book_appointment:next"
        )
        live = {await asyncio.to_thread(ask, "/appointments") for _ in range(3)}
        assert live <= {"first 1 book_appointment:live", "second 2 book_appointment:live"}

import zipfile

import pytest

from frontdesk.base.errors import StartError
from frontdesk.functions.packages import Packages

INFO = "demo_pkg-1.0.dist-info"


@pytest.fixture
def wheel(tmp_path):
    """A package that installs without any index."""
    path = tmp_path / "demo_pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo_pkg.py", "VALUE = 42\n")
        archive.writestr(
            f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{INFO}/RECORD", "")
    return path


def test_requirements_are_installed_once_per_content(tmp_path, wheel, caplog):
    caplog.set_level("INFO")
    packages = Packages(tmp_path / "packages")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"--no-index\n{wheel}\n")
    folder = packages.folder_for(requirements)
    assert (folder / "demo_pkg.py").read_text() == "VALUE = 42\n"
    assert [line.split()[0] for line in caplog.messages] == ["installing", "installed"]
    assert packages.folder_for(requirements) == folder
    assert len(caplog.messages) == 2
    requirements.write_text(f"--no-index\n{wheel}  # pinned\n")
    assert packages.folder_for(requirements) != folder


def test_a_failed_build_is_a_clear_error_and_leaves_only_its_log(tmp_path):
    packages = Packages(tmp_path / "packages")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("./nowhere-1.0-py3-none-any.whl\n")
    with pytest.raises(StartError, match="cannot install requirements") as error:
        packages.folder_for(requirements)
    (log,) = (tmp_path / "packages").iterdir()
    assert log.suffix == ".log"
    assert "nowhere" in log.read_text()
    assert str(log) in error.value.hint
    assert "rror" in error.value.hint


def test_a_missing_file_is_a_clear_error(tmp_path):
    packages = Packages(tmp_path / "packages")
    with pytest.raises(StartError, match="cannot read requirements"):
        packages.folder_for(tmp_path / "requirements.txt")


async def test_a_function_imports_its_packages(serve, tmp_path, wheel):
    code = tmp_path / "own"
    code.mkdir()
    (code / "app.py").write_text(
        "import demo_pkg\ndef handler(event, context):\n    return demo_pkg.VALUE\n"
    )
    (code / "requirements.txt").write_text(f"--no-index\n{wheel}\n")
    async with serve("app.handler", code=code, requirements=code / "requirements.txt") as rig:
        assert await rig.result() == 42

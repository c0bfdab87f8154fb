"""The README's walk through the clinic, and every request that the demo prints, typed into a shell."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTS = ("8080", "8081")
MARK = "-- next --"

pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The clinic's folder and a function that moves a text's ports, so that 8080 may be in use here."""
    ports = dict(zip(PORTS, (free_port(), free_port()), strict=True))

    def move(text):
        return re.sub("|".join(PORTS), lambda found: ports[found[0]], text)

    folder = tmp_path_factory.mktemp("demo") / "clinic"
    hidden = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(ROOT / "examples" / "clinic", folder, ignore=hidden)
    config = folder / "frontdesk.yaml"
    config.write_text(move(config.read_text()))
    return folder, move


@pytest.fixture(scope="module")
def demo(moved):
    """The running demo; yields what it prints before it waits."""
    process = subprocess.Popen(
        [sys.executable, moved[0] / "demo.py"], stdout=subprocess.PIPE, text=True
    )
    bound = threading.Timer(60, process.kill)
    bound.start()
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if line.endswith("/console\n"):
                break
        assert process.poll() is None, "".join(printed)
        # The pipe must not fill up: the access log goes on.
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        yield "".join(printed)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        rest.join()
    finally:
        bound.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def typed(commands, *, errors=subprocess.DEVNULL):
    """Type commands into one shell; return what each printed. errors: STDOUT to see them among the rest."""
    script = f"\necho; echo '{MARK}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-c", script],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    return [text.strip() for text in done.stdout.replace("\r", "").split(MARK)]


def console(text):
    """Split a console block into (command, what it prints)."""
    for piece in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = piece.splitlines()
        last = next(at for at, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :]).strip()


def check(steps, **keywords):
    """Type the commands and compare what each prints; … stands for anything."""
    printed = typed([command for command, _ in steps], **keywords)
    for (command, expected), seen in zip(steps, printed, strict=True):
        pattern = re.escape(expected).replace("…", ".*")
        assert re.fullmatch(pattern, seen, re.DOTALL), (command, seen)


def test_the_walk_through_the_clinic(demo, moved):
    folder, move = moved
    section = (ROOT / "README.md").read_text().partition("## The clinic")[2]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)[1]
    steps = [
        (command.replace(".venv/bin/", "").replace("examples/clinic", str(folder)), expected)
        for command, expected in console(move(block))
    ]
    assert len(steps) >= 4
    check(steps)


def test_every_request_that_the_demo_prints(demo):
    token = re.search(r"^TOKEN=\S+$", demo, re.MULTILINE)[0]
    requests = re.findall(r"^# (.*)\n(.*)$", demo, re.MULTILINE)
    answers = dict(
        zip(
            (title.partition(":")[0] for title, _ in requests),
            typed([f"{token}\n{requests[0][1]}", *(command for _, command in requests[1:])]),
            strict=True,
        )
    )
    assert answers["book an appointment"].startswith("HTTP/1.1 201")
    assert answers["a browser's preflight"].startswith("HTTP/1.1 204")
    assert (
        "access-control-allow-origin: https://app.clinic.example"
        in answers["a browser's preflight"]
    )
    burst = sorted(answers["a burst"].split())  # a slow machine gets tokens between
    assert re.fullmatch(r"(200 ){5,7}(429 ){1,3}", " ".join([*burst, ""]))
    assert answers["an unknown route"].startswith("HTTP/1.1 404")
    assert '"practice": "p001"' in answers["another company's API, called through the door"]
    assert (
        "function get_slots" in answers["what a request goes through, with the lines of the file"]
    )


def test_the_demo_ends_with_the_console(demo):
    address = demo.splitlines()[-1]
    with urllib.request.urlopen(address) as page:
        assert "<h1>Overview</h1>" in page.read().decode()


def test_what_it_makes_is_there():
    named = re.findall(r"\bmake ([a-z-]+)(?=`| )", (ROOT / "README.md").read_text())
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "demo-partners", "demo-retry"} <= {*named}
    assert [one for one in named if one not in targets] == []


def test_the_walk_through_operating(tmp_path):
    ports = dict(zip(PORTS, (free_port(), free_port()), strict=True))

    def move(text):
        return re.sub("|".join(PORTS), lambda found: ports[found[0]], text)

    folder = tmp_path / "releases"
    shutil.copytree(ROOT / "examples" / "releases", folder, ignore=shutil.ignore_patterns(".*"))
    for name in ("frontdesk.yaml", "invoke.py"):
        (folder / name).write_text(move((folder / name).read_text()))
    section = (ROOT / "README.md").read_text().partition("## Operate it")[2].partition("\n## ")[0]
    steps = [
        (command.replace("examples/releases", str(folder)), expected)
        for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL)
        for command, expected in console(move(block))
    ]
    assert len(steps) > 10
    check(steps, errors=subprocess.STDOUT)

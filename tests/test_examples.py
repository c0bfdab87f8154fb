"""The examples load, pass `check`, and do what their READMEs say, run as a visitor runs them."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.calls import call, call_at_once, free_port
from tests.live.gateways import gateway
from tests.live.processes import alive, descendants, running, until

EXAMPLES = Path(__file__).parents[1] / "examples"
SEED = Path(__file__).parents[2] / "shared" / "seeds" / "002_dfe933f1c30bd9e6.txt"
FILES = {path.parent.name: path for path in sorted(EXAMPLES.glob("*/frontdesk.yaml"))}


@pytest.mark.parametrize("name", FILES)
def test_an_example_passes_the_strict_check(name, tmp_path):
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    where = ["-c", str(folder / "frontdesk.yaml")]
    for secret in sorted(set(re.findall(r"\$\{ssm:([^}]+)\}", FILES[name].read_text()))):
        kept = CliRunner().invoke(cli, ["secrets", "set", secret, *where], input="of_the_test")
        assert kept.exit_code == 0, kept.stderr
    result = CliRunner().invoke(cli, ["check", "--strict", *where])
    assert result.exit_code == 0, result.stderr


# -- the clinic ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def demo(folder):
    """Run the demo in a copy of its folder, on free ports; yields its address, file and process."""
    shutil.copytree(EXAMPLES / "clinic", folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    path = folder / "frontdesk.yaml"
    address, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    text = path.read_text().replace("127.0.0.1:8080", address)
    path.write_text(text.replace("127.0.0.1:8081", admin))
    with running(sys.executable, folder / "demo.py") as process:
        process.wait_for(r"^TOKEN=\S+$")
        process.wait_for(r"explain .*$")
        yield SimpleNamespace(address=address, path=path, process=process)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """The demo that most tests share."""
    with demo(tmp_path_factory.mktemp("examples") / "clinic") as running_demo:
        yield running_demo


def token(clinic, *options):
    result = CliRunner().invoke(cli, ["token", "-c", str(clinic.path), *options])
    assert result.exit_code == 0, result.stderr
    return {"Authorization": f"Bearer {result.stdout.strip()}"}


@pytest.fixture(scope="module")
def practice(clinic):
    """The header of someone of practice p001 who may book."""
    return token(clinic, "--claim", "practice_id=p001", "--scope", "book")


BOOKING = json.dumps({"patient": "A. Example", "slot": "2026-11-23T09:30"})


def test_health_is_for_everybody(clinic):
    answer = call(clinic.address, "GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_an_appointment_is_booked_read_and_cancelled(clinic, practice):
    booked = call(clinic.address, "POST", "/appointments", headers=practice, body=BOOKING)
    assert booked.status == 201
    appointment = booked.json
    assert (appointment["practice"], appointment["status"]) == ("p001", "booked")
    place = booked.headers["location"]
    assert place == f"/appointments/{appointment['id']}"
    assert call(clinic.address, "GET", place, headers=practice).json == appointment
    for _ in range(2):
        cancelled = call(clinic.address, "PUT", f"{place}/cancel", headers=practice)
        assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert call(clinic.address, "GET", place, headers=practice).json["status"] == "cancelled"


def test_an_appointment_of_another_practice_is_not_there(clinic, practice):
    place = call(clinic.address, "POST", "/appointments", headers=practice, body=BOOKING).headers[
        "location"
    ]
    other = token(clinic, "--claim", "practice_id=p002", "--scope", "book")
    assert call(clinic.address, "GET", place, headers=other).status == 404
    assert call(clinic.address, "PUT", f"{place}/cancel", headers=other).status == 404


@pytest.mark.parametrize("body", ["", "{", "[]", '{"patient": "A"}'])
def test_a_booking_that_makes_no_sense_is_400(clinic, practice, body):
    answer = call(clinic.address, "POST", "/appointments", headers=practice, body=body)
    assert (answer.status, answer.json) == (400, {"message": "patient and slot are required"})


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/appointments"),
        ("GET", "/appointments/1"),
        ("PUT", "/appointments/1/cancel"),
        ("GET", "/practices/p001/slots"),
        ("GET", "/insurance/gold"),
    ],
)
def test_without_a_token_no_code_runs(clinic, method, target):
    answer = call(clinic.address, method, target)
    assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})


def test_booking_needs_the_scope(clinic):
    reader = token(clinic, "--claim", "practice_id=p001", "--scope", "read")
    answer = call(clinic.address, "POST", "/appointments", headers=reader, body=BOOKING)
    assert (answer.status, answer.json) == (403, {"message": "Forbidden"})


def test_slots_are_throttled_for_each_practice(clinic):
    first, second = (token(clinic, "--claim", f"practice_id={name}") for name in ("t1", "t2"))
    target = "/practices/t1/slots?date=2026-11-24"
    statuses = [a.status for a in call_at_once(clinic.address, 60, target, headers=first)]
    assert set(statuses) == {200, 429}
    answer = call(clinic.address, "GET", target, headers=second)
    assert answer.status == 200
    assert all(slot.startswith("2026-11-24T") for slot in answer.json["slots"])


def test_the_insurance_is_told_the_practice(clinic, practice):
    headers = practice | {"Cookie": "a=1", "X-Practice": "forged"}
    answer = call(clinic.address, "GET", "/insurance/gold/plus?x=1", headers=headers)
    assert answer.status == 200
    assert answer.json == {"plan": "/plans/gold/plus?x=1", "practice": "p001", "covered": True}


def test_an_unknown_route_is_404(clinic):
    answer = call(clinic.address, "GET", "/nothing/here")
    assert (answer.status, answer.json) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://app.clinic.example", "https://app.clinic.example"), ("https://evil.example", None)],
)
def test_pages_of_the_clinic_only_may_call(clinic, origin, allowed):
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    preflight = call(clinic.address, "OPTIONS", "/appointments/1/cancel", headers=headers)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == allowed
    actual = call(clinic.address, "GET", "/health", headers={"Origin": origin})
    assert actual.headers["access-control-allow-origin"] == allowed


def test_the_lines_that_the_demo_prints_do_what_it_says(clinic):
    said = clinic.process.stdout
    blocks = dict(re.findall(r"^# (.+)\n(.+)$", said, re.MULTILINE))
    assignment = re.search(r"^TOKEN=\S+$", said, re.MULTILINE)[0]

    def shown(about):
        [line] = [line for text, line in blocks.items() if about in text]
        done = subprocess.run(
            ["bash", "-c", f"export no_proxy='*' {assignment}; {line}"],
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    assert shown("book an appointment").startswith("HTTP/1.1 201 Created")
    assert shown("preflight").startswith("HTTP/1.1 204 No Content")
    burst = shown("burst").split()
    assert burst[0] == "200"
    assert set(burst) <= {"200", "429"}
    assert shown("unknown route").startswith("HTTP/1.1 404 Not Found")
    assert '"plan": "/plans/gold"' in shown("another company's API")
    assert "GET /practices/{id}/slots" in shown("what a request goes through")
    assert len(blocks) == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_the_demo_ends_with_everything_that_it_started(tmp_path, number):
    with demo(tmp_path / "clinic") as clinic:
        everything = descendants(clinic.process.pid)
        for pid in everything if number == signal.SIGINT else {clinic.process.pid}:
            with contextlib.suppress(ProcessLookupError):
                # A terminal's Ctrl-C reaches all that have not left its process group.
                if os.getpgid(pid) == os.getpgrp():
                    os.kill(pid, number)
        assert clinic.process.wait() == 0
        until(lambda: not any(map(alive, everything)))
    assert "Traceback" not in clinic.process.stderr


# -- the clinic's partners ------------------------------------------------------------------------------


def test_the_tour_of_the_partners_finds_everything_as_it_should_be(tmp_path):
    folder = tmp_path / "partners"
    shutil.copytree(EXAMPLES / "clinic-partners", folder, ignore=shutil.ignore_patterns(".*"))
    path = folder / "frontdesk.yaml"
    text = path.read_text().replace("127.0.0.1:8090", f"127.0.0.1:{free_port()}")
    path.write_text(text.replace("127.0.0.1:8091", f"127.0.0.1:{free_port()}"))
    done = subprocess.run(
        [sys.executable, folder / "tour.py"],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for behaviour in (
        '429 {"message":"Limit Exceeded"}',
        '400 {"message":"Invalid request body"}',
        "the insurance company was asked 1 time(s)",
        "Deprecation: @1775001600",
        "< 410 ",
        "rolled back",
        "All as it should be.",
    ):
        assert behaviour in done.stdout


# -- the vendor that refuses ----------------------------------------------------------------------------


def vendor_retry(tmp_path, port):
    """Copy the example, so that it listens on a port; return its folder."""
    folder = tmp_path / "vendor"
    shutil.copytree(EXAMPLES / "vendor-retry", folder, ignore=shutil.ignore_patterns(".*"))
    path = folder / "frontdesk.yaml"
    text = path.read_text().replace("127.0.0.1:8092", f"127.0.0.1:{port}")
    path.write_text(text.replace("127.0.0.1:8093", f"127.0.0.1:{free_port()}"))
    return folder


def test_the_tour_of_the_vendor_says_when_somebody_else_listens(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, vendor_retry(tmp_path, port) / "tour.py"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    told = f"127.0.0.1:{port} is in use: end what listens there, and try again\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)


@pytest.mark.slow
def test_the_tour_of_the_vendor_survives_a_kill(tmp_path):
    folder = vendor_retry(tmp_path, free_port())
    done = subprocess.run(
        [sys.executable, folder / "tour.py"],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for behaviour in (
        '< 200 {"price": 42, "currency": "INR"}',
        "< nothing: the connection broke off",
        "127.0.0.1 429, 127.0.0.2 503, 127.0.0.3 200",
        "Success - 3",
        '< 429 {"error": "the vendor said: Too Many Requests"}',
        "All as it should be.",
    ):
        assert behaviour in done.stdout
    picture = (folder / ".frontdesk" / "vendor-retry.svg").read_text()
    assert "Proxy 3" in picture


@pytest.mark.skipif(not SEED.is_file(), reason="the tutorial is not beside the repository")
def test_the_base_function_and_the_machine_are_those_of_the_tutorial():
    tutorial = SEED.read_text()
    for name in ("base/base.py", "machine.asl.json"):
        assert (EXAMPLES / "vendor-retry" / name).read_text() in tutorial


# -- the clinic's Terraform -----------------------------------------------------------------------------


async def test_the_terraform_of_the_seed_imports_and_serves(tmp_path):
    folder = tmp_path / "clinic"
    shutil.copytree(EXAMPLES / "clinic-terraform", folder)
    readme = (folder / "README.md").read_text()
    command = re.search(r"^\$ frontdesk (import .*)$", readme, re.MULTILINE)[1]
    words = command.replace(" . ", f" {folder} ").replace("-o ", f"-o {folder}/").split()
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.stderr
    assert "import-missing" not in result.stderr
    assert "aws_iam_role.functions is not carried" in result.stderr
    path = folder / "frontdesk.yaml"
    places = f"listen: 127.0.0.1:0\nadmin: {{listen: 127.0.0.1:{free_port()}}}\n"
    path.write_text(places + path.read_text())
    with gateway(path) as served:
        health = served.call("GET", "/health")
        assert (health.status, json.loads(health.body)) == (200, {"status": "ok"})
        asked = {"Origin": "https://app.mybcat.com", "Access-Control-Request-Method": "POST"}
        preflight = served.call("OPTIONS", "/appointments", headers=asked)
        assert preflight.headers["access-control-allow-origin"] == "https://app.mybcat.com"
        assert served.call("POST", "/appointments").status == 401


def test_the_terraform_without_what_it_leaves_out_lists_each_by_its_line(tmp_path):
    (tmp_path / "main.tf").write_text((EXAMPLES / "clinic-terraform" / "main.tf").read_text())
    result = CliRunner().invoke(cli, ["import", "terraform", str(tmp_path)])
    lines = (tmp_path / "main.tf").read_text().splitlines()
    for named in (
        "var.env",
        "var.region",
        "aws_cognito_user_pool.main.id",
        "aws_cognito_user_pool_client.app.id",
        "module book_appointment_route",
        "module get_slots_route",
        "aws_apigatewayv2_integration.health_mock.id",
    ):
        found = re.search(rf"main\.tf:(\d+):\d+: warning: .*{re.escape(named)}", result.stderr)
        assert found, named
        assert named.split()[-1].split(".")[-1] in lines[int(found[1]) - 1]

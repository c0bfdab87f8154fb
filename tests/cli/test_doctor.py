"""`frontdesk doctor`: rows for people and for monitors, and the exit code."""

import json

from tests.live.gateways import gateway, project

GOOD = "apis: {a: {routes: {GET /x: {mock: {}, throttle: 5/s}}}}\n"


def test_rows_say_what_why_and_how_to_mend(run, tmp_path):
    project(tmp_path, "data_dir: frontdesk.yaml\n" + GOOD)
    result = run("doctor")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("fail  data_dir: "))
    assert lines[at + 1].startswith("      why: ")
    assert lines[at + 2].startswith("      fix: ")
    assert any(line.startswith("ok    python: CPython 3") for line in lines)


def test_json_for_monitors_and_exit_0_without_a_failure(run, tmp_path):
    project(tmp_path, GOOD)
    result = run("doctor", "--json")
    rows = json.loads(result.stdout)
    assert {"check", "state", "found", "why", "fix"} == set(rows[0])
    assert result.exit_code == 0, rows


def test_a_wrong_file_is_among_the_findings_and_the_machine_is_still_looked_at(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: x\nlistn: 1\n")
    result = run("doctor")
    assert result.exit_code == 1
    assert "frontdesk.yaml:2:1: listn: unknown key: listn" in result.stdout
    assert "python: " in result.stdout


def test_beside_a_running_gateway(run, tmp_path):
    path = project(tmp_path, GOOD)
    with gateway(path) as running:
        result = run("doctor")
        assert f"runs as process {running.process.pid}" in result.stdout
        assert "admin.listen: 127.0.0.1" in result.stdout
        assert "readiness: requests may come" in result.stdout
        assert result.exit_code == 0


def test_beside_a_gateway_that_is_not_ready(run, tmp_path):
    issuer = "{type: jwt, issuer: 'http://127.0.0.1:9', audience: none, allow_http: true}"
    path = project(tmp_path, GOOD.replace("mock: {}", "mock: {}, authorizer: j"))
    path.write_text(path.read_text() + f"authorizers: {{j: {issuer}}}\n")
    with gateway(path):
        result = run("doctor")
        assert "fail  readiness: no keys of issuer http://127.0.0.1:9" in result.stdout
        assert result.exit_code == 1

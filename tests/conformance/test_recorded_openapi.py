"""The recorded imports of OpenAPI documents: which resources they become.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import json
from pathlib import Path

import pytest

from frontdesk.config.load import load

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "rest-openapi-import"
CASES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
def test_recorded_import(name, tmp_path):
    case = json.loads(CASES[name].read_text())
    (tmp_path / "api.json").write_text(json.dumps(case["document"]))
    setting = {"file": "api.json", "base_path": case["parameters"]["basepath"]}
    path = tmp_path / "frontdesk.yaml"
    path.write_text(json.dumps({"name": "x", "apis": {"a": {"openapi": setting}}}))
    api = load([path], {}).config.apis["a"]
    methods = {path: sorted(methods) for path, methods in api.resources.items()}
    # AWS has a resource for every prefix of a path, too; here they need none.
    assert {"/": [], **methods} == {
        path: methods
        for path, methods in case["expect"]["resources"].items()
        if methods or path == "/"
    }

"""docs/lambda-api.md: its examples run against a gateway, its operations are those that are served."""

import re
import textwrap
from pathlib import Path

import boto3
import pytest

from frontdesk.aws.lambda_api.service import invoking, managing, mapping
from tests.docs.pages import codes, tables
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

PAGE = (Path(__file__).parents[2] / "docs" / "lambda-api.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(INSIDE,) = [example for example in EXAMPLES if example.startswith("def handler")]

SLOTS = """
def free(event, context):
    return {"practice": event.get("practice"), "free": ["09:00"]}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    config = f"""
        admin: {{listen: 127.0.0.1:{port}}}
        functions:
          get_slots: {{handler: slots.free}}
          ask: {{handler: ask.handler, timeout: 30s}}
    """
    folder = tmp_path_factory.mktemp("lambda")
    with gateway(project(folder, config, slots=SLOTS, ask=INSIDE)):
        yield f"127.0.0.1:{port}"


def test_the_examples_run(address):
    scope = {}
    for example in EXAMPLES:
        if example is not INSIDE:
            code = textwrap.dedent(example).replace("127.0.0.1:8081", address)
            exec(compile(code, "docs/lambda-api.md", "exec"), scope)  # our own page
    assert scope["parts"] == [b'{"practice": null, "free": ["09:00"]}']
    answer = scope["client"].invoke(FunctionName="ask", Payload='{"practice": "p002"}')
    assert answer["Payload"].read() == b'{"practice": "p002", "free": ["09:00"]}'
    scope["client"].close()


def test_the_page_lists_the_operations_that_are_served():
    client = boto3.client("lambda", region_name="us-east-1")
    model = client.meta.service_model
    client.close()
    by_route = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        by_route.setdefault((http["method"], _without_names(path)), []).append(name)
        assert query in ("", "List=ALL", "find=LayerVersion")

    class Anything:
        def __getattr__(self, name):
            return name

    served = {
        **invoking(Anything()),
        **managing(Anything(), Anything(), Anything()),
        **mapping(Anything()),
    }
    names = {name for method, path in served for name in by_route[method, _without_names(path)]}
    (table,) = tables(PAGE)
    documented = [name for row in table.rows for name in codes(row[0])]
    # It has a path of another operation, and is told apart by its query.
    assert sorted(names - {"GetLayerVersionByArn"}) == sorted(documented)


def _without_names(path):
    return re.sub(r"\{[^}]*\}", "{}", path.rstrip("/"))

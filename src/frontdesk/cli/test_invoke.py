"""`frontdesk test-invoke`: one method of a REST API by hand, with what each of its stages got and gave."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frontdesk.cli.configured import config_option, read
from frontdesk.cli.console import visible

if TYPE_CHECKING:
    from frontdesk.config.load import Loaded
    from frontdesk.gateway.pipeline.method_test import MethodRequest


@click.command("test-invoke")
@config_option
@click.argument("method")
@click.argument("path")
@click.option("--api", help="Name of the API; not needed where there is one REST API only.")
@click.option("-H", "--header", "headers", multiple=True, help="A header field, NAME: VALUE.")
@click.option("--query", "queries", multiple=True, help="A query parameter, NAME=VALUE.")
@click.option("--body", default="", help="The body as text.")
@click.option(
    "--body-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="The body as a file; - for standard input.",
)
@click.option("--stage-variable", "variables", multiple=True, help="A stage variable, NAME=VALUE.")
@click.option("--json", "as_json", is_flag=True, help="Print what AWS's TestInvokeMethod answers.")
def test_invoke(  # noqa: PLR0917 - options, which click gives by name
    paths: tuple[Path, ...],
    method: str,
    path: str,
    api: str | None,
    headers: tuple[str, ...],
    queries: tuple[str, ...],
    body: str,
    body_file: Path | None,
    variables: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run METHOD of a REST API at PATH, without authorizer, key and limits, and show each stage.

    PATH is that of a request, or a resource with its braces. In the gateway that runs with this file, or
    without one alone. Exits with 1 when the gateway itself answered.

    Example: frontdesk test-invoke PUT /bookings/7 -H 'Accept: text/xml' --body '{"slot": 4}'
    """
    from urllib.parse import urlencode

    from frontdesk.gateway.pipeline.method_test import MethodRequest

    loaded = read(paths)
    below, _, query = path.partition("?")
    is_resource = "{" in below
    query = "&".join(filter(None, (query, urlencode([_pair(each, "=") for each in queries]))))
    request = MethodRequest(
        api=api or _only_api(loaded),
        method=method.upper(),
        path="" if is_resource else below,
        query=query,
        resource=below if is_resource else "",
        headers=[_pair(each, ":") for each in headers],
        body=body.encode() if body_file is None else _contents(body_file),
        variables=dict(_pair(each, "=") for each in variables),
    )
    answer = _answer(loaded, request)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        _print(answer)
    if " : Execution failed" in answer["log"]:
        raise SystemExit(1)


def _answer(loaded: "Loaded", request: "MethodRequest") -> dict[str, Any]:
    from frontdesk.app.asking import NoGatewayError
    from frontdesk.app.method_tests import PATH, asked, try_alone
    from frontdesk.cli.operator import command

    try:
        answer = command(loaded.config.admin, PATH, asked(request))
    except NoGatewayError:
        import uvloop

        click.echo("no gateway runs with this file: the method runs alone", err=True)
        alone = uvloop.run(try_alone(loaded, request, _show_log))
        answer = alone.document()
    return answer


def _show_log(_function: str, lines: bytes) -> None:
    click.echo(visible(lines.decode("utf-8", "replace")), err=True, nl=False)


def _print(answer: dict[str, Any]) -> None:
    for line in answer["log"].split("\n"):
        click.echo(visible(line))
    click.secho(f"\n{answer['status']}  {answer['latency']} ms", bold=True)
    for name, values in answer["multiValueHeaders"].items():
        for value in values:
            click.echo(visible(f"{name}: {value}"))
    click.echo(f"\n{visible(answer['body'])}")


def _only_api(loaded: "Loaded") -> str:
    names = [name for name, api in loaded.config.apis.items() if api.type == "rest"]
    if len(names) != 1:
        told = f"this file has: {', '.join(names)}" if names else "this file has none"
        message = f"say which REST API with --api; {told}"
        raise click.UsageError(message)
    return names[0]


def _pair(text: str, separator: str) -> tuple[str, str]:
    name, found, value = text.partition(separator)
    if not found or not name:
        message = f"expected NAME{separator}VALUE, got {text!r}"
        raise click.BadParameter(message)
    return name.strip(), value.strip() if separator == ":" else value


def _contents(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    return file.read_bytes()

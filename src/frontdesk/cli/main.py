"""Owns the `frontdesk` command: the list of subcommands, and how an error is shown.

Subcommands are imported when called, so that `frontdesk --version` stays quick.
"""

import gc
import sys
from importlib import import_module
from keyword import iskeyword

import click

from frontdesk import __version__
from frontdesk.base.errors import ConfigError, FrontdeskError
from frontdesk.cli.configured import show
from frontdesk.cli.groups import Commands

COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("frontdesk.cli.new", "Make a folder with a configuration and a function that run."),
    "dev": ("frontdesk.cli.dev", "Run with reload on change, readable logs and a token issuer."),
    "run": ("frontdesk.cli.serve", "Run the gateway until SIGTERM or Ctrl-C."),
    "reload": ("frontdesk.cli.reload", "Put the changed configuration in force without a restart."),
    "diff": ("frontdesk.cli.reload", "Show what a reload would change."),
    "rollback": ("frontdesk.cli.reload", "Put a former version of the configuration in force."),
    "history": ("frontdesk.cli.reload", "List the last ten configurations, or print one."),
    "versions": ("frontdesk.cli.versions", "Show the versions of APIs and who still calls which."),
    "canary": ("frontdesk.cli.canary", "Show, promote or roll back the canaries of APIs."),
    "cache": ("frontdesk.cli.cache", "Show or drop the answers that are given again."),
    "doctor": ("frontdesk.cli.doctor", "Say what is wrong with this machine, file, store, ports."),
    "check": ("frontdesk.cli.check", "Validate and lint the configuration without starting."),
    "schema": ("frontdesk.cli.check", "Print the JSON Schema of the configuration file."),
    "routes": ("frontdesk.cli.routes", "List the routes with their integration and protection."),
    "explain": ("frontdesk.cli.routes", "Show the stages that a request would pass, with lines."),
    "overview": ("frontdesk.cli.requests", "Show how a running gateway does."),
    "requests": ("frontdesk.cli.requests", "See requests as they come; send one again."),
    "invoke": ("frontdesk.cli.functions", "Run one function once with an event."),
    "functions": (
        "frontdesk.cli.function_host",
        "See functions, publish and shift them, run them for others.",
    ),
    "test-invoke": ("frontdesk.cli.test_invoke", "Run one method of a REST API, shown by stages."),
    "logs": ("frontdesk.cli.functions", "Show what functions have logged; --follow goes on."),
    "export": ("frontdesk.cli.exports", "export openapi: write an API as an OpenAPI document."),
    "import": ("frontdesk.cli.imports", "Print OpenAPI, Terraform, SAM or serverless.yml as keys."),
    "states": (
        "frontdesk.cli.states",
        "Check, draw, run state machines; see and steer executions.",
    ),
    "schedules": ("frontdesk.cli.schedules", "Show when each schedule comes next."),
    "queue": ("frontdesk.cli.queues", "Show queues, send to them, move dead letters back."),
    "upstreams": ("frontdesk.cli.upstreams", "Show backends; open and close their breakers."),
    "sockets": ("frontdesk.cli.sockets", "See WebSocket connections, send to them, close them."),
    "records": ("frontdesk.cli.records", "Show the records of a module, and what they were."),
    "hook": ("frontdesk.cli.hooks", "See, replay, verify and sign webhooks; list the schemes."),
    "webhooks": (
        "frontdesk.cli.outgoing",
        "Send webhooks to others' endpoints; see what became of them.",
    ),
    "keys": ("frontdesk.cli.keys", "Make, list, revoke and import API keys; show what they used."),
    "secrets": ("frontdesk.cli.secrets", "Keep secrets encrypted; list, rotate and delete them."),
    "users": ("frontdesk.cli.users", "Say who may sign in to the console, and who changed what."),
    "token": ("frontdesk.cli.token", "Make a development token: --claim practice_id=p001"),
    "hash-password": ("frontdesk.cli.passwords", "Hash a password for a basic authorizer."),
}
"""Name → module that defines a click command of that name, and its one line of help."""


class _LazyGroup(Commands):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        attribute = f"{name}_" if iskeyword(name) else name.replace("-", "_")
        command = getattr(import_module(COMMANDS[name][0]), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `frontdesk new clinic`, then `cd clinic` and `frontdesk dev`.",
)
@click.version_option(__version__, prog_name="frontdesk", message="%(prog)s %(version)s")
def cli() -> None:
    """The front desk of your APIs: one file says what is matched, checked, throttled and run."""


def main() -> None:
    """Run the command line. An error of ours is one line with a hint, never a traceback."""
    gc.disable()  # a command is over before collecting pays; a server begins to collect when it serves
    try:
        cli()
    except ConfigError as error:
        show(error.findings)
        sys.exit(1)
    except FrontdeskError as error:
        click.echo(f"error: {error}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(1)

"""`frontdesk hash-password`: what `users` of a basic authorizer want instead of a password."""

import secrets
import sys

import click

from frontdesk.rules.auth.basic import hash_password as hashed


@click.command("hash-password")
def hash_password() -> None:
    """Print the hash of a password, which is asked for, or read from a pipe up to the line's end.

    Example: frontdesk hash-password < password.txt > secrets/desk
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        message = "expected a password that is not empty"
        raise click.ClickException(message)
    click.echo(str(hashed(password, secrets.token_bytes(16))))

"""Owns who may ask the wire APIs: which key pairs are good, and when none is needed."""

import secrets
from collections.abc import Iterable, Mapping

from frontdesk.rules.auth.sigv4 import Credentials

OPERATOR = "frontdesk"
"""Access key id of the operator; its secret is `admin.token`."""

_GIVEN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Keys:
    """The key pairs that are good here.

    Those of the operator and of functions: every process of a function has a pair of ours, made for this
    run, unless its environment says another one, which is then as good.
    """

    def __init__(self, token: str | None) -> None:
        """token: `admin.token`. Without one nobody is asked for a signature."""
        self.needed = token is not None
        self.functions = Credentials(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20))
        operator = [] if token is None else [Credentials(OPERATOR, token)]
        self._own = {pair.access_key_id: pair for pair in (self.functions, *operator)}
        self._given: dict[str, Credentials] = {}

    def accept(self, environments: Iterable[Mapping[str, str]]) -> None:
        """Take the pairs in the environments of functions, in place of those taken before."""
        found = (
            Credentials(*(environment.get(name, "") for name in _GIVEN))
            for environment in environments
        )
        self._given = {pair.access_key_id: pair for pair in found if all(pair[:2])}

    def find(self, access_key_id: str) -> Credentials | None:
        """Return the pair of this id."""
        return self._own.get(access_key_id) or self._given.get(access_key_id)

    def environment(self) -> dict[str, str]:
        """Return what the processes of functions are told of their pair."""
        return dict(zip(_GIVEN, self.functions[:2], strict=False))

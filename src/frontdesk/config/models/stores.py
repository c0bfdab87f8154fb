"""Models of where state is kept that outlives a process, or that several gateways share."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from frontdesk.config.models.model import FilePath, HintedError, Model, broken_rule
from frontdesk.config.secrets import Secret

_Kind = Literal["memory", "sqlite", "postgresql"]

_WORDS: Final[Mapping[str, _Kind]] = {"memory": "memory", "sqlite": "sqlite"}
_STORES: Final = "sqlite, memory, sqlite:///path or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Store:
    """Where keys, usage and answers under idempotency keys are kept.

    path: of a SQLite file; None: the one in data_dir. url: of a PostgreSQL database.
    """

    kind: _Kind
    path: Path | None = None
    url: Secret | None = None


def _store(value: object) -> Store:
    if isinstance(value, Store):
        return value
    if isinstance(value, str):
        if value in _WORDS:
            return Store(_WORDS[value])
        parts = urlsplit(value)
        if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
            return Store("sqlite", path=Path("/", parts.path.lstrip("/")))
        if parts.scheme in ("postgresql", "postgres") and _has_a_port(value):
            return Store("postgresql", url=Secret(str.__str__(value)))
    close = get_close_matches(str(value), _WORDS, 1)
    raise HintedError(f"expected {_STORES}", f"did you mean {close[0]}?" if close else "")


def _has_a_port(url: str) -> bool:
    """Whether the port is one, or left out."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


StoreField = Annotated[
    Store,
    PlainValidator(_store),
    PlainSerializer(lambda store: store.kind, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(sqlite|memory|sqlite:///.+|postgres(ql)?://.+)$"}
    ),
    Field(json_schema_extra={"default": "sqlite"}),  # as it is written
]


def _redis(url: Secret) -> Secret:
    text = url.reveal()
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or not _has_a_port(text):
        raise broken_rule("expected redis://host:6379 or, with TLS, rediss://host:6379")
    if not parts.path.lstrip("/").isdigit() and parts.path not in ("", "/"):
        raise broken_rule("expected the number of a database behind the host, such as /0")
    return url


class Shared(Model):
    """The Redis (or Valkey) in which gateways of one name keep their limits together."""

    url: Annotated[Secret, AfterValidator(_redis)]
    """redis://host:6379, or rediss:// with TLS; user and password before the host, as in
    redis://user:password@host."""

    on_loss: Literal["open", "closed"] = "open"
    """While Redis is lost: `open`: each gateway counts alone; `closed`: limited requests are refused
    with 503. Default open."""

    ca: FilePath | None = None
    """Certificates of the authorities that may vouch for Redis (PEM). Default: the system's."""


def _expand(value: object) -> Any:
    if value == "memory":
        return None
    return {"url": value} if isinstance(value, str) else value


SharedField = Annotated[
    Shared | None,
    BeforeValidator(_expand, json_schema_input_type=str | Shared),
]
"""None: each gateway keeps its limits in its own memory."""

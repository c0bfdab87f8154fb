"""Owns what the host must know of a function. The composition root makes it from configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """One function.

    handler: `package.module.function`, or with slashes between folders as AWS allows.
    code: folder put first on the path. requirements: file of pip, or None. timeout: seconds, of one
    call. memory: MB. environment: references already resolved; never logged.
    reserved_concurrency: places of its own, 0 for none at all; None: the shared pool.
    """

    name: str
    handler: str
    code: Path
    requirements: Path | None = None
    timeout: float = 3.0
    memory: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    region: str = "us-east-1"
    account: str = "000000000000"

    @property
    def arn(self) -> str:
        """The unqualified ARN of the function."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

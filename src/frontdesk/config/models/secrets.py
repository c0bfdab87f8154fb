"""Model of where secrets are that references name."""

from typing import Annotated, Literal

from frontdesk.config.models.model import Duration, Model, between, matching


class SecretSource(Model):
    """Who answers for parameters and secrets of AWS's names."""

    provider: Literal["vault", "aws"]
    """Where `${ssm:…}` and `${secretsmanager:…}` are read: in Frontdesk's own `vault`, which functions
    reach with boto3 then, or at `aws`. `${secret:…}` is always of the vault."""

    region: Annotated[str, matching(r"[a-z0-9-]{1,32}", "a region such as us-east-1")] | None = None
    """Region at `aws`. Default: as AWS's tools find it, such as AWS_DEFAULT_REGION."""

    profile: str | None = None
    """Profile of AWS's shared configuration at `aws`. Default: as AWS's tools find it."""

    refresh: Annotated[Duration, between("10s", "1d")] = 300.0
    """How often `aws` is asked whether something has changed. Default 5m."""

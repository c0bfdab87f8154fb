"""Owns reading parameters and secrets at AWS, through botocore, which finds region and key by itself.

Source: AWS, SDK reference guide, "Settings reference"; API references, GetParameter, GetSecretValue.
"""

from typing import Any, Final

from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import member

_CONNECTING: Final = 5.0
_READING: Final = 10.0
_ATTEMPTS: Final = 3


class AwsSecrets:
    """Parameters and secrets of one account. Its methods wait; used in threads of their own."""

    def __init__(self, region: str | None, profile: str | None) -> None:
        """None: as AWS's tools find it. Raises: VaultError where botocore is missing."""
        try:
            import botocore.config
            import botocore.exceptions
            import botocore.session
        except ImportError as error:
            raise VaultError(
                "MissingPackage",
                "secrets: aws needs the package botocore",
                hint="pip install 'frontdesk[aws]'",
            ) from error
        self._errors = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
        self._session = botocore.session.Session(profile=profile)
        self._region = region
        self._config = botocore.config.Config(
            connect_timeout=_CONNECTING,
            read_timeout=_READING,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        self._clients: dict[str, Any] = {}

    def parameter(self, reference: str) -> str:
        """Read `name`, `name:3` or `name:label`. Raises: VaultError."""
        answer = self._ask("ssm", "get_parameter", Name=reference, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def secret(self, reference: str) -> str:
        """Read `name` or `name#key`. Raises: VaultError."""
        name, asked, key = reference.partition("#")
        answer = self._ask("secretsmanager", "get_secret_value", SecretId=name)
        if "SecretString" not in answer:
            raise VaultError("InvalidRequestException", "the secret is binary, and no text")
        return member(answer["SecretString"], key) if asked else str(answer["SecretString"])

    def _ask(self, service: str, operation: str, **members: Any) -> Any:
        try:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service, region_name=self._region, config=self._config
                )
            return getattr(self._clients[service], operation)(**members)
        except self._errors as error:
            answer = getattr(error, "response", {})
            code = answer.get("Error", {}).get("Code", type(error).__name__)
            hint = "AWS_DEFAULT_REGION or secrets.region, AWS_PROFILE or secrets.profile, and a key say who asks"
            raise VaultError(code, f"AWS does not tell it: {error}", hint=hint) from error

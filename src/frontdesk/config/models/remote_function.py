"""Models of functions that run elsewhere: at AWS Lambda, or at `frontdesk functions serve`."""

from typing import Annotated

from pydantic import AfterValidator

from frontdesk.client.target import parse_target
from frontdesk.config.models.asynchronous import Asynchronous
from frontdesk.config.models.model import Duration, Model, between, matching
from frontdesk.config.secrets import Secret


def _with_host(url: str) -> str:
    parse_target(url)
    return url


InvocationUrl = Annotated[
    str,
    matching(
        r"https?://[^\s/?#@]+/[!\"$-~]*/invocations(\?[!-~]*)?",
        "a URL such as https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/x/invocations",
    ),
    AfterValidator(_with_host),
]


class SigV4(Model):
    """A key pair that signs requests (AWS Signature Version 4)."""

    access_key_id: Annotated[str, matching(r"\w{4,128}", "an access key id of letters and digits")]
    """The access key id."""

    secret_access_key: Secret
    """The secret access key. At a Frontdesk with `admin.token` that token, for the id `frontdesk`."""

    session_token: Secret | None = None
    """The session token, where the pair is temporary."""

    region: Annotated[str, matching(r"[a-z0-9-]{1,32}", "a region such as us-east-1")] | None = None
    """Region to sign for. Default: the file's own."""

    service: Annotated[str, matching(r"[a-z0-9-]{1,64}", "a service such as lambda")] = "lambda"
    """Service to sign for. Default lambda."""


class RemoteAuth(Model):
    """How a function elsewhere knows us."""

    sigv4: SigV4
    """A key pair that signs requests."""


class RemoteFunction(Asynchronous):
    """A function that runs elsewhere, called in the format of Lambda's Invoke."""

    url: InvocationUrl
    """Where it is invoked: `https://HOST/2015-03-31/functions/NAME/invocations`."""

    auth: RemoteAuth | None = None
    """How we are known there. Absent: not at all."""

    timeout: Annotated[Duration, between("1ms", "15m")] = 900.0
    """How long one invocation may take before we hang up. Default 15m, at most 15m."""

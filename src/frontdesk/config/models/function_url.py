"""Model of a function's URL: HTTP straight to one function, without an API."""

from typing import Final, Literal

from frontdesk.config.models.api import Cors, Host
from frontdesk.config.models.integration import InvokeMode
from frontdesk.config.models.model import Model

FUNCTION_URLS: Final = "/fn"
"""Path below which functions are served that have a URL without host."""


class FunctionUrl(Model):
    """Serves a function at /fn/NAME, or at a host of its own."""

    auth: Literal["none", "iam"]
    """`none`: whoever asks. `iam`: requests signed for the service `lambda` with a key pair of one of the
    authorizers of type `iam`."""

    host: Host | None = None
    """Serve it at all paths of this host. Default: /fn/NAME at any host."""

    cors: Cors | None = None
    """Which web pages may call it. Absent: the function answers preflights itself."""

    invoke_mode: InvokeMode = "buffered"
    """`response_stream` passes on the parts of the function's result as they come. Default buffered."""

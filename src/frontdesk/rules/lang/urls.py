"""Owns the text of a backend's URL: `${stage.x}` of the API's stage (AWS: `${stageVariables.x}`), `{variable}` of the route's path.

Both the check of a file and the compilation of a route read URLs here, so that they agree.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

_URL: Final = re.compile(r"(https?://[^/?#]+)([^?#]*)\??([^#]*)")
_STAGE_VARIABLE: Final = re.compile(r"\$\{stage(?:Variables)?\.([A-Za-z0-9_]+)\}")
_PRINTABLE: Final = re.compile(r"[!-~]*")
VARIABLE: Final = re.compile(r"\{([A-Za-z0-9._:-]+)\+?\}")
"""A place for a variable of the route's path; its group is the name."""


class Url(NamedTuple):
    """A backend's URL in parts. base: goes before every path, without trailing slash."""

    origin: str
    base: str
    path: str
    query: str

    @property
    def variables(self) -> list[str]:
        """Names of the route's variables that path and query have places for, in order."""
        return VARIABLE.findall(self.path + self.query)


def split_url(url: str, variables: Mapping[str, str]) -> Url:
    """Split the URL of a route, stage variables filled in; unset ones are empty, as in AWS.

    Raises: ValueError when it is no http:// or https:// URL with a fixed host, or not all printable ASCII.
    """
    origin, path, query = _parts(_fill(url, variables))
    if "{" in origin:
        raise ValueError("expected a URL with a fixed host")
    return Url(origin, "", path, query)


def split_upstream(url: str, path: str | None, variables: Mapping[str, str]) -> Url:
    """Split the URL of a named upstream; its path goes before `path`, None: the request's.

    Raises: ValueError as `split_url` does.
    """
    origin, base, _ = _parts(url)
    _, below, query = _parts(origin + _fill(path or "", variables))
    return Url(origin, base.rstrip("/"), below, query)


@lru_cache(1 << 14)  # asked twice at each load, and a reload has mostly the URLs of the load before
def _parts(url: str) -> tuple[str, str, str]:
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError("expected a URL with http:// or https://")
    return found[1], _printable(found[2]), _printable(found[3])


def _printable(text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("expected a path of ASCII characters, others percent-encoded")
    return text


def _fill(text: str, variables: Mapping[str, str]) -> str:
    if "${" not in text:
        return text
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)

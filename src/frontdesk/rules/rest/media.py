"""Owns the media types of REST APIs: which bodies are bytes, and which template is for whom.

Source: AWS, "Content type conversions in API Gateway" and "Data transformations"; recorded.
"""

from collections.abc import Collection, Iterable
from typing import Final

DEFAULT_TYPE: Final = "application/json"
"""Of a request or an answer that names none."""


def media_type(value: str) -> str:
    """Return the media type of a Content-Type field: lower case, no parameters. "" gives the default."""
    return value.partition(";")[0].strip(" \t").lower() or DEFAULT_TYPE


def wished_type(accept: str) -> str:
    """Return the media type that counts of an Accept field: the first, whatever its quality."""
    return media_type(accept.partition(",")[0])


class BinaryTypes:
    """The media types whose bodies are bytes (`binaryMediaTypes`).

    `*/*` stands for all, `image/*` for all of its kind; `*/png` stands for nothing, not even itself.
    """

    __slots__ = ("_all", "_exact", "_kinds")

    def __init__(self, types: Iterable[str]) -> None:
        """types: such as `image/png`, `image/*` or `*/*`."""
        named = frozenset(media_type(each) for each in types)
        self._all = "*/*" in named
        self._exact = frozenset(each for each in named if not each.startswith("*/"))
        self._kinds = frozenset(each[:-1] for each in self._exact if each.endswith("/*"))

    def __bool__(self) -> bool:
        return self._all or bool(self._exact)

    def __contains__(self, found: str) -> bool:
        """Whether a media type, as `media_type` or `wished_type` gives it, is one of these."""
        if self._all:
            return True
        return found in self._exact or found[: found.find("/") + 1] in self._kinds


# -- templates ----------------------------------------------------------------------------------

FALLBACK: Final = "$default"
"""The request template for all media types without one of their own."""


def request_template(found: str, templates: Collection[str]) -> str | None:
    """Choose the key of the template for a request of a media type; None: there is none."""
    for key in (found, FALLBACK):
        if key in templates:
            return key
    return None


def passes_without(passthrough: str, templates: Collection[str]) -> bool:
    """Whether a body for which there is no template goes on as it is; else the answer is 415.

    passthrough: `when_no_match`, `when_no_templates` or `never`.
    """
    return passthrough == "when_no_match" or (passthrough == "when_no_templates" and not templates)


def response_template(wished: str, templates: Collection[str]) -> str | None:
    """Choose the key of the template for an answer: that of the wish, else the first; None: there is none."""
    return wished if wished in templates else next(iter(templates), None)

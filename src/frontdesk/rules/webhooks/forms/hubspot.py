"""Owns how HubSpot spells the URLs that it signs.

Source: HubSpot's documentation, "Validating requests", version 3.
"""

import re
from typing import Final

_DECODED: Final = {f"{ord(one):02X}": one for one in ":/?@!$'()*,;"}
_TRIPLET: Final = re.compile("%(" + "|".join(_DECODED) + ")", re.IGNORECASE)


def spellings(url: str) -> tuple[str, ...]:
    """Return a URL with the triplets decoded that HubSpot decodes."""
    return (_TRIPLET.sub(lambda found: _DECODED[found[1].upper()], url),)

"""Owns the judging of a definition that somebody sends, beside the requests where it is long."""

import asyncio
from typing import Final

from frontdesk.rules.asl.check import diagnose
from frontdesk.rules.asl.diagnostics import Diagnostic

_LONG: Final = 32_768
"""Characters of a definition beyond which judging it would hold up everybody else."""


async def diagnosed(definition: str, *, express: bool) -> list[Diagnostic]:
    """List everything that is wrong with the text of a definition, errors first."""
    if len(definition) > _LONG:
        return await asyncio.to_thread(diagnose, definition, express=express)
    return diagnose(definition, express=express)

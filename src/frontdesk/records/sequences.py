"""Owns `SequencesService`: numbers that are given once each, without an end, by tenant and type."""

from collections.abc import Mapping
from datetime import UTC, datetime

from frontdesk.base.clock import Clock
from frontdesk.ports.records import RecordStore
from frontdesk.records.options import Opts, caller_of, with_camel_names
from frontdesk.rules.events.times import iso_milliseconds
from frontdesk.rules.records.sequences import (
    DEFAULT_FORMAT,
    Rotation,
    SequenceItem,
    format_number,
    sequence_key,
)
from frontdesk.rules.records.users import hold_to_tenant


@with_camel_names
class SequencesService:
    """Gives numbers. Made by `Records.sequences`."""

    def __init__(self, store: RecordStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def generate_sequence_item(
        self,
        type_code: str,
        opts: Opts,
        *,
        tenant: str = "",
        rotate_by: Rotation = "none",
        params: Mapping[str, str] | None = None,
        prefix: str = "",
        postfix: str = "",
        date: datetime | None = None,
        format: str = DEFAULT_FORMAT,  # noqa: A002 - the word of the framework
    ) -> SequenceItem:
        """Give the next number of a sequence, the first is 1. Raises: RecordError, StoreError.

        tenant: default the caller's. rotate_by: when it begins again. params: code1 to code5, which tell sequences of
        one type apart. date: of the number, default now, UTC. format: see `format_number`.
        """
        user, codes = caller_of(opts).user, params or {}
        issued = self._clock.time() if date is None else date.timestamp()
        day = date or datetime.fromtimestamp(issued, UTC)
        key = sequence_key(type_code, tenant or user.tenant_code, rotate_by, codes, day)
        hold_to_tenant(user, key.pk)
        format_number(0, day, codes, form=format)  # a wrong format takes no number
        no = await self._store.count(key.pk, key.sk)
        text = format_number(no, day, codes, form=format, prefix=prefix, postfix=postfix)
        return SequenceItem(key.id, no, text, iso_milliseconds(issued))

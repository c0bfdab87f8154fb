"""Owns `CommandService`: versions are written by it alone, under optimistic locking and for the caller's tenant.

A version, the read model, the history and what others are told are one commit; handlers follow.
Source: MBC CQRS Serverless, `CommandService`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from frontdesk.records.handlers import Handlers
from frontdesk.records.options import Caller, Opts, caller_of, with_camel_names
from frontdesk.records.payments import attempt, failed_result
from frontdesk.records.shelf import Shelf
from frontdesk.rules.events.times import iso_milliseconds
from frontdesk.rules.records.changes import WRONG_VERSION, follows, is_dirty, merged
from frontdesk.rules.records.keys import VERSION_FIRST, VERSION_LATEST, Key, make_key
from frontdesk.rules.records.payments import payment_input
from frontdesk.rules.records.record import CommandInput, Record, read_input, write_json
from frontdesk.rules.records.refusals import ConflictRecordError, InvalidRecordError
from frontdesk.rules.records.users import hold_to_tenant

KeyLike = Key | tuple[str, str] | Mapping[str, Any]
"""A Key, (pk, sk) or {"pk": …, "sk": …}; `sk@version` names one version."""

_FINISHED: Final = "finish:FINISHED"
_SYNC_STARTED: Final = "publish_sync:STARTED"
_SYNC_FAILED: Final = "publish_sync:FAILED"

_TRIES: Final = 3
_PAGE: Final = 100


@with_camel_names
class CommandService:
    """Writes the records of one module. Made by `Records.commands`.

    Each method takes `opts`, see Options, and raises ForbiddenRecordError for a record of another tenant,
    InvalidRecordError (400), ConflictRecordError (409) and StoreError.
    """

    def __init__(self, shelf: Shelf, handlers: Handlers) -> None:
        self._shelf = shelf
        self._handlers = handlers

    async def publish_async(
        self, given: CommandInput | Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """Write a version; return its command, or None where nothing would change.

        version: 0 for a record that is not there yet, the version that it has, or -1 for whatever that is. Handlers
        run afterwards, at least once and in order.
        """
        caller, asked = caller_of(opts), read_input(given)
        hold_to_tenant(caller.user, asked.pk)
        return await self._publish(caller, asked, await self._predecessor(asked))

    async def publish_sync(
        self, given: CommandInput | Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """Write a version, held to the read model, and run all handlers; return its command, or None.

        What a handler raises is raised; the version stays, with the status publish_sync:FAILED.
        """
        caller, asked = caller_of(opts), read_input(given)
        hold_to_tenant(caller.user, asked.pk)
        known = await self._shelf.get("data", _key(asked))
        follows(asked, None if known is None else known.version)
        return await self._publish(caller, asked, known, is_sync=True)

    async def publish_partial_update_async(
        self, partial: Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """Merge into a version of the command, or with a version of 0 or -1 into the last one, and publish that."""
        caller, key, version = self._partial(partial, opts)
        known = await self._shelf.get("command", key, version if version > VERSION_FIRST else None)
        if known is None:
            raise InvalidRecordError("Invalid input key: item not found")
        asked = read_input(merged(partial, known))
        return await self._publish(caller, asked, known)

    async def publish_partial_update_sync(
        self, partial: Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """Merge into the read model, which must have this version, and publish that with all handlers."""
        caller, key, version = self._partial(partial, opts)
        known = await self._shelf.get("data", key)
        if known is None or known.version != version:
            raise InvalidRecordError("Invalid input: item not found or version mismatch")
        asked = read_input(merged(partial, known))
        return await self._publish(caller, asked, known, is_sync=True)

    async def duplicate(self, key: KeyLike, opts: Opts) -> Record:
        """Write a version once more as the next one, though nothing changes."""
        caller, found = caller_of(opts), await self.get_item(key, opts)
        if found is None:
            raise InvalidRecordError("Invalid input key: item not found")
        caller = caller._replace(source=caller.source or "duplicate")
        return await self._commit(caller, found, found, is_sync=False)

    async def re_sync_data(self, opts: Opts) -> int:
        """Run all handlers over the read model, as far as it is the caller's; return for how many records."""
        user, count, after = caller_of(opts).user, 0, ("", "")
        shelf = self._shelf
        while rows := await shelf.store.browse(
            shelf.module, after=after, most=_PAGE, now=shelf.clock.time()
        ):
            after = rows[-1].pk, rows[-1].sk
            for row in rows:
                if user.sees(row.pk):
                    await self._handlers.run(await shelf.record(row))
                    count += 1
        return count

    async def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """Return a version of a command, or without `@version` the last one."""
        named = held_key(key, opts)
        return await self._shelf.get(
            "command", named, None if named.version == VERSION_LATEST else named.version
        )

    async def get_latest_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """Return the last version of a command."""
        return await self._shelf.get("command", held_key(key, opts))

    async def get_next_command(self, key: KeyLike, opts: Opts) -> Record | None:
        """Return the version of a command behind the one that is named."""
        named = held_key(key, opts)
        return await self._shelf.get("command", named, named.version + 1)

    async def update_status(
        self, key: KeyLike, status: str, opts: Opts, *, notify_id: str = ""
    ) -> bool:
        """Write the status of a command, and tell subscribers of statuses. False: there is no such version."""
        found = await self.get_item(key, opts)
        return found is not None and await self._set_status(found, status, notify_id)

    async def update_ttl(self, key: KeyLike, ttl: int | None, opts: Opts) -> bool:
        """Write when a command, and data that shows it, is to go; None: never. False: there is no such version."""
        found = await self.get_item(key, opts)
        if found is None:
            return False
        return await self._shelf.store.set_ttl(self._shelf.name(found.key), found.version, ttl)

    async def record_payment_result(
        self, request: Mapping[str, Any], result: Mapping[str, Any], opts: Opts
    ) -> Record | None:
        """Write how a payment ended, see `payment_input`, whatever was known of it before.

        None: the same is known already. Who writes at the same time is read again, three times at most.
        """
        asked = payment_input(request, result, caller_of(opts).user.tenant_code)
        for left in reversed(range(_TRIES)):
            try:
                return await self.publish_async(replace(asked, version=VERSION_LATEST), opts)
            except ConflictRecordError:
                if not left:
                    raise
        raise AssertionError

    async def process_payment(
        self,
        request: Mapping[str, Any],
        pay: Callable[[], Awaitable[Mapping[str, Any]]],
        opts: Opts,
    ) -> Mapping[str, Any]:
        """Pay, and write how it ended; return the result, or raise what `pay` raised.

        A failure that cannot be written either is logged and noted at the error of the payment, never in its place.
        """
        # Who may not write, or not this, does not pay.
        payment_input(request, {}, caller_of(opts).user.tenant_code)
        async with attempt(lambda error: self._record_failure(request, error, opts)):
            result = await pay()
        await self.record_payment_result(request, result, opts)
        return result

    # -- inside ---------------------------------------------------------------------------------------

    async def _record_failure(
        self, request: Mapping[str, Any], error: Exception, opts: Opts
    ) -> None:
        await self.record_payment_result(request, failed_result(error), opts)

    def _partial(self, partial: Mapping[str, Any], opts: Opts) -> tuple[Caller, Key, int]:
        key, version = make_key(partial.get("pk"), partial.get("sk")), partial.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            raise InvalidRecordError("Invalid version: expected a whole number")
        caller = caller_of(opts)
        hold_to_tenant(caller.user, key.pk)
        return caller, key, version

    async def _predecessor(self, asked: CommandInput) -> Record | None:
        """Return the version that an input says it follows. Raises: InvalidRecordError: there is none."""
        if asked.version == VERSION_FIRST:
            return None
        if asked.version < VERSION_LATEST:
            raise InvalidRecordError(WRONG_VERSION)
        version = None if asked.version == VERSION_LATEST else asked.version
        known = await self._shelf.get("command", _key(asked), version)
        if known is None and version is not None:
            raise InvalidRecordError(WRONG_VERSION)
        return known

    async def _publish(
        self, caller: Caller, asked: CommandInput, known: Record | None, *, is_sync: bool = False
    ) -> Record | None:
        if known is not None and not is_dirty(asked, known):
            return None
        return await self._commit(caller, asked, known, is_sync=is_sync)

    async def _commit(
        self, caller: Caller, asked: CommandInput, known: Record | None, *, is_sync: bool
    ) -> Record:
        """Write the version behind `known`. Raises: ConflictRecordError."""
        if self._handlers:
            await self._handlers.start()
        runs = is_sync and bool(self._handlers)
        command = self._command(caller, asked, known, _SYNC_STARTED if runs else _FINISHED)
        command = replace(command, sync_mode="SYNC" if is_sync else "ASYNC")
        # Differs: [records-at-once] The framework's read model follows its command, step by step.
        data = replace(
            command, status=None, sync_mode=None, cpk=command.pk, csk=command.versioned_sk
        )
        if not await self._shelf.publish(command, data, by_hand=is_sync):
            raise ConflictRecordError(
                f"somebody else has written this version: {command.versioned_sk}",
                hint="read the record again",
            )
        if runs:
            return await self._run(command, data)
        self._handlers.wake()
        return command

    def _command(
        self, caller: Caller, asked: CommandInput, known: Record | None, status: str
    ) -> Record:
        now = iso_milliseconds(self._shelf.clock.time())
        user = caller.user
        return Record(
            **{
                **{field.name: getattr(asked, field.name) for field in fields(CommandInput)},
                "version": 1 if known is None else known.version + 1,
            },
            status=status,
            source=caller.source,
            request_id=caller.request_id,
            created_at=now if known is None else known.created_at,
            created_by=user.user_id if known is None else known.created_by,
            created_ip=user.source_ip if known is None else known.created_ip,
            updated_at=now,
            updated_by=user.user_id,
            updated_ip=user.source_ip,
        )

    async def _run(self, command: Record, data: Record) -> Record:
        """Run all handlers with what has just been written."""
        try:
            await self._handlers.run(data)
        except BaseException:
            await self._set_status(command, _SYNC_FAILED)
            raise
        await self._set_status(command, _FINISHED)
        return replace(command, status=_FINISHED)

    async def _set_status(self, command: Record, status: str, notify_id: str = "") -> bool:
        shelf = self._shelf
        notice = {
            "action": "command-status",
            "pk": command.pk,
            "sk": command.versioned_sk,
            "table": f"{shelf.module}-command",
            "id": notify_id or command.id,
            "tenantCode": command.tenant_code,
            "content": {"status": status, "source": command.source},
        }
        return await shelf.store.set_status(
            shelf.name(command.key),
            command.version,
            status,
            write_json(notice),
            now=shelf.clock.time(),
        )


def read_key(key: KeyLike) -> Key:
    """Read a key. Raises: InvalidRecordError."""
    if isinstance(key, Mapping):
        return make_key(key.get("pk"), key.get("sk"))
    pk, sk, *version = key
    named = make_key(pk, sk)
    return named._replace(version=version[0]) if version else named


def held_key(key: KeyLike, opts: Opts) -> Key:
    """Read a key of the caller's tenant. Raises: ForbiddenRecordError, InvalidRecordError."""
    named = read_key(key)
    hold_to_tenant(caller_of(opts).user, named.pk)
    return named


def _key(asked: CommandInput) -> Key:
    return Key(asked.pk, asked.sk)

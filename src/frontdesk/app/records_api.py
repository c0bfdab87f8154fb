"""Owns the operator's requests about records, on the admin listener.

GET /records                                              all modules, and who is told of changes
GET /records/MODULE?pk=&prefix=&after_pk=&after_sk=&most= records as they are now
GET /records/MODULE/item?pk=&sk=                          one; with sk@version, what it was written as
GET /records/MODULE/history?pk=&sk=&before=&most=         its versions, the newest first
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final

from frontdesk.app.actions import query_of, refused, whole_number
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.validation import among
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.ports.records import Name, Query, RecordStore, Row
from frontdesk.rules.records.keys import VERSION_LATEST, make_key
from frontdesk.rules.records.record import read_document, write_json
from frontdesk.rules.records.spans import EVERYTHING, read_span

_PATH: Final = "/records"
_USUAL: Final = 100
_MOST: Final = 1000
_NEWEST: Final = 2**62

Answer = Callable[[str, Mapping[str, str]], Awaitable[dict[str, Any]]]


class RecordsApi:
    """The face of these requests. The operator sees the records of all tenants."""

    needs_token = True

    def __init__(
        self, store: RecordStore, clock: Clock, named: Callable[[], Collection[str]] = tuple
    ) -> None:
        """named: lists the modules that the file names, also those that nothing is recorded in yet."""
        self._store = store
        self._named = named
        self._clock = clock
        self._actions: dict[str, Answer] = {
            "": self._list,
            "item": self._show,
            "history": self._history,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _PATH or ex.path.startswith(f"{_PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        module, _, action = ex.path.removeprefix(_PATH).removeprefix("/").partition("/")
        if action not in self._actions:
            return refusal(404, "route")
        if ex.method != "GET":
            return refusal(405, "method", (b"allow", b"GET"))
        return self._answer(module, self._actions[action], query_of(ex))

    async def _answer(self, module: str, answer: Answer, asked: Mapping[str, str]) -> Reply:
        try:
            told = await (answer(module, asked) if module else self._modules())
        except FrontdeskError as error:
            return refused(error)
        # Whatever a record may have, long numbers and halves of surrogates among it, is told.
        return Reply(200, [JSON, FRESH], write_json(told).encode())

    async def _modules(self) -> dict[str, Any]:
        subscribers = []
        for each in await self._store.subscribers():
            count, oldest = await self._store.waiting(each.name)
            subscribers.append({**each._asdict(), "waiting": count, "oldest": oldest})
        return {"modules": list(await self._store.modules()), "subscribers": subscribers}

    async def _list(self, module: str, asked: Mapping[str, str]) -> dict[str, Any]:
        most, now = _number(asked, "most", _USUAL, _MOST), self._clock.time()
        pk, after = asked.get("pk", ""), asked.get("after_sk", "")
        if pk:
            prefix = asked.get("prefix", "")
            span = (
                read_span({"expression": "begins_with(sk, :p)", "values": {":p": prefix}})
                if prefix
                else EVERYTHING
            )
            if after:
                span = span.behind(after, descending=False)
            rows = await self._store.query(Query(module, pk, span, most), now=now)
        else:
            beginning = asked.get("after_pk", ""), after
            rows = await self._store.browse(module, after=beginning, most=most, now=now)
        if not rows:
            await self._expect(module)
        return {"items": _told(rows)}

    async def _expect(self, module: str) -> None:
        """Refuse a module that neither the file nor a record names. Raises: FrontdeskError."""
        modules = {*self._named(), *await self._store.modules()}
        if module not in modules:
            raise FrontdeskError(
                f"there is no module {module}", hint=among(module, sorted(modules))
            )

    async def _show(self, module: str, asked: Mapping[str, str]) -> dict[str, Any]:
        key = make_key(asked.get("pk"), asked.get("sk"))
        version = None if key.version == VERSION_LATEST else key.version
        name = Name(module, key.pk, key.sk)
        row = await self._store.get(
            "data" if version is None else "command", name, version, now=self._clock.time()
        )
        if row is None:
            raise FrontdeskError(
                f"there is no such record in {module}: {asked['pk']} {asked['sk']}"
            )
        return {"item": _told([row])[0]}

    async def _history(self, module: str, asked: Mapping[str, str]) -> dict[str, Any]:
        key = make_key(asked.get("pk"), asked.get("sk"))
        rows = await self._store.versions(
            Name(module, key.pk, key.sk),
            before=_number(asked, "before", _NEWEST, _NEWEST),
            most=_number(asked, "most", _USUAL, _MOST),
            now=self._clock.time(),
        )
        return {"items": _told(rows)}


def _told(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        read_document(
            row.document, pk=row.pk, sk=row.sk, version=row.version, ttl=row.ttl, status=row.status
        ).to_json()
        for row in rows
    ]


def _number(asked: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = asked.get(name, str(usual))
    number = whole_number(text, 1, most)
    if number is None:
        raise FrontdeskError(f"expected a number of 1 to {most}: {name}: {text:.40}")
    return number

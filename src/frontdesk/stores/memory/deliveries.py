"""Owns outgoing webhooks in this process: what the port means, in the fewest words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from frontdesk.ports.deliveries import (
    KNOWN,
    Application,
    Attempt,
    Counts,
    Delivery,
    Endpoint,
    Held,
    Kept,
    Message,
    Page,
    Published,
    Recovered,
    Settled,
    Settlement,
    State,
    Turn,
)
from frontdesk.rules.webhooks.endpoints import HEALTHY, Health

T = TypeVar("T")


@dataclass(slots=True)
class _Record:
    """A delivery. due: None at rest."""

    number: int
    message: Message
    endpoint: str
    state: State
    due: float | None
    epoch: int = 0
    tries: int = 0
    attempts: list[Attempt] = field(default_factory=list)


class MemoryDeliveries:
    """See `ports.deliveries.DeliveryStore`; gone with the process. It looks through all where others have an index."""

    def __init__(self) -> None:
        self._apps: dict[str, Application] = {}
        self._kept: dict[str, Kept] = {}
        self._messages: dict[str, tuple[int, Message]] = {}
        self._records: dict[int, _Record] = {}
        self._events: dict[tuple[str, str], Message] = {}
        self._numbers = count(1)

    # -- applications and endpoints -----------------------------------------------------------------

    async def put_application(self, application: Application) -> Application:
        """See the port."""
        former = self._apps.get(application.id, application)
        self._apps[application.id] = kept = former._replace(name=application.name)
        return kept

    async def applications(self, *, after: str = "", most: int) -> Sequence[Application]:
        """See the port."""
        return [self._apps[app] for app in sorted(self._apps) if app > after][:most]

    async def application(self, app: str) -> Application | None:
        """See the port."""
        return self._apps.get(app)

    async def drop_application(self, app: str) -> bool:
        """See the port."""
        for kept in list(self._of(app)):
            await self.drop_endpoint(app, kept.endpoint.id)
        self._messages = {id_: each for id_, each in self._messages.items() if each[1].app != app}
        self._events = {key: each for key, each in self._events.items() if key[0] != app}
        return self._apps.pop(app, None) is not None

    async def put_endpoint(self, endpoint: Endpoint) -> Endpoint | None:
        """See the port."""
        former = self._kept.get(endpoint.id)
        version = 0 if former is None else former.endpoint.version
        if version != endpoint.version or endpoint.app not in self._apps:
            return None
        put = endpoint.following
        self._kept[put.id] = Kept(put, HEALTHY if former is None else former.health)
        return put

    async def endpoint(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""
        kept = self._kept.get(endpoint)
        return None if kept is None or kept.endpoint.app != app else kept

    async def endpoints(self, app: str, *, after: str = "", most: int) -> Sequence[Kept]:
        """See the port."""
        found = sorted(self._of(app), key=lambda kept: kept.endpoint.id)
        return [kept for kept in found if kept.endpoint.id > after][:most]

    async def drop_endpoint(self, app: str, endpoint: str) -> bool:
        """See the port."""
        if await self.endpoint(app, endpoint) is None:
            return False
        del self._kept[endpoint]
        self._records = {
            number: each for number, each in self._records.items() if each.endpoint != endpoint
        }
        return True

    async def disable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""
        kept = await self.endpoint(app, endpoint)
        if kept is None:
            return None
        self._skip(endpoint)
        return self._be(endpoint, kept.health.switched_off())

    async def enable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""
        kept = await self.endpoint(app, endpoint)
        return kept and self._be(endpoint, Health(full=kept.health.full))

    # -- messages -------------------------------------------------------------------------------------

    async def publish(self, message: Message, *, only: str = "") -> Published | None:
        """See the port."""
        if message.app not in self._apps:
            return None
        known = self._events.get((message.app, message.event)) if message.event else None
        if known is not None and known.created > message.created - KNOWN:
            return message.repeats(known.id, known.digest)
        if message.event:
            self._events[message.app, message.event] = message
        self._messages[message.id] = next(self._numbers), message
        made = [
            self._make(message, kept)
            for kept in sorted(self._of(message.app), key=lambda kept: kept.endpoint.id)
            if (kept.endpoint.id == only if only else kept.endpoint.wants(message))
        ]
        waiting = sum(record.state == "waiting" for record in made)
        return Published(message.id, "fresh", len(made), waiting)

    async def message(self, app: str, message: str) -> Message | None:
        """See the port."""
        _, found = self._messages.get(message, (0, None))
        return found if found is not None and found.app == app else None

    async def messages(self, app: str, *, most: int, token: int = 0) -> Page[Message]:
        """See the port."""
        found = [(number, each) for number, each in self._messages.values() if each.app == app]
        return _page(found, most, token)

    async def deliveries(
        self,
        app: str,
        *,
        message: str = "",
        endpoint: str = "",
        state: State | None = None,
        most: int,
        token: int = 0,
    ) -> Page[Delivery]:
        """See the port."""
        found = [
            (record.number, _delivery(record))
            for record in self._records.values()
            if record.message.app == app
            and record.message.id == (message or record.message.id)
            and record.endpoint == (endpoint or record.endpoint)
            and record.state == (state or record.state)
        ]
        return _page(found, most, token)

    async def attempts(self, app: str, message: str) -> Sequence[tuple[str, Attempt]]:
        """See the port."""
        found = [
            (record, attempt)
            for record in self._records.values()
            if (record.message.app, record.message.id) == (app, message)
            for attempt in record.attempts
        ]
        found.sort(key=lambda each: (each[1].at, each[0].number, each[1].number))
        return [(record.endpoint, attempt) for record, attempt in found]

    # -- sending --------------------------------------------------------------------------------------

    async def ready(self, *, now: float) -> Sequence[str]:
        """See the port."""
        return [
            id_
            for id_, kept in sorted(self._kept.items())
            if any(self._due(id_, now)) and self._room(kept, kept.endpoint.concurrency, now) > 0
        ]

    async def lease(self, wishes: Mapping[str, int], *, now: float, until: float) -> Sequence[Turn]:
        """See the port."""
        turns = []
        for id_ in sorted(wishes):
            kept = self._kept.get(id_)
            if kept is None:
                continue
            records = sorted(self._due(id_, now), key=lambda each: (each.due, each.number))
            taken = records[: max(self._room(kept, wishes[id_], now), 0)]
            self._be(id_, kept.health.began(kept.endpoint.pace, len(taken), now))
            for record in taken:
                record.state, record.due = "sending", until
                record.epoch += 1
                held = Held(record.number, record.epoch)
                number = len(record.attempts) + 1
                turns.append(Turn(held, kept.endpoint, record.message, record.tries, number))
        return turns

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        records = [self._held(each) for each in held]
        for record in records:
            if record is not None:
                record.due = until
        return [record is not None for record in records]

    async def put_back(self, held: Held, *, due: float, paused: float = 0.0) -> bool:
        """See the port."""
        record = self._held(held)
        if record is None:
            return False
        kept = self._kept[record.endpoint]
        self._be(record.endpoint, kept.health.until(paused))
        self._rest_or_wait(record, kept.health, due)
        return True

    async def settle(self, held: Held, settlement: Settlement, *, now: float) -> Settled:
        """See the port."""
        record = self._held(held)
        if record is None:
            return Settled(kept=False)
        record.attempts.append(settlement.attempt)
        record.tries += 1
        before = self._kept[record.endpoint].health
        after = settlement.health_after(before, now)
        self._be(record.endpoint, after)
        if settlement.state == "waiting":
            self._rest_or_wait(record, after, settlement.due)
        else:
            record.state, record.due = settlement.state, None
        if not after.disabled or before.disabled:
            return Settled(kept=True)
        self._skip(record.endpoint)
        return Settled(kept=True, disabled=after.disabled)

    # -- once more ------------------------------------------------------------------------------------

    async def resend(self, app: str, message: str, endpoint: str, *, now: float) -> bool:
        """See the port."""
        kept, found = await self.endpoint(app, endpoint), await self.message(app, message)
        if kept is None or found is None or kept.health.disabled:
            return False
        record = next(
            (
                each
                for each in self._records.values()
                if (each.message.id, each.endpoint) == (message, endpoint)
            ),
            None,
        )
        if record is None:
            record = self._make(found, kept)
        elif record.state == "sending":
            return False
        record.state, record.due, record.tries = "waiting", now, 0
        return True

    async def recover(
        self,
        app: str,
        endpoint: str,
        *,
        since: float,
        until: float,
        now: float,
        most: int,
        after: int = 0,
    ) -> Recovered:
        """See the port."""
        kept = await self.endpoint(app, endpoint)
        if kept is None or kept.health.disabled:
            return Recovered(0, after)
        found = [
            record
            for record in self._records.values()
            if record.endpoint == endpoint
            and record.number > after
            and record.state in ("exhausted", "skipped")
            and since <= record.message.created < until
        ]
        found.sort(key=lambda record: record.number)
        del found[most:]
        for record in found:
            record.state, record.due, record.tries = "waiting", now, 0
        return Recovered(len(found), found[-1].number if found else after)

    async def forget(self, before: float, *, most: int) -> int:
        """See the port."""
        busy = {each.message.id for each in self._records.values() if each.due is not None}
        old = [
            each.id
            for _, each in self._messages.values()
            if each.created <= before and each.id not in busy
        ][:most]
        for id_ in old:
            del self._messages[id_]
        self._records = {
            number: each for number, each in self._records.items() if each.message.id not in old
        }
        return len(old)

    async def forget_events(self, before: float) -> None:
        """See the port."""
        self._events = {key: each for key, each in self._events.items() if each.created > before}

    async def counts(self) -> Counts:
        """See the port."""
        due = [record.due for record in self._records.values() if record.due is not None]
        disabled = sum(bool(kept.health.disabled) for kept in self._kept.values())
        return Counts(len(due), min(due, default=None), disabled)

    # -- inside ---------------------------------------------------------------------------------------

    def _of(self, app: str) -> Iterator[Kept]:
        return (kept for kept in self._kept.values() if kept.endpoint.app == app)

    def _be(self, endpoint: str, health: Health) -> Kept:
        self._kept[endpoint] = kept = self._kept[endpoint]._replace(health=health)
        return kept

    def _make(self, message: Message, kept: Kept) -> _Record:
        number = next(self._numbers)
        record = _Record(number, message, kept.endpoint.id, "waiting", message.created)
        self._rest_or_wait(record, kept.health, message.created)
        self._records[number] = record
        return record

    def _rest_or_wait(self, record: _Record, health: Health, due: float) -> None:
        if health.disabled:
            record.state, record.due = "skipped", None
        else:
            record.state, record.due = "waiting", due

    def _skip(self, endpoint: str) -> None:
        for record in self._records.values():
            if record.endpoint == endpoint and record.state == "waiting":
                record.state, record.due = "skipped", None

    def _due(self, endpoint: str, now: float) -> Iterator[_Record]:
        return (
            record
            for record in self._records.values()
            if record.endpoint == endpoint and record.due is not None and record.due <= now
        )

    def _room(self, kept: Kept, wanted: int, now: float) -> int:
        id_ = kept.endpoint.id
        sending = sum(
            each.endpoint == id_
            and each.state == "sending"
            and each.due is not None
            and each.due > now
            for each in self._records.values()
        )
        free = min(wanted, kept.endpoint.concurrency - sending)
        return kept.health.room(kept.endpoint.pace, free, now)

    def _held(self, held: Held) -> _Record | None:
        record = self._records.get(held.delivery)
        if record is None or record.state != "sending" or record.epoch != held.epoch:
            return None
        return record


def _page(found: list[tuple[int, T]], most: int, token: int) -> Page[T]:
    return Page.of(
        sorted((each for each in found if not token or each[0] < token), reverse=True), most
    )


def _delivery(record: _Record) -> Delivery:
    message = record.message
    return Delivery(
        message.id,
        message.type,
        record.endpoint,
        record.state,
        len(record.attempts),
        record.due,
        message.created,
    )

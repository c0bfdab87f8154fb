"""Owns the operations on buses, and those that put events on them or try patterns."""

from typing import Any

import orjson

from frontdesk.aws.events.asked import Members, bus_of, listed, pattern_of
from frontdesk.aws.wire import new_uuid
from frontdesk.base.clock import Clock
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.entries import MOST, put_events
from frontdesk.durable.publishing.refusals import PublishError, not_valid
from frontdesk.durable.publishing.rules import DEFAULT, Bus


class BusOperations:
    """See json_service.Run."""

    def __init__(self, buses: Buses, clock: Clock) -> None:
        self._buses = buses
        self._clock = clock

    async def put_events(self, members: Members) -> dict[str, Any]:
        """PutEvents."""
        ids = [new_uuid() for _ in range(MOST)]
        return await put_events(self._buses, members["Entries"], ids, now=self._clock.time())

    async def test_pattern(self, members: Members) -> dict[str, Any]:
        """TestEventPattern."""
        try:
            event = orjson.loads(members["Event"])
        except ValueError:
            raise not_valid("Parameter Event is not valid.") from None
        return {"Result": pattern_of(members["EventPattern"])(event)}

    async def create(self, members: Members) -> dict[str, Any]:
        """CreateEventBus."""
        bus = Bus(name=members["Name"], description=members.get("Description", ""))
        if self._buses.find(bus.name) is not None:
            raise PublishError(
                "ResourceAlreadyExistsException", f"Event bus {bus.name} already exists."
            )
        await self._buses.of_api.put(bus)
        return {"EventBusArn": self._buses.arn(bus)}

    async def delete(self, members: Members) -> dict[str, Any]:
        """DeleteEventBus. One that is not there is deleted."""
        bus = self._buses.find(members["Name"])
        if bus is not None and bus.name == DEFAULT:
            raise not_valid("Cannot delete event bus default.")
        if bus is not None and bus.of_file:
            raise not_valid(f"Event bus {bus.name} is of the configuration file.")
        if bus is not None:
            await self._buses.ruled.drop([rule.key for rule in self._buses.rules(bus)])
            await self._buses.of_api.drop([bus.key])
        return {}

    async def describe(self, members: Members) -> dict[str, Any]:
        """DescribeEventBus."""
        return self._told(bus_of(self._buses, members, "Name"))

    async def list_buses(self, members: Members) -> dict[str, Any]:
        """ListEventBuses."""
        prefix = members.get("NamePrefix", "")
        all_ = [bus for bus in self._buses.all() if bus.name.startswith(prefix)]
        found, token = listed(members, all_, lambda bus: bus.name)
        return {"EventBuses": [self._told(bus) for bus in found], **token}

    def _told(self, bus: Bus) -> dict[str, Any]:
        described = {"Description": bus.description} if bus.description else {}
        return {"Name": bus.name, "Arn": self._buses.arn(bus), **described}

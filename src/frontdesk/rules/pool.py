"""Owns the scheduling of function children: who runs what, who waits, who is started or ended.

Knows no process, clock or log: each method is an event with its time, each answer a list of commands
that the caller carries out in order. The rules, in full:

1. A request takes the idle child of its version that was used last; without one it waits, first come
   first served.
2. A child is started for a waiting request at once while its version has fewer children than the
   machine has cores. Beyond that only for requests that have waited longer than `patience`: a short
   queue before warm children is faster than more processes than cores. There are never more children
   starting than requests waiting.
3. A function with reserved concurrency has that many places of its own, for all its versions, and a
   request beyond them is refused at once. All others share the places that are left. Where calls are
   counted, what is reserved or provisioned is taken out of the shared places, and a request beyond is
   refused at once, too; else it waits. When places are used up, a new child takes the one of another
   version's idle child. A version that has no child at all takes the place of the next that has
   nothing to do or, after `patience`, of the next that ends a call.
4. A child that cannot start answers everyone who waits for its version, unless another child lives.
   After that one child is started at a time until one is ready: a function that hangs while it loads
   must not take all places. A child lost in the middle of a call is replaced at once, one lost while
   idle when it is needed. A child that takes too long to load is ended, and the request that waited
   longest has another load within its call.
5. A child idle for longer than `idle` goes, but for the last one of a version.
6. A version with provisioned concurrency has that many children that stand ready, in places of their
   own, which its requests take first; those beyond are counted like others. Such a child is replaced
   when it is lost. Those that are lost idle are replaced at once only once within `retry`, and one
   that cannot start after it: a child that always dies must not keep the machine busy.

Differs: [waiting] AWS never lets a synchronous call wait for a warm environment, and always counts.
On one machine processes are dear and a short wait is cheap; without rule 2 a gateway with two cores
would answer 429 to its ninth connection. Where calls are counted, the refusals are AWS's.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeAlias

from frontdesk.rules.places import Function, Group, Places, R

RESERVED_EXCEEDED: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
SHARED_EXCEEDED: Final = "ConcurrentInvocationLimitExceeded"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of the pool.

    shared: places of all functions. counted: what is reserved or provisioned is taken out of them, and
    no call waits for one. cores: children of one version started without hesitation. waiting: requests
    that may wait per version. patience, idle, retry: seconds.
    """

    shared: int
    cores: int
    waiting: int = 1000
    patience: float = 0.05
    idle: float = 300.0
    retry: float = 5.0
    counted: bool = False


@dataclass(slots=True)
class Spawn:
    """Start a child of this number; answer with `ready`, `failed` or `overran`.

    provisioned: it is to stand ready. Where `Dispatch` follows, the call begins before the child has
    loaded, and only the call is answered.
    """

    function: str
    version: str
    child: int
    provisioned: bool


@dataclass(slots=True)
class Dispatch(Generic[R]):
    """Give the request to the child; answer with `done` or `lost`."""

    child: int
    request: R


@dataclass(slots=True)
class Refuse(Generic[R]):
    """Answer the request: no concurrency is free. reason: Lambda's word for the limit."""

    request: R
    reason: str


@dataclass(slots=True)
class Fail(Generic[R]):
    """Answer the request: its function cannot start, for the cause just reported."""

    request: R


@dataclass(slots=True)
class Retire:
    """End a child that runs nothing, politely. Its number is not used again."""

    child: int


@dataclass(slots=True)
class Kill:
    """End a child in the middle of its call. Its number is not used again."""

    child: int


Command: TypeAlias = Spawn | Dispatch[R] | Refuse[R] | Fail[R] | Retire | Kill


class Standing(NamedTuple):
    """The children of a version that stand ready: how many are wanted, have loaded, are idle.

    faulty: the last one to start could not.
    """

    wanted: int
    loaded: int
    idle: int
    faulty: bool


class Pool(Generic[R]):
    """The children of all functions. Unknown children in an event are ignored: they were ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._functions: dict[str, Function[R]] = {}
        self._owners: dict[int, Group[R]] = {}
        self._shared: Places[R] = Places(limits.shared, SHARED_EXCEEDED if limits.counted else "")
        self._last_child = 0

    # -- what may be asked ------------------------------------------------------------------------

    def next_tick(self, now: float) -> float | None:
        """Tell the second at which `tick` has something to do next; None: not before another event.

        That is when a wait ends, a request loses its patience, an idle child goes or a missing one is
        due. For requests that have lost it already, `tick` looks every `patience` seconds whether a
        place has become free.
        """
        limits, due = self._limits, []
        for group in self._groups():
            for since, deadline in group.waiting.values():
                impatient = since + limits.patience
                due += [deadline, impatient if impatient > now else now + limits.patience]
            if group.missing:
                due.append(max(group.next_try, now + limits.patience))
            if group.idle and group.size > 1 and not group.wanted:
                due.append(min(group.idle.values()) + limits.idle)
        return min(due, default=None)

    def standing(self, name: str, version: str) -> Standing:
        """Count the children of a version that stand ready, or ought to."""
        group = self._functions[name].provisioned.get(version)
        if group is None:
            return Standing(0, 0, 0, faulty=False)
        loaded = group.size - len(group.starting)
        return Standing(group.wanted, loaded, len(group.idle), group.faulty)

    def waiting(self, name: str, version: str) -> list[R]:
        """List the requests that wait for a version."""
        function = self._functions[name]
        groups = (function.provisioned.get(version), function.on_demand.get(version))
        return [request for group in groups if group is not None for request in group.waiting]

    # -- events: definitions ----------------------------------------------------------------------

    def define(
        self,
        name: str,
        reserved: int | None,
        versions: Mapping[str, int],
        now: float,
        *,
        keep: Collection[str] = (),
    ) -> list[Command[R]]:
        """Add a function, or change its share and its versions.

        versions: with the number of children that stand ready. keep: those that have not changed; the
        children of all others finish their call and go.
        """
        function = self._functions.setdefault(name, Function(self._shared))
        self._reserve(name, function, reserved, sum(versions.values()))
        commands: list[Command[R]] = []
        for version in function.on_demand.keys() - versions.keys():
            commands += self._end(function, version)
        for version, wanted in versions.items():
            commands += self._renew(name, version, kept=version in keep)
            commands += self._provision(name, version, wanted, now, kept=version in keep)
        self._share_out()
        for group in [*function.provisioned.values(), *function.on_demand.values()]:
            commands += self._grow(group, now)
        return commands

    def remove(self, name: str) -> list[Command[R]]:
        """Forget a function. Its running calls finish, its waiting ones fail."""
        function = self._functions.pop(name)
        commands: list[Command[R]] = []
        for version in list(function.on_demand):
            commands += self._end(function, version)
        self._share_out()
        return commands

    def warm(self, name: str, version: str) -> list[Command[R]]:
        """Start a first child, if there is none and a place is free."""
        function = self._functions[name]
        group = function.on_demand[version]
        cold = group.size == 0 and version not in function.provisioned
        return [self._spawn(group)] if cold and group.has_room else []

    # -- events: requests -------------------------------------------------------------------------

    def request(
        self, name: str, version: str, request: R, deadline: float, now: float
    ) -> list[Command[R]]:
        """Ask for a child. deadline: second at which waiting ends."""
        function = self._functions[name]
        group = function.provisioned.get(version)
        if group is None or group.places.full:
            group = function.on_demand[version]
        places = group.places
        if places.refusal and places.full:
            return [Refuse(request, places.refusal)]
        if group.idle:
            child, _ = group.idle.popitem()
            group.busy[child] = request
            places.calls += 1
            return [Dispatch(child, request)]
        if not places.refusal and len(group.waiting) >= self._limits.waiting:
            return [Refuse(request, SHARED_EXCEEDED)]
        group.waiting[request] = now, deadline
        places.calls += 1
        return self._grow(group, now)

    def withdraw(self, name: str, version: str, request: R) -> None:
        """Forget a request that waits. One that does not is left alone."""
        function = self._functions.get(name)
        if function is None:
            return
        for groups in (function.provisioned, function.on_demand):
            if version in groups and request in groups[version].waiting:
                self._withdraw(groups[version], request)

    def tick(self, now: float) -> list[Command[R]]:
        """Let time pass: end waits that are over, start children, retire idle ones."""
        commands: list[Command[R]] = []
        for group in self._groups():
            late = [request for request, (_, end) in group.waiting.items() if end <= now]
            for request in late:
                self._withdraw(group, request)
                commands.append(Refuse(request, SHARED_EXCEEDED))
            commands += self._grow(group, now)
            commands += self._stand_ready(group, now)
            commands += self._retire_idle(group, now)
        return commands

    # -- events: children -------------------------------------------------------------------------

    def ready(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has started and is free."""
        group = self._owners.get(child)
        if group is None:
            return []
        group.starting.remove(child)
        group.faulty = False
        # It serves at least one request before it may give way: two functions that share one place
        # would otherwise start children for ever.
        if group.waiting:
            return [self._serve_next(group, child), *self._stand_ready(group, now)]
        return [*self._place(group, child, now), *self._stand_ready(group, now)]

    def done(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has answered and is free."""
        group = self._owners.get(child)
        if group is None:
            return []
        del group.busy[child]
        group.places.calls -= 1
        return self._place(group, child, now)

    def failed(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child could not start."""
        group = self._forget(child)
        if group is None:
            return []
        group.faulty = True
        group.next_try, group.stand_ins = now + self._limits.retry, 0
        commands = [] if group.idle or group.busy else self._fail(group)
        return commands + self._grow(group, now) + self._feed_starved(group.places)

    def overran(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child took too long to load, and ends."""
        group = self._forget(child)
        if group is None:
            return []
        if not group.waiting:
            return self._feed_starved(group.places)
        again = self._spawn(group)
        group.starting.remove(again.child)
        return [again, self._serve_next(group, again.child), *self._grow(group, now)]

    def lost(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has ended or will be ended, whatever it was doing."""
        owner = self._owners.get(child)
        was_busy = owner is not None and child in owner.busy
        group = self._forget(child)
        if group is None:
            return []
        commands = self._feed_starved(group.places) + self._grow(group, now)
        if was_busy and not group.replaced and group.size < max(1, group.wanted) and group.has_room:
            commands.append(self._spawn(group))
        return commands if was_busy else commands + self._stand_in(group, now)

    def kill(self, child: int, now: float) -> list[Command[R]]:
        """End the call that runs in the child, by ending the child."""
        if child not in self._owners:
            return []
        return [Kill(child), *self.lost(child, now)]

    # -- rules: requests and children -------------------------------------------------------------

    def _groups(self) -> Iterator[Group[R]]:
        for function in self._functions.values():
            yield from function.provisioned.values()
            yield from function.on_demand.values()

    def _place(self, group: Group[R], child: int, now: float) -> list[Command[R]]:
        """Find work for a child that is free."""
        places = group.places
        enough = 0 < group.wanted <= group.size  # this one is in no set now, and not counted
        gives_way = group.replaced or enough or bool(places.starved)
        if group.waiting and not (gives_way and self._starves(places, now)):
            return [self._serve_next(group, child)]
        if not gives_way:
            group.idle[child] = now
            return []
        self._forget(child)
        return [Retire(child), *self._feed_starved(places), *self._grow(group, now)]

    def _serve_next(self, group: Group[R], child: int) -> Dispatch[R]:
        request, _ = group.waiting.popitem(last=False)
        group.busy[child] = request
        return Dispatch(child, request)

    def _withdraw(self, group: Group[R], request: R) -> None:
        del group.waiting[request]
        group.places.calls -= 1
        if not group.waiting:
            group.places.starved.pop(group, None)

    def _fail(self, group: Group[R]) -> list[Command[R]]:
        failed: list[Command[R]] = [Fail(request) for request in group.waiting]
        group.waiting.clear()
        group.places.calls -= len(failed)
        group.places.starved.pop(group, None)
        return failed

    def _starves(self, places: Places[R], now: float) -> bool:
        """Tell whether a version without any child has lost patience."""
        return any(self._is_impatient(group, now) for group in places.starved)

    def _grow(self, group: Group[R], now: float) -> list[Command[R]]:
        """Start children for those who wait (rules 2 and 3)."""
        commands: list[Command[R]] = []
        while len(group.waiting) > len(group.starting):
            if group.faulty and group.starting:
                break
            hesitates = group.size >= self._limits.cores and not group.wanted
            if hesitates and not self._is_impatient(group, now):
                break
            if not group.has_room:
                evicted = None if group.wanted else self._evict(group.places)
                if evicted is None:
                    if group.size == 0:
                        group.places.starved[group] = None
                    break
                commands.append(evicted)
            commands.append(self._spawn(group))
        return commands

    def _is_impatient(self, group: Group[R], now: float) -> bool:
        """Tell whether more have lost patience than children are starting. They stand in front."""
        for since, _ in islice(group.waiting.values(), len(group.starting), None):
            return since + self._limits.patience <= now
        return False

    def _evict(self, places: Places[R]) -> Retire | None:
        """Free the place of the child that has been idle longest."""
        idle = [
            (since, child)
            for group in self._groups()
            if group.places is places
            for child, since in group.idle.items()
        ]
        if not idle:
            return None
        _, child = min(idle)
        self._forget(child)
        return Retire(child)

    def _feed_starved(self, places: Places[R]) -> list[Command[R]]:
        """Give places that have become free to versions that have no child at all."""
        commands: list[Command[R]] = []
        while places.starved and places.children < places.limit:
            group, _ = places.starved.popitem(last=False)
            commands.append(self._spawn(group))
        return commands

    def _stand_ready(self, group: Group[R], now: float) -> list[Command[R]]:
        """Start what is missing of those that stand ready (rule 6)."""
        missing = group.missing if now >= group.next_try else 0
        if group.faulty:
            missing = min(missing, 1 - len(group.starting))
        return [self._spawn(group) for _ in range(missing)]

    def _stand_in(self, group: Group[R], now: float) -> list[Command[R]]:
        """Replace one that was lost while it stood ready, each but once in a while (rule 6)."""
        if now >= group.next_try:
            group.next_try, group.stand_ins = now + self._limits.retry, group.wanted
        if not group.missing or not group.stand_ins:
            return []
        group.stand_ins -= 1
        return [self._spawn(group)]

    def _retire_idle(self, group: Group[R], now: float) -> list[Command[R]]:
        if group.wanted:
            return []
        old = [child for child, since in group.idle.items() if since + self._limits.idle <= now]
        commands: list[Command[R]] = []
        for child in old:
            if group.size == 1:
                break
            self._forget(child)
            commands.append(Retire(child))
        return commands

    def _spawn(self, group: Group[R]) -> Spawn:
        self._last_child += 1
        child = self._last_child
        group.starting.add(child)
        self._owners[child] = group
        group.places.children += 1
        group.places.starved.pop(group, None)
        return Spawn(group.function, group.version, child, group.wanted > 0)

    def _forget(self, child: int) -> Group[R] | None:
        group = self._owners.pop(child, None)
        if group is not None:
            group.places.children -= 1
            group.places.calls -= child in group.busy
            group.starting.discard(child)
            group.idle.pop(child, None)
            group.busy.pop(child, None)
        return group

    # -- rules: definitions -----------------------------------------------------------------------

    def _share_out(self) -> None:
        """Leave to all what no function has for itself."""
        if self._limits.counted:
            taken = sum(function.taken for function in self._functions.values())
            self._shared.limit = max(0, self._limits.shared - taken)

    def _reserve(
        self, name: str, function: Function[R], reserved: int | None, provisioned: int
    ) -> None:
        """Give a function places of its own, or the shared ones. Its calls and children come along."""
        if (function.reserved is None) != (reserved is None):
            former = function.places
            places = self._shared if reserved is None else Places[R](0, RESERVED_EXCEEDED)
            living = {group for group in self._owners.values() if group.function == name}
            for group in living.union(function.on_demand.values()):
                if group.places is former:
                    group.move_to(places)
            function.places = places
        function.reserved = reserved
        if reserved is not None:
            function.places.limit = max(0, reserved - provisioned)

    def _renew(self, name: str, version: str, *, kept: bool) -> list[Command[R]]:
        """Begin with new children on demand, unless the former are kept."""
        function = self._functions[name]
        former = function.on_demand.get(version)
        if former is not None and kept:
            return []
        group = function.on_demand[version] = Group(name, version, function.places)
        return [] if former is None else self._replace(former, group)

    def _provision(
        self, name: str, version: str, wanted: int, now: float, *, kept: bool
    ) -> list[Command[R]]:
        """Have this many children stand ready, new ones unless the former are kept."""
        function = self._functions[name]
        former = function.provisioned.pop(version, None)
        group = function.on_demand[version]
        if wanted and kept and former is not None:
            group = former
        elif wanted:
            places = Places[R](wanted, SHARED_EXCEEDED) if former is None else former.places
            group = Group(name, version, places)
        commands: list[Command[R]] = []
        if former is not None and former is not group:
            commands += self._replace(former, group)
        if wanted:
            function.provisioned[version] = group
            group.wanted = group.places.limit = wanted
            for child in list(group.idle)[: max(0, group.size - wanted)]:
                self._forget(child)
                commands.append(Retire(child))
            commands += self._stand_ready(group, now)
        return commands

    def _end(self, function: Function[R], version: str) -> list[Command[R]]:
        """Forget a version."""
        commands: list[Command[R]] = []
        for groups in (function.on_demand, function.provisioned):
            group = groups.pop(version, None)
            if group is not None:
                commands += self._fail(group)
                commands += self._dismiss(group)
        return commands

    def _replace(self, former: Group[R], group: Group[R]) -> list[Command[R]]:
        """Let another group serve those who wait, and dismiss the former."""
        moved = len(former.waiting)
        former.places.calls -= moved
        group.places.calls += moved
        group.waiting.update(former.waiting)
        former.waiting.clear()
        commands: list[Command[R]] = []
        while group.waiting and group.idle:
            commands.append(self._serve_next(group, group.idle.popitem()[0]))
        return commands + self._dismiss(former)

    def _dismiss(self, group: Group[R]) -> list[Command[R]]:
        """Retire the children of a group, those that run something when they are done."""
        group.replaced = True
        group.places.starved.pop(group, None)
        free = [*group.starting, *group.idle]
        for child in free:
            self._forget(child)
        return [*map(Retire, free), *self._feed_starved(group.places)]

"""Owns the scheduling of function children: who runs what, who waits, who is started or ended.

Knows no process, clock or log: each method is an event with its time, each answer a list of commands
that the caller carries out in order. The rules, in full:

1. A request takes the idle child that was used last; without one it waits, first come first served.
2. A child is started for a waiting request at once while its function has fewer children than the
   machine has cores. Beyond that only for requests that have waited longer than `patience`: a short
   queue before warm children is faster than more processes than cores. There are never more children
   starting than requests waiting.
3. A function with reserved concurrency has that many places of its own, and a request beyond them is
   refused at once. All others share `shared` children. When those are used up, a new child takes the
   place of another function's idle child. A function that has none at all takes the place of the
   next child that has nothing to do or, after `patience`, of the next that ends a call.
4. A child that cannot start answers everyone who waits for its function, unless another child lives.
   After that one child is started at a time until one is ready: a function that hangs while it loads
   must not take all places. A child lost in the middle of a call is replaced at once, one lost while
   idle when it is needed.
5. A child idle for longer than `idle` goes, but for the last one of a function.

Differs: [waiting] AWS never lets a synchronous call wait for a warm environment, and takes reserved
concurrency out of the account's pool. On one machine processes are dear and a short wait is cheap;
without rule 2 a gateway with two cores would answer 429 to its ninth connection.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

R = TypeVar("R", bound=Hashable)
"""A request, opaque to the scheduler."""

RESERVED_EXCEEDED: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
SHARED_EXCEEDED: Final = "ConcurrentInvocationLimitExceeded"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of the pool.

    shared: children of all functions without a reservation. cores: children of one function started
    without hesitation. waiting: requests that may wait per function. patience, idle: seconds.
    """

    shared: int
    cores: int
    waiting: int = 1000
    patience: float = 0.05
    idle: float = 300.0


class Spawn(NamedTuple):
    """Start a child of this number; answer with `ready` or `failed`."""

    function: str
    child: int


class Dispatch(NamedTuple, Generic[R]):
    """Give the request to the child; answer with `done` or `lost`."""

    child: int
    request: R


class Refuse(NamedTuple, Generic[R]):
    """Answer the request: no concurrency is free. reason: Lambda's word for the limit."""

    request: R
    reason: str


class Fail(NamedTuple, Generic[R]):
    """Answer the request: its function cannot start, for the cause just reported."""

    request: R


class Retire(NamedTuple):
    """End a child that runs nothing, politely. Its number is not used again."""

    child: int


class Kill(NamedTuple):
    """End a child in the middle of its call. Its number is not used again."""

    child: int


Command: TypeAlias = Spawn | Dispatch[R] | Refuse[R] | Fail[R] | Retire | Kill


class _Wait(NamedTuple):
    since: float
    deadline: float


@dataclass(slots=True, eq=False)
class _Function(Generic[R]):
    """One version of one function. A child is in exactly one of starting, idle and busy."""

    name: str
    reserved: int | None
    starting: set[int] = field(default_factory=set)
    idle: dict[int, float] = field(default_factory=dict)  # since when; last used comes last
    busy: dict[int, R] = field(default_factory=dict)
    waiting: OrderedDict[R, _Wait] = field(default_factory=OrderedDict)
    faulty: bool = False  # the last child to start could not
    replaced: bool = False  # a newer version exists: children go when their call is done

    @property
    def size(self) -> int:
        return len(self.starting) + len(self.idle) + len(self.busy)


class Pool(Generic[R]):
    """The children of all functions. Unknown children in an event are ignored: they were ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._functions: dict[str, _Function[R]] = {}
        self._owners: dict[int, _Function[R]] = {}
        self._shared = 0
        self._last_child = 0
        self._starved: OrderedDict[str, None] = OrderedDict()  # waiting, without child and place

    # -- what may be asked ------------------------------------------------------------------------

    def next_tick(self, now: float) -> float | None:
        """Tell the second at which `tick` has something to do next; None: not before another event.

        That is when a wait ends, a request loses its patience or an idle child goes. For requests that
        have lost it already, `tick` looks every `patience` seconds whether a place has become free.
        """
        limits, due = self._limits, []
        for function in self._functions.values():
            for wait in function.waiting.values():
                impatient = wait.since + limits.patience
                due += [wait.deadline, impatient if impatient > now else now + limits.patience]
            if function.idle and function.size > 1:
                due.append(min(function.idle.values()) + limits.idle)
        return min(due, default=None)

    # -- events: definitions ----------------------------------------------------------------------

    def define(self, name: str, reserved: int | None, now: float) -> list[Command[R]]:
        """Add a function or a new version of it. Children of the old one finish their call."""
        commands: list[Command[R]] = []
        function: _Function[R] = _Function(name, reserved)
        former = self._functions.get(name)
        if former is not None:
            function.waiting, former.waiting = former.waiting, OrderedDict()
            commands += self._replace(former)
        self._functions[name] = function
        return commands + self._grow(function, now)

    def remove(self, name: str) -> list[Command[R]]:
        """Forget a function. Its running calls finish, its waiting ones fail."""
        function = self._functions.pop(name)
        self._starved.pop(name, None)
        failed: list[Command[R]] = [Fail(request) for request in function.waiting]
        function.waiting.clear()
        return failed + self._replace(function)

    def warm(self, name: str) -> list[Command[R]]:
        """Start a first child, if there is none and a place is free."""
        function = self._functions[name]
        return [self._spawn(function)] if function.size == 0 and self._has_room(function) else []

    # -- events: requests -------------------------------------------------------------------------

    def request(self, name: str, request: R, deadline: float, now: float) -> list[Command[R]]:
        """Ask for a child. deadline: second at which waiting ends."""
        function = self._functions[name]
        reserved = function.reserved
        if reserved is not None and len(function.busy) + len(function.waiting) >= reserved:
            return [Refuse(request, RESERVED_EXCEEDED)]
        if function.idle:
            child, _ = function.idle.popitem()
            function.busy[child] = request
            return [Dispatch(child, request)]
        if len(function.waiting) >= self._limits.waiting:
            return [Refuse(request, SHARED_EXCEEDED)]
        function.waiting[request] = _Wait(now, deadline)
        return self._grow(function, now)

    def withdraw(self, name: str, request: R) -> None:
        """Forget a request that waits. One that does not is left alone."""
        function = self._functions.get(name)
        if function is None or request not in function.waiting:
            return
        del function.waiting[request]
        if not function.waiting:
            self._starved.pop(name, None)

    def tick(self, now: float) -> list[Command[R]]:
        """Let time pass: end waits that are over, start children, retire idle ones."""
        commands: list[Command[R]] = []
        for function in self._functions.values():
            late = [request for request, wait in function.waiting.items() if wait.deadline <= now]
            for request in late:
                self.withdraw(function.name, request)
                commands.append(Refuse(request, SHARED_EXCEEDED))
            commands += self._grow(function, now)
            commands += self._retire_idle(function, now)
        return commands

    # -- events: children -------------------------------------------------------------------------

    def ready(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has started and is free."""
        function = self._owners.get(child)
        if function is None:
            return []
        function.starting.remove(child)
        function.faulty = False
        # It serves at least one request before it may give way: two functions that share one place
        # would otherwise start children for ever.
        if function.waiting:
            return [self._serve_next(function, child)]
        return self._place(function, child, now)

    def done(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has answered and is free."""
        function = self._owners.get(child)
        if function is None:
            return []
        del function.busy[child]
        return self._place(function, child, now)

    def failed(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child could not start."""
        function = self._forget(child)
        if function is None:
            return []
        function.faulty = True
        commands: list[Command[R]] = []
        if not function.idle and not function.busy:
            commands += [Fail(request) for request in function.waiting]
            function.waiting.clear()
        return commands + self._grow(function, now) + self._feed_starved()

    def lost(self, child: int, now: float) -> list[Command[R]]:
        """Say that the child has ended or will be ended, whatever it was doing."""
        owner = self._owners.get(child)
        was_busy = owner is not None and child in owner.busy
        function = self._forget(child)
        if function is None:
            return []
        commands = self._feed_starved() + self._grow(function, now)
        replace = was_busy and not function.replaced and function.size == 0
        if replace and self._has_room(function):
            commands.append(self._spawn(function))
        return commands

    def kill(self, child: int, now: float) -> list[Command[R]]:
        """End the call that runs in the child, by ending the child."""
        if child not in self._owners:
            return []
        return [Kill(child), *self.lost(child, now)]

    # -- rules ------------------------------------------------------------------------------------

    def _place(self, function: _Function[R], child: int, now: float) -> list[Command[R]]:
        """Find work for a child that is free."""
        gives_way = function.replaced or (self._starved and function.reserved is None)
        if function.waiting and not (gives_way and self._starves(now)):
            return [self._serve_next(function, child)]
        if not gives_way:
            function.idle[child] = now
            return []
        self._forget(child)
        return [Retire(child), *self._feed_starved(), *self._grow(function, now)]

    def _serve_next(self, function: _Function[R], child: int) -> Dispatch[R]:
        request, _ = function.waiting.popitem(last=False)
        function.busy[child] = request
        return Dispatch(child, request)

    def _starves(self, now: float) -> bool:
        """Tell whether a function without any child has lost patience."""
        return any(self._overdue(self._functions[name], now) for name in self._starved)

    def _grow(self, function: _Function[R], now: float) -> list[Command[R]]:
        """Start children for those who wait (rules 2 and 3)."""
        commands: list[Command[R]] = []
        cores = self._limits.cores
        while len(function.waiting) > len(function.starting):
            if function.faulty and function.starting:
                break
            if function.size >= cores and self._overdue(function, now) <= len(function.starting):
                break
            if not self._has_room(function):
                evicted = self._evict() if function.reserved is None else None
                if evicted is None:
                    if function.size == 0 and function.reserved is None:
                        self._starved[function.name] = None
                    break
                commands.append(evicted)
            commands.append(self._spawn(function))
        return commands

    def _overdue(self, function: _Function[R], now: float) -> int:
        """Count requests that have lost patience; they stand in front."""
        count = 0
        for wait in function.waiting.values():
            if wait.since + self._limits.patience > now:
                break
            count += 1
        return count

    def _has_room(self, function: _Function[R]) -> bool:
        if function.reserved is not None:
            return function.size < function.reserved
        return self._shared < self._limits.shared

    def _evict(self) -> Retire | None:
        """Take the place of the child of the shared pool that has been idle longest."""
        idle = [
            (since, child)
            for function in self._functions.values()
            if function.reserved is None
            for child, since in function.idle.items()
        ]
        if not idle:
            return None
        _, child = min(idle)
        self._forget(child)
        return Retire(child)

    def _feed_starved(self) -> list[Command[R]]:
        """Give places that have become free to functions that have no child at all."""
        commands: list[Command[R]] = []
        while self._starved and self._shared < self._limits.shared:
            name, _ = self._starved.popitem(last=False)
            commands.append(self._spawn(self._functions[name]))
        return commands

    def _retire_idle(self, function: _Function[R], now: float) -> list[Command[R]]:
        old = [child for child, since in function.idle.items() if since + self._limits.idle <= now]
        commands: list[Command[R]] = []
        for child in old:
            if function.size == 1:
                break
            self._forget(child)
            commands.append(Retire(child))
        return commands

    def _replace(self, function: _Function[R]) -> list[Command[R]]:
        function.replaced = True
        free = [*function.starting, *function.idle]
        for child in free:
            self._forget(child)
        return [*map(Retire, free), *self._feed_starved()]

    def _spawn(self, function: _Function[R]) -> Spawn:
        self._last_child += 1
        child = self._last_child
        function.starting.add(child)
        self._owners[child] = function
        if function.reserved is None:
            self._shared += 1
        self._starved.pop(function.name, None)
        return Spawn(function.name, child)

    def _forget(self, child: int) -> _Function[R] | None:
        function = self._owners.pop(child, None)
        if function is not None:
            function.starting.discard(child)
            function.idle.pop(child, None)
            function.busy.pop(child, None)
            if function.reserved is None:
                self._shared -= 1
        return function

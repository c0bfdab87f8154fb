"""Owns reloads: one at a time, from the files or from a former version, and what came of each.

Who asks while one runs shares the next one with all others who ask: it reads the files after them.
Knows no signal, no console and no HTTP.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from frontdesk.app.background import aside, let_go
from frontdesk.app.data_plane import Candidate
from frontdesk.app.functions import all_functions
from frontdesk.app.history import History, Version, remembered
from frontdesk.app.reading import Read, read_files
from frontdesk.base.errors import FrontdeskError, StartError
from frontdesk.config.diff import Change, changes
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config

_IN_FORCE: Final = 0
"""In place of a version of the history, which count from 1."""

_log = logging.getLogger("frontdesk")


class Reloadable(Protocol):
    """What a configuration is put in force in: one process, or a supervisor with its workers."""

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        ...

    async def prepare(self, loaded: Loaded) -> Candidate:
        """Compile a configuration beside the one in force; nothing changes. Raises: ConfigError."""
        ...

    async def adopt(self, candidate: Candidate) -> Candidate:
        """Put it in force; return the former one. Raises: StartError, and nothing has changed."""
        ...

    def waiting(self, config: Config) -> tuple[str, ...]:
        """List the keys that are read at the start only and differ from then."""
        ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What a reload changed, or would change.

    version: its number in the history, 0 where none was made. functions: those with other settings.
    waiting: keys that wait for a restart.
    """

    changes: tuple[Change, ...]
    functions: tuple[str, ...]
    waiting: tuple[str, ...]
    version: int = 0

    def __str__(self) -> str:
        count = len(self.changes)
        text = f"{count} key{'' if count == 1 else 's'} changed"
        if self.functions:
            text += f"; functions with other settings: {', '.join(self.functions)}"
        if self.waiting:
            text += f"; restart to apply: {', '.join(self.waiting)}"
        return text


class Report(Protocol):
    """Is told what came of each reload. by: who asked."""

    def reloaded(self, by: str, loaded: Loaded, effect: Effect) -> None:
        """The configuration is in force."""
        ...

    def refused(self, by: str, error: FrontdeskError) -> None:
        """Nothing has changed."""
        ...


class LogReport:
    """Reports in the log of Frontdesk's own messages."""

    def reloaded(self, by: str, _loaded: Loaded, effect: Effect) -> None:
        """See Report."""
        _log.info("reloaded: %s", effect, extra={"by": by, "version": effect.version})

    def refused(self, by: str, error: FrontdeskError) -> None:
        """See Report."""
        _log.error("not reloaded, the former state serves on: %s", error, extra={"by": by})


@dataclass(slots=True)
class _Job:
    """One reload that someone waits for. version: of the history; None: the files; 0: what is in force."""

    by: str
    version: int | None
    effect: asyncio.Future[Effect] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Reloads:
    """All reloads of one Frontdesk. Used on its event loop."""

    def __init__(
        self,
        target: Reloadable,
        environ: Mapping[str, str],
        report: Report = LogReport(),  # noqa: B008 - it has no state
        count: Callable[[str], None] = lambda _result: None,
    ) -> None:
        """environ: for references in the files. count: told `applied` or `refused` for each reload."""
        self._target = target
        self._environ = environ
        self._report = report
        self._count = count
        self._history: History | None = None  # while reloads can run
        self._paths: tuple[Path, ...] = ()
        self._turn = asyncio.Lock()
        self._next: _Job | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self, history: History) -> None:
        """Note the configuration in force as a version; do what has been asked for already."""
        self._history = history
        self._paths = self._target.loaded.paths
        await self._keep("start", 0)
        self._run_next()

    def stop(self) -> None:
        """Begin no more; those who wait get StartError."""
        self._history = None
        if self._running is not None:
            self._running.cancel()
        self._supersede("Frontdesk stops")

    def begin(self, by: str) -> None:
        """Reload from the files; nobody waits for it. by: see `history.Version`."""
        self._ask(by, None)

    def renew(self, by: str) -> None:
        """Look up anew what references of the configuration in force stand for; nobody waits for it.

        Files that have changed wait for somebody to ask for a reload. Whatever waits does this, too.
        """
        if self._next is None:
            self._ask(by, _IN_FORCE)

    async def reload(self, by: str) -> Effect:
        """Reload from the files. Raises: ConfigError or StartError, and nothing has changed."""
        return await asyncio.shield(self._ask(by, None).effect)

    async def rollback(self, version: int) -> Effect:
        """Put a former version in force. Raises: as `reload`; StartError when it is not kept."""
        return await asyncio.shield(self._ask(f"rollback to {version}", version).effect)

    async def preview(self, version: int | None = None) -> Effect:
        """Tell what a reload from the files, or going back to a version, would change.

        Raises: ConfigError, what it would refuse; StartError when the version is not kept.
        """
        async with self._turn:
            candidate = await self._candidate(version)
            return await aside(lambda: self._effect(self._target.loaded, candidate.loaded))

    async def versions(self) -> Sequence[Version]:
        """List what was in force, newest first: the first one is. Raises: StoreError."""
        return [] if self._history is None else await self._history.versions()

    async def stray(self) -> Sequence[Path]:
        """List the files that say something else now than what is in force."""
        return await asyncio.to_thread(lambda: [*_stray(self._target.loaded.sources)])

    def waiting(self) -> tuple[str, ...]:
        """List the keys that wait for a restart."""
        return self._target.waiting(self._target.loaded.config)

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        return self._target.loaded

    async def on_disk(self) -> Loaded:
        """Read the files without putting them in force. Raises: ConfigError."""
        async with self._turn:
            paths, read = await self._place(None)
            return await aside(lambda: read_files(paths, self._environ, read))

    def _ask(self, by: str, version: int | None) -> _Job:
        if self._next is None or self._next.version != version:
            self._supersede("a later reload took its place")
            self._next = _Job(by, version)
            self._next.effect.add_done_callback(_retrieved)
        job = self._next
        self._run_next()
        return job

    def _run_next(self) -> None:
        idle = self._running is None or self._running.done()
        if idle and self._next is not None and self._history is not None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    def _supersede(self, why: str) -> None:
        job, self._next = self._next, None
        if job is not None:
            job.effect.set_exception(StartError(f"not reloaded: {why}"))

    async def _run(self) -> None:
        while self._next is not None:
            job, self._next = self._next, None
            try:
                async with self._turn:
                    await self._do(job)
            except FrontdeskError as error:
                self._count("refused")
                self._report.refused(job.by, error)
                job.effect.set_exception(error)
            except Exception:  # noqa: BLE001 - the next reload must still run
                _log.exception("reload failed", extra={"by": job.by})
            finally:
                if not job.effect.done():
                    job.effect.set_exception(StartError("not reloaded: see the log"))

    async def _do(self, job: _Job) -> None:
        candidate = await self._candidate(job.version)
        loaded = candidate.loaded
        effect = await aside(lambda: self._effect(self._target.loaded, loaded))
        former = await self._target.adopt(candidate)
        version = await self._keep(job.by, len(effect.changes))
        effect = Effect(effect.changes, effect.functions, effect.waiting, version)
        self._count("applied")
        self._report.reloaded(job.by, loaded, effect)
        job.effect.set_result(effect)
        wholes: list[object] = [former.plan, former.loaded]
        del candidate, former
        await aside(lambda: let_go(wholes))

    async def _candidate(self, version: int | None) -> Candidate:
        paths, read = await self._place(version)
        return await self._target.prepare(
            await aside(lambda: read_files(paths, self._environ, read))
        )

    async def _place(self, version: int | None) -> tuple[Sequence[Path], Read]:
        """Say which files a configuration is read from, and how."""
        if version is None:
            return self._paths, Path.read_bytes
        if version == _IN_FORCE:
            loaded = self._target.loaded
            return loaded.paths, remembered(loaded.sources)
        assert self._history is not None
        former = await self._history.version(version)
        return former.paths, remembered(former.sources)

    def _effect(self, before: Loaded, after: Loaded) -> Effect:
        former = {each.name: each for each in all_functions(before.config)}
        functions = (
            each.name for each in all_functions(after.config) if former.get(each.name) != each
        )
        return Effect(
            tuple(changes(before, after)), tuple(functions), self._target.waiting(after.config)
        )

    async def _keep(self, by: str, count: int) -> int:
        """Note what is in force. A store that cannot be written loses the note, not the reload."""
        assert self._history is not None
        try:
            return await self._history.keep(self._target.loaded, by, count)
        except FrontdeskError as error:
            _log.warning("this configuration is not in the history: %s", error)
            return 0


def _stray(sources: Mapping[Path, bytes]) -> Iterator[Path]:
    for path, text in sources.items():
        try:
            if path.read_bytes() != text:
                yield path
        except OSError:
            yield path


def _retrieved(effect: asyncio.Future[Effect]) -> None:
    """Take what nobody waited for; it has been logged."""
    if not effect.cancelled():
        effect.exception()

"""Owns the way from a checked configuration to a GatewayPlan. Runs at load and reload only."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from frontdesk.base.ids import named_id
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import Api
from frontdesk.config.models.domain import Domain, target
from frontdesk.config.models.function_url import FUNCTION_URLS, FunctionUrl
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.root import Config
from frontdesk.config.releases import canary_identity
from frontdesk.config.tree import Places
from frontdesk.gateway.pipeline.build import Builder, Locate, Parts, RouteBuild, Show
from frontdesk.gateway.pipeline.canaries import CanaryMount, point_by
from frontdesk.gateway.pipeline.exchange import Exchange, Stage, Tail
from frontdesk.gateway.pipeline.order import kind_of
from frontdesk.gateway.pipeline.order.http import (
    FUNCTION_URL,
    FUNCTION_URL_PREFLIGHT_TAIL,
    FUNCTION_URL_TAIL,
)
from frontdesk.gateway.pipeline.order.nowhere import (
    NOWHERE,
    NOWHERE_TAIL,
    PREFLIGHT,
    PREFLIGHT_TAIL,
    UNMAPPED,
)
from frontdesk.gateway.pipeline.plan import (
    Answer,
    ApiFacts,
    RoutePlan,
    Standing,
    Step,
    uncounted,
    unlogged,
)
from frontdesk.gateway.pipeline.router import GatewayPlan, Mount, Routes, RouteTable, StageMount
from frontdesk.gateway.pipeline.stages.cache import settled
from frontdesk.gateway.pipeline.veiling import veiled
from frontdesk.gateway.pipeline.versions import VersionMount, VersionTable, how_said
from frontdesk.gateway.telemetry.canaries import CanaryMeter
from frontdesk.gateway.telemetry.requests import AuthorizerMeter, Log, RequestMeter
from frontdesk.gateway.telemetry.slow import timed
from frontdesk.gateway.telemetry.versions import VersionMeter

INIT_BUDGET = 10.0
"""Seconds that a function URL gives to loading, beside the function's own timeout."""

_Operation = tuple[tuple[str, ...], str, Operation]
"""Key path below the API, key, and model."""


def compile_gateway(loaded: Loaded, parts: Parts, log: Callable[[Exchange], None]) -> GatewayPlan:
    """Compile every API of the configuration.

    log: called once per exchange when it is over.
    Raises: ConfigError for what only compiling can tell.
    """
    config = loaded.config
    compiler = _Compiler(config, Places(loaded.tree).place, loaded.shown, parts, log)
    mounts: dict[str, list[Mount]] = {}
    for name, api in config.apis.items():
        if config.has_own_place(name):
            served = list(compiler.mounts(name, api))
            for host in api.hosts:
                mounts.setdefault(host, []).extend(served)
    for name, function in config.local_functions.items():
        if function.url is not None:
            mount = compiler.function_url(name, function.url)
            mounts.setdefault(function.url.host or "", []).append(mount)
    for host, domain in config.domains.items():
        mounts[host] = list(compiler.mappings(host, domain))
    return GatewayPlan(mounts, compiler.nowhere())


def api_id(name: str) -> str:
    """Make the stable id of an API."""
    return named_id(name)


@dataclass(frozen=True, slots=True)
class _Compiler:
    config: Config
    place: Locate
    shown: Show
    parts: Parts
    log: Callable[[Exchange], None]
    shared: dict[tuple[Hashable, ...], Any] = field(default_factory=dict)

    def mounts(self, name: str, api: Api) -> Iterable[Mount]:
        """Compile an API where its host and base path say."""
        base = api.base_path.rstrip("/")
        for stage in api.stages:
            # Differs: [stage-path] AWS hides the stage where an API has a host name of its own.
            prefix = base if stage == "$default" else f"{base}/{stage}"
            yield self._mount(name, prefix, self._facts(name, api, stage))

    def mappings(self, host: str, domain: Domain) -> Iterable[Mount]:
        """Compile the APIs that a domain leads to; what no mapping takes is refused."""
        for key, text in domain.mappings.items():
            name, stage = target(text)
            api = self.config.apis[name]
            stage = stage or ("$default" if "$default" in api.stages else next(iter(api.stages)))
            facts = replace(self._facts(name, api, stage), domain=host, mapping_key=key)
            yield self._mount(name, f"/{key}" if key else "", facts)
        if "" not in domain.mappings:
            unmapped = self._plan(self._of_nobody(), UNMAPPED, NOWHERE_TAIL)
            yield StageMount("", RouteTable(()), unmapped, None)

    def _mount(self, name: str, prefix: str, facts: ApiFacts) -> Mount:
        """Compile a stage; one with a canary twice."""
        canary = self.config.apis[name].canary_of(facts.stage)
        if canary is None:
            return self._side(name, prefix, facts, None)
        identity = canary_identity(self.config, name, facts.stage)
        trial = replace(facts, side="canary", variables={**facts.variables, **canary.variables})
        return CanaryMount(
            self._side(name, prefix, replace(facts, side="stable"), None),
            self._side(name, prefix, trial, canary.alias),
            self.parts.canaries.share(identity),
            point_by(canary, identity),
        )

    def _side(self, name: str, prefix: str, facts: ApiFacts, trial: str | None) -> Mount:
        """Compile one side of a stage, with its versions. trial: alias of the canary."""
        api = self.config.apis[name]
        kind, versioning = kind_of(api.type), api.versioning
        table = kind.table(api)
        alias = api.stages[facts.stage].alias
        operations = [
            (below, key, self._aliased(operation, alias, trial))
            for below, key, operation in api.served(self.config.state_machines)
        ]

        def plan(operation: _Operation, version: str) -> RoutePlan:
            below, key, model = operation
            build = self._build(key, name, api, facts, model, below=below, version=version)
            return self._plan(build, *kind.order(key))

        def mount(version: str, routes: Routes) -> Mount:
            bare = self._build("", name, api, facts, None, version=version)
            preflight = self._plan(bare, PREFLIGHT, PREFLIGHT_TAIL) if api.cors else None
            tail = kind.tail if kind.unmatched_tail is None else kind.unmatched_tail
            return kind.mount(prefix, routes, self._plan(bare, kind.unmatched, tail), preflight)

        if versioning is None or facts.stage in versioning.versions:
            version = facts.stage if versioning is not None else ""
            return mount(version, table([plan(each, version) for each in operations]))

        version_of = versioning.of_route
        own = table([plan(each, of) for each in operations if (of := version_of(each[1]))])
        common = [each for each in operations if not version_of(each[1])]

        def version_mount(version: str, below: str) -> Mount:
            own_of_version = table([plan(each, version) for each in common])
            return mount(version, VersionTable(below, own, own_of_version))

        by_path, default = versioning.by == "path", versioning.default
        unsaid = mount("", table([plan(each, "") for each in common]))
        mounts: dict[str | None, Mount] = {
            version: version_mount(version, "" if by_path else f"/{version}")
            for version in versioning.versions
        }
        mounts[None] = unsaid if default is None else version_mount(default, f"/{default}")
        return VersionMount(prefix, how_said(versioning), mounts, unsaid)

    def _aliased(self, operation: Operation, alias: str | None, trial: str | None) -> Operation:
        """Return the operation as a stage runs it: its function by the canary's alias, or the stage's own."""
        # Differs: [stage-aliases] AWS has a stage variable in the function's ARN.
        if operation.called is None:
            return operation
        name, _, qualifier = operation.called.partition(":")
        function = self.config.local_functions.get(name)
        if function is not None and trial in function.aliases:
            return operation.calling(f"{name}:{trial}")
        if function is not None and alias in function.aliases and not qualifier:
            return operation.calling(f"{name}:{alias}")
        return operation

    def function_url(self, name: str, url: FunctionUrl) -> Mount:
        """Compile the URL of a function: an API of its own, with one route."""
        # Differs: [url-host] AWS generates a host name, which does not exist here.
        below = "" if url.host else f"{FUNCTION_URLS}/{name}"
        api = HttpApi(host=url.host, base_path=below or "/", cors=url.cors)
        facts = replace(self._facts(f"url of {name}", api, "$default"), kind="function_url")
        route = Route(function=name, invoke_mode=url.invoke_mode)
        # Differs: [waiting] AWS refuses at once.
        timeout = self.config.local_functions[name].timeout + INIT_BUDGET
        route = route.model_copy(update={"timeout": timeout})
        build = self._build("$default", facts.name, api, facts, route)
        plan = replace(
            self._plan(build, FUNCTION_URL, FUNCTION_URL_TAIL),
            timeout_status=502,
            at=("functions", name, "url"),
        )
        preflight = self._plan(build, PREFLIGHT, FUNCTION_URL_PREFLIGHT_TAIL)
        return StageMount(
            below, RouteTable([plan]), plan, preflight if url.cors is not None else None
        )

    def nowhere(self) -> RoutePlan:
        """Compile the answer to requests for which there is no API at all."""
        return self._plan(self._of_nobody(), NOWHERE, NOWHERE_TAIL)

    def _facts(self, name: str, api: Api, stage: str) -> ApiFacts:
        config = self.config
        return ApiFacts(
            id=api_id(name),
            name=name,
            kind=api.type,
            stage=stage,
            account=config.account,
            region=config.region,
            # Differs: [domain-name] AWS has a generated host name, which does not exist here.
            domain=api.host or "localhost",
            variables=api.stages[stage].variables,
        )

    def _of_nobody(self) -> RouteBuild:
        account, region = self.config.account, self.config.region
        facts = ApiFacts("-", "-", "http", "$default", account, region, "localhost")
        return self._build("", "", HttpApi(routes={}), facts, None)

    def _build(
        self,
        key: str,
        name: str,
        api: Api,
        facts: ApiFacts,
        operation: Operation | None,
        *,
        below: tuple[str, ...] = (),
        version: str = "",
    ) -> RouteBuild:
        """below: where the operation stands below its API. version: see RouteBuild."""
        return RouteBuild(
            key=key,
            api_name=name,
            api=api,
            facts=facts,
            operation=operation,
            at=("apis", name, *below),
            config=self.config,
            parts=self.parts,
            place=self.place,
            shown=self.shown,
            version=version,
            shared=self.shared,
        )

    def _plan(
        self, build: RouteBuild, head: tuple[Builder, ...], tail: tuple[Builder, ...]
    ) -> RoutePlan:
        operation, limits = build.operation, build.config.limits
        own_max_body = operation.max_body if operation else None
        head_steps = _steps(head, build)
        tail_steps = _steps(tail, build)
        tail_runs: tuple[Tail, ...] = tuple([step.run for step in tail_steps])  # type: ignore[misc]  # rows of a tail
        max_body = limits.max_body if own_max_body is None else own_max_body
        return RoutePlan(
            route_key=build.key,
            api=build.facts,
            head=self._stages(head_steps),
            tail=build.once(("tail", *tail_runs), lambda: tail_runs),
            body_at=next((at for at, step in enumerate(head_steps) if step.needs_body), -1),
            max_body=max_body,
            timeout=operation.timeout if operation else 0.0,
            timeout_status=503 if build.route and build.route.function is not None else 504,
            log=self._ending(build),
            steps=(*head_steps, *tail_steps),
            at=build.at if operation else (),
            standing=self._standing(build, head_steps, max_body),
        )

    def _standing(self, build: RouteBuild, head: list[Step], longest: int) -> Standing | None:
        """Return the answer of a route that need not look at its messages, where nobody else does."""
        if self.log is not unlogged:
            return None
        match [step.unseen for step in head]:
            case [gate, Answer() as answer] if callable(gate):
                metrics = self.parts.metrics
                if metrics is None:
                    return Standing(answer, gate, longest, uncounted)
                meter = RequestMeter(metrics, build.facts, build.key, unlogged)
                return Standing(answer, gate, longest, meter.unseen(answer.status))
        return None

    def _stages(self, steps: list[Step]) -> tuple[Stage, ...]:
        """Return what runs, with the time taken where slow requests are logged."""
        stages: tuple[Stage, ...] = tuple([step.run for step in steps])  # type: ignore[misc]  # rows of a head
        if self.config.logs.slow is None:
            return stages
        monotonic = self.parts.clock.monotonic
        return tuple(
            timed(step.name, stage, monotonic, awaits_body=step.needs_body)
            for step, stage in zip(steps, stages, strict=True)
        )

    def _ending(self, build: RouteBuild) -> Log:
        """Return what is called when an exchange of this route is over: the log, behind what counts."""
        metrics, log = self.parts.metrics, veiled(build, self._counted(build))
        if build.operation is not None and build.api.cache_of(build.operation) is not None:
            log = settled(log)
        if metrics is None:
            return log
        name = build.authorizer
        if name is not None:
            kind, counted = self.config.authorizers[name].type, log
            log = build.once(
                ("authorizer meter", name, counted),
                lambda: AuthorizerMeter(metrics, name, kind, counted).record,
            )
        return RequestMeter(metrics, build.facts, build.key, log).record

    def _counted(self, build: RouteBuild) -> Log:
        """Return the log, behind what counts for versions and canaries where there are some."""
        if build.operation is None:
            return self.log
        name, facts, version, parts = build.api_name, build.facts, build.version, self.parts

        def made() -> Log:
            log = self.log
            if version:
                log = VersionMeter(parts.tally, name, version, log).record
            if facts.side:
                log = CanaryMeter(parts.canaries.registry, facts, log).record
            return log

        return build.once(("counted", name, facts.stage, facts.side, version), made)


def _steps(builders: Iterable[Builder], build: RouteBuild) -> list[Step]:
    return [step for builder in builders if (step := builder(build)) is not None]

"""Owns the HTTP integration: which backend a route forwards to, and what stands around that.

Reads the configuration; a request itself is the forwarder's.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.client.dial import TlsFileError
from frontdesk.client.pool import PoolLimits
from frontdesk.client.upstreams import Upstream, UpstreamSettings
from frontdesk.config.backends import credentials
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.integration import HttpIntegration
from frontdesk.config.models.resilience import Retry
from frontdesk.config.models.upstream import Upstream as UpstreamModel
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import (
    NEEDS_BODY,
    Exchange,
    Parked,
    Reply,
    Stage,
)
from frontdesk.gateway.pipeline.integrations.http_forwarder import (
    CredentialedForwarder,
    Forwarder,
)
from frontdesk.gateway.pipeline.integrations.http_settings import (
    retry_policy,
    upstream_settings,
)
from frontdesk.gateway.pipeline.integrations.http_split import MIRRORED, Mirror, Split
from frontdesk.gateway.pipeline.integrations.http_target import (
    PathVariables,
    Text,
    compile_target,
    path_variables,
    takes_rest,
)
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.values import reads_body
from frontdesk.rules.lang.urls import split_upstream, split_url
from frontdesk.rules.resilience.retry import RetryPolicy

LONGEST: Final = 30.0
"""Seconds between two reads of a backend that is given by its URL: the longest timeout of a route."""


def integration(build: RouteBuild) -> Step | None:
    """Build the forwarding of `http` for a route. Raises: ConfigError for TLS files that cannot be used."""
    route = build.route
    if route is None or route.http is None:
        return None
    # Routes that forward alike share one stage.
    made_of = MadeOf(
        build.api_name,
        build.facts.stage,
        route.http,
        route.timeout,
        _maps_host(route),
        path_variables(build.key),
    )
    at = (*build.at, "http")
    stage, detail = build.once(("http", *made_of), lambda: forwarding(build, made_of, at))
    return Step("http", stage, detail, at, needs_body=picks_by_body(build, route.http))


def picks_by_body(build: RouteBuild, http: HttpIntegration) -> bool:
    """Whether the upstream chooses by the body which requests stay together."""
    named = build.config.upstreams[http.upstream] if http.upstream else None
    sticky = named.sticky if named is not None else None
    return bool(sticky and reads_body(sticky))


class MadeOf(NamedTuple):
    """All that the stage of a route is made of. timeout: of the route. maps_host: it may set Host."""

    api_name: str
    stage: str
    http: HttpIntegration
    timeout: float
    maps_host: bool
    variables: PathVariables


class Manner(NamedTuple):
    """How requests are written, and who takes the answers.

    plain, credentialed: forwarders without and with credentials of ours. target: makes the request
    target of a URL; `append`: a path without variables gets the request's behind it. url_key: of the file.
    """

    plain: type[Forwarder] = Forwarder
    credentialed: type[CredentialedForwarder] = CredentialedForwarder
    target: Callable[..., Text] = compile_target
    deliver: Callable[[Exchange, Reply], None] = run.resume
    url_key: str = "url"


_OF_ROUTES: Final = Manner()


def forwarding(
    build: RouteBuild,
    made_of: MadeOf,
    at: tuple[str, ...],
    manner: Manner = _OF_ROUTES,
) -> tuple[Stage, str]:
    """Build a forwarder, and around it what the route and its upstream ask for; say what it does.

    at: where the file says so. Raises: ConfigError for TLS files that cannot be used.
    """
    http = made_of.http
    forwarder, detail = _forwarder(build, made_of, at, manner, http.upstream)
    stage: Stage = forwarder.forward
    named, retry = _policies(build, http, http.upstream)
    held = retry.replay_buffer if retry else 0
    if named is not None and named.split:
        others = [
            (share, _forwarder(build, made_of, at, manner, name)[0].forward)
            for name, share in named.split.items()
        ]
        stage = Split(others, stage, named.sticky).forward
        shares = ", ".join(f"{share * 100:g}% to {name}" for name, share in named.split.items())
        detail = f"{detail}, {shares}"
    if named is not None and named.mirror:
        copier, _ = _forwarder(build, made_of, at, manner, named.mirror.upstream)
        stage = Mirror(stage, copier, named.mirror.percent).forward
        held = max(held, MIRRORED)
        detail = f"{detail}, copies to {named.mirror.upstream}"
    return (holding(stage, held) if held else stage), detail


def _policies(
    build: RouteBuild, http: HttpIntegration, name: str | None
) -> tuple[UpstreamModel | None, Retry | None]:
    """Find the upstream of a name, and the retries of the route there."""
    named = build.config.upstreams[name] if name is not None else None
    if "retry" in http.model_fields_set:
        return named, http.retry
    return named, named.retry if named is not None else None


def _forwarder(
    build: RouteBuild, made_of: MadeOf, at: tuple[str, ...], manner: Manner, name: str | None
) -> tuple[Forwarder, str]:
    """Build the way to one backend. name: under `upstreams`; None for the route's own URL."""
    http, timeout, variables = made_of.http, made_of.timeout, made_of.variables
    named, retry = _policies(build, http, name)
    if named is not None and name is not None:
        url = split_upstream(named.urls[0], http.path, build.facts.variables)
        egress = build.config.egress[named.egress] if named.egress is not None else None
        settings = upstream_settings(name, named, egress)
        of_targets = ("upstreams", name, "targets" if named.targets else "url")
        targets = ", ".join(
            build.shown(target, *of_targets, index) for index, target in enumerate(named.urls)
        )
        shown = f"upstream {name} ({targets})"
        if http.path is not None:
            path = build.shown(http.path, *at, "path")
            shown = f"{shown}, path {path}"
        timeout = min(timeout, named.timeout.total)
        append = http.path is None
    else:
        url = split_url(http.url or "", build.facts.variables)
        settings = UpstreamSettings((url.origin,), url.origin, limits=PoolLimits(read=LONGEST))
        shown = build.shown(http.url, *at, manner.url_key)
        append = takes_rest(variables)
    policy = retry_policy(retry) if retry else None
    upstream = _upstream(build, name, settings)
    sender = upstream.sender(policy, timeout)
    kind: Callable[..., Forwarder] = manner.plain
    if named is not None and named.auth is not None:
        kind = partial(manner.credentialed, credentials(named.auth))
    forwarder = kind(
        sender,
        manner.target(url, variables, append=append),
        method=http.method or "",
        keep_host=http.host == "preserve",
        maps_host=made_of.maps_host,
        timeout=timeout,
        clock=build.parts.clock,
        # Whoever makes several attempts tells of each of them.
        observer=upstream.observer if sender is upstream else None,
        deliver=manner.deliver,
    )
    return forwarder, ", ".join([shown, f"timeout {timeout:g}s", *_shown(policy, settings)])


def _shown(retry: RetryPolicy | None, settings: UpstreamSettings) -> Iterator[str]:
    """Write the policies for people."""
    if retry is not None:
        yield f"{retry.attempts} attempts"
    if settings.breaker is not None:
        yield "breaker"
    if settings.bulkhead is not None:
        yield f"{settings.bulkhead.calls} at once"


def _upstream(build: RouteBuild, name: str | None, settings: UpstreamSettings) -> Upstream:
    try:
        return build.parts.upstreams.get(settings)
    except TlsFileError as error:
        where = build.place("upstreams", name, "tls", error.setting)
        assert where is not None  # only what the file says can be wrong
        message = f"cannot use this file: {error}"
        raise ConfigError((Finding("error", "tls-file", where, message),)) from error


def _maps_host(route: Route) -> bool:
    if route.request is None:
        return False
    headers = route.request.headers
    return any(name.lower() == "host" for name in (*headers.set, *headers.append))


def holding(stage: Stage, limit: int) -> Stage:
    """Return a stage that runs when a body of known length, `limit` bytes at most, has come whole."""

    def held(ex: Exchange) -> Reply | Awaitable[Reply | None] | Parked | None:
        source = ex.source
        if source is not None and source.length is not None and source.length <= limit:
            return NEEDS_BODY
        return stage(ex)

    return held

"""Owns CORS at the door: preflights answered before everything else, and the fields of every answer.

The matching and the fields are `rules.http.cors`.
"""

from frontdesk.base.streams import Fields
from frontdesk.config.models.api import Cors
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply, Stage, Tail
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.rules.http.cors import PREFIX, VARY, VARY_PREFLIGHT, CorsPolicy


def preflight(build: RouteBuild) -> Step | None:
    """Build the answer to the preflights of an API with a CORS configuration: 204, without a body.

    An origin that is not allowed gets 204 too, without CORS fields, as from AWS.
    """
    if build.api.cors is None:
        return None
    policy = _compile(build.api.cors)

    def answer(ex: Exchange) -> Reply:
        fields: Fields = [VARY_PREFLIGHT]
        fields += policy.preflight(ex.headers[b"origin"]) or ()
        return Reply(204, fields, made="gateway")

    return _step("preflight", answer, build, build.api.cors)


def cors(build: RouteBuild) -> Step | None:
    """Add CORS fields to every answer, the gateway's own errors too, and drop the integration's."""
    config = build.api.cors
    if config is None:
        return None
    return build.once(("cors", build.api_name), lambda: _fields(build, config))


def _fields(build: RouteBuild, config: Cors) -> Step:
    policy = _compile(config)
    vary = policy.depends_on_origin
    width = len(PREFIX)

    def add(ex: Exchange, reply: Reply) -> Reply:
        if reply.made != "gateway":
            reply.fields = [
                field
                for field in reply.fields
                # Few names are that long; most need no look.
                if len(field[0]) <= width or field[0][:width].lower() != PREFIX
            ]
        if vary:  # Differs: [vary] AWS leaves caches in front of it to guess.
            reply.fields.append(VARY)
        origin = ex.headers.get(b"origin")
        if origin is not None:
            reply.fields += policy.actual(origin) or ()
        return reply

    return _step("cors", add, build, config)


def _compile(config: Cors) -> CorsPolicy:
    return CorsPolicy(
        allow_origins=config.allow_origins,
        allow_methods=config.allow_methods,
        allow_headers=config.allow_headers,
        expose_headers=config.expose_headers,
        allow_credentials=config.allow_credentials,
        max_age=config.max_age,
    )


def _step(name: str, run: Stage | Tail, build: RouteBuild, config: Cors) -> Step:
    at = ("apis", build.api_name, "cors")
    origins = enumerate(config.allow_origins)
    shown = [build.shown(origin, *at, "allow_origins", index) for index, origin in origins]
    return Step(name, run, ", ".join(shown), at)

"""Owns what clients are told of a version that is on its way out, and of one that is gone.

Source: RFC 9745 (Deprecation), RFC 8594 (Sunset), RFC 9457 (the 410's body).
"""

from datetime import UTC, datetime
from typing import Final

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.config.models.versioning import ApiVersion, Versioning
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.rules.http.dates import write_date

_TYPE: Final[Field] = (b"content-type", b"application/problem+json")
_FRESH: Final[Field] = (b"cache-control", b"no-store")


def retired(build: RouteBuild) -> Step | None:
    """Refuse the requests of a version after its sunset, before anything else is done for them."""
    versioning, name = build.api.versioning, build.version
    if versioning is None or not name or versioning.versions[name].sunset is None:
        return None
    return build.once(("retired", build.api_name, name), lambda: _retired(build, versioning))


def _retired(build: RouteBuild, versioning: Versioning) -> Step:
    name = build.version
    version = versioning.versions[name]
    sunset = version.sunset
    assert sunset is not None
    moment = datetime.fromtimestamp(sunset, UTC)
    told = {
        "type": "urn:frontdesk:problem:version-retired",
        "title": "This API version has been retired",
        "status": 410,
        "detail": f"{name} was retired on {moment:%Y-%m-%d}.",
        "sunset": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }
    if version.guide is not None:
        told["migration"] = version.guide

    def gone(ex: Exchange) -> Reply | None:
        if ex.time < sunset:
            return None
        body = orjson.dumps({**told, "instance": ex.path, "requestId": ex.request_id})
        return Reply(410, [_TYPE, _FRESH], body, made="gateway", cause="retired")

    at = ("apis", build.api_name, "versioning", "versions", name, "sunset")
    return Step("retired", gone, f"410 from {moment:%Y-%m-%d} on", at)


def deprecation_fields(build: RouteBuild) -> Step | None:
    """Tell on every answer of a version since when it is deprecated, and when it ends."""
    versioning = build.api.versioning
    if versioning is None:
        return None
    here = ("deprecation", build.api_name, build.version)
    return build.once(here, lambda: _fields(build, versioning))


def _fields(build: RouteBuild, versioning: Versioning) -> Step | None:
    name = build.version
    fields = deprecation(versioning.versions[name]) if name else []
    told = frozenset(field for field, _ in fields if field != b"link")
    if versioning.by == "header":
        fields.append((b"vary", versioning.header.encode()))
    if not fields:
        return None

    def add(_ex: Exchange, reply: Reply) -> Reply:
        if told and reply.made == "integration":  # what it says itself would contradict
            reply.fields = [field for field in reply.fields if field[0].lower() not in told]
        reply.fields += fields
        return reply

    shown = ", ".join(field.decode().title() for field, _ in fields)
    at = ("apis", build.api_name, "versioning", *(("versions", name) if name else ()))
    return Step("deprecation fields", add, shown, at)


def deprecation(version: ApiVersion) -> Fields:
    """Return the fields of a version: none where nothing is planned."""
    fields: Fields = []
    relations = []
    if version.deprecated is not None:
        value = b"true" if version.legacy_true else b"@%d" % version.deprecated
        fields.append((b"deprecation", value))
        relations.append("deprecation")
    if version.sunset is not None:
        fields.append((b"sunset", write_date(version.sunset)))
        relations.append("sunset")
    if version.guide is not None and relations:
        links = [f'<{version.guide}>; rel="{each}"; type="text/html"' for each in relations]
        fields.append((b"link", ", ".join(links).encode()))
    return fields

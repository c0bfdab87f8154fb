"""Owns the operations on functions: create, look, change, delete, publish.

Source: AWS Lambda API Reference; texts as recorded from AWS.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.lambda_api.answers import (
    configuration,
    configuration_of_file,
    settings_of,
    timestamp,
)
from frontdesk.aws.lambda_api.asked import Asked, Target, invalid_members, parse_target
from frontdesk.aws.lambda_api.code import Uploaded
from frontdesk.aws.lambda_api.constraints import (
    check_hash,
    check_revision,
    check_runnable,
    invalid_parameter,
    zip_bytes,
)
from frontdesk.aws.lambda_api.event_invoke import Later, check_destination
from frontdesk.aws.lambda_api.layers import used_layers
from frontdesk.aws.lambda_api.models import Configuration, FunctionEntry, Version
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, json_reply, new_uuid
from frontdesk.base.clock import Clock
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.rules.concurrency import LATEST

_PAGE_SIZE: Final = re.compile(r"[0-9]{1,5}")
_PAGE: Final = 50


class Functions:
    """The operations whose subject is a function or one of its versions."""

    def __init__(self, registry: Registry, clock: Clock, later: Later) -> None:
        self._registry = registry
        self._clock = clock
        self._later = later

    # -- looking ------------------------------------------------------------------------------------

    async def list_functions(self, asked: Asked) -> Reply:
        """ListFunctions, a page at a time."""
        registry = self._registry
        every = asked.query.get("FunctionVersion") == "ALL"
        names = sorted({*registry.entries(), *registry.of_file()})
        after = asked.query.get("Marker", "")
        waiting = [name for name in names if name > after]
        page = waiting[: _page_size(asked)]
        told = [
            one
            for name in page
            for one in (self._versions(name) if every else [self._latest(name)])
        ]
        marker = {"NextMarker": page[-1]} if len(waiting) > len(page) else {}
        return json_reply(200, {"Functions": told, **marker})

    async def get(self, asked: Asked) -> Reply:
        """GetFunction."""
        target = asked.target
        told = self._described(target)
        definition = self._registry.definition(target)
        settings = settings_of(definition, target.qualifier)
        assert settings is not None  # or it had not been described
        entry = self._registry.entries().get(target.name)
        # Differs: [code-location] AWS answers a URL to download from.
        answer: dict[str, Any] = {
            "Configuration": told,
            "Code": {"RepositoryType": "S3", "Location": settings.code.resolve().as_uri()},
        }
        if entry is not None and entry.tags:
            answer["Tags"] = entry.tags
        if definition.reserved_concurrency is not None:
            reserved = definition.reserved_concurrency
            answer["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
        return json_reply(200, answer)

    async def get_configuration(self, asked: Asked) -> Reply:
        """GetFunctionConfiguration."""
        return json_reply(200, self._described(asked.target))

    async def list_versions(self, asked: Asked) -> Reply:
        """ListVersionsByFunction."""
        return json_reply(200, {"Versions": self._versions(asked.target.name)})

    # -- changing -----------------------------------------------------------------------------------

    async def create(self, asked: Asked) -> Reply:
        """CreateFunction. It is committed and runs when this is answered."""
        members = asked.members()
        target = parse_target(str(members.get("FunctionName", "")))
        if target.qualifier:
            raise invalid_parameter("A function is made without a version or alias in its name.")
        zipped = zip_bytes(members.get("Code"))
        registry = self._registry
        async with registry.changing:
            registry.free(target.name)
            told = Version.read(self._configured(members))
            check_runnable(told)
            self._check_dead_letters(told)
            latest = self._touched(told, await registry.upload(zipped))
            tags = members.get("Tags", {})
            entry = FunctionEntry.read(
                {"FunctionName": target.name, "Latest": latest.document(), "Tags": tags}
            )
            qualifier = ""
            if members.get("Publish"):
                entry, qualifier = self._published(entry, {})
            await registry.save(entry)
        return json_reply(201, self._described(Target(target.name, qualifier)))

    async def update_code(self, asked: Asked) -> Reply:
        """UpdateFunctionCode."""
        members, target = asked.members(), asked.target
        zipped = zip_bytes(members)
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            check_revision(members, entry.latest.revision_id)
            uploaded = await registry.upload(zipped)
            latest = self._touched(entry.latest, uploaded)
            changed = entry.model_copy(update={"latest": latest})
            if members.get("DryRun"):
                return json_reply(200, configuration(registry.arns, changed, latest))
            qualifier = ""
            if members.get("Publish"):
                changed, qualifier = self._published(changed, {})
            await registry.save(changed)
        return json_reply(200, self._described(Target(target.name, qualifier)))

    async def update_configuration(self, asked: Asked) -> Reply:
        """UpdateFunctionConfiguration."""
        members, target = asked.members(), asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            check_revision(members, entry.latest.revision_id)
            changed = entry.latest.changed(self._configured(members))
            check_runnable(changed)
            self._check_dead_letters(changed)
            await registry.save(entry.model_copy(update={"latest": self._touched(changed)}))
        return json_reply(200, self._described(Target(target.name, "")))

    async def publish(self, asked: Asked) -> Reply:
        """PublishVersion: the version that there is already, where nothing has changed since."""
        members, target = asked.members(), asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            check_revision(members, entry.latest.revision_id)
            check_hash(members, entry.latest.code_sha256)
            changed, number = self._published(entry, members)
            if changed is not entry:
                await registry.save(changed)
        return json_reply(201, self._described(Target(target.name, number)))

    async def delete(self, asked: Asked) -> Reply:
        """DeleteFunction: the whole function, or one version of it."""
        target = asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            if not target.qualifier:
                await registry.remove(target.name)
                await self._later.forget(target.name)
            else:
                await registry.save(self._without(entry, target))
        return Reply(204, [])

    # -- the parts ----------------------------------------------------------------------------------

    def _configured(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Take what configures out of a request; layers as they are kept."""
        known = {name: members[name] for name in _CONFIGURATION if name in members}
        if "Layers" in known:
            known["Layers"] = used_layers(self._registry, known["Layers"])
        return known

    def _check_dead_letters(self, told: Configuration) -> None:
        """Raises: ApiError for a queue that is not there."""
        letters = told.dead_letter_config
        if letters is not None and letters.target_arn:
            check_destination(self._later, letters.target_arn, ("queue",))

    def _touched(self, version: Version, uploaded: Uploaded | None = None) -> Version:
        code = (
            {} if uploaded is None else {"code_sha256": uploaded.sha256, "code_size": uploaded.size}
        )
        now = timestamp(self._clock.time())
        return version.model_copy(update={**code, "last_modified": now, "revision_id": new_uuid()})

    def _published(
        self, entry: FunctionEntry, members: Mapping[str, Any]
    ) -> tuple[FunctionEntry, str]:
        newest = entry.versions.get(str(entry.last_version))
        if newest is not None and _content(newest) == _content(entry.latest):
            return entry, newest.version
        number = str(entry.last_version + 1)
        description = {"Description": members["Description"]} if "Description" in members else {}
        version = entry.latest.changed({**description, "Version": number, "RevisionId": new_uuid()})
        changed = {
            "versions": {**entry.versions, number: version},
            "last_version": entry.last_version + 1,
        }
        return entry.model_copy(update=changed), number

    def _without(self, entry: FunctionEntry, target: Target) -> FunctionEntry:
        number = target.qualifier
        if number == LATEST:
            raise invalid_parameter(
                "$LATEST version cannot be deleted without deleting the function."
            )
        if number not in entry.versions:
            raise self._registry.not_found(target)
        users = [
            alias.name
            for alias in entry.aliases.values()
            if number in {alias.function_version, *alias.routing_config.additional_version_weights}
        ]
        if users:
            raise ApiError(
                409,
                "ResourceConflictException",
                "Unable to delete version because the following aliases reference it: "
                f"[{', '.join(users)}]",
            )
        versions = {one: version for one, version in entry.versions.items() if one != number}
        provisioned = {one: count for one, count in entry.provisioned.items() if one != number}
        return entry.model_copy(update={"versions": versions, "provisioned": provisioned})

    # -- the answers --------------------------------------------------------------------------------

    def _described(self, target: Target) -> dict[str, Any]:
        """Describe a version. Raises: ApiError."""
        registry, (name, qualifier) = self._registry, target
        entry = registry.entries().get(name)
        if entry is not None:
            version = entry.version(qualifier)
            if version is not None:
                return configuration(registry.arns, entry, version, qualifier)
            raise registry.not_found(target)
        definition = registry.definition(target)
        settings = settings_of(definition, qualifier)
        if settings is None:
            raise registry.not_found(target)
        return configuration_of_file(registry.arns, definition, settings, qualifier)

    def _latest(self, name: str) -> dict[str, Any]:
        return self._described(Target(name, ""))

    def _versions(self, name: str) -> list[dict[str, Any]]:
        numbers = self._registry.definition(Target(name, "")).versions
        return [self._described(Target(name, number)) for number in (LATEST, *numbers)]


_CONFIGURATION: Final = [str(field.alias) for field in Configuration.model_fields.values()]
"""The members that CreateFunction and UpdateFunctionConfiguration set."""


def _content(version: Version) -> dict[str, Any]:
    """Return what makes a version what it is: AWS publishes no second one with the same."""
    return version.model_dump(exclude={"version", "revision_id", "last_modified", "description"})


def _page_size(asked: Asked) -> int:
    given = asked.query.get("MaxItems", str(_PAGE))
    if not _PAGE_SIZE.fullmatch(given) or not 1 <= int(given) <= 10_000:
        raise invalid_members(
            "Value at 'maxItems' failed to satisfy constraint: Member must be from 1 to 10000"
        )
    return min(int(given), _PAGE)

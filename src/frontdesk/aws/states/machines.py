"""Owns the operations on state machines.

Source: AWS, Step Functions, API reference, CreateStateMachine and its neighbours; recorded answers.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from frontdesk.aws.states.arns import check_arn, machine_of
from frontdesk.aws.states.paging import Item, page
from frontdesk.aws.states.settings import (
    ENCRYPTION,
    check_encryption,
    read_logging,
    read_tags,
    read_tracing,
)
from frontdesk.durable.machine_changes import MachineChanges, MachineUpdate, NewMachine
from frontdesk.durable.machine_entries import LOGGING_OFF
from frontdesk.durable.machines import Machines, Standing, not_found
from frontdesk.ports.executions import Execution, ExecutionError, Executions
from frontdesk.rules.asl.check import read_definition
from frontdesk.rules.asl.check.nesting import PROCESSORS, every_state
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.names import arn_part, is_name
from frontdesk.rules.asl.parse import Document
from frontdesk.rules.asl.references import variable_references

METADATA: Final = "METADATA_ONLY"

_EFFECTIVE: Final = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration")
"""What an update must have at least one of."""


class MachineOperations:
    """The operations whose subject is a state machine."""

    def __init__(self, machines: Machines, changes: MachineChanges, executions: Executions) -> None:
        self._machines = machines
        self._changes = changes
        self._executions = executions

    async def create(self, members: dict[str, Any]) -> dict[str, Any]:
        """CreateStateMachine."""
        name, publish = members["name"], members.get("publish", False)
        if not is_name(name):
            raise ExecutionError("InvalidName", f"Invalid Name: '{name}'")
        _check_settings(members)
        wanted = NewMachine(
            name=name,
            express=members.get("type") == "EXPRESS",
            definition=members["definition"],
            role=members["roleArn"],
            logging=read_logging(members) or LOGGING_OFF,
            tracing=read_tracing(members) or False,
            tags=read_tags(members.get("tags", ())),
            publish=publish,
            description=members.get("versionDescription", ""),
        )
        entry = await self._changes.create(wanted)
        answer = {"stateMachineArn": self._machines.arn(name), "creationDate": entry.created}
        if publish:
            answer["stateMachineVersionArn"] = self._machines.arn(name, entry.current_version)
        return answer

    async def update(self, members: dict[str, Any]) -> dict[str, Any]:
        """UpdateStateMachine."""
        arn = members["stateMachineArn"]
        name, qualifier = machine_of(arn)
        if qualifier:
            raise not_found(arn)
        if not any(member in members for member in (*_EFFECTIVE, "encryptionConfiguration")):
            raise ExecutionError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the "
                "TracingConfiguration must be specified",
            )
        _check_settings(members)
        publish = members.get("publish", False)
        wanted = MachineUpdate(
            definition=members.get("definition"),
            role=members.get("roleArn"),
            logging=read_logging(members),
            tracing=read_tracing(members),
            publish=publish,
            description=members.get("versionDescription", ""),
        )
        entry = await self._changes.update(name, wanted)
        answer: dict[str, Any] = {"updateDate": entry.updated}
        if entry.revision:
            answer["revisionId"] = entry.revision
        if publish:
            answer["stateMachineVersionArn"] = self._machines.arn(name, entry.current_version)
        return answer

    async def delete(self, members: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachine. There need not be one."""
        name, qualifier = machine_of(members["stateMachineArn"])
        if qualifier:
            raise ExecutionError(
                "ValidationException",
                "A version or an alias is deleted by an operation of its own.",
            )
        await self._changes.delete(name)
        return {}

    async def list_machines(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachines: those of the file, too."""
        told = [
            (name, standing.machine.express, standing.adopted)
            for name, standing in self._machines.of_file().items()
        ]
        told += [
            (name, entry.express, entry.created) for name, entry in self._machines.entries().items()
        ]
        items = (
            Item(
                (name,),
                {
                    "stateMachineArn": self._machines.arn(name),
                    "name": name,
                    "type": _type(express=express),
                    "creationDate": created,
                },
            )
            for name, express, created in told
        )
        return page("machines", "stateMachines", items, members)

    async def describe(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachine: also one of the file, a version, or that version that an alias has first."""
        arn = members["stateMachineArn"]
        name, qualifier = machine_of(arn)
        of_file = self._machines.of_file().get(name)
        if of_file is not None and not qualifier:
            answer = self._of_file(of_file)
        else:
            answer = self._of_api(arn, name, qualifier)
        return _told(answer, members)

    async def describe_for_execution(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachineForExecution: what it was started with, whatever has become of it."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        execution = await self._executions.describe(arn)
        began = (await self._executions.history(arn, most=1)).events[0]
        definition = await self._machines.text(execution.digest)
        name, _, labels = machine_of(execution.machine).name.partition("/")
        label = labels.rpartition("/")[2]
        if label:
            definition = _processor(definition, label)
        answer = {
            "stateMachineArn": execution.machine,
            "name": name,
            "definition": definition,
            "roleArn": began.details.get("roleArn", ""),
            "updateDate": execution.started,
            **_written(LOGGING_OFF, tracing=False),
            **_references(definition),
            **self._still(name, execution),
        }
        if label:
            answer |= {"mapRunArn": execution.map_run, "label": label}
        return _told(answer, members)

    def _still(self, name: str, execution: Execution) -> dict[str, Any]:
        """Return what is known of the revision that an execution has, if it is still there."""
        of_file = self._machines.of_file().get(name)
        if of_file is not None:
            return {"updateDate": of_file.adopted, **_written(_logging(of_file), tracing=False)}
        entry = self._machines.entry(name)
        if entry is None:
            return {}
        version = entry.versions.get(execution.version.rpartition(":")[2])
        settings = version.settings if version is not None else entry.settings
        if settings.digest != execution.digest:
            return {}
        revision = version.revision if version is not None else entry.revision
        return {
            "updateDate": version.created if version is not None else entry.updated,
            **_written(settings.logging, tracing=settings.tracing),
            **({"revisionId": revision} if revision else {}),
        }

    def _of_file(self, standing: Standing) -> dict[str, Any]:
        machine = standing.machine
        return {
            "stateMachineArn": self._machines.arn(machine.name),
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": "",
            "type": _type(express=machine.express),
            "creationDate": standing.adopted,
            **_written(_logging(standing), tracing=False),
            **_references(machine.definition),
        }

    def _of_api(self, arn: str, name: str, qualifier: str) -> dict[str, Any]:
        entry = self._machines.entry(name)
        if entry is None:
            raise not_found(arn)
        alias = entry.aliases.get(qualifier)
        number = alias.routes[0].version if alias is not None else qualifier
        version = entry.versions.get(number)
        if number and version is None:
            raise not_found(arn)
        settings, revision, created, description = (
            (entry.settings, entry.revision, entry.created, "")
            if version is None
            else (version.settings, version.revision, version.created, version.description)
        )
        definition = self._machines.definition(entry, settings).definition
        answer = {
            "stateMachineArn": self._machines.arn(name, number),
            "name": name,
            "status": "ACTIVE",
            "definition": definition,
            "roleArn": settings.role,
            "type": _type(express=entry.express),
            "creationDate": created,
            **_written(settings.logging, tracing=settings.tracing),
            **_references(definition),
        }
        if revision:
            answer["revisionId"] = revision
        if description:
            answer["description"] = description
        return answer


def _check_settings(members: Mapping[str, Any]) -> None:
    if "versionDescription" in members and not members.get("publish"):
        raise ExecutionError(
            "ValidationException", "Version description can only be set when publish is true"
        )
    role = members.get("roleArn", "arn:")
    if not role.startswith("arn:"):
        raise ExecutionError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {role}'")
    check_encryption(members)


def _written(logging: Mapping[str, Any], *, tracing: bool) -> dict[str, Any]:
    return {
        "loggingConfiguration": logging,
        "tracingConfiguration": {"enabled": tracing},
        "encryptionConfiguration": ENCRYPTION,
    }


def _logging(standing: Standing) -> dict[str, Any]:
    return {**LOGGING_OFF, "level": standing.machine.log}


def _processor(definition: str, label: str) -> str:
    """Return the item processor of a distributed Map. label: its own, or its name."""
    for place, state in every_state(_read(definition)):
        if arn_part(state.get("Label", place[-1])) == label:
            return json_text(next(state[field] for field in PROCESSORS if field in state))
    raise LookupError(label)


def _read(definition: str) -> Document:
    return cast(Document, read_definition(definition))


def _references(definition: str) -> dict[str, Any]:
    found = variable_references(_read(definition))
    return {"variableReferences": found} if found else {}


def _told(answer: dict[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    if members.get("includedData") == METADATA:
        answer.pop("definition")
        answer.pop("variableReferences", None)
    return answer


def _type(*, express: bool) -> str:
    return "EXPRESS" if express else "STANDARD"

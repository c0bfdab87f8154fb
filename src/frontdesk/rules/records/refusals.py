"""Owns what a record is refused for, with the HTTP status that a handler may answer with."""

from typing import ClassVar

from frontdesk.base.errors import FrontdeskError


class RecordError(FrontdeskError):
    """Root of the refusals. status: of HTTP."""

    code = "record"
    status: ClassVar[int] = 400


class InvalidRecordError(RecordError):
    """What was asked cannot be done as it is: a wrong key, a wrong version, no JSON."""

    code = "record_invalid"


class ForbiddenRecordError(RecordError):
    """The caller has no tenant, or the record belongs to another one."""

    code = "record_forbidden"
    status = 403


class ConflictRecordError(RecordError):
    """Somebody else has written this version first; read again, then decide."""

    code = "record_conflict"
    status = 409

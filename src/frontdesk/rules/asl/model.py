"""Owns what a state machine is once it has been read: one dataclass for each type of state.

Fields are those of the Amazon States Language in snake case, with its defaults filled in; templates,
paths and expressions stay as they are written. Everything knows its place in the document, so that an
error at run time can name it. Knows neither how a document is checked nor how a machine runs.
Source: https://states-language.net/spec.html; AWS, "State machine structure in Amazon States Language".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

Json = Any
"""A JSON value."""

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value from the top of the document."""


class Absent(Enum):
    """The type of `ABSENT`, so that a checker can tell it from every JSON value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""The value of a field that is not written, where null is a value of its own."""


class QueryLanguage(StrEnum):
    """What paths and templates, or expressions, are written in."""

    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


class Mode(StrEnum):
    """How a Map runs its items: within the execution, or each as an execution of its own."""

    INLINE = "INLINE"
    DISTRIBUTED = "DISTRIBUTED"


class ExecutionType(StrEnum):
    """What the children of a distributed Map are."""

    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


@dataclass(frozen=True, kw_only=True)
class Retrier:
    """When to try again. Delay before retry k: `interval_seconds * backoff_rate ** (k - 1)`.

    max_attempts: retries, not calls. max_delay_seconds: None for no bound. full_jitter: a random delay
    between nothing and that.
    """

    place: Place
    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    full_jitter: bool = False


@dataclass(frozen=True, kw_only=True)
class Catcher:
    """Where an error leads to. result_path: None to drop the error output."""

    place: Place
    error_equals: tuple[str, ...]
    next: str
    result_path: str | None = "$"
    assign: Mapping[str, Json] | None = None
    output: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One test of a value, in JSONPath.

    variable: the path to the value. operator: such as `StringEquals`, never with `Path` at its end.
    operand: what to compare with, or the path to it where `operand_is_path`.
    """

    place: Place
    variable: str
    operator: str
    operand: Json
    operand_is_path: bool = False


@dataclass(frozen=True, kw_only=True)
class And:
    """True when all tests are; the first that is false ends it."""

    place: Place
    tests: "tuple[Test, ...]"


@dataclass(frozen=True, kw_only=True)
class Or:
    """True when one test is; the first that is true ends it."""

    place: Place
    tests: "tuple[Test, ...]"


@dataclass(frozen=True, kw_only=True)
class Not:
    """True when its test is false."""

    place: Place
    test: "Test"


Test = Comparison | And | Or | Not


@dataclass(frozen=True, kw_only=True)
class ChoiceRule:
    """One way out of a Choice. condition: a test in JSONPath; in JSONata an expression or a boolean."""

    place: Place
    condition: Test | str | bool
    next: str
    assign: Mapping[str, Json] | None = None
    output: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class State:
    """What all states have. query_language: the one in force here, inherited or its own."""

    name: str
    place: Place
    query_language: QueryLanguage
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class DataState(State):
    """A state with an output. input_path, output_path: None for an empty object (null)."""

    input_path: str | None = "$"
    output_path: str | None = "$"
    output: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class StepState(DataState):
    """A state with one way out. next: None where it ends its machine."""

    next: str | None = None
    assign: Mapping[str, Json] | None = None


@dataclass(frozen=True, kw_only=True)
class WorkState(StepState):
    """A state whose work may fail. result_path: None to drop the result."""

    result_selector: Json | Absent = ABSENT
    result_path: str | None = "$"
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PassState(StepState):
    """Hands on its input, or what it makes of it."""

    parameters: Json | Absent = ABSENT
    result: Json | Absent = ABSENT
    result_path: str | None = "$"


@dataclass(frozen=True, kw_only=True)
class TaskState(WorkState):
    """Has something done. Seconds are expressions where they are texts; None where not written."""

    resource: str
    parameters: Json | Absent = ABSENT
    arguments: Json | Absent = ABSENT
    credentials: Json | Absent = ABSENT
    timeout_seconds: int | str | None = None
    timeout_seconds_path: str | None = None
    heartbeat_seconds: int | str | None = None
    heartbeat_seconds_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class ParallelState(WorkState):
    """Runs several machines at once."""

    branches: "tuple[Machine, ...]"
    parameters: Json | Absent = ABSENT
    arguments: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class ItemReader:
    """Where a distributed Map gets its items. reader_config: as written, {} where absent."""

    place: Place
    resource: str
    parameters: Json | Absent = ABSENT
    arguments: Json | Absent = ABSENT
    reader_config: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ItemBatcher:
    """How items are put together. Numbers are expressions where they are texts; None: no bound."""

    place: Place
    max_items_per_batch: int | str | None = None
    max_items_per_batch_path: str | None = None
    max_input_bytes_per_batch: int | str | None = None
    max_input_bytes_per_batch_path: str | None = None
    batch_input: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class ResultWriter:
    """Where a distributed Map puts its results. resource: "" where they are only transformed."""

    place: Place
    resource: str = ""
    parameters: Json | Absent = ABSENT
    arguments: Json | Absent = ABSENT
    writer_config: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MapState(WorkState):
    """Runs one machine for each item.

    item_selector: the legacy `Parameters` as well. item_processor: the legacy `Iterator` as well.
    Numbers are expressions where they are texts; None where not written.
    """

    item_processor: "Machine"
    mode: Mode = Mode.INLINE
    execution_type: ExecutionType = ExecutionType.STANDARD
    items_path: str = "$"
    items: Json | Absent = ABSENT
    item_selector: Json | Absent = ABSENT
    max_concurrency: int | str | None = None
    max_concurrency_path: str | None = None
    tolerated_failure_count: int | str | None = None
    tolerated_failure_count_path: str | None = None
    tolerated_failure_percentage: float | str | None = None
    tolerated_failure_percentage_path: str | None = None
    label: str = ""
    item_reader: ItemReader | None = None
    item_batcher: ItemBatcher | None = None
    result_writer: ResultWriter | None = None


@dataclass(frozen=True, kw_only=True)
class WaitState(StepState):
    """Waits for a number of seconds or until an instant: exactly one of four fields is given."""

    seconds: int | str | None = None
    seconds_path: str | None = None
    timestamp: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChoiceState(DataState):
    """Goes the way of the first rule that holds. assign: for the default only."""

    choices: tuple[ChoiceRule, ...]
    default: str | None = None
    assign: Mapping[str, Json] | None = None


@dataclass(frozen=True, kw_only=True)
class SucceedState(DataState):
    """Ends its machine well."""


@dataclass(frozen=True, kw_only=True)
class FailState(State):
    """Ends its machine with an error. None: not written."""

    error: str | None = None
    error_path: str | None = None
    cause: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """States and where they start; the whole one, a branch, or what a Map runs for each item.

    timeout_seconds: of the whole machine only; None for no bound. query_language: of its states that
    name none. states: in the order of the document.
    """

    place: Place
    start_at: str
    states: Mapping[str, State]
    query_language: QueryLanguage = QueryLanguage.JSONPATH
    timeout_seconds: int | None = None
    comment: str = ""
    version: str = "1.0"

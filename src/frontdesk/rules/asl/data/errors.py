"""Owns the error that a state fails with, and the names of those that come from its data.

Knows neither Retry nor Catch.
Source: AWS, "Handling errors in Step Functions workflows", Error names.
"""

from typing import Final

from frontdesk.base.errors import FrontdeskError

DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
QUERY_EVALUATION_ERROR: Final = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE: Final = "States.ResultPathMatchFailure"
RUNTIME: Final = "States.Runtime"


class StateError(FrontdeskError):
    """A state failed. name: the error's name. cause: in AWS's words where they are known.

    location: the field whose expression is at fault, such as `Output/total`; "" without one.

    AWS puts `An error occurred while executing the state 'NAME' (entered at the event id #N). ` before
    the causes raised in this package; who knows the event adds it.
    """

    code = "state"

    def __init__(self, name: str, cause: str, *, location: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause
        self.location = location

"""Owns how topics and buses refuse: in AWS's words, so that the wire APIs and tasks of state machines need no others."""

from frontdesk.base.errors import FrontdeskError


class PublishError(FrontdeskError):
    """What was asked cannot be done. code: AWS's name of the error. status: of HTTP."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def invalid(what: str) -> PublishError:
    """Make the error of a parameter of SNS that will not do."""
    return PublishError("InvalidParameter", f"Invalid parameter: {what}")


def no_topic() -> PublishError:
    """Make the error of a topic that is not there."""
    return PublishError("NotFound", "Topic does not exist", 404)


def no_bus(name: str) -> PublishError:
    """Make the error of a bus that is not there."""
    return PublishError("ResourceNotFoundException", f"Event bus {name} does not exist.")


def no_rule(name: str, bus: str) -> PublishError:
    """Make the error of a rule that is not there."""
    return PublishError(
        "ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}."
    )


def not_valid(message: str) -> PublishError:
    """Make the error of a member of EventBridge that will not do."""
    return PublishError("ValidationException", message)

"""Owns the errors that the platform itself reports of a function's process, in Lambda's words.

Source: AWS, recorded error objects of `Runtime.ExitError` and `Sandbox.Timedout`.
"""

import json
import signal


def error_object(kind: str, message: str, request_id: str) -> bytes:
    """Make an error object. kind: its errorType."""
    text = f"RequestId: {request_id} Error: {message}"
    return json.dumps({"errorType": kind, "errorMessage": text}).encode()


def exit_message(status: int) -> str:
    """Say how a process ended. status: of its exit, or minus the signal."""
    if status < 0:
        name = "killed" if status == -signal.SIGKILL else signal.strsignal(-status) or str(-status)
        return f"Runtime exited with error: signal: {name.lower()}"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    return "Runtime exited without providing a reason"


def timeout_message(seconds: float) -> str:
    """Say that a process has taken longer than it was allowed."""
    return f"Task timed out after {seconds:.2f} seconds"

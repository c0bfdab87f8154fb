"""Owns the environment variables and the first message of a child. Reads no process, only settings.

Source: AWS, "Using Lambda environment variables", defined runtime environment variables.
"""

import os
import sys
from pathlib import Path

from frontdesk.functions.frames import Init
from frontdesk.functions.settings import FunctionSettings

VERSION = "$LATEST"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

_TEMPORARY_BYTES = 512 << 20
"""Lambda's default ephemeral storage; here the most that one file may hold."""


def init_of(
    settings: FunctionSettings, packages: Path | None, temporary: Path, log_stream: str
) -> Init:
    """Say what a child is to become.

    packages: folder of installed requirements. temporary: its own folder for TMPDIR.
    """
    path = [settings.code, packages] if packages else [settings.code]
    return Init(
        function=settings.name,
        handler=settings.handler,
        command=list(settings.command),
        task_root=str(settings.code.resolve()),
        path=[str(entry.resolve()) for entry in path],
        environment=_environment(settings, temporary, log_stream),
        memory=settings.memory,
        temporary_bytes=_TEMPORARY_BYTES,
    )


def _environment(settings: FunctionSettings, temporary: Path, log_stream: str) -> dict[str, str]:
    # Differs: [temporary-folder] AWS gives each environment a /tmp that survives a timeout; ours is
    # named by TMPDIR, belongs to one process and goes with it. No AWS credentials are set.
    may_be_overridden = {
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "TMPDIR": str(temporary),
        "MALLOC_ARENA_MAX": "2",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    reserved = {
        "_HANDLER": settings.handler,
        "LAMBDA_TASK_ROOT": str(settings.code.resolve()),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
    }
    return {**may_be_overridden, **settings.environment, **reserved}

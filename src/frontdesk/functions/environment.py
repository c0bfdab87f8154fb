"""Owns the environment variables and the first message of a child. Reads no process, only settings.

Source: AWS, "Using Lambda environment variables", defined runtime environment variables.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from frontdesk.functions.deployments import Deployment
from frontdesk.functions.frames import Init
from frontdesk.functions.settings import FunctionSettings

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

_TEMPORARY_BYTES = 512 << 20
"""Lambda's default ephemeral storage; here the most that one file may hold."""

_SITE_PACKAGES = Path("python", "lib", RUNTIME, "site-packages")


def init_of(
    deployment: Deployment, temporary: Path, log_stream: str, general: Mapping[str, str]
) -> Init:
    """Say what a child is to become.

    temporary: its own folder for TMPDIR. general: variables of every function, which its own override.
    """
    settings = deployment.settings
    path = [settings.code]
    for layer in reversed(settings.layers):  # at AWS a later one overwrites files of a former one
        path += [layer / "python", layer / _SITE_PACKAGES]
    if deployment.packages is not None:
        path.append(deployment.packages.resolve())
    return Init(
        function=settings.name,
        handler=settings.handler,
        command=list(settings.command),
        task_root=str(settings.code),
        path=[str(entry) for entry in path],
        environment=_environment(settings, temporary, log_stream, general),
        memory=settings.memory,
        temporary_bytes=_TEMPORARY_BYTES,
    )


def _environment(
    settings: FunctionSettings, temporary: Path, log_stream: str, general: Mapping[str, str]
) -> dict[str, str]:
    # Differs: [temporary-folder] AWS gives each environment a /tmp; ours is named by TMPDIR.
    # Differs: [layers] AWS unpacks all layers into /opt; ours stay apart, each with its own bin and lib.
    layers = list(reversed(settings.layers))
    programs = [str(layer / "bin") for layer in layers]
    libraries = [str(layer / "lib") for layer in layers]
    may_be_overridden = {
        "LANG": "en_US.UTF-8",
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *programs]),
        "LD_LIBRARY_PATH": os.pathsep.join(
            [str(settings.code), f"{settings.code}/lib", *libraries]
        ),
        "TZ": ":UTC",
        "TMPDIR": str(temporary),
        "MALLOC_ARENA_MAX": "2",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    reserved = {
        "_HANDLER": settings.handler,
        "LAMBDA_TASK_ROOT": str(settings.code),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": settings.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": settings.initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
    }
    if not settings.command:  # as at AWS: a program brings a runtime of its own
        reserved["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{RUNTIME}"
    return {**may_be_overridden, **general, **settings.environment, **reserved}

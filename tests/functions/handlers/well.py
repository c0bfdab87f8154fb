"""Handlers that do what handlers should."""

import asyncio
import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

calls = itertools.count(1)


def echo(event, context):
    return event


def count(event, context):
    return {"pid": os.getpid(), "calls": next(calls)}


async def gentle(event, context):
    await asyncio.sleep(0)
    return {"loop": id(asyncio.get_running_loop()), "event": event}


def describe(event, context):
    client = context.client_context
    return {
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "aws_request_id": context.aws_request_id,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "identity": [
            context.identity.cognito_identity_id,
            context.identity.cognito_identity_pool_id,
        ],
        "client": client and [client.client.app_title, client.custom, client.env],
        "tenant_id": context.tenant_id,
        "remaining": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def environment(event, context):
    return {
        "environment": dict(os.environ),
        "cwd": str(Path.cwd()),
        "path": sys.path[:2],
        "frontdesk": "frontdesk" in sys.modules,
        "tmp": tempfile.gettempdir(),
        "files": sorted(entry.name for entry in Path("/proc/self/fd").iterdir()),
        "group": os.getpgid(0) == os.getpid(),
    }


def talk(event, context):
    print("from print")  # noqa: T201 - as handlers do
    sys.stderr.write("from stderr\n")
    logging.getLogger("shop").warning("from logging")
    os.write(1, b"raw, without end")


def wait_for_file(event, context):
    while not Path(event["path"]).exists():
        time.sleep(0.005)
    return {"pid": os.getpid(), "n": event.get("n")}


def threads(event, context):
    stop = threading.Event()
    threading.Thread(target=stop.wait).start()
    return threading.active_count()


def starts_a_process(event, context):
    return subprocess.Popen(["sleep", "300"]).pid


def large(event, context):
    return "x" * event


def version(event, context):
    return 1


def own_json(event, context):
    return json.dumps({"a": 1})


def kind(event, context):
    """Wait for a file, and say why this process was started."""
    while not Path(event["path"]).exists():
        time.sleep(0.005)
    return {"kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}


def scratch(event, context):
    folder = Path(tempfile.gettempdir())
    if event == "write":
        (folder / "note").write_text("here")
    while event == "hang":
        time.sleep(0.01)
    files = sorted(entry.name for entry in folder.iterdir())
    return {"folder": str(folder), "files": files, "pid": os.getpid()}

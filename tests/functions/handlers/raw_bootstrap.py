"""A runtime that does with the Runtime API what the event (or its argument) asks for, good or ill."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = "/2018-06-01/runtime"


def ask(method, path, body=None, headers=None):
    connection = HTTPConnection(API)
    connection.request(method, ROOT + path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.headers)


def raw(request_id, headers, body):
    """Post a streamed response byte by byte as it is given, and close."""
    host, port = API.split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {ROOT}/invocation/{request_id}/response HTTP/1.1\r\nHost: {API}\r\n"
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        connection.sendall((head + "".join(lines) + "\r\n").encode() + body)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(65536).decode()


STREAMING = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream_and_fail(request_id, _event):
    error = json.dumps({"errorType": "Sad", "errorMessage": "midway"}).encode()
    trailers = (
        b"0\r\nLambda-Runtime-Function-Error-Type: Handler.Sad\r\n"
        b"Lambda-Runtime-Function-Error-Body: " + base64.b64encode(error) + b"\r\n\r\n"
    )
    raw(request_id, STREAMING, chunk(b"first") + trailers)


def stream_and_break_off(request_id, _event):
    raw(request_id, STREAMING, chunk(b"first") + b"20\r\nnot all")


def stream_plain(request_id, event):
    body = (b"x" * event["size"] for _ in range(event["parts"]))
    headers = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Content-Type": "a/b"}
    ask("POST", f"/invocation/{request_id}/response", body, headers)


def count(request_id, event):
    ask("POST", f"/invocation/{request_id}/response", b"%d" % len(json.dumps(event)))


def too_large(request_id, event):
    answer = ask("POST", f"/invocation/{request_id}/response", b"x" * event["size"])
    print(json.dumps([answer[0], json.loads(answer[1])]), flush=True)  # noqa: T201 - as runtimes do


def wrong_id(request_id, _event):
    seen = [ask("POST", f"/invocation/{other}/response", b"1")[:2] for other in ("0-0", "")]
    seen.append(ask("GET", "/invocation/next")[:2])
    seen.append(ask("POST", "/init/error", b"{}")[:2])
    seen.append(ask("PUT", "/invocation/next")[:2])
    result = [[status, json.loads(body)] for status, body in seen]
    ask("POST", f"/invocation/{request_id}/response", json.dumps(result).encode())


def garbage(request_id, _event):
    host, port = API.split(":")
    for line in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"A B C\r\nno colon\r\n\r\n",
        b"x" * 99999,
    ):
        connection = socket.create_connection((host, int(port)))
        with connection, contextlib.suppress(OSError):  # it may be closed before all is sent
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            assert not connection.recv(10)
    ask("POST", f"/invocation/{request_id}/response", b'"still here"')


def leave(request_id, event):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(["sleep", "300"], **quiet)
    {
        "exit 0": lambda: os._exit(0),
        "exit 127": lambda: os._exit(127),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "abort": os.abort,
        "kill the adapter": lambda: os.kill(os.getppid(), signal.SIGKILL) or time.sleep(300),
        "kill the zygote": lambda: os.kill(zygote(), signal.SIGKILL) or time.sleep(300),
    }[event["how"]]()


def zygote():
    with open(f"/proc/{os.getppid()}/stat") as stat:  # noqa: PTH123 - a file of the kernel
        return int(stat.read().rpartition(")")[2].split()[1])


def hang(request_id, _event):
    start = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(["sleep", "300"], **start)
    subprocess.Popen(["sleep", "300"], start_new_session=True, **start)
    time.sleep(300)


def multiply(request_id, _event):
    """Start sixty processes that start two each, out of all groups, and go on."""
    start = "setsid sh -c 'sleep 300 & exec sleep 300' > /dev/null 2>&1 &"
    subprocess.run(["sh", "-c", start * 60], check=True)
    time.sleep(300)


def stop_the_adapter(request_id, _event):
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(300)


def fall_silent(request_id, _event):
    os.closerange(1, 3)
    ask("POST", f"/invocation/{request_id}/response", b'"silent"')


def knock(request_id, _event):
    """Open many connections, and answer on the first."""
    connection = HTTPConnection(API)
    connection.connect()
    host, port = API.split(":")
    opened = [socket.create_connection((host, int(port))) for _ in range(100)]
    connection.request("POST", f"{ROOT}/invocation/{request_id}/response", b'"answered"')
    connection.getresponse().read()
    for one in opened:
        one.close()


def main():
    match sys.argv[1:]:
        case ["init error"]:
            body = b'{"errorType": "Sad", "errorMessage": "cannot begin", "stackTrace": []}'
            ask("POST", "/init/error", body)
            sys.exit(1)
        case ["exit at init"]:
            sys.exit(3)
        case ["tidy"]:
            signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"tidied up\n"), sys.exit()))
        case ["impatient"]:  # a long poll that is given up, before the one that counts
            host, port = API.split(":")
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(f"GET {ROOT}/invocation/next HTTP/1.1\r\n\r\n".encode())
                time.sleep(0.2)  # so that it waits when we leave
            print("gave up", flush=True)  # noqa: T201 - as runtimes do
    while True:
        _, event, headers = ask("GET", "/invocation/next")
        event = json.loads(event)
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        if isinstance(event, dict) and "do" in event:
            globals()[event["do"]](request_id, event)
        else:
            body = json.dumps({"event": event, "pid": os.getpid()}).encode()
            ask("POST", f"/invocation/{request_id}/response", body)


main()

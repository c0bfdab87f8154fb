"""Owns a real browser: Debian's Chromium, steered through chromedriver (W3C WebDriver, plain HTTP)."""

import contextlib
import json
import shutil
import tempfile
from base64 import b64decode

import pytest

from tests.live.calls import call
from tests.live.processes import running

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # tests may run as root, where Chromium has no sandbox
    "--no-proxy-server",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


class Page:
    """A window of the browser."""

    def __init__(self, driver: str, session: str) -> None:
        self._driver = driver
        self._path = f"/session/{session}"

    def open(self, url: str) -> None:
        """Go to a URL; returns when the page has loaded."""
        _command(self._driver, "POST", f"{self._path}/url", {"url": url})

    def window(self) -> str:
        """Open another window, and go on in it; return its handle."""
        new = _command(self._driver, "POST", f"{self._path}/window/new", {"type": "tab"})
        self.turn_to(new["handle"])
        return new["handle"]

    def turn_to(self, window: str) -> None:
        """Go on in a window that was opened before."""
        _command(self._driver, "POST", f"{self._path}/window", {"handle": window})

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Be a screen of so many pixels, light or dark."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._tell("Emulation.setEmulatedMedia", {"features": [scheme]})

    def keep_nothing(self) -> None:
        """Load everything anew with every page, as somebody who comes for the first time."""
        self._tell("Network.enable", {})
        self._tell("Network.setCacheDisabled", {"cacheDisabled": True})

    def picture(self, *, whole: bool = True) -> bytes:
        """Take a PNG of the whole page, or of what is seen of it."""
        given = {"format": "png", "captureBeyondViewport": whole}
        return b64decode(self._tell("Page.captureScreenshot", given)["data"])

    def complaints(self) -> list[str]:
        """Return what the browser has complained of since the last look: errors and warnings of its console."""
        path = f"{self._path}/se/log"
        told = _command(self._driver, "POST", path, {"type": "browser"})
        return [each["message"] for each in told if each["level"] in ("SEVERE", "WARNING")]

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or names of WebDriver §17.4.2 such as `Tab`."""
        codes = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " "}
        strokes = [
            {"type": kind, "value": codes.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        _command(self._driver, "POST", f"{self._path}/actions", {"actions": [keyboard]})

    def _tell(self, command: str, given):
        """Ask Chromium itself. Source: Chrome DevTools Protocol."""
        path = f"{self._path}/goog/cdp/execute"
        return _command(self._driver, "POST", path, {"cmd": command, "params": given})

    def run(self, script: str, *arguments):
        """Run the body of an async function in the page; returns what it returns, as JSON."""
        body = (
            "const done = arguments[arguments.length - 1];"
            f"(async (...given) => {{ {script} }})(...arguments).then(done, error => done(String(error)));"
        )
        return _command(
            self._driver,
            "POST",
            f"{self._path}/execute/async",
            {"script": body, "args": list(arguments)},
        )


def _command(driver: str, method: str, path: str, body=None):
    answer = call(driver, method, path, body=None if body is None else json.dumps(body))
    assert answer.status == 200, answer.body
    return answer.json["value"]


@contextlib.contextmanager
def browser(folder):
    """Start Chromium with a profile in `folder`; yields its page. Skips where there is none."""
    if shutil.which("chromedriver") is None:
        pytest.skip("no chromedriver: apt-get install chromium chromium-driver")
    with (
        # A short path of its own: that of a socket in it has 107 characters at most (unix(7)).
        tempfile.TemporaryDirectory(prefix="fd-") as short,
        running("chromedriver", "--port=0", env={"TMPDIR": short}) as process,
    ):
        driver = "127.0.0.1:" + process.wait_for(r"successfully on port (\d+)")[1]
        wanted = {
            "goog:chromeOptions": {"args": [*ARGUMENTS, f"--user-data-dir={folder}/profile"]},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        session = _command(driver, "POST", "/session", {"capabilities": {"alwaysMatch": wanted}})[
            "sessionId"
        ]
        try:
            yield Page(driver, session)
        finally:
            _command(driver, "DELETE", f"/session/{session}")

"""Owns the row of the console: how soon each page is seen, how heavy it is, what an open console costs the clients."""

import asyncio
import http.client
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import yaml

from bench.contenders import settings, started
from bench.figures import Figure, Finding, at_most
from bench.load import Load, closed_loop
from bench.measure import cpu_seconds
from bench.probe import Probe, await_answer, check, get
from bench.process import LOAD_CORE, Running
from bench.result import Bench, Result
from bench.scene import SMALL
from tests.live.browser import Page, browser
from tests.web.house import house
from tests.web.tour import signed_in

ROOT = "/console"
TABS = {"requests": "request", "overview": "metric"}
"""Pages that somebody has open, and what each listens to."""

LOOKS = 5
"""How often each page is opened; the median of them counts."""

_SEEN = """
const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
while (!painted()) await new Promise((go) => setTimeout(go, 10));
const bytes = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return [
  painted().startTime,
  bytes.reduce((sum, each) => sum + each.decodedBodySize, 0),
];
"""


def console_row(bench: Bench) -> Result:
    """Open every page of a furnished console with an empty cache; load the door while a console is open."""
    folder = bench.scene.folder / "console"
    folder.mkdir()
    pages = asyncio.run(_pages(folder))
    paints = Figure.of([paint for paint, _ in pages.values()])
    weights = Figure.of([weight / 1024 for _, weight in pages.values()])
    slowest = max(pages, key=lambda place: pages[place][0])
    heaviest = max(pages, key=lambda place: pages[place][1])
    quiet, watched, texts = _loads(bench)
    pairs = list(zip(watched, quiet, strict=True))
    lost = [100 * (1 - one.load.rate / other.load.rate) for one, other in pairs]
    later = [100 * (one.load.p99 / other.load.p99 - 1) for one, other in pairs]
    more = [100 * (one.cpu / other.cpu - 1) for one, other in pairs]
    many = f"of {len(pages)} pages; all of them, lowest to highest: "
    spans = (
        f"{paints.low:.0f} to {paints.high:.0f} ms",
        f"{weights.low:.0f} to {weights.high:.0f} kB",
    )
    return Result(
        [
            Finding(
                f"slowest first paint, {slowest}",
                Figure.of([paints.high]),
                "ms",
                at_most(500),
                many + spans[0],
            ),
            Finding(
                f"heaviest page, {heaviest}",
                Figure.of([weights.high]),
                "kB",
                at_most(100),
                many + spans[1],
            ),
            Finding(
                "throughput lost by an open console",
                Figure.of(lost),
                "%",
                at_most(2),
                "live requests and the overview in a tab each",
            ),
            Finding("CPU of the gateway per request, by an open console", Figure.of(more), "%"),
            Finding("p99 by an open console, closed loop", Figure.of(later), "%", at_most(5)),
        ],
        settings=texts,
    )


async def _pages(folder: Path) -> dict[str, tuple[float, float]]:
    """Open every page; return milliseconds until something of it was seen, and bytes, by its path in `PAGES`."""
    async with house(folder) as found:
        places = {path: of_page[0] for path, of_page in found.places.items()}
        return await asyncio.to_thread(_looked_at, folder, found.browser.address, places)


def _looked_at(
    folder: Path, address: str, places: dict[str, str]
) -> dict[str, tuple[float, float]]:
    with browser(folder) as page:
        signed_in(page, address)
        page.size(1280)
        page.keep_nothing()
        return {
            path: _look(page, f"http://{address}{ROOT}{place}") for path, place in places.items()
        }


def _look(page: Page, url: str) -> tuple[float, float]:
    looks = []
    for _ in range(LOOKS):
        page.open(url)
        looks.append(page.run(_SEEN))
    return median(paint for paint, _ in looks), max(weight for _, weight in looks)


class _Seen(NamedTuple):
    """One load, and the gateway's seconds of the processor per request."""

    load: Load
    cpu: float


def _loads(bench: Bench) -> tuple[list[_Seen], list[_Seen], dict[str, str]]:
    """Load the door in turn with nobody at the console and with somebody."""
    quiet, watched = [], []
    probe = get(
        [f"/practices/p{number:03}/slots" for number in range(len(bench.scene.tokens))],
        tokens=bench.scene.tokens,
        length=len(SMALL),
    )
    with started(bench.scene, ["frontdesk"]) as servers:
        server = servers["frontdesk"]
        await_answer(server.server.port, probe)
        check(server.server.port, probe)
        _load(server, probe, bench.effort.warm_up)
        for _ in range(bench.effort.rounds):
            quiet.append(_load(server, probe, bench.effort.seconds))
            with _open_console(server):
                watched.append(_load(server, probe, bench.effort.seconds))
        return quiet, watched, settings(servers)


def _load(server: Running, probe: Probe, seconds: float) -> _Seen:
    began = cpu_seconds(server.pid)
    seen = closed_loop(server.server.port, probe, seconds=seconds)
    if seen.unexpected:
        raise ValueError(f"{seen.unexpected} wrong answers")
    return _Seen(seen, (cpu_seconds(server.pid) - began) / seen.requests)


@contextmanager
def _open_console(server: Running) -> Iterator[None]:
    """Have every tab open: its page, its stream, and the overview fetched again with its news."""
    (text,) = server.server.settings.values()
    host, _, port = yaml.safe_load(text)["admin"]["listen"].rpartition(":")
    with ExitStack() as opened:
        for page, topic in TABS.items():
            opened.enter_context(_Tab(host, int(port), page, topic))
        yield


class _Tab:
    """One page that is looked at; it listens until it is closed."""

    def __init__(self, host: str, port: int, page: str, topic: str) -> None:
        self._at = host, port
        self._page, self._topic = f"{ROOT}/{page}", topic
        self._cookie = ""
        self._stream = http.client.HTTPConnection(host, port)

    def __enter__(self) -> None:
        self._cookie = self._fetch().getheader("set-cookie", "").partition(";")[0]
        topic = f"{ROOT}/stream?topics={self._topic}"
        self._stream.request("GET", topic, headers={"cookie": self._cookie})
        self._listens = threading.Thread(target=self._listen, args=(self._stream.getresponse(),))
        self._listens.start()

    def __exit__(self, *_: object) -> None:
        self._over = True
        assert self._stream.sock is not None
        self._stream.sock.shutdown(2)
        self._listens.join()
        self._stream.close()

    _over = False

    def _listen(self, stream: http.client.HTTPResponse) -> None:
        os.sched_setaffinity(threading.get_native_id(), {LOAD_CORE})
        try:
            for line in stream:
                if self._topic == "metric" and line.startswith(b"event:"):
                    self._fetch()
        except (OSError, ValueError, http.client.HTTPException):
            if not self._over:
                raise

    def _fetch(self) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(*self._at)
        connection.request(
            "GET", self._page, headers={"cookie": self._cookie} if self._cookie else {}
        )
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

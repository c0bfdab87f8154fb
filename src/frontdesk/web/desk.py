"""Owns what every page has: who looks at it, the admin API behind it, the templates it is made from.

A page shows what the admin API answers and nothing else, so that whatever it shows is there for programs too.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, NamedTuple

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.operators import Operator, Role
from frontdesk.rules.auth.sessions import Session
from frontdesk.web import words
from frontdesk.web.audit import AuditLog
from frontdesk.web.sessions import Sessions

ROOT: Final = "/console"
FRAGMENT: Final = "x-fragment"
"""Header of a script that wants the page's own part alone, without what stands around it."""


class Facts(NamedTuple):
    """What stands on every page. name, environment: of the file. version: of Frontdesk."""

    name: str
    environment: str
    version: str


class Refused(Exception):  # noqa: N818 - carries an answer of the admin API to whoever shows it
    """The admin API has refused what a page asked for."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


class Desk:
    """What pages are made with. Used on one event loop."""

    def __init__(
        self,
        door: AdminDoor,
        sessions: Sessions,
        facts: Facts,
        clock: Clock,
        *,
        wheel: Wheel,
        news: News,
        audit: AuditLog,
    ) -> None:
        """audit: is told who signs in and out."""
        self.sessions = sessions
        self.audit = audit
        self.clock = clock
        self.wheel = wheel
        self.news = news
        self._door = door
        self._templates = Environment(
            loader=PackageLoader("frontdesk.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= words.FILTERS
        self._templates.globals |= {"facts": facts, "root": ROOT, "Role": Role, "asset": asset}
        self._templates.globals["longest"] = words.MOST

    async def ask(
        self, operator: Operator, method: str, path: str, query: str = "", given: object = None
    ) -> Any:
        """Return what the admin API answers: JSON, or text where it is a picture. Raises: Refused."""
        body = b"" if given is None else orjson.dumps(given)
        reply = await self._door.ask(operator, method, path, query, body)
        assert isinstance(reply.body, bytes)
        kind = dict(reply.fields).get(b"content-type", b"")
        if not kind.startswith(b"application/json"):
            return reply.body.decode()
        document = orjson.loads(reply.body) if reply.body else None
        if reply.status >= 400:
            told = document if isinstance(document, dict) else {}
            message = told.get("message") or f"the admin API answers {reply.status}"
            raise Refused(reply.status, str(message), str(told.get("hint") or ""))
        return document

    def render(self, template: str, *, block: str = "", **values: Any) -> str:
        """Return a template's text, or that of one of its blocks alone."""
        found = self._templates.get_template(template)
        if not block:
            return found.render(values)
        return "".join(found.blocks[block](found.new_context(values)))


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who looks at a page."""

    request: Request
    desk: Desk
    operator: Operator
    session: Session
    page: "Page"
    pages: "tuple[Page, ...]"

    async def ask(self, path: str, query: str = "") -> Any:
        """Read from the admin API as whoever looks. Raises: Refused."""
        return await self.desk.ask(self.operator, "GET", path, query)

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Show a page; to a script only its main part."""
        is_part = FRAGMENT in self.request.headers
        text = self.desk.render(
            template,
            block="main" if is_part else "",
            page=self.page,
            pages=self.pages,
            operator=self.operator,
            form_token=self.desk.sessions.form_token(self.session),
            now=self.desk.clock.time(),
            query=dict(self.request.query_params),
            **values,
        )
        return HTMLResponse(text, status)


View = Callable[[Visit], Awaitable[Response]]


class Page(NamedTuple):
    """A page. path: below the root, with `{…}` of Starlette. icon: of the navigation; "": it is not in there.

    section: heading that it stands under. role: who may look. below: path of the page it belongs to.
    """

    path: str
    title: str
    view: View
    icon: str = ""
    section: str = ""
    role: Role = Role.VIEWER
    below: str = ""


def asset(name: str) -> str:
    """Return the URL of a file under `static`; it changes with what any of them says."""
    assert name in ASSETS, name
    return f"{ROOT}/static/{DIGEST}/{name}"


ASSETS: Final[Mapping[str, bytes]] = {
    file.name: file.read_bytes() for file in (files(__package__) / "static").iterdir()
}
"""What is served beside pages, by name."""

DIGEST: Final = sha256(b"".join(ASSETS[name] for name in sorted(ASSETS))).hexdigest()[:16]
"""Of all of them together: they name each other."""

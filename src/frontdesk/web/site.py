"""Owns the console as an application: its pages behind signing in, what stands beside them, and its headers.

Loaded when the first page is asked for: a gateway that nobody looks at does not carry it.
"""

import gzip
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from frontdesk.gateway.operators import BEARER, LOCAL, Operator
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.web.accounts import TooManyTriesError
from frontdesk.web.desk import ASSETS, DIGEST, ROOT, Desk, Page, Refused, Visit
from frontdesk.web.pages import PAGES
from frontdesk.web.sessions import COOKIE
from frontdesk.web.stream import TOPICS, events

_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # not none: then a form of ours would come from nowhere, too
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
}
"""Of every page. Source: OWASP, "HTTP Security Response Headers Cheat Sheet"."""

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_DIGITS: Final = 18
"""Of the number of an item, at most."""

_YEAR: Final = "public, max-age=31536000, immutable"


def site(desk: Desk) -> Starlette:
    """Make the application."""
    routes = [
        Route("/", _to_first_page),
        Route(ROOT, _to_first_page),
        Route(f"{ROOT}/static/{{digest}}/{{name}}", _static),
        Route(f"{ROOT}/stream", partial(_stream, desk)),
        Route(f"{ROOT}/sign-in", partial(_sign_in, desk), methods=["GET", "POST"]),
        Route(f"{ROOT}/sign-out", partial(_sign_out, desk), methods=["POST"]),
        *(Route(ROOT + page.path, partial(_page, desk, page)) for page in (*PAGES, _NOWHERE)),
    ]
    return Starlette(routes=routes)


async def _to_first_page(_request: Request) -> Response:
    return RedirectResponse(f"{ROOT}{PAGES[0].path}", 303)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS or request.path_params["digest"] != DIGEST:
        return Response(status_code=404)
    kind = _TYPES[name.rpartition(".")[2]]
    headers = {
        "cache-control": _YEAR,
        "x-content-type-options": "nosniff",
        "vary": "accept-encoding",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(ASSETS[name], media_type=kind, headers=headers)
    return Response(_packed(name), media_type=kind, headers={**headers, "content-encoding": "gzip"})


@lru_cache
def _packed(name: str) -> bytes:
    return gzip.compress(ASSETS[name], mtime=0)


async def _stream(desk: Desk, request: Request) -> Response:
    """Send news for as long as a page listens and its session lasts."""
    exchange: Exchange = request.scope["state"]["exchange"]

    def may() -> bool:
        session = desk.sessions.read(exchange)
        return session is not None and desk.sessions.operator(session) is not None

    if not may():
        return Response(status_code=401)
    asked = request.query_params.get("topics", "").split(",")
    topics = frozenset(topic for topic in asked if topic in TOPICS)
    seen = request.headers.get("last-event-id", "0")
    after = int(seen[:_DIGITS]) if seen.isdecimal() else 0
    told = events(desk.news, topics, after, desk.clock, desk.wheel, may=may)
    return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)


async def _page(desk: Desk, page: Page, request: Request) -> Response:
    exchange: Exchange = request.scope["state"]["exchange"]
    session = desk.sessions.read(exchange)
    operator = None if session is None else desk.sessions.operator(session)
    begun = False
    if operator is None and desk.sessions.may_begin_locally(exchange):
        operator, session, begun = LOCAL, desk.sessions.begin(LOCAL), True
    if operator is None or session is None:
        wanted = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        return RedirectResponse(f"{ROOT}/sign-in?to={wanted}", 303)
    visible = tuple(each for each in PAGES if operator.role >= each.role)
    visit = Visit(request, desk, operator, session, page, visible)
    response = await _shown(visit, page.view)
    if begun:
        _set_cookie(desk, response, desk.sessions.cookie(session))
    response.headers.update(_HEADERS)
    return response


async def _shown(visit: Visit, view: Callable[[Visit], Awaitable[Response]]) -> Response:
    if visit.operator.role < visit.page.role:
        needed = visit.page.role.name.lower()
        return visit.show(
            "refused.html", 403, message=f"This page is for the role {needed}.", hint=""
        )
    try:
        return await view(visit)
    except Refused as refused:
        return visit.show(
            "refused.html", refused.status, message=refused.message, hint=refused.hint
        )


async def _sign_in(desk: Desk, request: Request) -> Response:
    exchange: Exchange = request.scope["state"]["exchange"]
    wanted = _own(request.query_params.get("to", ""))
    if request.method == "GET":
        return _sign_in_form(desk, wanted)
    if not desk.sessions.is_same_origin(exchange):
        return _sign_in_form(desk, wanted, "This form came from another page. Try again here.", 403)
    form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
    user, password = (form.get(name, [""])[0] for name in ("user", "password"))
    try:
        operator = await _proven(desk, user, password, exchange.client_ip)
    except TooManyTriesError as error:
        desk.audit.note_refused(user or BEARER.name, exchange, 429)
        return _sign_in_form(desk, wanted, error.message, 429)
    if operator is None:
        desk.audit.note_refused(user or BEARER.name, exchange, 401)
        return _sign_in_form(desk, wanted, "That is no user with this password.", 401)
    desk.audit.note(operator, exchange, 303)
    response = RedirectResponse(wanted, 303, _HEADERS)
    _set_cookie(desk, response, desk.sessions.cookie(desk.sessions.begin(operator)))
    return response


async def _proven(desk: Desk, user: str, password: str, address: str) -> Operator | None:
    """Return who has signed in. Without a name the password is `admin.token`. Raises: TooManyTriesError."""
    if not user:
        return BEARER if desk.sessions.has_token(password, address) else None
    account = await desk.sessions.accounts.sign_in(user, password, address)
    return None if account is None else Operator(account.name, account.role)


def _sign_in_form(desk: Desk, wanted: str, message: str = "", status: int = 200) -> Response:
    users = bool(desk.sessions.accounts)
    text = desk.render("sign_in.html", wanted=wanted, message=message, users=users)
    return HTMLResponse(text, status, _HEADERS)


async def _sign_out(desk: Desk, request: Request) -> Response:
    exchange: Exchange = request.scope["state"]["exchange"]
    response = RedirectResponse(f"{ROOT}/sign-in", 303, _HEADERS)
    if desk.sessions.is_same_origin(exchange):
        response.delete_cookie(COOKIE, path="/")
        session = desk.sessions.read(exchange)
        operator = None if session is None else desk.sessions.operator(session)
        if operator is not None:
            desk.audit.note(operator, exchange, 303)
    return response


async def _nowhere(visit: Visit) -> Response:
    return visit.show("not_found.html", 404)


_NOWHERE: Final = Page("/{path:path}", "There is no such page", _nowhere)
"""Of every other address."""


def _set_cookie(desk: Desk, response: Response, value: str) -> None:
    secure = desk.sessions.secure
    response.set_cookie(COOKIE, value, path="/", secure=secure, httponly=True, samesite="strict")


def _own(target: str) -> str:
    """Return where to go after signing in: a page of this console, whatever was asked for."""
    parts = urlsplit(target)
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith(f"{ROOT}/")
    return target if is_own and "\\" not in target else f"{ROOT}{PAGES[0].path}"

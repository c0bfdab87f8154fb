"""The pages of the console, in the order of its navigation."""

from frontdesk.web.desk import Page
from frontdesk.web.pages import overview, queues, requests, routes

PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *requests.PAGES,
    *routes.PAGES,
    *queues.PAGES,
)

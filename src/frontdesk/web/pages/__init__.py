"""The pages of the console, in the order of its navigation."""

from frontdesk.web.desk import Page
from frontdesk.web.pages import (
    configuration,
    executions,
    functions,
    inbox,
    keys,
    machines,
    outgoing,
    overview,
    queues,
    records,
    requests,
    routes,
    secrets,
    sockets,
    upstreams,
    users,
)

PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *requests.PAGES,
    *routes.PAGES,
    *keys.PAGES,
    *upstreams.PAGES,
    *sockets.PAGES,
    *functions.PAGES,
    *machines.PAGES,
    *executions.PAGES,
    *queues.PAGES,
    *inbox.PAGES,
    *outgoing.PAGES,
    *records.PAGES,
    *configuration.PAGES,
    *secrets.PAGES,
    *users.PAGES,
)

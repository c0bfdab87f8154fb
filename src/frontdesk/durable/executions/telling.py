"""Owns what whoever watches hears of executions: that one has gone on, and how it stands."""

from typing import Final

from frontdesk.base.news import News
from frontdesk.durable.executions.execution import ExecutionLife
from frontdesk.durable.life import Life

EXECUTION: Final = "execution"
"""The topic. Documents: {"arn", "machine", "name", "status", "map_run"}; map_run: "" of who is no child."""


class ExecutionNews:
    """Tells of executions of the journal once their turns are committed. Used on one event loop."""

    def __init__(self, news: News) -> None:
        self._news = news

    def committed(self, life: Life) -> None:
        """See driver.Driver. Of other lives nothing is told."""
        if EXECUTION in self._news.wanted and isinstance(life, ExecutionLife):
            facts = life.pinned.facts
            self._news.tell(
                EXECUTION,
                {
                    "arn": facts.execution,
                    "machine": facts.machine_name,
                    "name": facts.name,
                    "status": life.run.status.value,
                    "map_run": life.pinned.map_run,
                },
            )

"""docs/states-tasks.md: its table has every service that is done here."""

from frontdesk.durable.tasks.table import services
from frontdesk.rules.asl.resources import Kind, read_resource
from tests.docs.pages import ROOT, codes, tables

PAGE = (ROOT / "docs" / "states-tasks.md").read_text()


def resources():
    """The Resources of the first table."""
    cells = [row[0] for row in tables(PAGE)[0].rows]
    texts = [text.replace("…", "eu-west-1:1") for cell in cells for text in codes(cell)]
    return [read_resource(text) for text in texts if text.startswith("arn:")]


def test_the_table_has_each_service_that_is_done():
    told = {(one.service, one.action) for one in resources() if one.kind is Kind.SERVICE}
    assert services(None, None, None, None).keys() <= told
    assert {one.kind for one in resources()} == set(Kind)

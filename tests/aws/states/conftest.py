"""The Step Functions API, running."""

import pytest

from tests.live.states import StatesApi, definition


@pytest.fixture
async def api():
    file = [("from_file", definition(only={"Type": "Pass"}))]
    functions = {"double": lambda event: event * 2}
    async with StatesApi(file=file, functions=functions).serving() as api:
        yield api

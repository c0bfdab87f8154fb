import os
import subprocess
import sys

import pytest

from frontdesk.functions.variable import Variable

NAME = "FRONTDESK_TEST_VARIABLE"


@pytest.fixture
def variable():
    yield Variable(NAME)
    os.environ.pop(NAME, None)


def seen_by_others():
    return subprocess.run(["printenv", NAME], capture_output=True, check=False).stdout


@pytest.mark.parametrize("value", ["", "Root=1-2-3", "a=b", "ü", "x" * 9000])
def test_the_value_is_what_this_process_and_its_children_see(variable, value):
    variable.set("before")
    variable.set(value)
    assert os.environ[NAME] == os.environb[NAME.encode()].decode() == value
    assert seen_by_others() == f"{value}\n".encode()


def test_code_may_change_the_variable_and_remove_it(variable):
    variable.set("one")
    os.environ[NAME] = "two"
    assert seen_by_others() == b"two\n"
    variable.set("three")
    assert seen_by_others() == b"three\n"
    del os.environ[NAME]
    assert seen_by_others() == b""
    variable.set("four")
    assert (os.environ[NAME], seen_by_others()) == ("four", b"four\n")


GROWTH = """
from pathlib import Path
from frontdesk.functions.variable import Variable

variable = Variable("_X_AMZN_TRACE_ID")
pages = []
for _ in range(2):
    for number in range(50_000):
        variable.set(f"Root=1-69210a5a-{len(pages)}{number:023}")
    pages.append(int(Path("/proc/self/statm").read_text().split()[1]))
print(pages[1] - pages[0])
"""


def test_a_process_does_not_grow_with_the_values_that_it_has_had():
    ran = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, check=True)
    assert int(ran.stdout) < 250

import pytest

from frontdesk.durable.tasks.table import Doers, services
from frontdesk.rules.asl.resources import read_resource
from tests.durable.tasks.asking import Answers, a_task

STATES = "arn:aws:states:::"


class Named:
    """A Doer that answers its name."""

    def __init__(self, name):
        self.name = name

    def do(self, task, answer):
        answer.succeeded(self.name)


class Recalling(Named):
    def recall(self, task, over):
        over()


@pytest.fixture
def doers():
    rows = {("http", "invoke"): Named("http"), ("states", "startExecution.sync"): Recalling("sync")}
    return Doers(Named("function"), Recalling("activity"), rows)


@pytest.mark.parametrize(
    ("resource", "name", "recalls"),
    [
        ("arn:aws:lambda:us-east-1:1:function:pay:live", "function", False),
        ("pay", "function", False),
        ("arn:aws:states:us-east-1:1:activity:sign", "activity", True),
        (f"{STATES}http:invoke", "http", False),
        (f"{STATES}states:startExecution.sync", "sync", True),
    ],
)
def test_doer_is_found_by_the_resource(doers, resource, name, recalls):
    answers, over = Answers(), []
    task = a_task(resource)
    doers.do(task, answers)
    assert answers.all == [("succeeded", name)]
    assert doers.recalls(read_resource(resource)) is recalls
    doers.recall(task, lambda: over.append(name))
    assert over == [name]


def test_a_fault_of_ours_fails_the_task(doers, monkeypatch):
    monkeypatch.setattr(Named, "do", lambda *_: 1 / 0)
    answers = Answers()
    assert doers.do(a_task("pay"), answers) is None
    assert answers.all[0][:2] == ("failed", "States.Runtime")


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ("http:invok", "Nobody here does http:invok. Did you mean http:invoke? There are: http:"),
        ("glue:startJobRun.sync", "Nobody here does glue:startJobRun.sync. There are: http:invoke"),
        ("http:invoke.waitForTaskToken", "Nobody here does http:invoke.waitForTaskToken. "),
    ],
)
def test_unknown_service_fails_and_says_what_there_is(doers, resource, words):
    answers = Answers()
    task = a_task(STATES + resource)
    assert doers.do(task, answers) is None
    assert not doers.recalls(task.resource)
    ((how, error, cause),) = answers.all
    assert (how, error) == ("failed", "States.Runtime")
    assert words in cause


def test_rows_are_services_and_actions_as_resources_write_them():
    rows = services(None, None, None, None, None)
    for service, action in rows:
        resource = read_resource(f"{STATES}{service}:{action}")
        assert (resource.service, resource.action) == (service, action)
    doers = Doers(Named("function"), Named("activity"), rows)
    recalling = {key for key in rows if doers.recalls(read_resource(f"{STATES}{':'.join(key)}"))}
    assert recalling == {("states", "startExecution.sync"), ("states", "startExecution.sync:2")}

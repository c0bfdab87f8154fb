"""Steps executions by hand: every command is seen, every event is chosen, and the run passes through JSON."""

import json

from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.messages import Continue, Continued, Invoke, Started, StartTimer
from frontdesk.rules.asl.model import Machine
from frontdesk.rules.asl.parse import parse_machine
from frontdesk.rules.asl.program import compile_machine
from frontdesk.rules.asl.run import Facts, read_run

FACTS = Facts(
    execution="arn:aws:states:us-east-1:1:execution:m:e",
    name="e",
    machine="arn:aws:states:us-east-1:1:stateMachine:m",
    machine_name="m",
    role="arn:aws:iam::1:role/r",
    region="us-east-1",
)


def program(definition):
    machine = parse_machine(definition)
    assert isinstance(machine, Machine), [str(one) for one in machine]
    return compile_machine(machine)


class Played:
    """One execution. Every step is followed by a round trip through JSON."""

    def __init__(self, definition, given=None, facts=FACTS, now=1_000_000, **options):
        self.program = program(definition)
        self.run = begin(self.program, {} if given is None else given, facts, **options)
        self.commands = []
        self.events = []
        self.now = now
        self.steps = 0
        self.tell(Started)

    def tell(self, kind, **values):
        self.steps += 1
        event = kind(now=self.now, seed=self.steps.to_bytes(16, "big"), **values)
        history, made = step(self.program, self.run, event)
        self.run = read_run(json.loads(json.dumps(self.run.as_json())))
        self.events += history
        self.commands += made
        if any(isinstance(one, Continue) for one in made):
            made += self.tell(Continued)
        return made

    def answer(self, command, kind, **values):
        return self.tell(kind, key=command.key, attempt=command.attempt, **values)

    def of(self, kind):
        return [one for one in self.commands if isinstance(one, kind)]

    def last(self, kind):
        return self.of(kind)[-1]

    @property
    def invoke(self):
        return self.last(Invoke)

    @property
    def timer(self):
        return self.last(StartTimer)

    @property
    def types(self):
        return [event.type for event in self.events]


def task(**fields):
    return {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:1:function:f",
        "End": True,
    } | fields


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}

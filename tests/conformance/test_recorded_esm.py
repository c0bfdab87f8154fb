"""The recorded filters of event source mappings: which messages a function is called with.

The cases lie beside the repository, in `shared/cases`, and are no part of it.
"""

import json
from pathlib import Path

import pytest

from frontdesk.durable.queues import consumer as module
from frontdesk.durable.queues.consumer import Consumer
from frontdesk.durable.queues.mappings import SourceMapping
from tests.durable.queues.playing import World, settled

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "apigateway" / "lambda-esm-sqs"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

if not CASES:
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("name", CASES)
async def test_recorded_filter(name, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.005)
    case, world = CASES[name], World()
    patterns = tuple(map(json.dumps, case["patterns"]))
    mapping = SourceMapping(uuid="u", queue="q", function="f", patterns=patterns)
    queue = await world.queue("q")
    consumer = Consumer(world.queues, queue, mapping.consumer, world.function)
    consumer.start()
    await world.send(queue, *map(json.dumps, case["messages"]), '{"other": "one"}', "a text")
    await settled(lambda: not world.records(queue))
    await consumer.end(0)
    delivered = [json.loads(body) for bodies in world.bodies() for body in bodies]
    assert delivered == case["expect"]["delivered"]

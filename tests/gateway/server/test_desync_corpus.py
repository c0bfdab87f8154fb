"""The request-smuggling corpus of aws/http-desync-guardian: nothing ambiguous may leave the line usable.

The corpus lies beside the repository (`../shared/cases/http-desync`); without it there is nothing to do.
"""

from pathlib import Path

import pytest
import yaml

from frontdesk.gateway.pipeline.exchange import Reply

CORPUS = Path(__file__).parents[4] / "shared" / "cases" / "http-desync"
PROBE = b"GET /probe HTTP/1.1\r\nHost: a.example\r\n\r\n"
REFUSED_TIERS = {"Severe"}


def cases():
    for path in sorted(CORPUS.glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or []):
            if "uri" in case:
                name = str(case.get("name", "")).encode("ascii", "backslashreplace").decode()
                yield pytest.param(case, id=f"{path.stem}-{number}-{name[:40]}")


def wire(case, body: bytes) -> bytes:
    lines = [f"{case['method']} {case['uri']} {case['version']}"]
    fields = case.get("headers") or []
    if not any(str(field["name"]).strip().lower() == "host" for field in fields):
        lines.append("Host: a.example")
    for field in fields:
        value = field["value"]
        lines.append(f"{field['name']}: {'' if value is None else value}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def field_values(case, name: str) -> list[str]:
    return [
        str(field["value"]).strip(" \t")
        for field in case.get("headers") or []
        if str(field["name"]) == field["name"] and field["name"].lower() == name
    ]


ALL = list(cases())


@pytest.mark.skipif(not ALL, reason="needs the corpus")
@pytest.mark.parametrize("case", ALL or [None])
def test_no_request_of_the_corpus_is_misread(house, case):
    """A request is either refused and the line closed, or its body ends exactly where it says."""
    house.body_at = 0
    house.stage = lambda _ex: Reply(200, [], b"")
    lengths, codings = field_values(case, "content-length"), field_values(case, "transfer-encoding")
    body = b""
    if codings:
        body = b"0\r\n\r\n"
    elif lengths and lengths[0].isdigit():
        body = b"x" * int(lengths[0]) if int(lengths[0]) <= house.max_body else b""
    client = house.client().send(wire(case, body) + PROBE)
    statuses = client.statuses
    assert statuses, "no answer"
    if case["expected"]["tier"] in REFUSED_TIERS:
        assert statuses[0] >= 400
    if statuses[0] >= 400:
        assert client.ended
        assert len(statuses) == 1
        assert not house.entered
        return
    # Served: framing was plain, and what follows was read as the next request or not at all.
    first, *rest = house.entered
    assert len(codings) + len(lengths) <= 1
    assert not codings or codings[0].lower() == "chunked"
    assert first.body == (b"" if codings else body)
    assert [ex.path for ex in rest] == ([] if client.ended else ["/probe"])


PLAIN = [param for param in ALL if param.values[0]["expected"]["tier"] == "Compliant"]
STRICTER = {
    "transfer_encoding": "codings beside chunked, and parameters of codings, are not implemented",
    "malformed": "the same, where the parser refuses them",
    "target": "fragments, raw non-ASCII, empty targets, encoded line ends",
}
"""Where we refuse what the corpus calls compliant."""


@pytest.mark.skipif(not ALL, reason="needs the corpus")
@pytest.mark.parametrize("case", PLAIN or [None])
def test_compliant_requests_are_served_or_refused_on_purpose(house, case):
    house.body_at = 0
    lengths = field_values(case, "content-length")
    body = b"x" * int(lengths[0]) if lengths else b""
    if field_values(case, "transfer-encoding"):
        body = b"0\r\n\r\n"
    client = house.client().send(wire(case, body))
    assert client.statuses == [200] or house.logged[0].error in STRICTER

"""Compiling a file that loads: what only this machine can tell is an error with its place."""

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import ConfigError
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import load
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.gateway.pipeline.explain import explain
from frontdesk.stores.memory.ledger import MemoryLedger

FILE = """\
name: clinic
upstreams:
  billing:
    url: https://billing.example
    tls: {{{tls}}}
apis:
  a: {{routes: {{GET /: {{http: {{upstream: billing}}}}}}}}
"""


@pytest.fixture
def compile_text(tmp_path, monkeypatch):
    def compiled(text):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "frontdesk.yaml").write_text(text)
        loaded = load([(tmp_path / "frontdesk.yaml").relative_to(tmp_path)], {})
        clock = SystemClock()
        wheel = Wheel(clock.monotonic())
        keys, upstreams = KeyRing(clock, wheel, None), Upstreams(clock, wheel)
        parts = Parts(clock, wheel, MemoryLedger(), {}, keys, upstreams)
        return compile_gateway(loaded, parts, lambda _ex: None)

    return compiled


@pytest.mark.parametrize(
    ("tls", "where"),
    [
        (
            "ca: none.pem",
            "frontdesk.yaml:5:11: error: upstreams.billing.tls.ca: cannot use this file",
        ),
        ("ca: frontdesk.yaml", "frontdesk.yaml:5:11: error: upstreams.billing.tls.ca: cannot use"),
        (
            "cert: none.pem, key: none.pem",
            "frontdesk.yaml:5:11: error: upstreams.billing.tls.cert: ",
        ),
        (
            "key: none.pem, cert: frontdesk.yaml",
            "frontdesk.yaml:5:26: error: upstreams.billing.tls",
        ),
    ],
    ids=["no such ca", "ca is no PEM", "no such cert", "cert is no PEM"],
)
def test_a_tls_file_that_cannot_be_used_is_told_with_its_place(compile_text, tls, where):
    with pytest.raises(ConfigError) as caught:
        compile_text(FILE.format(tls=tls))
    [finding] = caught.value.findings
    assert str(finding).startswith(where)
    assert finding.id == "tls-file"


@pytest.mark.parametrize(
    ("own", "largest"),
    [("", 2048), (", max_body: 1KB", 1024), (", max_body: 4KB", 4096), (", max_body: 0", 0)],
    ids=["the door's", "less", "more", "none at all"],
)
def test_a_route_has_its_own_largest_body_or_the_doors(compile_text, own, largest):
    plan = compile_text(
        f"name: x\nlimits: {{max_body: 2KB}}\napis: {{a: {{routes: {{GET /: {{mock: {{}}{own}}}}}}}}}"
    )
    assert explain(plan, "GET", "/", {}).plan.max_body == largest

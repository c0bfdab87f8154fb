import pytest

from frontdesk.gateway.pipeline.exchange import Exchange, FieldSection

HEADERS = {b"host": b"a.example"}
FIELDS = [(b"Host", b"a.example")]


@pytest.fixture
def make_exchange():
    section = FieldSection(HEADERS, FIELDS, [], "a.example")

    def make(headers=HEADERS, fields=FIELDS, section=section):
        ex = Exchange()
        ex.headers, ex.fields, ex.held, ex.section = headers, fields, [], section
        return ex

    return make


def names(ex):
    return [*ex.headers, *(name for name, _ in ex.fields)]


def hosts(ex):
    return [ex.headers[b"host"]]


def test_requests_of_one_section_share_what_is_shown_of_it(make_exchange):
    one, other = make_exchange(), make_exchange()
    assert one.shown(names) is other.shown(names)
    assert one.shown(hosts) is other.shown(hosts)
    assert (one.shown(names), one.shown(hosts)) == ([b"host", b"Host"], [b"a.example"])


@pytest.mark.parametrize(
    "own",
    [{"headers": {b"via": b"b"}}, {"fields": [(b"Via", b"b")]}, {"section": None}],
    ids=["headers", "fields", "nothing remembered"],
)
def test_what_a_stage_has_replaced_is_shown_of_its_own_request_alone(make_exchange, own):
    make_exchange().shown(names)
    ex = make_exchange(**own)
    assert ex.shown(names) == names(ex)
    assert make_exchange().shown(names) == [b"host", b"Host"]

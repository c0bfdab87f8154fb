from frontdesk.gateway.pipeline.exchange import Exchange, FieldSection

REMEMBERED = {b"host": b"a.example", b"connection": b"close", b"x-name": b"\xfc"}


def make_exchange(section=None, headers=REMEMBERED):
    ex = Exchange()
    ex.headers, ex.section = headers, section
    return ex


def make_section():
    return FieldSection(REMEMBERED, [], [], "a.example")


def test_requests_of_one_section_share_the_headers_that_events_show():
    section = make_section()
    one, other = make_exchange(section), make_exchange(section)
    assert one.shown_headers is other.shown_headers
    assert one.shown_headers == {"host": "a.example", "x-name": "ü"}
    assert one.shown_headers == make_exchange().shown_headers


def test_headers_that_a_stage_has_replaced_are_shown_in_place_of_the_sections():
    section = make_section()
    assert make_exchange(section, {b"host": b"b.example"}).shown_headers == {"host": "b.example"}
    assert make_exchange(section).shown_headers["host"] == "a.example"

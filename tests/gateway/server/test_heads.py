from frontdesk.gateway.server.heads import HELD_FROM_ANYONE
from frontdesk.rules.http.hop_by_hop import is_held


def test_what_ends_at_the_door_is_never_forwarded():
    assert [name for name in HELD_FROM_ANYONE if not is_held(name)] == []

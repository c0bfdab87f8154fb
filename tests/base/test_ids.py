"""Request ids: their look, and that every one is taken from fresh randomness."""

import base64
import itertools
import os
from uuid import UUID

import pytest

from frontdesk.base.ids import (
    CONNECTION_ID_BYTES,
    connection_id,
    message_id,
    random_uuid,
    random_uuids,
    request_ids,
)


def test_id_is_base64url_of_eleven_bytes():
    ids = request_ids(lambda count: bytes(range(256))[:11] + b"\xff" * (count - 11))
    first, second = next(ids), next(ids)
    assert first == "AAECAwQFBgcICQo="
    assert second == "f_____________8="
    assert base64.urlsafe_b64decode(second) == b"\x7f" + b"\xff" * 10


@pytest.mark.parametrize("first", range(256))
def test_id_begins_with_a_letter_so_that_a_command_takes_it_for_no_option(first):
    drawn = bytes([first, *range(1, CONNECTION_ID_BYTES)])
    assert next(request_ids(lambda count: (drawn[:11] * 512)[:count]))[0].isalpha()
    assert connection_id(drawn)[0].isalpha()


def test_connection_id_is_base64url_of_its_bytes():
    drawn = bytes(range(240, 256))
    assert base64.urlsafe_b64decode(connection_id(drawn)) == b"\x70" + drawn[1:]


def test_the_id_of_a_message_looks_like_a_request_id_and_is_always_the_same():
    found = [message_id(f"{number:015}=") for number in range(300)]
    assert found == [message_id(f"{number:015}=") for number in range(300)]
    assert len(set(found)) == 300
    assert {(len(name), name[0].isalpha(), name[-1]) for name in found} == {(16, True, "=")}


def test_ids_do_not_repeat_across_blocks():
    found = list(itertools.islice(request_ids(os.urandom), 2000))
    assert len(set(found)) == 2000
    assert {len(name) for name in found} == {16}


def test_randomness_is_asked_for_in_blocks():
    asked = []

    def source(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    list(itertools.islice(request_ids(source), 512))
    assert asked == [512 * 11]


@pytest.mark.parametrize("drawn", [bytes(16), b"\xff" * 16, bytes(range(240, 256))])
def test_random_uuid_is_of_version_4(drawn):
    assert random_uuid(drawn) == str(UUID(bytes=drawn, version=4))


def test_random_uuids_are_of_version_4_and_made_of_all_that_is_drawn():
    drawn = [bytes([number % 256]) * 8 + os.urandom(8) for number in range(512)]
    found = itertools.islice(random_uuids(lambda _: b"".join(drawn)), 512)
    assert list(found) == [str(UUID(bytes=each, version=4)) for each in drawn]


def test_random_uuids_do_not_repeat_across_blocks():
    assert len(set(itertools.islice(random_uuids(os.urandom), 2000))) == 2000

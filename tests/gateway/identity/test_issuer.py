import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontdesk.base.errors import StartError
from frontdesk.gateway.identity.issuer import KEY_FILE, DevIssuer
from frontdesk.rules.auth.jwks import read_discovery
from frontdesk.rules.auth.jwt import Demands, check_claims, read, scopes
from frontdesk.rules.auth.keys import read_key_set

URL = "http://127.0.0.1:8081/issuer"
NOW = 1_790_000_000.0


class Time:
    monotonic = time = staticmethod(lambda: NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data") / "inner"


@pytest.fixture(scope="module")
def issuer(folder):
    return DevIssuer.load_or_create(folder, URL, Time)


DEMANDS = Demands(URL, frozenset({"clinic-app"}), frozenset({"RS256"}))


def test_its_tokens_pass_the_strict_reader(issuer):
    text = issuer.token(
        {"practice_id": "p001"}, audience="clinic-app", ttl=60, scopes=["book", "x"]
    )
    token = read(text.encode(), DEMANDS)
    keys = read_key_set(json.dumps(issuer.jwks()).encode())
    [key] = keys.find(token.kid, token.alg)
    assert key.verifies(token.alg, token.signature, token.signed)
    assert check_claims(token.claims, DEMANDS, NOW) is None
    assert check_claims(token.claims, DEMANDS, NOW + 60) is not None
    assert scopes(token.claims) == ["book", "x"]
    assert token.claims["practice_id"] == "p001"
    assert token.claims["sub"]


def test_claims_replace_the_usual_ones(issuer):
    token = read(issuer.token({"sub": "me"}, audience=["a", "b"]).encode(), DEMANDS)
    assert (token.claims["sub"], token.claims["aud"]) == ("me", ["a", "b"])
    assert "scope" not in token.claims


def test_its_discovery_document_is_accepted(issuer):
    document = json.dumps(issuer.discovery()).encode()
    assert read_discovery(document, URL, allow_http=True) == URL + "/jwks.json"


def test_it_publishes_no_private_member(issuer):
    [key] = issuer.jwks()["keys"]
    assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}


def test_the_key_is_kept_and_only_the_user_reads_it(issuer, folder):
    again = DevIssuer.load_or_create(folder, URL, Time)
    assert again.jwks() == issuer.jwks()
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def test_processes_that_start_at_once_share_one_key(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: DevIssuer.load_or_create(tmp_path, URL).jwks(), range(4)))
    assert all(each == made[0] for each in made)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_broken_key_file_is_a_start_error(tmp_path):
    (tmp_path / KEY_FILE).write_bytes(b"nope")
    with pytest.raises(StartError, match="key"):
        DevIssuer.load_or_create(tmp_path, URL)

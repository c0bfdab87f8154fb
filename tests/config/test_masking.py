"""What people see of a configuration file, and what of it they never see."""

import pytest

from frontdesk.config.load import load
from frontdesk.config.masking import masked_source, secret_texts

TEXT = """\
# once: s3cret-of-old
admin: {listen: 127.0.0.1:1, token: "s3cret-of-old"}   # ü
environment: {DB_PASSWORD: literal, PORT: 80, TOKEN: "${secret:db}", NOTE: "über s3cret-of-old"}
keys: [abc, "d\\tef", 'g''h']
routes: {GET /x: {api_key: true}}
block:
  password: |
    one
    two
  url: postgres://me:mine@host/db
  other: redis://${env:WHO}@host
again: &a {private_key: x}
twice: *a
"""

SHOWN = """\
# once: ***
admin: {listen: 127.0.0.1:1, token: ***}   # ü
environment: {DB_PASSWORD: ***, PORT: 80, TOKEN: "${secret:db}", NOTE: "über ***"}
keys: [***, ***, ***]
routes: {GET /x: {api_key: true}}
block:
  password: ***
  url: postgres://***@host/db
  other: redis://${env:WHO}@host
again: &a {private_key: ***}
twice: *a
"""


def test_secrets_are_masked_and_all_else_stands_as_written():
    assert masked_source(TEXT, {"s3cret-of-old", "abc", "d\tef", "g'h"}) == SHOWN


@pytest.mark.parametrize("text", ["", "# nothing\n", "name: clinic\n"])
def test_files_without_secrets_stay_as_they_are(text):
    assert masked_source(text, set()) == text


SECRETS = """\
name: clinic
admin: {token: of-the-admin}
functions:
  pay: {handler: a.b, environment: {KEY: "${env:OF_A_FUNCTION}", PORT: "80"}}
authorizers:
  partners: {type: api_key, keys: {lab: of-the-lab-0123456789, sun: of-the-sun-0123456789}}
upstreams:
  records: {url: "http://records.example", auth: {bearer: {token: of-an-upstream}}}
webhooks:
  bills: {scheme: stripe, secret: of-a-vendor, dispatch: {"*": {function: pay}}}
apis:
  a: {authorizer: partners, routes: {GET /bills: {http: {upstream: records}}}}
"""


def test_secrets_are_found_wherever_models_take_them(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(SECRETS)
    config = load([tmp_path / "frontdesk.yaml"], {"OF_A_FUNCTION": "of-a-function"}).config
    assert {*secret_texts(config)} == {
        *("of-the-admin", "of-a-function", "of-the-lab-0123456789", "of-the-sun-0123456789"),
        *("of-an-upstream", "of-a-vendor"),
    }

"""A real OpenID Connect provider: discovery, key set and an RS256 token of its, through the whole gateway.

The provider is PyPI's `oidc-provider-mock`, built on Authlib.
"""

import asyncio
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.gateway.identity.fetch import fetch
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.stages.jwt_authorizer import TokenJudge, jwt_stage
from tests.live.gateways import gateway, project

PROGRAM = Path(sys.executable).with_name("oidc-provider-mock")
CLIENT = "clinic-app"
REDIRECT = "http://localhost/back"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer():
    """Run the provider on a free port; yields its issuer URL."""
    process = subprocess.Popen(
        [PROGRAM, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    bound = threading.Timer(60, process.kill)
    bound.start()
    try:
        for line in process.stdout:
            if found := re.search(r"running on (http://\S+)", line):
                break
        else:
            pytest.fail("the provider did not start")
        with urllib.request.urlopen(f"{found[1]}/.well-known/openid-configuration") as answer:
            yield json.load(answer)["issuer"]
    finally:
        bound.cancel()
        process.terminate()
        process.wait(10)
        process.stdout.close()


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    """The redirect carries the code; there is nobody at its address."""

    def redirect_request(self, *_):
        return None


def sign_in(issuer):
    """Go through the authorization code flow; return the ID token."""
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration") as answer:
        said = json.load(answer)
    asked = urllib.parse.urlencode(
        {
            "client_id": CLIENT,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid email",
            "state": "s",
        }
    )
    opener = urllib.request.build_opener(KeepRedirects)
    with pytest.raises(urllib.error.HTTPError) as raised:
        opener.open(f"{said['authorization_endpoint']}?{asked}", b"sub=patient-1")
    with raised.value as redirect:
        back = urllib.parse.urlsplit(redirect.headers["location"])
    form = {
        "grant_type": "authorization_code",
        "code": urllib.parse.parse_qs(back.query)["code"][0],
        "redirect_uri": REDIRECT,
        "client_id": CLIENT,
        "client_secret": "any",
    }
    with urllib.request.urlopen(
        said["token_endpoint"], urllib.parse.urlencode(form).encode()
    ) as answer:
        return json.load(answer)["id_token"]


async def test_a_token_of_a_real_provider_is_accepted(issuer):
    token = await asyncio.to_thread(sign_in, issuer)
    clock = SystemClock()
    ring = KeyRing(clock, Wheel(clock.monotonic()), fetch)
    config = JwtAuthorizer(type="jwt", issuer=issuer, audience=CLIENT, allow_http=True, leeway="5s")
    keys = ring.key_set(config)
    stage = jwt_stage(TokenJudge(config, keys), config.identity, (), clock.monotonic)
    ring.start()
    fetched = asyncio.Event()
    assert keys.wait_for_keys(fetched.set)  # joins the fetch that runs
    await asyncio.wait_for(fetched.wait(), 30)

    def ask(authorization):
        ex = Exchange()
        ex.headers = {b"authorization": authorization.encode()}
        ex.client_ip, ex.started, ex.time = "127.0.0.1", clock.monotonic(), clock.time()
        return ex, stage(ex)

    ex, answer = ask(f"Bearer {token}")
    assert answer is None, answer.cause
    assert ex.principal == "patient-1"
    assert ex.authorizer["aud"] in (CLIENT, [CLIENT])

    head, payload, signature = token.split(".")
    forged = "A" if signature[9] != "A" else "B"
    _, refused = ask(f"{head}.{payload}.{signature[:9]}{forged}{signature[10:]}")
    assert refused.status == 401
    ring.stop()


GUARDED = """
functions: {{who: {{handler: code.who}}}}
authorizers:
  patients: {{type: jwt, issuer: "{issuer}", audience: [clinic-app], allow_http: true, leeway: 5s}}
  others: {{type: jwt, issuer: "{issuer}", audience: [another-app], allow_http: true, leeway: 5s}}
apis:
  a:
    routes:
      GET /who: {{function: who, authorizer: patients}}
      GET /other: {{mock: {{}}, authorizer: others}}
      GET /admin: {{mock: {{}}, authorizer: patients, scopes: [admin]}}
"""

WHO = """
def who(event, context):
    return event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
"""


def test_a_token_of_a_real_provider_passes_a_running_gateway(issuer, tmp_path):
    token = sign_in(issuer)
    head, payload, signature = token.split(".")
    unsigned = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    with gateway(project(tmp_path, GUARDED.format(issuer=issuer), code=WHO)) as running:

        def ask(target, *given):
            headers = {"Authorization": f"Bearer {given[0]}"} if given else {}
            answer = running.call("GET", target, headers=headers)
            return answer.status, answer.headers["www-authenticate"], answer.body

        assert ask("/who", token) == (200, None, b"patient-1")
        assert ask("/who")[:2] == (401, "Bearer")
        for wrong in (f"{unsigned}.{payload}.", f"{head}.{payload}.{signature[::-1]}", "x.y.z"):
            status, challenge, _ = ask("/who", wrong)
            assert (status, 'error="invalid_token"' in challenge) == (401, True)
        assert ask("/other", token)[0] == 401
        status, challenge, _ = ask("/admin", token)
        assert (status, 'error="insufficient_scope"' in challenge) == (403, True)
        assert ask("/who", token)[0] == 200

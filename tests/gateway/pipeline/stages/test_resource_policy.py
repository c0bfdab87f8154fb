"""Policies of REST APIs: which file is refused, and whom one lets in beside each kind of authorizer."""

import json

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.auth.resource_policy import LONGEST

OK = "integration: {type: mock}"
FILE = f"name: x\napis: {{a: {{type: rest, policy: policy.json, resources: {{/p: {{GET: {{{OK}}}}}}}}}}}\n"
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        '{"Statement": []',
        '{"Statement": [{"Effect": "Allow"}]}',
        json.dumps({"Statement": [STATEMENT]}) + " " * LONGEST,
    ],
    ids=["absent", "not JSON", "cut off", "not a policy", "too long"],
)
def test_a_file_without_a_policy_is_refused_at_its_place(compile_text, tmp_path, text):
    if text is not None:
        (tmp_path / "policy.json").write_text(text)
    with pytest.raises(ConfigError) as error:
        compile_text(FILE)
    message = str(error.value)
    assert message.startswith("frontdesk.yaml:2:24: error: apis.a.policy: expected a file with")
    assert "policy.json" in message


CONFIG = f"""
name: x
account: "123456789012"
authorizers:
  signed: {{type: iam, credentials: {{AKID: {{secret: s, principal: ana}}}}}}
apis:
  a:
    type: rest
    policy:
      Statement:
        - {{Effect: Allow, Principal: "*", Action: "*", Resource: execute-api:/*/GET/open}}
        - {{Effect: Deny, Principal: {{AWS: "arn:aws:iam::123456789012:user/bob"}}, Action: "*", Resource: "*"}}
    resources:
      /open: {{GET: {{{OK}}}}}
      /other: {{GET: {{{OK}}}}}
      /signed: {{GET: {{authorizer: signed, {OK}}}}}
"""


@pytest.mark.parametrize(
    ("path", "caller", "refused"),
    [
        ("/open", None, ""),
        ("/other", None, "User: anonymous is not authorized to perform: execute-api:Invoke on"),
        ("/signed", "ana", ""),
        ("/signed", "bob", "User: arn:aws:iam::123456789012:user/bob is not authorized"),
    ],
)
def test_the_last_word(compile_text, path, caller, refused):
    ex = Exchange()
    ex.method, ex.raw_path, ex.path, ex.host, ex.headers = "GET", path, path, "", {}
    ex.client_ip = "192.0.2.1"
    compile_text(CONFIG).route(ex)
    if caller is not None:
        account = "123456789012"
        known = {"userArn": f"arn:aws:iam::{account}:user/{caller}", "accountId": account}
        ex.authorizer_event = {"iam": known}
    decided = [step for step in ex.plan.steps if step.name == "resource policy"][-1]
    reply = decided.run(ex)
    assert (reply.message if reply else "").startswith(refused)
    assert (reply is None) is (refused == "")

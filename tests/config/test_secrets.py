"""Secrets show as *** everywhere but where they are asked for."""

import json

from pydantic import BaseModel

from frontdesk.config.secrets import Secret, revealed


class _Holder(BaseModel):
    token: Secret


def test_a_secret_is_never_printed():
    secret = Secret("hunter2")
    assert {str(secret), repr(secret), f"{secret}", f"{secret!r}"} == {"***"}
    holder = _Holder(token="hunter2")
    assert "hunter2" not in repr(holder)
    assert json.loads(holder.model_dump_json()) == {"token": "***"}


def test_a_secret_equals_its_like_and_is_false_when_empty():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_an_environment_is_revealed_for_a_process():
    assert revealed({"A": Secret("a"), "B": "b"}) == {"A": "a", "B": "b"}
